"""What can never happen, whatever survivors say and agencies ask."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.consent import Directive, Request, ceiling, decide, mask
from kernel.consent.decision import evaluate_slow
from kernel.consent.parser import _fields
from schemas import taxonomy
from schemas.categories import DataCategory
from schemas.codes import AgencyKind, Basis, DirectiveEffect, DirectiveState, Purpose
from schemas.taxonomy import ALL, category_mask
from tests.kernel.consent.strategies import (
    any_categories,
    asks,
    categories,
    denials,
    directive_lists,
    grants,
    instants,
    near,
    near_denials,
    near_grants,
)
from tests.support.consent import DAY, NOON, TICK, TOWN, a_denial, a_directive, a_grant, a_table, an_agency, an_ask

every_basis = st.sampled_from((Basis.RELEASE, Basis.STATUTE, Basis.COURT_ORDER, Basis.EMERGENCY))


def mask_of_all(named: frozenset[DataCategory]) -> int:
    return sum(category_mask(category) for category in named)


@given(asks(), instants, st.lists(denials(), max_size=4))
def test_without_a_grant_nothing_opens(request: Request, at: datetime, refusals: list[Directive]) -> None:
    assert decide(request, a_table(*refusals), at).mask == 0


@given(asks(), instants, directive_lists)
def test_only_requested_fields_open_or_a_reason_is_given(
    request: Request, at: datetime, spoken: list[Directive]
) -> None:
    decision = decide(request, a_table(*spoken), at)

    assert decision.mask & ~request.requested_mask == 0
    assert (decision.reason is None) == bool(decision.mask) == bool(decision.relied_on) == (decision.basis is not None)


@given(any_categories, any_categories)
def test_a_denial_only_ever_takes_away(granted: frozenset[DataCategory], denied: frozenset[DataCategory]) -> None:
    without = decide(an_ask(), a_table(a_grant(*granted)), NOON)
    with_it = decide(an_ask(), a_table(a_grant(*granted), denials=(a_denial(*denied),)), NOON)

    assert with_it.mask == without.mask & ~mask_of_all(denied)


@given(asks(), instants, directive_lists, denials())
def test_one_more_denial_never_opens_anything(
    request: Request, at: datetime, spoken: list[Directive], denial: Directive
) -> None:
    before, after = decide(request, a_table(*spoken), at), decide(request, a_table(*spoken, denial), at)

    assert after.mask & ~before.mask == 0


@given(asks(), instants, directive_lists, grants())
def test_one_more_grant_never_closes_anything(
    request: Request, at: datetime, spoken: list[Directive], grant: Directive
) -> None:
    before, after = decide(request, a_table(*spoken), at), decide(request, a_table(*spoken, grant), at)

    assert before.mask & ~after.mask == 0


@given(near, st.randoms(use_true_random=False), st.integers(1, 3), instants)
def test_order_and_repetition_never_matter(spoken: list[Directive], luck: Random, times: int, at: datetime) -> None:
    shuffled = spoken * times
    luck.shuffle(shuffled)

    assert decide(an_ask(), a_table(*shuffled), at) == decide(an_ask(), a_table(*spoken), at)


@given(near_grants, near_denials, st.integers(0, 3650))
def test_age_never_matters(grant: Directive, denial: Directive, older_by: int) -> None:
    grant = replace(grant, valid_from=NOON - DAY, valid_until=NOON + DAY)
    recent = replace(denial, valid_from=NOON)
    old = replace(denial, valid_from=NOON - older_by * DAY)

    assert decide(an_ask(), a_table(grant, recent), NOON).mask == decide(an_ask(), a_table(grant, old), NOON).mask


@given(any_categories, st.sampled_from(Purpose), st.sampled_from(Purpose))
def test_a_grant_opens_for_exactly_the_purpose_it_names(
    named: frozenset[DataCategory], granted_for: Purpose, asked_for: Purpose
) -> None:
    everyone = an_agency("harbor-house", AgencyKind.SHELTER, purposes=Purpose)
    table = a_table(a_grant(*named, purpose=granted_for))

    decision = decide(an_ask(by=everyone, purpose=asked_for), table, NOON)

    expected = mask_of_all(named) & ceiling(AgencyKind.SHELTER, asked_for) if granted_for is asked_for else 0
    assert decision.mask == expected


@given(near)
def test_without_a_stated_or_registered_purpose_nothing_opens(spoken: list[Directive]) -> None:
    unregistered = replace(TOWN["harbor-house"], purposes=frozenset())

    assert decide(an_ask(purpose=None), a_table(*spoken), NOON).mask == 0
    assert decide(an_ask(by=unregistered), a_table(*spoken), NOON).mask == 0


@given(any_categories, instants, st.integers(0, 4), instants)
def test_time_is_half_open(named: frozenset[DataCategory], since: datetime, days: int, at: datetime) -> None:
    until = since + days * DAY
    table = a_table(a_grant(*named, starts_at=since, ends_at=until))

    always = decide(an_ask(), a_table(a_grant(*named)), NOON).mask

    assert decide(an_ask(), table, at).mask == (always if since <= at < until else 0)


@given(asks(), instants, directive_lists)
def test_a_decision_holds_until_its_stated_end_or_the_next_start(
    request: Request, at: datetime, spoken: list[Directive]
) -> None:
    decision = decide(request, a_table(*spoken), at)
    starts = [directive.valid_from for directive in spoken if directive.valid_from > at]

    if decision.until is not None:
        just_before = min([decision.until, *starts]) - TICK
        assert decide(request, a_table(*spoken), just_before).mask == decision.mask
        assert decision.until > at


@given(asks(), instants, st.lists(grants(), min_size=1, max_size=6), st.data())
def test_what_is_revoked_opens_nothing_more(
    request: Request, at: datetime, given_before: list[Directive], data: st.DataObject
) -> None:
    revoked = data.draw(st.sampled_from(given_before))
    remaining = [directive for directive in given_before if directive != revoked]

    after = decide(request, a_table(*remaining, replace(revoked, state=DirectiveState.REVOKED), sv=8), at)

    assert after == decide(request, a_table(*remaining, sv=8), at)
    assert revoked.directive_ref not in after.relied_on


@given(asks(), instants, directive_lists, st.integers(1, 3))
def test_a_denial_that_cannot_be_read_closes_every_release(
    request: Request, at: datetime, spoken: list[Directive], unreadable: int
) -> None:
    table = a_table(*spoken, unreadable_denials=unreadable)

    assert decide(request, table, at).mask == mask(request, table, at) == 0


@given(asks(), instants, directive_lists, grants(), st.integers(0, 3))
def test_a_grant_that_cannot_be_read_is_as_if_never_given(
    request: Request, at: datetime, spoken: list[Directive], grant: Directive, unreadable: int
) -> None:
    broken = replace(grant, taxonomy_version=taxonomy.TAXONOMY_VERSION + 1)

    table = a_table(*spoken, broken, unreadable_grants=unreadable)

    assert decide(request, table, at) == decide(request, a_table(*spoken), at)


@given(instants, directive_lists, st.lists(grants(), max_size=6))
def test_a_release_to_another_never_opens_the_way_back(
    at: datetime, spoken: list[Directive], more: list[Directive]
) -> None:
    reverse = [replace(grant, custodian="bay-hotline", recipient="harbor-house") for grant in more]
    back = an_ask(by="bay-hotline", of="harbor-house", purpose=Purpose.SHELTER)

    assert decide(back, a_table(*spoken, *reverse), at) == decide(back, a_table(*spoken), at)  # R10


@given(asks(), instants, directive_lists)
def test_before_participation_no_directive_opens_anything(
    request: Request, at: datetime, spoken: list[Directive]
) -> None:
    assert decide(request, a_table(*spoken, participating=False), at).mask == 0  # R16


@given(any_categories, every_basis.filter(lambda basis: basis is not Basis.COURT_ORDER), st.sampled_from(Purpose))
def test_no_release_opens_treatment_to_police(named: frozenset[DataCategory], basis: Basis, purpose: Purpose) -> None:
    police = an_agency("county-sheriff", AgencyKind.POLICE, purposes=Purpose)
    table = a_table(a_grant(*named, to="county-sheriff", by="st-anne-hospital", purpose=purpose, basis=basis))

    decision = decide(an_ask(by=police, of="st-anne-hospital", purpose=purpose), table, NOON)

    closed = category_mask(DataCategory.SUBSTANCE_USE) | category_mask(DataCategory.MENTAL_HEALTH)
    assert decision.mask & closed == 0  # R24


@given(any_categories, st.sampled_from(sorted(AgencyKind)))
def test_no_directive_opens_anything_for_counting(named: frozenset[DataCategory], kind: AgencyKind) -> None:
    counter = an_agency("counter", kind, purposes=Purpose)
    release = a_grant(*named, to="counter", purpose=Purpose.EVALUATION_AGGREGATE)
    table = a_table(release, replace(release, basis=Basis.STATUTE))

    decision = decide(an_ask(by=counter, purpose=Purpose.EVALUATION_AGGREGATE), table, NOON)

    assert decision.mask == 0  # R14


@given(asks(), instants, st.lists(grants(every_basis) | denials(), max_size=8))
def test_the_fast_mask_is_the_mask_of_the_decision(request: Request, at: datetime, spoken: list[Directive]) -> None:
    table = a_table(*spoken)

    assert mask(request, table, at) == decide(request, table, at).mask


@given(asks(), instants, st.lists(grants(every_basis) | denials(), max_size=8), st.booleans(), st.booleans())
def test_the_settled_decision_equals_weighing_every_directive(
    request: Request, at: datetime, spoken: list[Directive], of_justice: bool, party: bool
) -> None:
    table = a_table(*spoken)
    request = replace(request, cji=request.requested_mask if of_justice else 0, party=party)

    assert decide(request, table, at) == evaluate_slow(request, table, at)


@given(near, instants)
def test_the_settled_line_of_two_agencies_equals_weighing_it(spoken: list[Directive], at: datetime) -> None:
    assert decide(an_ask(), a_table(*spoken), at) == evaluate_slow(an_ask(), a_table(*spoken), at)


@given(near_grants, st.booleans(), st.booleans(), st.sampled_from((None, "sam")), instants)
def test_the_fast_mask_knows_every_way_of_being_closed(
    grant: Directive, party: bool, participating: bool, person: str | None, at: datetime
) -> None:
    block = a_denial(to=None, excluded_person_ref="sam")
    table = a_table(grant, block, participating=participating)
    request = an_ask(party=party, person=person)

    assert mask(request, table, at) == decide(request, table, at).mask


@given(categories, st.timedeltas(timedelta(0), timedelta(days=3650)))
def test_a_person_block_is_never_over(named: frozenset[DataCategory], later: timedelta) -> None:
    block = a_denial(to=None, excluded_person_ref="sam", valid_until=NOON, starts_at=NOON)
    table = a_table(a_grant(*named, ends_at=NOON + 4000 * DAY), block)

    assert decide(an_ask(person="sam"), table, NOON + later).mask == 0


@pytest.fixture
def an_older_taxonomy(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A version 0 that knew only the first three fields, all of them of identity."""
    monkeypatch.setitem(taxonomy._FIELDS_IN_VERSION, 0, 3)
    yield 0
    category_mask.cache_clear()
    _fields.cache_clear()


