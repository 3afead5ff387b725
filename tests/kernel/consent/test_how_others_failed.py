"""What other consent services answered wrongly, asked of ours (LEAP-CDS, ASU SHARES, Primero)."""

from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.consent import Directive, Reason, Request, decide
from schemas.categories import DataCategory
from schemas.codes import Purpose
from schemas.taxonomy import ALL, bit, category_mask
from tests.kernel.consent.strategies import near
from tests.support.consent import DAY, NOON, a_denial, a_grant, a_table, an_ask

NEEDS = category_mask(DataCategory.NEEDS)
IDENTITY = category_mask(DataCategory.IDENTITY)


def test_an_exception_that_ended_years_ago_permits_nothing() -> None:
    ended = a_grant(DataCategory.NEEDS, starts_at=NOON - 3650 * DAY, ends_at=NOON - 2000 * DAY)

    assert decide(an_ask(), a_table(ended), NOON).reason is Reason.ENDED


def test_a_newer_denial_of_an_unresolved_actor_closes_a_permit() -> None:
    denial = a_denial(DataCategory.NEEDS, to=None)

    decision = decide(an_ask(), a_table(a_grant(DataCategory.NEEDS), denial), NOON)

    assert (decision.mask, decision.reason) == (0, Reason.UNREADABLE_DENIAL)


def test_a_caller_who_states_no_purpose_gets_no_exception() -> None:
    decision = decide(an_ask(purpose=None), a_table(a_grant(DataCategory.NEEDS)), NOON)

    assert (decision.mask, decision.reason) == (0, Reason.PURPOSE_NOT_STATED)


@pytest.mark.parametrize("element", ["record_ref", "record_period", "action", "security_label"])
def test_an_element_that_nothing_enforces_cannot_be_recorded(element: str) -> None:
    terms: dict[str, Any] = {element: "2025"}

    with pytest.raises(TypeError, match=element):
        a_grant(DataCategory.NEEDS, **terms)


def test_who_does_not_say_what_is_asked_gets_nothing() -> None:
    assert decide(an_ask(asked=0), a_table(a_grant(DataCategory.NEEDS)), NOON).mask == 0


def test_a_newer_permit_does_not_lift_an_older_denial() -> None:
    denial = a_denial(DataCategory.NEEDS, starts_at=NOON - 300 * DAY)
    permit = a_grant(DataCategory.NEEDS, starts_at=NOON - timedelta(seconds=1))

    for directives in ((denial, permit), (permit, denial)):
        assert decide(an_ask(asked=NEEDS), a_table(*directives), NOON).reason is Reason.DENIED


def test_what_carries_no_label_is_never_released_for_want_of_one() -> None:
    unlabelled = ALL + 1

    assert decide(an_ask(asked=unlabelled), a_table(a_grant(*DataCategory)), NOON).mask == 0


def test_a_directive_without_a_category_covers_nothing() -> None:
    table = a_table(a_grant())

    assert table.unreadable_grants == 1
    assert decide(an_ask(), table, NOON).mask == 0


def test_a_field_excepted_from_a_denial_stays_open() -> None:
    denial = a_denial(DataCategory.IDENTITY, excepted=["identity.known_as"])
    table = a_table(a_grant(DataCategory.IDENTITY, DataCategory.NEEDS), denial)

    assert decide(an_ask(), table, NOON).mask == NEEDS | bit("identity.known_as")


def test_a_denial_to_one_agency_leaves_another() -> None:
    grants = (a_grant(DataCategory.NEEDS), a_grant(DataCategory.NEEDS, to="st-anne-hospital", purpose=Purpose.ADVOCACY))
    table = a_table(*grants, a_denial(DataCategory.NEEDS, to="harbor-house"))

    assert decide(an_ask(), table, NOON).mask == 0
    assert decide(an_ask(by="st-anne-hospital", purpose=Purpose.ADVOCACY), table, NOON).mask == NEEDS


def test_a_denial_that_comes_into_force_later_does_not_deny_now() -> None:
    denial = a_denial(DataCategory.NEEDS, starts_at=NOON + DAY)

    assert decide(an_ask(), a_table(a_grant(DataCategory.NEEDS), denial), NOON).mask == NEEDS


@pytest.mark.parametrize(
    "a_request",
    [
        an_ask(by="st-anne-hospital", purpose=Purpose.ADVOCACY),
        an_ask(by="harbor-house", purpose=Purpose.ADVOCACY),
        an_ask(by="harbor-house", of="county-sheriff", purpose=Purpose.SHELTER),
    ],
    ids=["other recipient", "other purpose", "other custodian"],
)
def test_all_conditions_of_a_provision_hold_together(a_request: Request) -> None:
    assert decide(a_request, a_table(a_grant(DataCategory.NEEDS)), NOON).mask == 0


@given(near, st.timedeltas(timedelta(days=-10_000), timedelta(days=10_000)))
def test_a_decision_depends_on_no_clock_but_the_one_it_is_given(directives: list[Directive], later: timedelta) -> None:
    moved = [
        replace(directive, valid_from=directive.valid_from + later, valid_until=_moved(directive, later))
        for directive in directives
    ]

    now, then = decide(an_ask(), a_table(*directives), NOON), decide(an_ask(), a_table(*moved), NOON + later)

    assert (now.mask, now.relied_on, now.reason) == (then.mask, then.relied_on, then.reason)


def test_a_denial_for_one_actor_is_never_a_permit_for_that_actor() -> None:
    denial = a_denial(DataCategory.NEEDS, to="county-sheriff")

    assert decide(an_ask(by="county-sheriff", purpose=Purpose.ORDER_ENFORCEMENT), a_table(denial), NOON).mask == 0


def test_to_withhold_the_restricted_is_not_to_withhold_the_rest() -> None:
    table = a_table(a_grant(DataCategory.NEEDS, DataCategory.IDENTITY), a_denial(DataCategory.IDENTITY))

    assert decide(an_ask(), table, NOON).mask == NEEDS
    assert decide(an_ask(asked=IDENTITY), table, NOON).mask == 0


def test_no_request_can_carry_an_override() -> None:
    assert {field.name for field in fields(Request)} == {
        "agency",
        "custodian",
        "purpose",
        "requested_mask",
        "person_ref",
        "party",
        "cji",
        "unnamed",
    }


def _moved(directive: Directive, later: timedelta) -> datetime | None:
    return None if directive.valid_until is None else directive.valid_until + later
