"""The sample registry."""

import logging
import os

from flask import Flask, g, jsonify
from psycopg2.errors import UndefinedTable

from config import Config, close_db, get_db, limiter
from src.auth.routes import routes as auth_routes
from src.errors import RegistryError
from src.export.routes import routes as export_routes
from src.main.routes import routes as main_routes
from src.samples.routes import routes as samples_routes


def create_app(db_name=None):
    """Make the application. The tests give a database name of their own."""
    logging.basicConfig(level=os.environ.get("LOG_LEVEL", "INFO"))

    app = Flask(
        __name__,
        template_folder=os.path.abspath("../frontend/templates"),
        static_folder=os.path.abspath("../static"),
    )
    app.config.from_object(Config)
    if db_name is not None:
        app.config["POSTGRES_DB_NAME"] = db_name

    app.register_blueprint(main_routes)
    app.register_blueprint(auth_routes, url_prefix="/auth")
    app.register_blueprint(samples_routes, url_prefix="/samples")
    app.register_blueprint(export_routes)

    if app.config["ENV"] != "testing":
        limiter.init_app(app)

    app.teardown_appcontext(close_db)

    @app.before_request
    def open_database():
        g.db = get_db()

    @app.errorhandler(RegistryError)
    def tell(error):
        return jsonify(error=error.message), error.status

    @app.errorhandler(UndefinedTable)
    def tables_missing(error):
        return jsonify(error="The tables are missing: load supabase/migrations."), 503

    return app


if __name__ == "__main__":
    create_app().run(debug=True)
