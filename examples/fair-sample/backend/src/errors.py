"""What goes wrong in a way that the visitor should read."""


class RegistryError(Exception):
    def __init__(self, message, status=400):
        super().__init__(message)
        self.message = message
        self.status = status
