"""What cannot be read: a grant is then as if never given, and a denial closes everything."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from kernel.consent import UnreadableDirective, decide, fields_named
from schemas.categories import DataCategory
from schemas.codes import Basis, Purpose
from schemas.taxonomy import TAXONOMY_VERSION, bit, category_mask
from tests.support.consent import NOON, a_denial, a_grant, a_table, an_ask

NAIVE = datetime(2026, 3, 1, 12)  # noqa: DTZ001 - what a broken row may hold
BROKEN_IN_EITHER: list[dict[str, Any]] = [
    {"taxonomy_version": TAXONOMY_VERSION + 1},
    {"taxonomy_version": -1},
    {"only_fields": frozenset({"identity.shoe_size"})},
    {"excepted_fields": frozenset({"identity.shoe_size"})},
    {"only_fields": frozenset({"medical.injuries"})},
    {"categories": frozenset()},
    {"recipient": None},
    {"valid_from": NAIVE},
    {"valid_from": datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))},
]
BROKEN_IN_A_PERMIT: list[dict[str, Any]] = [
    {"purpose": None},
    {"purpose": Purpose.EVALUATION_AGGREGATE},
    {"valid_until": None},
    {"valid_until": NAIVE},
    {"excluded_person_ref": "kim"},
    {"basis": Basis.OWN_RECORD},
]


@pytest.mark.parametrize("broken", BROKEN_IN_EITHER + BROKEN_IN_A_PERMIT, ids=str)
def test_an_unreadable_permit_grants_nothing_and_is_counted(broken: dict[str, Any]) -> None:
    whole = a_grant(DataCategory.NEEDS)
    table = a_table(whole, replace(a_grant(DataCategory.IDENTITY), **broken))

    assert table.unreadable_grants == 1
    assert table.unreadable_denials == 0
    assert decide(an_ask(), table, NOON).mask == category_mask(DataCategory.NEEDS)


@pytest.mark.parametrize("broken", BROKEN_IN_EITHER, ids=str)
def test_an_unreadable_denial_closes_everything_and_is_counted(broken: dict[str, Any]) -> None:
    table = a_table(a_grant(DataCategory.NEEDS), replace(a_denial(DataCategory.IDENTITY), **broken))

    assert table.unreadable_denials == 1
    assert decide(an_ask(), table, NOON).mask == 0


def test_a_denial_for_nobody_closes_everything() -> None:
    assert a_table(a_denial(DataCategory.NEEDS, excluded_person_ref="")).unreadable_denials == 1


def test_what_was_found_unreadable_before_is_counted_too() -> None:
    broken = replace(a_grant(DataCategory.IDENTITY), purpose=None)

    table = a_table(broken, unreadable_grants=2, unreadable_denials=3)

    assert (table.unreadable_grants, table.unreadable_denials) == (3, 3)


def test_fields_alone_name_their_category() -> None:
    assert fields_named(a_grant(only=["medical.injuries"])) == bit("medical.injuries")


def test_a_court_order_that_names_no_field_opens_none() -> None:
    assert fields_named(a_grant(DataCategory.MEDICAL, basis=Basis.COURT_ORDER)) == 0


def test_a_statute_or_release_of_a_category_names_it_whole() -> None:
    assert fields_named(a_grant(DataCategory.MEDICAL, basis=Basis.STATUTE)) == category_mask(DataCategory.MEDICAL)


def test_the_faults_of_a_draft_are_named_without_any_value() -> None:
    with pytest.raises(UnreadableDirective) as raised:
        fields_named(a_grant(DataCategory.IDENTITY, only=["identity.shoe_size"]))

    assert "shoe" not in str(raised.value)
    assert raised.value.__cause__ is None
