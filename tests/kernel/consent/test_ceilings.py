"""The need profile as the program reads it, checked against what the domain model says in words."""

import pytest

from kernel.consent import ceiling, needs_own_line, purposes_of
from kernel.consent.ceilings import (
    AFTER_CONFLICT_CHECK,
    after_conflict_check,
    cell_mask,
    fields_of,
    kinds_of,
    read_need_profile,
    read_purposes,
)
from kernel.consent.need_profile import NEED_PROFILE, PURPOSES
from schemas.categories import DataCategory
from schemas.codes import AgencyKind, Purpose
from schemas.taxonomy import ALL, bit, categories_of, category_mask, paths_of
from tests.kernel.consent.reference import allowed

EVERY_PAIR = [(kind, purpose) for kind in AgencyKind for purpose in Purpose]


@pytest.mark.parametrize(("kind", "purpose"), EVERY_PAIR)
def test_each_ceiling_is_what_both_tables_allow(kind: AgencyKind, purpose: Purpose) -> None:
    assert set(paths_of(ceiling(kind, purpose))) == allowed(kind, purpose)


@pytest.mark.parametrize("purpose", [*Purpose, None])
def test_an_unknown_kind_has_an_empty_ceiling(purpose: Purpose | None) -> None:
    assert ceiling(None, purpose) == 0
    assert purposes_of(None) == frozenset()


@pytest.mark.parametrize("kind", AgencyKind)
def test_no_kind_has_a_ceiling_for_counting(kind: AgencyKind) -> None:
    assert ceiling(kind, Purpose.EVALUATION_AGGREGATE) == 0
    assert Purpose.EVALUATION_AGGREGATE not in purposes_of(kind)


@pytest.mark.parametrize("purpose", Purpose)
def test_police_have_no_treatment_immigration_or_money_ceiling(purpose: Purpose) -> None:
    closed = {
        DataCategory.MENTAL_HEALTH,
        DataCategory.SUBSTANCE_USE,
        DataCategory.IMMIGRATION,
        DataCategory.FINANCIAL,
    }

    assert not closed & set(categories_of(ceiling(AgencyKind.POLICE, purpose)))


def test_evidence_is_for_police_and_lawyers_only() -> None:
    holders = {kind for kind, purpose in EVERY_PAIR if ceiling(kind, purpose) & category_mask(DataCategory.EVIDENCE)}

    assert holders == {AgencyKind.POLICE, AgencyKind.LEGAL_AID}


def test_a_lawyer_may_get_the_offender_but_never_the_escape_plan() -> None:
    allowed_to = categories_of(ceiling(AgencyKind.LEGAL_AID, Purpose.LEGAL_REPRESENTATION))

    assert DataCategory.ALLEGED_OFFENDER in allowed_to
    assert not {DataCategory.PLAN_ESCAPE, DataCategory.LOCATION} & set(allowed_to)


def test_a_purpose_is_registered_only_by_the_kinds_it_lists() -> None:
    assert purposes_of(AgencyKind.POLICE) == {
        Purpose.EMERGENCY_SAFETY,
        Purpose.ORDER_ENFORCEMENT,
        Purpose.INVESTIGATION,
        Purpose.CASE_CONFERENCE,
    }
    assert purposes_of(AgencyKind.COORDINATION) == {Purpose.COORDINATION}


def test_a_line_of_its_own_is_needed_where_the_cell_says_so() -> None:
    assert needs_own_line(AgencyKind.POLICE, DataCategory.LOCATION)
    assert not needs_own_line(AgencyKind.POLICE, DataCategory.IDENTITY)


@pytest.mark.parametrize("text", ["| identity | y |", "| category | police |"])
def test_a_need_profile_with_a_line_missing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a valid AgencyKind|each kind and each category"):
        read_need_profile(text)


def test_a_need_profile_with_a_line_or_a_cell_lost_is_refused() -> None:
    without_needs = "\n".join(line for line in NEED_PROFILE.splitlines() if not line.startswith("| needs"))
    without_a_cell = NEED_PROFILE.replace("| evidence | s |", "| evidence |")

    with pytest.raises(ValueError, match="each category once"):
        read_need_profile(without_needs)
    with pytest.raises(ValueError, match="shorter"):
        read_need_profile(without_a_cell)


def test_purposes_with_a_line_lost_are_refused() -> None:
    with pytest.raises(ValueError, match="each be named once"):
        read_purposes("\n".join(PURPOSES.strip().splitlines()[:-1]))


def test_a_cell_outside_the_legend_is_refused() -> None:
    with pytest.raises(ValueError, match="not a cell"):
        cell_mask(DataCategory.NEEDS, "maybe")


def test_a_field_nobody_knows_is_refused() -> None:
    with pytest.raises(KeyError):
        cell_mask(DataCategory.NEEDS, "f luck")


def test_lists_are_read_as_they_are_written() -> None:
    assert fields_of("all") == ALL
    assert fields_of("none") == 0
    assert fields_of("medical.injuries, needs") == bit("medical.injuries") | category_mask(DataCategory.NEEDS)
    assert fields_of("all but needs") == ALL & ~category_mask(DataCategory.NEEDS)
    assert kinds_of("none") == frozenset()
    assert kinds_of("all but police") == frozenset(AgencyKind) - {AgencyKind.POLICE}


def test_d2_what_waits_for_a_conflict_check_is_the_lawyers_alone() -> None:
    waits = {purpose: fields for purpose, fields in AFTER_CONFLICT_CHECK.items() if fields}

    assert waits == {Purpose.LEGAL_REPRESENTATION: category_mask(DataCategory.ALLEGED_OFFENDER)}


def test_d2_a_purpose_shared_with_who_needs_no_check_is_refused() -> None:
    shared = PURPOSES.replace("| legal_representation | legal_aid |", "| legal_representation | legal_aid, shelter |")

    with pytest.raises(ValueError, match="conflict check"):
        after_conflict_check(read_need_profile(NEED_PROFILE), read_purposes(shared))
