"""Examples of a decision: what opens, on whose word, until when, and why not."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from kernel.consent import Reason, decide, mask
from schemas.categories import DataCategory
from schemas.codes import AgencyFlag, AgencyKind, Basis, DirectiveState, Purpose
from schemas.taxonomy import bit, category_mask
from tests.support.consent import DAY, NOON, TICK, a_denial, a_grant, a_table, an_agency, an_ask

NEEDS = category_mask(DataCategory.NEEDS)
IDENTITY = category_mask(DataCategory.IDENTITY)


def test_silence_is_refusal() -> None:
    decision = decide(an_ask(), a_table(), NOON)

    assert (decision.mask, decision.reason) == (0, Reason.NOTHING_GRANTED)


def test_a_grant_opens_what_it_names_and_says_on_whose_word() -> None:
    grant = a_grant(DataCategory.NEEDS)

    decision = decide(an_ask(), a_table(grant), NOON)

    assert decision.mask == NEEDS
    assert decision.relied_on == (grant.directive_ref,)
    assert (decision.basis, decision.until, decision.reason) == (Basis.RELEASE, grant.valid_until, None)
    assert (decision.sv, decision.at) == (7, NOON)


def test_a_grant_is_over_at_the_very_instant_it_ends() -> None:
    table = a_table(a_grant(DataCategory.NEEDS, to="harbor-house", ends_at=NOON))

    decision = decide(an_ask(by="harbor-house"), table, NOON)

    assert (decision.mask, decision.reason) == (0, Reason.ENDED)
    assert decide(an_ask(by="harbor-house"), table, NOON - TICK).mask == NEEDS
    assert mask(an_ask(by="harbor-house"), table, NOON) == 0


def test_a_grant_begins_at_the_very_instant_it_starts() -> None:
    table = a_table(a_grant(DataCategory.NEEDS, starts_at=NOON))

    before = decide(an_ask(), table, NOON - TICK)

    assert (before.mask, before.reason) == (0, Reason.NOT_STARTED)
    assert mask(an_ask(), table, NOON - TICK) == 0
    assert decide(an_ask(), table, NOON).mask == NEEDS


def test_an_instant_is_the_same_instant_in_every_time_zone() -> None:
    west = timezone(timedelta(hours=-8))
    table = a_table(a_grant(DataCategory.NEEDS, ends_at=NOON.astimezone(west)))

    assert decide(an_ask(), table, NOON.astimezone(west)).mask == 0
    assert decide(an_ask(), table, (NOON - TICK).astimezone(west)).mask == NEEDS


def test_what_ends_a_grant_early_ends_it_whatever_its_date() -> None:
    decision = decide(an_ask(), a_table(a_grant(DataCategory.NEEDS, ended=True)), NOON)

    assert (decision.mask, decision.reason) == (0, Reason.ENDED)


def test_a_conditional_grant_opens_nothing_before_its_condition() -> None:
    assert decide(an_ask(), a_table(a_grant(DataCategory.NEEDS, started=False)), NOON).mask == 0


@pytest.mark.parametrize("state", sorted(set(DirectiveState) - {DirectiveState.ACTIVE}))
def test_only_an_active_directive_speaks(state: DirectiveState) -> None:
    granted = a_table(a_grant(DataCategory.NEEDS, state=state))
    denied = a_table(a_grant(DataCategory.NEEDS), denials=[a_denial(DataCategory.NEEDS, state=state)])

    assert decide(an_ask(), granted, NOON).mask == 0
    assert decide(an_ask(), denied, NOON).mask == NEEDS


def test_a_denial_outranks_a_grant_and_is_named_as_the_reason() -> None:
    table = a_table(a_grant(DataCategory.NEEDS), denials=[a_denial(DataCategory.NEEDS)])

    decision = decide(an_ask(asked=NEEDS), table, NOON)

    assert (decision.mask, decision.relied_on, decision.reason) == (0, (), Reason.DENIED)


def test_a_denial_of_all_granted_fields_is_the_reason_given() -> None:
    table = a_table(a_grant(DataCategory.NEEDS), denials=[a_denial(DataCategory.NEEDS)])

    assert decide(an_ask(asked=NEEDS | IDENTITY), table, NOON).reason is Reason.DENIED


def test_a_denial_does_not_begin_before_its_start() -> None:
    table = a_table(a_grant(DataCategory.NEEDS), denials=[a_denial(DataCategory.NEEDS, starts_at=NOON)])

    assert decide(an_ask(), table, NOON - TICK).mask == mask(an_ask(), table, NOON - TICK) == NEEDS
    assert decide(an_ask(), table, NOON).mask == mask(an_ask(), table, NOON) == 0


def test_a_denial_never_lapses() -> None:
    denial = a_denial(DataCategory.NEEDS, valid_until=NOON - DAY, ended=True, started=False)

    assert decide(an_ask(), a_table(a_grant(DataCategory.NEEDS), denials=[denial]), NOON).mask == 0


def test_a_denial_for_one_purpose_leaves_the_others() -> None:
    denial = a_denial(DataCategory.NEEDS, purpose=Purpose.ADVOCACY)
    table = a_table(
        a_grant(DataCategory.NEEDS), a_grant(DataCategory.NEEDS, purpose=Purpose.ADVOCACY), denials=[denial]
    )

    assert decide(an_ask(purpose=Purpose.SHELTER), table, NOON).mask == NEEDS
    assert decide(an_ask(purpose=Purpose.ADVOCACY), table, NOON).mask == 0


@pytest.mark.parametrize("purpose", [None, Purpose.SHELTER])
def test_a_denial_is_the_reason_even_where_nothing_was_granted(purpose: Purpose | None) -> None:
    table = a_table(denials=[a_denial(DataCategory.NEEDS, purpose=purpose)])

    assert decide(an_ask(asked=NEEDS), table, NOON).reason is Reason.DENIED


def test_several_grants_add_up_and_the_earliest_end_counts() -> None:
    needs, identity = a_grant(DataCategory.NEEDS), a_grant(DataCategory.IDENTITY, ends_at=NOON + DAY)
    unused = a_grant(DataCategory.CHILDREN, ends_at=NOON + TICK)

    decision = decide(an_ask(asked=NEEDS | IDENTITY), a_table(identity, unused, needs), NOON)

    assert decision.mask == NEEDS | IDENTITY
    assert decision.relied_on == (needs.directive_ref, identity.directive_ref)
    assert decision.until == NOON + DAY


def test_the_basis_furthest_from_the_survivors_word_is_reported() -> None:
    table = a_table(a_grant(DataCategory.NEEDS), a_grant(DataCategory.NEEDS, basis=Basis.STATUTE))

    assert decide(an_ask(), table, NOON).basis is Basis.STATUTE


def test_only_fields_narrow_their_own_category() -> None:
    grant = a_grant(DataCategory.NEEDS, DataCategory.IDENTITY, only=["identity.known_as"])

    assert decide(an_ask(), a_table(grant), NOON).mask == NEEDS | bit("identity.known_as")


def test_excepted_fields_are_taken_out() -> None:
    grant = a_grant(DataCategory.IDENTITY, excepted=["identity.born_on"])

    assert decide(an_ask(), a_table(grant), NOON).mask == IDENTITY & ~bit("identity.born_on")


def test_a_denial_of_one_field_takes_that_field() -> None:
    denial = a_denial(DataCategory.IDENTITY, only=["identity.born_on"])

    decision = decide(an_ask(), a_table(a_grant(DataCategory.IDENTITY), denials=[denial]), NOON)

    assert decision.mask == IDENTITY & ~bit("identity.born_on")


def test_a_release_opens_nothing_outside_the_ceiling() -> None:
    grant = a_grant(DataCategory.IMMIGRATION, to="county-sheriff", purpose=Purpose.INVESTIGATION)

    decision = decide(an_ask(by="county-sheriff", purpose=Purpose.INVESTIGATION), a_table(grant), NOON)

    assert (decision.mask, decision.reason) == (0, Reason.OUTSIDE_CEILING)


@pytest.mark.parametrize("basis", [Basis.RELEASE, Basis.STATUTE, Basis.COURT_ORDER, Basis.EMERGENCY])
def test_an_agency_of_unknown_kind_sees_nothing_of_others(basis: Basis) -> None:
    stranger = an_agency("stranger", None, purposes=Purpose)
    grant = a_grant(
        DataCategory.IDENTITY,
        by="st-anne-hospital",
        to="stranger",
        purpose=Purpose.EMERGENCY_SAFETY,
        basis=basis,
        only=["identity.known_as"],
    )

    request = an_ask(by=stranger, of="st-anne-hospital", purpose=Purpose.EMERGENCY_SAFETY)

    assert decide(request, a_table(grant), NOON).mask == 0


def test_a_court_order_opens_the_fields_it_names_and_no_other() -> None:
    order = a_grant(
        DataCategory.SUBSTANCE_USE,
        DataCategory.IDENTITY,
        to="county-sheriff",
        purpose=Purpose.INVESTIGATION,
        basis=Basis.COURT_ORDER,
        only=["substance_use.programme"],
    )

    decision = decide(an_ask(by="county-sheriff", purpose=Purpose.INVESTIGATION), a_table(order), NOON)

    assert (decision.mask, decision.basis) == (bit("substance_use.programme"), Basis.COURT_ORDER)


def test_criminal_justice_information_stays_with_the_police() -> None:
    to_shelter = a_grant(DataCategory.IDENTITY, DataCategory.NEEDS, by="county-sheriff")
    police = an_agency("city-police", AgencyKind.POLICE, AgencyFlag.CJI_HOLDER)
    to_police = a_grant(DataCategory.IDENTITY, by="county-sheriff", to="city-police", purpose=Purpose.ORDER_ENFORCEMENT)

    shelter = an_ask(of="county-sheriff", cji=IDENTITY)
    other_force = an_ask(by=police, of="county-sheriff", purpose=Purpose.ORDER_ENFORCEMENT, cji=IDENTITY)

    assert decide(shelter, a_table(to_shelter), NOON).mask == mask(shelter, a_table(to_shelter), NOON) == NEEDS
    assert decide(other_force, a_table(to_police), NOON).mask == IDENTITY


def test_the_clock_is_an_argument_and_a_naive_one_is_refused() -> None:
    with pytest.raises(TypeError):
        decide(an_ask(), a_table(a_grant(DataCategory.NEEDS)), datetime(2026, 3, 2, 12))  # noqa: DTZ001 - on purpose

    assert decide(an_ask(), a_table(a_grant(DataCategory.NEEDS)), datetime(2026, 3, 2, 12, tzinfo=UTC)).mask == NEEDS
