"""Finds columns that would name a donor."""

import re

DIRECT = {
    "name",
    "surname",
    "firstname",
    "email",
    "phone",
    "address",
    "postcode",
    "birthdate",
    "dateofbirth",
    "dob",
    "patientid",
    "bsn",
}


def direct_identifiers(header):
    """The columns of a CSV header that name a person, in the order given."""
    return [column for column in header if re.sub(r"[^a-z]", "", column.lower()) in DIRECT]
