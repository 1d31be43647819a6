"""Settings, the database connection and the Supabase client."""

import os
from pathlib import Path

import psycopg2
from dotenv import load_dotenv
from flask import current_app, g
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from supabase import Client, create_client

from src.errors import RegistryError

load_dotenv(Path(__file__).resolve().parent / ".env")


class Config:
    ENV = os.getenv("ENV")
    SECRET_KEY = os.getenv("SECRET_KEY", "microbes-are-fun")
    REGISTRY_NAME = os.getenv("REGISTRY_NAME", "Sample registry")
    REGISTRY_OPEN = os.getenv("REGISTRY_OPEN", "0") == "1"
    GROUP_MINIMUM = int(os.environ.get("GROUP_MINIMUM", "5"))

    UPLOAD_FOLDER = os.getenv("UPLOAD_FOLDER", "./uploads")
    MAX_CONTENT_LENGTH = int(os.environ.get("MAX_UPLOAD_MB", "16")) * 1024 * 1024

    POSTGRES_HOST = os.environ["POSTGRES_HOST"]
    POSTGRES_PORT = os.getenv("POSTGRES_PORT", "5432")
    POSTGRES_USER = os.getenv("POSTGRES_USER", "postgres")
    POSTGRES_SECRET = os.getenv("POSTGRES_SECRET")
    POSTGRES_DB_NAME = os.getenv("POSTGRES_DB_NAME", "postgres")

    SUPABASE_URL = os.getenv("SUPABASE_URL")
    SUPABASE_SERVICE_ROLE_KEY = os.getenv("SUPABASE_SERVICE_ROLE_KEY")

    RATELIMIT_STORAGE_URI = os.getenv("RATELIMIT_STORAGE_URI", "memory://")


limiter = Limiter(get_remote_address, default_limits=["1200 per minute"])


def get_db():
    """The connection of this request."""
    if "db" not in g:
        settings = current_app.config
        try:
            g.db = psycopg2.connect(
                host=settings["POSTGRES_HOST"],
                port=settings["POSTGRES_PORT"],
                user=settings["POSTGRES_USER"],
                password=settings["POSTGRES_SECRET"],
                dbname=settings["POSTGRES_DB_NAME"],
                connect_timeout=3,
            )
        except psycopg2.OperationalError as error:
            current_app.logger.error("no database: %s", error)
            raise RegistryError("The database does not answer.", 503) from error
    return g.db


def close_db(exception):
    db = g.pop("db", None)
    if db is not None:
        db.close()


def get_supabase() -> Client:
    """The Supabase client, made at first use."""
    if "supabase" not in g:
        url = current_app.config["SUPABASE_URL"]
        key = current_app.config["SUPABASE_SERVICE_ROLE_KEY"]
        if not url or not key:
            raise RegistryError("Supabase is not configured.", 503)
        g.supabase = create_client(url, key)
    return g.supabase
