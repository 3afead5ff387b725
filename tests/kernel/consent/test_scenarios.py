"""The acceptance scenarios, as far as they are decisions: M, her directives, and who sees what."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kernel.consent import Decision, Reason, Request, decide
from schemas.categories import DataCategory
from schemas.codes import DirectiveState, Purpose
from schemas.taxonomy import ALL, bit, categories_of, category_mask
from tests.support.consent import DAY, NOON, TOWN, a_grant, a_table, an_ask, what_m_signed

SOON = NOON + timedelta(hours=1)
LATER = NOON + 15 * DAY
ALL_OF_M = a_table(*what_m_signed().values())

SHELTER = an_ask(by="harbor-house", purpose=Purpose.SHELTER, person="sam")
POLICE = an_ask(by="county-sheriff", purpose=Purpose.ORDER_ENFORCEMENT, person="lee")
KIM = replace(POLICE, person_ref="kim")
COUNSELLOR = an_ask(by="lantern-counselling", purpose=Purpose.COUNSELLING, person="noor")
LAWYER = an_ask(by="riverside-legal", purpose=Purpose.LEGAL_REPRESENTATION, person="jude")
CHECK = an_ask(by="riverside-legal", purpose=Purpose.CONFLICT_CHECK)
CELL = an_ask(by="county-cell", purpose=Purpose.COORDINATION, person="cora")
WATCH = an_ask(by="bay-hotline", of="county-sheriff", purpose=Purpose.ADVOCACY, person="ana")
TREATMENT = an_ask(by="bay-hotline", of="lantern-counselling", purpose=Purpose.ADVOCACY, person="ana")


def opened(request: Request) -> Decision:
    """Decide an hour after M signed."""
    return decide(request, ALL_OF_M, SOON)


def test_a_the_shelter_sees_d1_and_only_weapons_and_children() -> None:
    incident = category_mask(DataCategory.INCIDENT_SUMMARY) | category_mask(DataCategory.INCIDENT_NARRATIVE)
    of_it = category_mask(DataCategory.WEAPONS_RISK) | category_mask(DataCategory.CHILDREN)

    assert set(categories_of(opened(SHELTER).mask)) == what_m_signed()["D1"].categories
    assert opened(replace(SHELTER, requested_mask=incident | of_it)).mask == of_it


def test_a_before_the_signature_nothing_opens_anywhere() -> None:
    before = NOON - timedelta(seconds=1)
    everyone = (SHELTER, POLICE, COUNSELLOR, LAWYER, CHECK, CELL, WATCH, TREATMENT)

    assert [decide(request, ALL_OF_M, before).mask for request in everyone] == [0] * len(everyone)


def test_a_the_refused_counsellor_sees_an_unknown_case() -> None:
    unknown = decide(COUNSELLOR, a_table(), SOON)

    assert opened(COUNSELLOR) == unknown


def test_b_police_see_identity_terms_and_band() -> None:
    assert set(categories_of(opened(POLICE).mask)) == {
        DataCategory.IDENTITY,
        DataCategory.ORDER_TERMS,
        DataCategory.RISK_RESULT,
    }


def test_b_police_who_ask_for_the_place_are_refused_by_ms_denial() -> None:
    decision = opened(replace(POLICE, requested_mask=category_mask(DataCategory.LOCATION)))

    assert (decision.mask, decision.reason) == (0, Reason.DENIED)


@pytest.mark.parametrize("purpose", [Purpose.ORDER_ENFORCEMENT, Purpose.EMERGENCY_SAFETY])
def test_b_a_later_grant_of_the_place_does_not_lift_the_denial(purpose: Purpose) -> None:
    later = a_grant(DataCategory.LOCATION, to="county-sheriff", purpose=purpose, starts_at=SOON)
    request = replace(POLICE, purpose=purpose, requested_mask=category_mask(DataCategory.LOCATION))

    assert decide(request, a_table(*what_m_signed().values(), later), SOON).mask == 0


def test_b_police_can_open_no_plan_no_narrative_and_no_place() -> None:
    closed = {
        DataCategory.PLAN_SUMMARY,
        DataCategory.PLAN_ESCAPE,
        DataCategory.PLAN_LOCATIONS,
        DataCategory.INCIDENT_NARRATIVE,
        DataCategory.LOCATION,
    }

    assert not closed & set(categories_of(opened(POLICE).mask))


def test_b_officer_kim_finds_nobody_on_whatever_ground() -> None:
    own = an_ask(by="county-sheriff", of="county-sheriff", purpose=Purpose.INVESTIGATION, person="kim")

    for request in (KIM, replace(KIM, purpose=Purpose.INVESTIGATION), own):
        assert (opened(request).mask, opened(request).reason) == (0, Reason.BLOCKED_PERSON)


def test_b_the_hotline_follows_the_order_under_the_watch() -> None:
    assert set(categories_of(opened(WATCH).mask)) == {DataCategory.ORDER_TERMS, DataCategory.ORDER_SERVICE}


def test_b_once_d2_ended_only_the_own_record_opens() -> None:
    own = replace(POLICE, custodian=TOWN["county-sheriff"])

    assert decide(POLICE, ALL_OF_M, NOON + 60 * DAY).reason is Reason.ENDED
    assert decide(own, ALL_OF_M, NOON + 60 * DAY).mask == ALL


def test_c_the_shelter_may_not_open_the_narrative() -> None:
    narrative = replace(SHELTER, requested_mask=category_mask(DataCategory.INCIDENT_NARRATIVE))

    assert opened(narrative).mask == 0


def test_c_a_referral_opens_to_its_parties_and_the_cell_only() -> None:
    status = category_mask(DataCategory.REFERRAL_STATUS)

    assert opened(replace(SHELTER, party=False)).reason is Reason.NOT_PARTY
    assert opened(replace(CELL, party=False, requested_mask=status)).mask == status


def test_d_only_attendance_of_treatment_opens_at_the_hotline() -> None:
    decision = decide(TREATMENT, ALL_OF_M, LATER)

    assert decision.mask == bit("substance_use.substance_use_attendance")


def test_d_treatment_that_ends_closes_it_before_its_latest_date() -> None:
    ended = replace(what_m_signed()["D6"], ended=True)

    assert decide(TREATMENT, a_table(ended), LATER).reason is Reason.ENDED


def test_d_treatment_never_reaches_the_police_nor_is_handed_on() -> None:
    from_the_counsellor = replace(POLICE, custodian=TOWN["lantern-counselling"])
    substance_use = category_mask(DataCategory.SUBSTANCE_USE)

    assert decide(POLICE, ALL_OF_M, LATER).mask & substance_use == 0
    assert decide(from_the_counsellor, ALL_OF_M, LATER).mask == 0


def test_d_what_is_revoked_by_phone_is_closed_from_the_answer_on() -> None:
    revoked = replace(what_m_signed()["D6"], state=DirectiveState.REVOKED)

    decision = decide(TREATMENT, a_table(revoked, sv=8), LATER)

    assert (decision.mask, decision.sv) == (0, 8)


def test_e_the_conflict_check_shows_a_name_to_a_machine_only() -> None:
    assert opened(CHECK).mask == bit("alleged_offender.offender_name")
    assert opened(replace(CHECK, person_ref="jude")).mask == 0


def test_e_no_legal_aid_queue_shows_anything_before_the_check() -> None:
    assert opened(LAWYER).mask == 0


def test_e_once_it_is_clear_the_lawyer_sees_what_d3_names() -> None:
    cleared = replace(what_m_signed()["D3"], started=True)

    assert set(categories_of(decide(LAWYER, a_table(cleared), SOON).mask)) == cleared.categories


def test_f_the_cell_has_no_personal_category() -> None:
    assert categories_of(opened(CELL).mask) == (DataCategory.REFERRAL_STATUS,)


def test_g_after_d1_is_revoked_a_retry_opens_nothing() -> None:
    signed = what_m_signed()
    signed["D1"] = replace(signed["D1"], state=DirectiveState.REVOKED)

    assert decide(SHELTER, a_table(*signed.values()), SOON).mask == 0


def test_i_a_near_miss_opens_only_the_plan_summary_to_a_shelter() -> None:
    added = a_grant(DataCategory.PLAN_SUMMARY, starts_at=NOON)
    plan = sum(category_mask(category) for category in DataCategory if category.startswith("plan_"))

    decision = decide(replace(SHELTER, requested_mask=plan), a_table(*what_m_signed().values(), added), SOON)

    assert decision.mask == category_mask(DataCategory.PLAN_SUMMARY)


def test_i_after_death_only_d1_goes_on() -> None:
    signed = what_m_signed()
    lasting = replace(signed.pop("D1"), survives_death=True)
    table = a_table(*signed.values(), lasting, deceased=True)

    assert decide(SHELTER, table, SOON).mask
    assert [decide(request, table, LATER).mask for request in (POLICE, CHECK, CELL, WATCH, TREATMENT)] == [0] * 5
