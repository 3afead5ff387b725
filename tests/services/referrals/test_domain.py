"""What a referral may become, and what it never becomes again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.codes import (
    DeclineReason,
    OutcomeCode,
    Priority,
    Purpose,
    ReferralMode,
    ReferralState,
    ServiceCode,
    WithdrawReason,
)
from schemas.facts.referral import (
    AcceptanceBlock,
    CompletionBlock,
    ContactFailureBlock,
    DeclineBlock,
    ReferralFact,
    WithdrawalBlock,
)
from services.referrals import domain
from services.referrals.domain import FINAL, NotOpen, NotSent, Referral, SelfReferral
from services.referrals.requests import ReferralRequest

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
Step = Callable[[Referral, datetime], tuple[Referral, ReferralFact]]

# Who moves a referral where, as the table of states says it.
STEPS: dict[str, Step] = {
    "accept": lambda referral, at: domain.accept(referral, AcceptanceBlock(advocate_name="Sam"), at),
    "decline": lambda referral, at: domain.decline(referral, DeclineBlock(reason_code=DeclineReason.NO_CAPACITY), at),
    "ask": domain.ask_for_more,
    "begin": domain.begin,
    "complete": lambda referral, at: domain.complete(referral, CompletionBlock(outcome_code=OutcomeCode.GOT_HELP), at),
    "fail": lambda referral, at: domain.fail_contact(referral, ContactFailureBlock(contact_attempts=3), at),
    "withdraw": lambda referral, at: domain.withdraw(referral, WithdrawalBlock(reason_code=WithdrawReason.SENDER), at),
}
TABLE = {
    ("sent", "accept"): "accepted",
    ("sent", "decline"): "declined",
    ("sent", "ask"): "needs_info",
    ("sent", "withdraw"): "withdrawn",
    ("needs_info", "accept"): "accepted",
    ("needs_info", "decline"): "declined",
    ("needs_info", "withdraw"): "withdrawn",
    ("accepted", "begin"): "in_progress",
    ("accepted", "complete"): "completed",
    ("accepted", "fail"): "could_not_contact",
    ("accepted", "withdraw"): "withdrawn",
    ("in_progress", "complete"): "completed",
    ("in_progress", "fail"): "could_not_contact",
    ("in_progress", "withdraw"): "withdrawn",
}


def a_form(**fields: Any) -> ReferralRequest:
    defaults: dict[str, Any] = {
        "case_ref": UUID(int=7),
        "to_agency_ref": "harbor-house",
        "mode": ReferralMode.LIVE,
        "service_code": ServiceCode.SHELTER,
        "priority": Priority.URGENT,
        "purpose": Purpose.SHELTER,
    }
    return ReferralRequest(**defaults | fields)


def a_referral(**fields: Any) -> Referral:
    return sent(a_form(**fields))[0]


def sent(form: ReferralRequest) -> tuple[Referral, Any]:
    return domain.send(
        form,
        referral_ref=UUID(int=1),
        case_ref=form.case_ref,
        purpose=form.purpose,
        sender="bay-hotline",
        receiver_ref=UUID(int=2),
        now=NOON,
        spoken_code="amber kettle 42",
    )


@pytest.mark.parametrize(
    ("priority", "minutes"),
    [("on_scene", 15), ("urgent", 60), ("soon", 180), ("day", 1440), ("routine", 4320)],
)
def test_how_soon_an_answer_is_needed_follows_from_the_priority(priority: str, minutes: int) -> None:
    referral, fact = sent(a_form(priority=priority))

    assert referral.answer_by == NOON + minutes * MINUTE
    assert fact.answer_by == referral.answer_by


def test_a_sent_referral_tells_all_that_was_said_of_the_survivor() -> None:
    form = a_form(given_name="Marisol", needs=["shelter"], firearm_access="yes")

    _, fact = sent(form)

    assert (fact.given_name, fact.needs, fact.firearm_access) == ("Marisol", ("shelter",), "yes")
    assert fact.parties() == {"bay-hotline", "harbor-house"}


def test_a_logged_referral_has_no_receiver_and_no_deadline() -> None:
    referral = a_referral(mode="logged", purpose=None)

    assert (referral.answer_by, referral.receiver_ref) == (None, None)


def test_a_live_referral_says_for_what_its_receiver_is_to_act() -> None:
    with pytest.raises(ValidationError):
        a_form(purpose=None)


def test_an_agency_sends_nothing_to_itself() -> None:
    with pytest.raises(SelfReferral):
        sent(a_form(to_agency_ref="bay-hotline"))


@pytest.mark.parametrize("state", ReferralState)
@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_possible_exactly_where_the_table_has_it(state: ReferralState, step: str) -> None:
    referral = in_state(state)
    arrives = TABLE.get((state, step)) or ("withdrawn" if (state, step) == ("draft", "withdraw") else None)

    if arrives is None:
        with pytest.raises(NotOpen):
            STEPS[step](referral, NOON)
    else:
        moved, fact = STEPS[step](referral, NOON)
        assert (moved.state, fact.status) == (arrives, arrives)


def in_state(state: ReferralState) -> Referral:
    return replace(a_referral(), state=state)


@pytest.mark.parametrize("step", [step for step in STEPS if step != "withdraw"])
def test_nobody_answers_a_logged_referral(step: str) -> None:
    logged = a_referral(mode="logged")

    with pytest.raises((NotSent, NotOpen)):
        STEPS[step](logged, NOON)


def test_why_it_was_declined_stands_on_the_record() -> None:
    declined, fact = domain.decline(a_referral(), DeclineBlock(reason_code=DeclineReason.CONFLICT_OF_INTEREST), NOON)

    assert (declined.reason_code, fact.reason_code) == ("conflict_of_interest", "conflict_of_interest")


def test_the_clock_stands_still_while_the_survivor_is_asked() -> None:
    waiting, fact = domain.ask_for_more(a_referral(), NOON + MINUTE)

    assert waiting.answer_by == NOON + timedelta(hours=73)
    assert fact.answer_by == waiting.answer_by


def test_a_referral_is_overdue_at_the_very_instant_agreed() -> None:
    referral = a_referral(priority="on_scene")

    assert not domain.is_overdue(referral, NOON + 15 * MINUTE - timedelta(microseconds=1))
    assert domain.is_overdue(referral, NOON + 15 * MINUTE)


def test_a_delay_is_noted_once_and_is_no_step() -> None:
    referral = a_referral(priority="on_scene")

    late, fact = domain.mark_overdue(referral, NOON + 20 * MINUTE)

    assert (late.state, late.version, fact.status) == (referral.state, referral.version, "sent")
    assert fact.overdue_since == NOON + 15 * MINUTE
    with pytest.raises(NotOpen):
        domain.mark_overdue(late, NOON + 30 * MINUTE)


def test_what_was_answered_is_never_overdue() -> None:
    accepted, _ = STEPS["accept"](a_referral(), NOON)

    assert not domain.is_overdue(accepted, NOON + timedelta(days=365))


def test_a_release_that_ended_is_the_reason_named() -> None:
    ended, fact = domain.end_with_its_release(a_referral(), NOON)

    assert (ended.state, fact.reason_code) == ("withdrawn", "consent_ended")


@given(st.lists(st.sampled_from(sorted(STEPS))))
def test_no_walk_leaves_a_final_state_or_says_what_is_not_so(walk: list[str]) -> None:
    referral = a_referral()
    for number, step in enumerate(walk):
        before = referral
        try:
            referral, fact = STEPS[step](before, NOON + number * MINUTE)
        except NotOpen:
            continue
        assert before.state not in FINAL
        assert (fact.status, fact.referral_ref, fact.case_ref) == (referral.state, before.referral_ref, before.case_ref)
        assert referral.version == before.version + 1


@given(st.lists(st.sampled_from(sorted(STEPS))))
def test_no_walk_changes_whose_it_is(walk: list[str]) -> None:
    referral = first = a_referral()
    for step in walk:
        try:
            referral, _ = STEPS[step](referral, NOON)
        except NotOpen:
            continue

    parties = (referral.case_ref, referral.sending_agency, referral.receiving_agency, referral.receiver_ref)
    assert parties == (first.case_ref, first.sending_agency, first.receiving_agency, first.receiver_ref)
