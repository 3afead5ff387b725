"""What may be drafted, and what is in force at once."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from schemas.categories import DataCategory
from schemas.codes import DirectiveState, EndsWhen, Participation, Purpose, StartsWhen
from services.consent.domain import (
    DirectiveStepNotPossible,
    DraftContext,
    JurisdictionProfile,
    NotAcceptable,
    Provision,
    RequestedDirective,
    draft,
)
from services.consent.profiles import PROFILES, profile
from tests.services.consent.builders import a_context, a_draft, after, denied, in_force, requested
from tests.support.consent import DAY, NOON

NEEDS, CHILDREN, LOCATION = DataCategory.NEEDS, DataCategory.CHILDREN, DataCategory.LOCATION


def a_provision(request: RequestedDirective, context: DraftContext | None = None) -> Provision:
    return draft(request, context or a_context(), uuid4())


def test_a_permit_waits_for_its_signature() -> None:
    drafted = a_provision(requested(NEEDS))

    assert drafted.state is DirectiveState.DRAFT
    assert not drafted.in_force(NOON)


@pytest.mark.parametrize(
    ("place", "code", "terms"),
    [
        ("recipient", "missing", {"recipient": None}),
        ("recipient", "unknown_agency", {"recipient": "all"}),
        ("recipient", "own_record", {"recipient": "bay-hotline"}),
        ("custodian", "unknown_agency", {"custodian": "nobody-here"}),
        ("custodian", "not_yours", {"custodian": "county-sheriff"}),
        ("purpose", "missing", {"purpose": None}),
        ("purpose", "names_no_category", {"purpose": Purpose.EVALUATION_AGGREGATE}),
        ("purpose", "not_registered", {"purpose": Purpose.INVESTIGATION}),
        ("categories", "missing", {"categories": frozenset()}),
        ("only_fields", "unknown_field", {"only_fields": frozenset({"needs.wishes"})}),
        ("excepted_fields", "unknown_field", {"excepted_fields": frozenset({"wishes"})}),
        ("only_fields", "outside_its_categories", {"only_fields": frozenset({"identity.given_name"})}),
        ("categories", "nothing_left", {"excepted_fields": frozenset({"needs.needs"})}),
        ("categories", "outside_ceiling", {"categories": frozenset({NEEDS, DataCategory.EVIDENCE})}),
        ("excluded_person_ref", "only_on_a_denial", {"excluded_person_ref": "kim"}),
        ("excluded_agency_ref", "only_on_a_denial", {"excluded_agency": "county-sheriff"}),
        ("valid_until", "missing", {"valid_until": None}),
        ("valid_until", "already_over", {"valid_until": NOON}),
        ("valid_until", "too_long", {"valid_until": after(91)}),
        ("adds_to_ref", "unknown_directive", {"adds_to_ref": uuid4()}),
        ("supersedes_ref", "unknown_directive", {"supersedes_ref": uuid4()}),
    ],
)
def test_an_impossible_permit_is_refused_by_place_and_code(place: str, code: str, terms: dict[str, Any]) -> None:
    with pytest.raises(NotAcceptable) as refused:
        a_provision(requested(NEEDS, **terms))

    assert (place, code) in refused.value.errors


@pytest.mark.parametrize("word", [Participation.NOT_ASKED, Participation.NO])
def test_nothing_is_drafted_before_the_survivor_takes_part(word: Participation) -> None:
    with pytest.raises(DirectiveStepNotPossible, match="not_participating"):
        a_provision(requested(NEEDS), a_context(participation=word))


def test_the_end_may_be_left_to_a_profile_that_has_one() -> None:
    drafted = a_provision(
        requested(NEEDS, valid_until=None), a_context(profile=JurisdictionProfile(max_days=90, default_days=90))
    )

    assert drafted.directive.valid_until is None


def test_an_unknown_jurisdiction_gets_the_strictest_rules() -> None:
    assert profile("atlantis") == profile("default") == JurisdictionProfile(max_days=90)
    assert PROFILES["us_wa"].default_days == 90


def test_a_recipient_may_draft_what_is_to_come_to_it() -> None:
    drafted = a_provision(
        requested(
            DataCategory.ORDER_TERMS, custodian="county-sheriff", recipient="bay-hotline", purpose=Purpose.ADVOCACY
        )
    )

    assert (drafted.directive.custodian, drafted.drafting_agency) == ("county-sheriff", "bay-hotline")


def test_an_overlapping_permit_names_the_other_or_is_refused() -> None:
    standing = in_force(NEEDS)

    with pytest.raises(DirectiveStepNotPossible, match="overlaps_another"):
        a_provision(requested(CHILDREN), a_context(standing))
    added = a_provision(requested(CHILDREN, adds_to_ref=standing.ref), a_context(standing))

    assert added.adds_to_ref == standing.ref


@pytest.mark.parametrize(
    "other",
    [
        in_force(NEEDS, to="riverside-legal"),
        in_force(NEEDS, purpose=Purpose.ADVOCACY),
        in_force(NEEDS, by="county-sheriff"),
        in_force(NEEDS, starts_at=NOON - 9 * DAY, ends_at=NOON),
        in_force(NEEDS, state=DirectiveState.REVOKED),
    ],
)
def test_another_way_purpose_or_period_overlaps_nothing(other: Provision) -> None:
    assert a_provision(requested(CHILDREN), a_context(other)).state is DirectiveState.DRAFT


def test_naming_one_of_a_family_names_the_family() -> None:
    first = in_force(NEEDS)
    second = in_force(CHILDREN, adds_to_ref=first.ref)

    assert (
        a_provision(requested(DataCategory.IDENTITY, adds_to_ref=first.ref), a_context(first, second)).adds_to_ref
        == first.ref
    )


def test_narrowing_is_in_force_at_once_on_the_old_signature() -> None:
    old = in_force(NEEDS, CHILDREN, evidence={"method": "written"}, relayed=True)

    new = a_provision(requested(NEEDS, valid_until=None, supersedes_ref=old.ref), a_context(old))

    assert new.in_force(NOON)
    assert new.evidence == {"method": "written", "narrowed_from": str(old.ref)}
    assert new.directive.valid_until == old.directive.valid_until
    assert new.relayed


@pytest.mark.parametrize(
    "wider",
    [
        {"categories": frozenset({NEEDS, CHILDREN})},
        {"valid_until": after(61)},
    ],
)
def test_widening_waits_for_a_signature(wider: dict[str, Any]) -> None:
    old = in_force(NEEDS)

    new = a_provision(requested(**{"supersedes_ref": old.ref, **wider}), a_context(old))

    assert new.state is DirectiveState.DRAFT


def test_narrowing_asks_nothing_of_registration_or_participation() -> None:
    old = in_force(NEEDS, CHILDREN)
    shelter = replace(a_context().agencies["harbor-house"], purposes=frozenset())
    context = a_context(old, participation=Participation.NOT_ASKED)
    context = replace(context, agencies={**context.agencies, "harbor-house": shelter})

    assert a_provision(requested(NEEDS, valid_until=None, supersedes_ref=old.ref), context).in_force(NOON)


def test_narrowing_keeps_the_conditions_of_what_it_replaces() -> None:
    old = in_force(
        NEEDS, CHILDREN, starts_when=StartsWhen.CONFLICT_CLEAR, ends_when=EndsWhen.ORDER_ENDED, started=False
    )

    new = a_provision(requested(NEEDS, supersedes_ref=old.ref, valid_until=None), a_context(old))

    assert (new.starts_when, new.ends_when) == (StartsWhen.CONFLICT_CLEAR, EndsWhen.ORDER_ENDED)
    assert not new.in_force(NOON)


def test_a_new_condition_is_waited_for_if_the_old_had_none() -> None:
    lawyer: dict[str, Any] = {"purpose": Purpose.LEGAL_REPRESENTATION}
    old = in_force(NEEDS, CHILDREN, to="riverside-legal", **lawyer)

    waits = {"supersedes_ref": old.ref, "valid_until": None, "starts_when": StartsWhen.CONFLICT_CLEAR}
    new = a_provision(requested(NEEDS, recipient="riverside-legal", **lawyer, **waits), a_context(old))

    assert not new.directive.started


@pytest.mark.parametrize("state", [DirectiveState.REVOKED, DirectiveState.SUPERSEDED, DirectiveState.REFUSED])
def test_what_is_over_cannot_be_replaced(state: DirectiveState) -> None:
    old = in_force(NEEDS, state=state)

    with pytest.raises(DirectiveStepNotPossible, match="superseded_not_active"):
        a_provision(requested(NEEDS, supersedes_ref=old.ref), a_context(old))


def test_naming_a_superseded_directive_means_its_successor() -> None:
    first = in_force(NEEDS, CHILDREN, LOCATION, state=DirectiveState.SUPERSEDED)
    second = in_force(NEEDS, CHILDREN, supersedes_ref=first.ref)
    unsigned = in_force(NEEDS, CHILDREN, LOCATION, supersedes_ref=first.ref, state=DirectiveState.DRAFT)

    new = a_provision(requested(NEEDS, supersedes_ref=first.ref, valid_until=None), a_context(unsigned, first, second))

    assert new.supersedes_ref == second.ref
    assert new.in_force(NOON)


def test_another_way_is_not_replaced() -> None:
    old = in_force(NEEDS, to="riverside-legal", purpose=Purpose.LEGAL_REPRESENTATION)

    with pytest.raises(NotAcceptable) as refused:
        a_provision(requested(NEEDS, supersedes_ref=old.ref), a_context(old))

    assert refused.value.errors == (("supersedes_ref", "not_the_same_way"),)


def test_a_denial_is_in_force_at_once_without_participation() -> None:
    denial = a_provision(denied(LOCATION), a_context(participation=Participation.NOT_ASKED))

    assert denial.in_force(NOON)
    assert denial.directive.valid_until is None


@pytest.mark.parametrize(
    ("place", "code", "terms"),
    [
        ("recipient", "one_agency_or_one_person", {"recipient": None}),
        ("recipient", "one_agency_or_one_person", {"excluded_person_ref": "kim", "excluded_agency": "county-sheriff"}),
        ("recipient", "unknown_agency", {"recipient": "everybody"}),
        ("recipient", "own_record", {"recipient": "bay-hotline"}),
        ("custodian", "unknown_agency", {"custodian": "nobody-here"}),
        ("excluded_agency_ref", "missing", {"recipient": None, "excluded_person_ref": "kim"}),
        ("excluded_agency_ref", "only_with_a_person", {"excluded_agency": "county-sheriff"}),
        (
            "excluded_agency_ref",
            "unknown_agency",
            {"recipient": None, "excluded_person_ref": "kim", "excluded_agency": "everybody"},
        ),
        ("valid_until", "a_denial_has_no_end", {"valid_until": after(1)}),
        ("valid_from", "a_denial_starts_at_once", {"valid_from": after(1)}),
        ("supersedes_ref", "a_denial_stands_alone", {"supersedes_ref": uuid4()}),
        ("categories", "missing", {"categories": frozenset()}),
    ],
)
def test_a_denial_that_would_protect_nobody_is_refused(place: str, code: str, terms: dict[str, Any]) -> None:
    with pytest.raises(NotAcceptable) as refused:
        a_provision(denied(LOCATION, **terms))

    assert (place, code) in refused.value.errors


def test_only_the_custodian_or_the_home_agency_denies() -> None:
    context = a_context(by_agency="harbor-house")

    with pytest.raises(NotAcceptable) as refused:
        a_provision(denied(LOCATION), context)

    assert ("custodian", "not_yours") in refused.value.errors


def test_a_person_is_blocked_without_naming_any_category() -> None:
    block = a_provision(
        denied(recipient=None, categories=frozenset(), excluded_person_ref="kim", excluded_agency="county-sheriff")
    )

    assert block.in_force(NOON)


def test_a_start_in_the_past_is_a_start_now() -> None:
    assert a_draft(NEEDS, valid_from=NOON - 5 * DAY).directive.valid_from == NOON