def test_a_field_that_came_later_is_invisible_to_an_old_grant(an_older_taxonomy: int) -> None:
    old = a_grant(DataCategory.IDENTITY, taxonomy_version=an_older_taxonomy)

    assert decide(an_ask(), a_table(old), NOON).mask == 0b111


def test_an_old_grant_opens_no_later_field_even_by_its_name(an_older_taxonomy: int) -> None:
    old = a_grant(DataCategory.IDENTITY, only=["identity.born_on"], taxonomy_version=an_older_taxonomy)

    assert decide(an_ask(), a_table(old), NOON).mask == 0


def test_a_field_that_came_later_is_covered_by_every_denial(an_older_taxonomy: int) -> None:
    old = a_denial(DataCategory.IDENTITY, taxonomy_version=an_older_taxonomy)

    assert decide(an_ask(), a_table(a_grant(DataCategory.IDENTITY), old), NOON).mask == 0


def test_a_directive_of_both_kinds_cannot_be_said() -> None:
    assert set(DirectiveEffect) == {DirectiveEffect.PERMIT, DirectiveEffect.DENY}
    with pytest.raises(ValueError, match="maybe"):
        a_directive(DirectiveEffect("maybe"))


def test_the_reference_of_a_directive_has_no_say() -> None:
    low = a_grant(DataCategory.NEEDS, directive_ref=UUID(int=1))
    high = replace(low, directive_ref=UUID(int=2**128 - 1))

    assert decide(an_ask(), a_table(low), NOON).mask == decide(an_ask(), a_table(high), NOON).mask != ALL
