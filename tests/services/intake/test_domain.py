"""What follows from what was told, and what may become of it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codes import (
    DatePrecision,
    ElapsedBand,
    IncidentChange,
    IncidentContext,
    PlanSection,
    PlanStatus,
    PoliceReport,
    Relationship,
    ViolenceType,
)
from schemas.facts import IncidentUpdated, SafetyPlanCreated, SafetyPlanUpdated
from services.intake import domain
from services.intake.domain import CaseStepNotPossible, IncidentState
from services.intake.requests import IncidentRequest, IncidentVersionRequest, PlanRequest

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TODAY = NOON.date()


def a_form(**fields: Any) -> IncidentRequest:
    return IncidentRequest(**fields)


def changed(*changes: str, **fields: Any) -> IncidentVersionRequest:
    return IncidentVersionRequest(**({"changed": list(changes)} if changes else {}), **fields)


def corrected(
    incident: domain.Incident, form: IncidentVersionRequest, at: datetime
) -> tuple[domain.Incident, IncidentUpdated]:
    return domain.correct(incident, form, form.changed, at)


def begun(form: PlanRequest) -> tuple[domain.Plan, SafetyPlanCreated]:
    return domain.begin_plan(uuid4(), uuid4(), form, 0, NOON, closes=form.closed)


def replaced(plan: domain.Plan, form: PlanRequest) -> tuple[domain.Plan, SafetyPlanUpdated]:
    return domain.replace_plan(plan, form, 0, NOON, closes=form.closed)


def an_incident(*, reported_at: datetime = NOON) -> domain.Incident:
    incident, _ = domain.report(uuid4(), uuid4(), a_form(), None, reported_at)
    return incident


@pytest.mark.parametrize(
    ("days", "band"),
    [
        (0, "0_3_days"),
        (3, "0_3_days"),
        (4, "4_5_days"),
        (5, "4_5_days"),
        (6, "6_14_days"),
        (14, "6_14_days"),
        (15, "2_weeks_1_month"),
        (30, "2_weeks_1_month"),
        (31, "over_1_month"),
        (4000, "over_1_month"),
        (-1, "0_3_days"),
    ],
)
def test_bands_of_whole_days_meet_and_do_not_overlap(days: int, band: str) -> None:
    assert domain.elapsed_band(TODAY - timedelta(days=days), None, TODAY) == band


@pytest.mark.parametrize("precision", [DatePrecision.MONTH, DatePrecision.YEAR, DatePrecision.UNKNOWN])
def test_no_band_is_made_of_a_day_that_is_not_known(precision: DatePrecision) -> None:
    assert domain.elapsed_band(TODAY, precision, TODAY) is None
    assert domain.elapsed_band(None, None, TODAY) is None


def test_what_is_yet_to_come_is_no_incident() -> None:
    with pytest.raises(CaseStepNotPossible, match="yet_to_come"):
        domain.elapsed_band(TODAY + timedelta(days=2), None, TODAY)


@given(first=st.dates(date(2000, 1, 1), TODAY), second=st.dates(date(2000, 1, 1), TODAY))
def test_the_longer_ago_the_later_the_band(first: date, second: date) -> None:
    bands = list(ElapsedBand)
    computed = [domain.elapsed_band(day, DatePrecision.DAY, TODAY) for day in sorted([first, second])]

    assert None not in computed
    assert bands.index(computed[0]) >= bands.index(computed[1])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "context"),
    [
        ({"relationship": "XS"}, IncidentContext.INTIMATE_PARTNER_VIOLENCE),
        ({"violence_types": ["rape"], "minor_involved": "yes"}, IncidentContext.CHILD_SEXUAL_ABUSE),
        ({"violence_types": ["forced_marriage"], "minor_involved": "yes"}, IncidentContext.EARLY_MARRIAGE),
        (
            {"violence_types": ["sexual_assault"], "relationship": "ER"},
            IncidentContext.POSSIBLE_SEXUAL_EXPLOITATION,
        ),
        ({"violence_types": ["rape", "trafficking"]}, IncidentContext.POSSIBLE_SEXUAL_SLAVERY),
    ],
)
def test_a_context_follows_from_what_was_told(fields: dict[str, Any], context: IncidentContext) -> None:
    assert domain.contexts(a_form(**fields)) == (context,)


@given(
    kinds=st.lists(st.sampled_from(ViolenceType), max_size=5),
    relationship=st.none() | st.sampled_from(Relationship),
    minor=st.sampled_from([None, "no", "unknown"]),
)
def test_no_context_about_a_child_is_guessed_from_silence(
    kinds: list[ViolenceType], relationship: Relationship | None, minor: str | None
) -> None:
    contexts = domain.contexts(a_form(violence_types=kinds, relationship=relationship, minor_involved=minor))

    assert not {IncidentContext.CHILD_SEXUAL_ABUSE, IncidentContext.EARLY_MARRIAGE} & set(contexts)


def test_an_incident_needs_no_field_at_all() -> None:
    incident, fact = domain.report(uuid4(), uuid4(), a_form(), None, NOON)

    assert (incident.version, incident.state) == (1, IncidentState.RECORDED)
    assert fact.reported_at == NOON
    assert fact.repeat_incident is False


@pytest.mark.parametrize(("days", "repeats"), [(1, True), (365, True), (366, False)])
def test_another_within_a_year_is_a_repeat(days: int, repeats: bool) -> None:
    earlier = an_incident(reported_at=NOON - timedelta(days=days))

    _, fact = domain.report(uuid4(), earlier.case_ref, a_form(), earlier.reported_at, NOON)

    assert fact.repeat_incident is repeats


def test_a_correction_is_a_version_that_keeps_the_first_report() -> None:
    first = an_incident()

    newer, fact = corrected(first, changed(occurred_on="2026-03-01"), NOON + timedelta(days=9))

    assert (newer.version, fact.version, fact.reported_at) == (2, 2, NOON)
    assert fact.elapsed_band is ElapsedBand.DAYS_0_TO_3
    assert fact.changed == (IncidentChange.CORRECTION,)


def test_a_closed_incident_can_only_be_reopened() -> None:
    closed, _ = corrected(an_incident(), changed("closed"), NOON)
    assert closed.state is IncidentState.CLOSED

    with pytest.raises(CaseStepNotPossible, match="closed"):
        corrected(closed, changed(), NOON)
    reopened, _ = corrected(closed, changed("reopened", "correction"), NOON)

    assert reopened.state is IncidentState.RECORDED


@pytest.mark.parametrize(("changes", "code"), [(["reopened"], "not_closed"), (["closed", "reopened"], "closed_and")])
def test_a_change_that_contradicts_itself_is_refused(changes: list[str], code: str) -> None:
    with pytest.raises(CaseStepNotPossible, match=code):
        corrected(an_incident(), changed(*changes), NOON)


def test_a_report_to_the_police_needs_a_release_to_them() -> None:
    submitted = a_form(police_report=PoliceReport.SUBMITTED)

    with pytest.raises(CaseStepNotPossible, match="release_needed"):
        domain.check_police_report(submitted, own_police=False, released_to_police=False)
    domain.check_police_report(submitted, own_police=False, released_to_police=True)
    domain.check_police_report(submitted, own_police=True, released_to_police=False)
    domain.check_police_report(a_form(police_report="drafted"), own_police=False, released_to_police=False)


def test_a_new_plan_is_active_and_names_its_filled_sections() -> None:
    form = PlanRequest(goals=["A bed"], contacts=[{"name": "Rosa"}], technology="New phone", pets=None)

    plan, fact = begun(form)

    assert (plan.version, plan.status) == (1, PlanStatus.ACTIVE)
    assert fact.sections_present == (PlanSection.TECHNOLOGY, PlanSection.CONTACTS)


def test_every_section_of_a_plan_can_be_named() -> None:
    assert set(domain.SECTIONS.values()) == set(PlanSection)
    assert set(domain.SECTIONS) <= set(PlanRequest.model_fields)


def test_the_next_version_supersedes_and_a_closed_plan_has_none() -> None:
    plan, _ = begun(PlanRequest())

    second, _ = replaced(plan, PlanRequest())
    closed, fact = replaced(second, PlanRequest(closed=True))

    assert (second.version, closed.version, fact.status) == (2, 3, PlanStatus.CLOSED)
    with pytest.raises(CaseStepNotPossible, match="closed"):
        replaced(closed, PlanRequest())


def test_there_is_no_plan_to_close_before_there_is_one() -> None:
    with pytest.raises(CaseStepNotPossible, match="no_plan_to_close"):
        begun(PlanRequest(closed=True))
