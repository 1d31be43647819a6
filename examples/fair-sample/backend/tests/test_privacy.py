import pytest

from DonorGuard.suppression.identifiers import direct_identifiers
from DonorGuard.suppression.small_groups import suppress_small_groups

DONORS = [
    {"country": "NL", "age_group": "20-39"},
    {"country": "NL", "age_group": "20-39"},
    {"country": "NL", "age_group": "40-59"},
]


def test_small_groups_lose_their_number():
    assert suppress_small_groups(DONORS, ("country", "age_group"), 2) == [
        {"country": "NL", "age_group": "20-39", "donors": 2, "suppressed": False},
        {"country": "NL", "age_group": "40-59", "donors": None, "suppressed": True},
    ]


def test_no_donors_are_no_groups():
    assert suppress_small_groups([], ("country",), 5) == []


def test_a_minimum_below_one_is_a_mistake():
    with pytest.raises(ValueError):
        suppress_small_groups(DONORS, ("country",), 0)


def test_columns_that_name_a_person_are_found():
    header = ["taxon", "E-mail", "patient_id", "reads"]
    assert direct_identifiers(header) == ["E-mail", "patient_id"]
