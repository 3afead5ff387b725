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
    check_stoppable,
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
    summaries: list[DirectiveSummary] = []
    for _ in range(draw(st.integers(1, 8))):
        earlier = draw(st.none() | st.sampled_from(summaries)) if summaries else None
        state = draw(st.sampled_from(DirectiveState) | st.text(max_size=8))
        effect = draw(st.sampled_from(["permit", "permit", "permit", "deny", "perm1t"]))
        custodian, recipient = draw(agencies), draw(agencies)
        ref = None if earlier is None else earlier.ref
        summaries.append(DirectiveSummary(uuid4(), custodian, recipient, effect, state, draw(st.booleans()), ref))
    return summaries


def after_stop(history: list[DirectiveSummary], ended: set[UUID]) -> dict[UUID, str]:
    return {summary.ref: "over" if summary.ref in ended else summary.state for summary in history}


@given(history=histories(), data=st.data())
def test_a_stop_ends_the_directive_and_what_replaced_it(history: list[DirectiveSummary], data: st.DataObject) -> None:
    target = data.draw(st.sampled_from(history))

    left = after_stop(history, {planned.standing.ref for planned in plan_revocation(target.ref, history)})

    chain = {target.ref}
    for _ in history:
        chain |= {summary.ref for summary in history if summary.supersedes_ref in chain}
    assert all(left[ref] == "over" or left[ref] in OVER for ref in chain)


@given(history=histories())
def test_a_stop_of_everything_ends_every_permit_and_no_denial(history: list[DirectiveSummary]) -> None:
    ended = {planned.standing.ref for planned in plan_revocation_of_all(history)}

    permits = {summary.ref for summary in history if not summary.denies}
    assert ended <= permits
    assert all(summary.state in OVER for summary in history if summary.ref in permits - ended)


@given(history=histories(), agency=agencies)
def test_elsewhere_a_stop_ends_only_what_the_agency_is_a_side_of(history: list[DirectiveSummary], agency: str) -> None:
    ended = plan_revocation_of_all(history, agency)

    assert all(agency in (planned.standing.custodian, planned.standing.recipient) for planned in ended)
    assert set(ended) == {
        planned
        for planned in plan_revocation_of_all(history)
        if agency in (planned.standing.custodian, planned.standing.recipient)
    }


@given(state=st.text(max_size=12))
def test_a_directive_whose_state_nobody_knows_can_be_stopped(state: str) -> None:
    summary = a_standing(state)

    assert [ended.stop for ended in plan_revocation(summary.ref, [summary])] == (
        [] if state in OVER else [ended_as(state)]
    )


def ended_as(state: str) -> RevocationKind:
    return RevocationKind.REFUSE if state in NOT_YET else RevocationKind.REVOKE


def test_stopping_a_draft_is_a_no_to_it() -> None:
    summary = a_standing("draft")

    assert [ended.stop for ended in plan_revocation(summary.ref, [summary])] == [RevocationKind.REFUSE]


def test_stopping_twice_ends_nothing_more() -> None:
    summary = a_standing("revoked")

    assert plan_revocation(summary.ref, [summary]) == ()


@given(state=st.text(max_size=12).filter(lambda state: state not in NOT_YET | OVER) | st.just("active"))
def test_a_denial_that_may_close_is_ended_by_no_stop(state: str) -> None:
    with pytest.raises(DirectiveStepNotPossible, match="denial_needs_lifting"):
        check_stoppable(a_standing(state, effect="deny"))


def test_only_a_draft_is_refused() -> None:
    check_refusable(a_draft())
    with pytest.raises(DirectiveStepNotPossible, match="not_a_draft"):
        check_refusable(in_force())
