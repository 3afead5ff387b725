"""What can never happen, whatever a survivor says and in whatever order it is read."""

import random
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from kernel.consent import compile_table, decide
from schemas.categories import DataCategory
from schemas.codes import DirectiveState, EndsWhen, Purpose, StartsWhen
from schemas.taxonomy import FIELDS
from services.consent.domain import (
    DirectiveStepNotPossible,
    JurisdictionProfile,
    NotAcceptable,
    Provision,
    RequestedDirective,
    draft,
    sign,
    superseded,
    unlabelled,
)
from tests.services.consent.builders import a_context, a_draft, a_signature, directives, in_force, requested
from tests.support.consent import DAY, NOON, an_ask

PURPOSES = (Purpose.SHELTER, Purpose.ADVOCACY)
some = st.frozensets(st.sampled_from(DataCategory), min_size=1, max_size=6)
fields = st.frozensets(st.sampled_from(FIELDS), max_size=4)
instants = st.integers(-10 * 24, 100 * 24).map(lambda hours: NOON + timedelta(hours=hours))
maybe_start = st.none() | st.just(StartsWhen.CONFLICT_CLEAR)
maybe_end = st.none() | st.sampled_from(EndsWhen)


@st.composite
def permits(draw: st.DrawFn) -> Provision:
    """A permit in force, or that was or will be."""
    starts_when = draw(maybe_start)
    start = draw(instants)
    return in_force(
        *draw(some),
        purpose=draw(st.sampled_from(PURPOSES)),
        starts_at=start,
        ends_at=start + timedelta(hours=draw(st.integers(1, 90 * 24))),
        excepted=draw(fields),
        starts_when=starts_when,
        ends_when=draw(maybe_end),
        started=starts_when is None or draw(st.booleans()),
        survives_death=draw(st.booleans()),
    )


@st.composite
def replacements(draw: st.DrawFn, old: Provision) -> RequestedDirective:
    """Anything that somebody might say to stand in place of `old`: narrower, wider, or neither."""
    directive = old.directive
    return requested(
        categories=draw(some | st.just(directive.categories)),
        purpose=draw(st.just(directive.purpose) | st.sampled_from(PURPOSES)),
        excepted_fields=draw(fields) | draw(st.sampled_from([directive.excepted_fields, frozenset[str]()])),
        valid_from=draw(st.none() | instants),
        valid_until=draw(st.none() | instants),
        starts_when=draw(maybe_start),
        ends_when=draw(maybe_end),
        survives_death=draw(st.booleans()),
        supersedes_ref=old.ref,
    )


def opened(provisions: Collection[Provision], at: datetime, purpose: Purpose, *, deceased: bool = False) -> int:
    table = compile_table(directives(provisions), sv=1, participating=True, deceased=deceased)
    return decide(an_ask(purpose=purpose), table, at).mask


@given(data=st.data(), old=permits(), at=instants, later=st.integers(0, 100 * 24), deceased=st.booleans())
def test_an_unsigned_change_opens_nothing_that_was_closed(
    data: st.DataObject, old: Provision, at: datetime, later: int, deceased: bool
) -> None:
    request = data.draw(replacements(old))
    context = a_context(old, at=at)
    try:
        new = draft(request, context, uuid4())
    except (NotAcceptable, DirectiveStepNotPossible):
        return

    before, instant = [old], at + timedelta(hours=later)
    standing = [superseded(old), new] if new.state is DirectiveState.ACTIVE else [old, new]

    for purpose in PURPOSES:
        was = opened(before, instant, purpose, deceased=deceased)
        assert not opened(standing, instant, purpose, deceased=deceased) & ~was


@given(old=permits(), at=instants, categories=some, data=st.data())
def test_taking_categories_away_is_always_at_once(
    old: Provision, at: datetime, categories: frozenset[DataCategory], data: st.DataObject
) -> None:
    remaining = old.directive.categories - categories
    context = a_context(old, at=at)
    if not remaining or old.state_at(at) is not DirectiveState.ACTIVE:
        return

    request = requested(
        categories=remaining,
        purpose=old.directive.purpose,
        excepted_fields=old.directive.excepted_fields,
        valid_until=None,
        supersedes_ref=old.ref,
    )
    try:
        new = draft(request, context, uuid4())
    except NotAcceptable:  # nothing was left of it
        return

    assert new.state is DirectiveState.ACTIVE


@given(standing=st.lists(permits(), max_size=6), new=permits(), dice=st.randoms(use_true_random=False))
def test_an_overlap_is_the_same_in_whatever_order_rows_are_read(
    standing: list[Provision], new: Provision, dice: random.Random
) -> None:
    shuffled = standing * 2
    dice.shuffle(shuffled)

    refs = {provision.ref for provision in unlabelled(new, standing, NOON)}

    assert {provision.ref for provision in unlabelled(new, shuffled, NOON)} == refs


@given(
    days=st.integers(1, 120),
    signed_before=st.integers(0, 200),
    recorded_after=st.integers(0, 100),
    starts_in=st.integers(-5, 60),
    profile=st.builds(JurisdictionProfile, max_days=st.integers(1, 90), default_days=st.none() | st.integers(1, 90)),
)
def test_no_signature_opens_before_its_record_or_past_a_profile(
    days: int, signed_before: int, recorded_after: int, starts_in: int, profile: JurisdictionProfile
) -> None:
    drafted_in = a_context(profile=profile)
    try:
        drafted = a_draft(context=drafted_in, valid_from=NOON + starts_in * DAY, valid_until=NOON + days * DAY)
        recorded = a_context(profile=profile, at=NOON + recorded_after * DAY)
        active, _ = sign(drafted, a_signature(signed_at=NOON - signed_before * DAY), recorded)
    except (NotAcceptable, DirectiveStepNotPossible):
        return

    directive = active.directive
    assert directive.valid_from >= recorded.at
    assert directive.valid_until is not None
    assert directive.valid_until <= NOON - signed_before * DAY + profile.max_days * DAY
