"""The samples and their counts in PostgreSQL."""

from psycopg2.extras import RealDictCursor, execute_values

FIELDS = ("title", "body_site", "country", "age_group", "collected_on")


def add_sample(db, sample):
    with db, db.cursor() as cursor:
        cursor.execute(
            """
            insert into samples (title, body_site, country, age_group, collected_on)
            values (%(title)s, %(body_site)s, %(country)s, %(age_group)s, %(collected_on)s)
            returning accession
            """,
            sample,
        )
        return cursor.fetchone()[0]


def all_samples(db):
    with db.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute("select * from samples order by accession")
        return cursor.fetchall()


def one_sample(db, accession):
    with db.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute("select * from samples where accession = %s", (accession,))
        return cursor.fetchone()


def put_counts(db, accession, counts):
    """Replace the counts of a sample."""
    with db, db.cursor() as cursor:
        cursor.execute("delete from counts where accession = %s", (accession,))
        execute_values(
            cursor,
            "insert into counts (accession, taxon, reads) values %s",
            [(accession, taxon, reads) for taxon, reads in counts],
        )


def get_counts(db, accession):
    with db.cursor() as cursor:
        cursor.execute(
            "select taxon, reads from counts where accession = %s order by reads desc, taxon",
            (accession,),
        )
        return cursor.fetchall()
