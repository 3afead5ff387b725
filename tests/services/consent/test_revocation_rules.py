"""A stop asks for nothing, and names whatever has come in place of what was meant."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codes import DirectiveState
from services.consent.domain import (
    DirectiveStepNotPossible,
    DirectiveSummary,
    RevocationKind,
    check_refusable,
    plan_revocation,
    plan_revocation_of_all,
)
from services.consent.domain.revocation import NOT_YET
from tests.services.consent.builders import a_draft, in_force

OVER = {DirectiveState.REFUSED, DirectiveState.REVOKED, DirectiveState.SUPERSEDED}
agencies = st.sampled_from(["bay-hotline", "harbor-house", "county-sheriff", "riverside-legal"])


def a_standing(
    state: str = "active", *, ref: UUID | None = None, effect: str = "permit", supersedes: UUID | None = None
) -> DirectiveSummary:
    return DirectiveSummary(ref or uuid4(), "bay-hotline", "harbor-house", effect, state, True, supersedes)


@st.composite
def histories(draw: st.DrawFn) -> list[DirectiveSummary]:
    """Directives of one subject in any state, each perhaps in place of an earlier one."""
    found: list[DirectiveSummary] = []
    for _ in range(draw(st.integers(1, 8))):
        earlier = draw(st.none() | st.sampled_from(found)) if found else None
        state = draw(st.sampled_from(DirectiveState) | st.text(max_size=8))
        effect = draw(st.sampled_from(["permit", "permit", "permit", "deny", "perm1t"]))
        custodian, recipient = draw(agencies), draw(agencies)
        ref = None if earlier is None else earlier.ref
        found.append(DirectiveSummary(uuid4(), custodian, recipient, effect, state, draw(st.booleans()), ref))
    return found


def after_stop(history: list[DirectiveSummary], ended: set[UUID]) -> dict[UUID, str]:
    return {one.ref: "over" if one.ref in ended else one.state for one in history}


@given(history=histories(), data=st.data())
def test_after_a_stop_neither_the_directive_nor_what_replaced_it_is_in_force(
    history: list[DirectiveSummary], data: st.DataObject
) -> None:
    target = data.draw(st.sampled_from(history))

    left = after_stop(history, {one.standing.ref for one in plan_revocation(target.ref, history)})

    chain = {target.ref}
    for _ in history:
        chain |= {one.ref for one in history if one.supersedes_ref in chain}
    assert all(left[ref] == "over" or left[ref] in OVER for ref in chain)


@given(history=histories())
def test_a_stop_of_everything_leaves_no_permit_and_touches_no_denial(history: list[DirectiveSummary]) -> None:
    ended = {one.standing.ref for one in plan_revocation_of_all(history)}

    permits = {one.ref for one in history if not one.denies}
    assert ended <= permits
    assert all(one.state in OVER for one in history if one.ref in permits - ended)


@given(history=histories(), agency=agencies)
def test_elsewhere_a_stop_of_everything_ends_what_the_agency_is_a_side_of_and_no_more(
    history: list[DirectiveSummary], agency: str
) -> None:
    ended = plan_revocation_of_all(history, agency)

    assert all(agency in (one.standing.custodian, one.standing.recipient) for one in ended)
    assert set(ended) == {
        one for one in plan_revocation_of_all(history) if agency in (one.standing.custodian, one.standing.recipient)
    }


@given(state=st.text(max_size=12))
def test_a_directive_whose_state_nobody_knows_can_be_stopped(state: str) -> None:
    one = a_standing(state)

    assert [ended.stop for ended in plan_revocation(one.ref, [one])] == ([] if state in OVER else [ended_as(state)])


def ended_as(state: str) -> RevocationKind:
    return RevocationKind.REFUSE if state in NOT_YET else RevocationKind.REVOKE


def test_stopping_a_draft_is_a_no_to_it() -> None:
    one = a_standing("draft")

    assert [ended.stop for ended in plan_revocation(one.ref, [one])] == [RevocationKind.REFUSE]


def test_stopping_twice_ends_nothing_more() -> None:
    one = a_standing("revoked")

    assert plan_revocation(one.ref, [one]) == ()


def test_only_a_draft_is_refused() -> None:
    check_refusable(a_draft())
    with pytest.raises(DirectiveStepNotPossible, match="not_a_draft"):
        check_refusable(in_force())
