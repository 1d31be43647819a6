#!/usr/bin/env python3
"""Loads the migrations and a few samples into an empty database."""

from os import environ
from pathlib import Path

import psycopg2

MIGRATIONS = Path(__file__).resolve().parent.parent / "supabase" / "migrations"
SAMPLES = [
    ("Gut before treatment", "gut", "NL", "20-39", "2024-03-01"),
    ("Gut after treatment", "gut", "NL", "20-39", "2024-04-02"),
    ("Tongue", "oral", "NL", "40-59", "2024-03-11"),
    ("Forearm", "skin", "DE", "40-59", "2024-03-15"),
]

db = psycopg2.connect(
    host=environ["POSTGRES_HOST"],
    port=environ.get("POSTGRES_PORT", "5432"),
    user=environ.get("POSTGRES_USER", "postgres"),
    password=environ["POSTGRES_SECRET"],
    dbname=environ.get("POSTGRES_DB_NAME", "postgres"),
)
with db, db.cursor() as cursor:
    for file in sorted(MIGRATIONS.glob("*.sql")):
        cursor.execute(file.read_text())
    cursor.execute("select count(*) from samples")
    (present,) = cursor.fetchone()
    if present:
        print(f"{present} samples are there already")
    else:
        cursor.executemany(
            "insert into samples (title, body_site, country, age_group, collected_on)"
            " values (%s, %s, %s, %s, %s)",
            SAMPLES,
        )
        print(f"{len(SAMPLES)} samples added")
db.close()
