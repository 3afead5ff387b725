"""Who is told of a directive, and that it says no more than the directive does."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from schemas.categories import DataCategory
from schemas.codes import DirectiveEffect, DirectiveState
from schemas.facts import ConsentGranted, ConsentNarrowed, ConsentRefused, ConsentRevoked
from schemas.taxonomy import FIELDS, category_mask, mask_of
from services.consent.domain import (
    ConsentNotice,
    denial_notices,
    draft,
    grant_notices,
    narrowing_notices,
    refusal_notices,
    revocation_notices,
    standing_notices,
)
from tests.services.consent.builders import a_context, a_draft, as_state, denied, in_force
from tests.support.consent import DAY, NOON

CASE = uuid4()
NEEDS, CHILDREN = DataCategory.NEEDS, DataCategory.CHILDREN


def test_a_recipient_hears_of_a_grant_while_it_is_in_force() -> None:
    assert grant_notices(in_force(), CASE, NOON).to == ("harbor-house",)


def test_it_hears_nothing_of_one_that_has_not_started() -> None:
    waiting = in_force(started=False)
    to_come = in_force(starts_at=NOON + DAY)

    assert grant_notices(waiting, CASE, NOON).to == ()
    assert grant_notices(to_come, CASE, NOON).to == ()


def test_it_hears_nothing_of_a_denial_or_a_refusal() -> None:
    denial = draft(denied(DataCategory.LOCATION), a_context(), uuid4())

    assert grant_notices(denial, CASE, NOON).to == ()
    assert refusal_notices(a_draft(), CASE, NOON).to == ()


def test_a_recipient_hears_of_an_ending_only_after_a_relay() -> None:
    assert revocation_notices(in_force().standing(), CASE, NOON).to == ()
    assert revocation_notices(in_force(relayed=True).standing(), CASE, NOON).to == ("harbor-house",)


def test_an_ending_does_not_say_whose_decision_it_was() -> None:
    fact = revocation_notices(in_force(relayed=True).standing(), CASE, NOON).fact

    assert isinstance(fact, ConsentRevoked)
    assert fact.revoked_by is None
    assert fact.acknowledge_by == NOON + timedelta(hours=24)


def test_a_narrowing_is_told_to_whom_it_takes_something_from() -> None:
    old = in_force(NEEDS, CHILDREN, relayed=True)

    notice = narrowing_notices(in_force(NEEDS), old, CASE, NOON)

    assert notice is not None
    assert notice.to == ("harbor-house",)
    assert isinstance(notice.fact, ConsentNarrowed)
    assert notice.fact.categories == (NEEDS,)


def test_a_pure_widening_takes_nothing_from_anybody() -> None:
    assert narrowing_notices(in_force(NEEDS, CHILDREN), in_force(NEEDS, relayed=True), CASE, NOON) is None


def left_by(notice: ConsentNotice) -> int:
    fact = notice.fact
    assert isinstance(fact, ConsentNarrowed)
    left = 0
    for category in fact.categories:
        of_it = category_mask(category)
        only = mask_of(fact.only_fields) & of_it
        left |= only or of_it
    return left & ~mask_of(fact.excepted_fields)


some = st.frozensets(st.sampled_from(DataCategory), min_size=1)
fields = st.frozensets(st.sampled_from(FIELDS), max_size=50)


@given(granted=some, excepted=fields, refused=some, spared=fields)
def test_what_a_denial_leaves_is_told_exactly_or_too_little(
    granted: frozenset[DataCategory],
    excepted: frozenset[str],
    refused: frozenset[DataCategory],
    spared: frozenset[str],
) -> None:
    permit = in_force(*granted, excepted=excepted, relayed=True)
    permitting = in_force(*refused, excepted=spared)
    denial = replace(permitting, directive=replace(permitting.directive, effect=DirectiveEffect.DENY))

    notices = list(denial_notices(denial, [permit], CASE, NOON))

    lost = permit.mask & denial.mask
    assert len(notices) == (1 if lost else 0)
    assert all(not left_by(notice) & ~(permit.mask & ~lost) for notice in notices)
    assert all(notice.fact.directive_ref == permit.ref for notice in notices)


def test_a_denial_that_meets_nothing_relayed_is_told_to_nobody() -> None:
    denial = draft(denied(NEEDS), a_context(), uuid4())
    others = [in_force(NEEDS), in_force(CHILDREN, relayed=True), in_force(NEEDS, to="county-cell", relayed=True)]

    assert list(denial_notices(denial, others, CASE, NOON)) == []


def test_what_was_told_late_is_how_things_stand() -> None:
    revoked = as_state(in_force(relayed=True), DirectiveState.REVOKED)
    refused = as_state(a_draft(), DirectiveState.REFUSED)
    denial = draft(denied(NEEDS), a_context(), uuid4())
    hit = in_force(NEEDS, CHILDREN, relayed=True)

    facts = [
        standing_notices(provision, [denial, hit], CASE, NOON).fact for provision in (revoked, refused, denial, hit)
    ]

    assert [type(fact) for fact in facts] == [ConsentRevoked, ConsentRefused, ConsentGranted, ConsentNarrowed]
    assert facts[3].model_dump()["categories"] == (CHILDREN,)
