from math import log
from pathlib import Path

import pytest

from src.errors import RegistryError
from src.samples.counts import read_counts, shannon

TABLE = Path(__file__).resolve().parent / "data" / "counts.csv"


def test_a_table_is_read_in_its_order():
    counts = read_counts(TABLE.read_text())
    assert counts[0] == ("Bacteroides", 480)
    assert len(counts) == 4
    assert sum(reads for _, reads in counts) == 1000


def test_a_byte_order_mark_is_no_part_of_the_header():
    assert read_counts("\ufefftaxon,reads\nBlautia,3\n") == [("Blautia", 3)]


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "taxon and reads"),
        ("taxon,reads\n", "empty"),
        ("taxon,reads\nBlautia,many\n", "Line 2"),
        ("taxon,reads\nBlautia,1\nBlautia,2\n", "repeats Blautia"),
        ("taxon,reads\nBlautia,-1\n", "negative"),
        ("taxon,reads\n,1\n", "no taxon"),
        ("taxon,reads\nBlautia\n", "not a number"),
        ("taxon,reads,Date of birth\nBlautia,1,1970-01-01\n", "Date of birth"),
    ],
)
def test_a_bad_table_is_refused(text, message):
    with pytest.raises(RegistryError, match=message):
        read_counts(text)


def test_diversity_of_equal_shares_is_the_logarithm_of_their_number():
    assert shannon([("a", 5), ("b", 5), ("c", 5), ("d", 5)]) == pytest.approx(log(4))
    assert shannon([("a", 5), ("b", 0)]) == 0
    assert shannon([("a", 0)]) == 0
