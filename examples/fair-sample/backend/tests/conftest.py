"""A client without a database, and one with a database of its own."""

import os
from pathlib import Path

import psycopg2
import pytest
from dotenv import load_dotenv

HERE = Path(__file__).resolve().parent
load_dotenv(HERE / ".env.test")

from app import create_app  # noqa: E402

DATABASE = "registry_test"
MIGRATIONS = HERE.parents[1] / "supabase" / "migrations"


def connect(name):
    return psycopg2.connect(
        host=os.environ["POSTGRES_HOST"],
        port=os.getenv("POSTGRES_PORT", "5432"),
        user=os.getenv("POSTGRES_USER", "postgres"),
        password=os.getenv("POSTGRES_SECRET"),
        dbname=name,
        connect_timeout=3,
    )


def administer(*statements):
    server = connect(os.getenv("POSTGRES_DB_NAME", "postgres"))
    server.autocommit = True
    with server.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    server.close()


@pytest.fixture(scope="session")
def database():
    """The name of a fresh database with the tables in it."""
    try:
        administer(f"drop database if exists {DATABASE}", f"create database {DATABASE}")
    except psycopg2.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        pytest.skip(f"no PostgreSQL at {os.environ['POSTGRES_HOST']}: {reason}")
    tables = connect(DATABASE)
    with tables, tables.cursor() as cursor:
        for file in sorted(MIGRATIONS.glob("*.sql")):
            cursor.execute(file.read_text())
    tables.close()
    yield DATABASE
    administer(f"drop database {DATABASE}")


@pytest.fixture
def app(database, tmp_path):
    app = create_app(database)
    app.config.update(TESTING=True, REGISTRY_OPEN=True, UPLOAD_FOLDER=str(tmp_path))
    yield app
    tables = connect(database)
    with tables, tables.cursor() as cursor:
        cursor.execute("truncate samples cascade")
    tables.close()


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def lonely():
    """A client of an application whose database is not there."""
    app = create_app()
    app.config.update(POSTGRES_HOST="127.0.0.1", POSTGRES_PORT="1")
    return app.test_client()
