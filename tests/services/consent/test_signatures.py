"""What a signature takes."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from schemas.categories import DataCategory
from schemas.codes import ChannelKind, DirectiveState, Participation, Purpose, SigningMethod
from services.consent.domain import (
    PART2_ELEMENTS,
    DirectiveStepNotPossible,
    DraftContext,
    JurisdictionProfile,
    NotAcceptable,
    Provision,
    Signature,
    SignerConflict,
    SignerRole,
    confirm,
    sign,
)
from tests.services.consent.builders import PART2, a_context, a_draft, a_signature, after, as_state, in_force
from tests.support.consent import DAY, NOON

NEEDS, CHILDREN = DataCategory.NEEDS, DataCategory.CHILDREN
LATER = NOON + timedelta(minutes=5)


def signed(draft: Provision, context: DraftContext | None = None, **terms: Any) -> Provision:
    active, _ = sign(draft, a_signature(**terms), context or a_context())
    return active


def refusal(draft: Provision, signature: Signature, context: DraftContext) -> tuple[tuple[str, str], ...]:
    with pytest.raises(NotAcceptable) as refused:
        sign(draft, signature, context)
    return refused.value.errors


def test_a_signature_puts_a_draft_in_force() -> None:
    active = signed(a_draft(NEEDS))

    assert active.in_force(NOON)
    assert active.version == 2


def test_a_grant_starts_with_the_record_of_its_signature() -> None:
    assert signed(a_draft(NEEDS), a_context(at=LATER)).directive.valid_from == LATER


def test_a_later_start_stays_later() -> None:
    active = signed(a_draft(NEEDS, valid_from=after(3)))

    assert not active.in_force(NOON)
    assert active.in_force(after(3))


def test_the_end_comes_no_later_than_ninety_days_after_signing() -> None:
    draft = a_draft(NEEDS, valid_until=after(90.9))

    assert signed(draft, signed_at=NOON - DAY).directive.valid_until == after(89)


def test_a_profile_ends_what_names_no_end() -> None:
    washington = a_context(profile=JurisdictionProfile(max_days=90, default_days=90))

    active = signed(a_draft(NEEDS, valid_until=None, context=washington), washington)

    assert active.directive.valid_until == after(90)


def test_what_names_no_end_stays_a_draft_elsewhere() -> None:
    draft = a_draft(
        NEEDS, valid_until=None, context=a_context(profile=JurisdictionProfile(max_days=90, default_days=90))
    )

    assert refusal(draft, a_signature(), a_context()) == (("valid_until", "missing"),)


@pytest.mark.parametrize("state", [state for state in DirectiveState if state is not DirectiveState.DRAFT])
def test_only_a_draft_is_signed(state: DirectiveState) -> None:
    with pytest.raises(DirectiveStepNotPossible, match="not_a_draft"):
        signed(as_state(a_draft(NEEDS), state))


def test_nothing_is_signed_for_a_survivor_who_takes_no_part() -> None:
    with pytest.raises(DirectiveStepNotPossible, match="not_participating"):
        signed(a_draft(NEEDS), a_context(participation=Participation.NO))


def test_nothing_is_signed_for_an_agency_that_is_gone() -> None:
    context = a_context()
    left = {name: agency for name, agency in context.agencies.items() if name != "harbor-house"}

    with pytest.raises(DirectiveStepNotPossible, match="agency_not_active"):
        signed(a_draft(NEEDS), replace(context, agencies=left))


@pytest.mark.parametrize(
    ("error", "terms"),
    [
        (("signed_at", "in_the_future"), {"signed_at": after(1)}),
        (("explained_by", "unknown_person"), {"explained_by": "nobody"}),
        (("signer_conflict_check", "signer_is_abuser"), {"signer_conflict_check": SignerConflict.ABUSER}),
        (("second_signer", "missing"), {"signer_role": SignerRole.MINOR}),
        (("second_signer", "missing"), {"signer_role": SignerRole.PARENT}),
        (("second_signer", "missing"), {"signer_role": SignerRole.GUARDIAN}),
        (
            ("signer_conflict_check", "missing"),
            {"signer_role": SignerRole.GUARDIAN, "second_signer": "minor-1"},
        ),
    ],
)
def test_a_signature_the_law_does_not_know_is_refused(error: tuple[str, str], terms: dict[str, Any]) -> None:
    assert error in refusal(a_draft(NEEDS), a_signature(**terms), a_context())


def test_a_minor_and_a_guardian_who_is_no_abuser_sign_together() -> None:
    together: dict[str, Any] = {"signer_role": SignerRole.MINOR, "second_signer": "guardian-1"}

    assert signed(a_draft(NEEDS), signer_conflict_check=SignerConflict.CLEAR, **together).in_force(NOON)


def test_a_minor_signs_alone_where_the_profile_says_so() -> None:
    alone = a_context(profile=JurisdictionProfile(max_days=90, minor_alone=True))

    assert signed(a_draft(NEEDS, context=alone), alone, signer_role=SignerRole.MINOR).in_force(NOON)


def incoming() -> Provision:
    terms: dict[str, Any] = {"custodian": "county-sheriff", "recipient": "bay-hotline", "purpose": Purpose.ADVOCACY}
    return a_draft(DataCategory.ORDER_TERMS, **terms)


@pytest.mark.parametrize("method", list(SigningMethod))
@pytest.mark.parametrize("role", list(SignerRole))
def test_c1_nobody_but_its_custodian_records_a_signature(role: SignerRole, method: SigningMethod) -> None:
    clear: dict[str, Any] = {"second_signer": "other-1", "signer_conflict_check": SignerConflict.CLEAR}

    with pytest.raises(DirectiveStepNotPossible, match="custodian_signs"):
        signed(incoming(), signer_role=role, method=method, **clear)


def test_its_custodian_makes_it_good() -> None:
    context = a_context(by_agency="county-sheriff", explainers=frozenset({"kim"}))

    assert signed(incoming(), context, explained_by="kim").in_force(NOON)


def test_a_system_signs_nothing() -> None:
    with pytest.raises(DirectiveStepNotPossible, match="custodian_signs"):
        signed(a_draft(NEEDS), a_context(by_person=None))


def to_the_hotline() -> tuple[Provision, DraftContext]:
    context = a_context(by_agency="lantern-counselling")
    draft = a_draft(
        DataCategory.SUBSTANCE_USE,
        custodian="lantern-counselling",
        recipient="bay-hotline",
        purpose=Purpose.ADVOCACY,
        context=context,
    )
    return draft, context


@pytest.mark.parametrize("element", PART2_ELEMENTS)
def test_each_missing_element_of_the_nine_is_named(element: str) -> None:
    draft, context = to_the_hotline()
    left = {name: value for name, value in PART2.items() if name != element}

    assert refusal(draft, a_signature(part2=left), context) == ((f"part2.{element}", "missing"),)


def test_all_nine_make_it_good_and_none_of_what_they_say_is_kept() -> None:
    draft, context = to_the_hotline()

    active = signed(draft, context, part2=PART2)

    assert active.evidence is not None
    assert active.evidence["part2_elements"] == sorted(PART2_ELEMENTS)
    assert "patient_name" not in active.evidence


def test_no_part_2_block_at_all_names_all_nine() -> None:
    draft, context = to_the_hotline()

    assert len(refusal(draft, a_signature(), context)) == len(PART2_ELEMENTS)


def widening() -> tuple[Provision, Provision, DraftContext]:
    old = in_force(NEEDS)
    context = a_context(old)
    return old, a_draft(NEEDS, CHILDREN, supersedes_ref=old.ref, context=context), context


@pytest.mark.parametrize("witness", [None, "ana", "x", "mia"])
@pytest.mark.parametrize("channel", [None, ChannelKind.VOICE])
def test_h13_no_word_on_a_paper_is_a_second_person(witness: str | None, channel: ChannelKind | None) -> None:
    _, draft, context = widening()

    waits, replaced = sign(draft, a_signature(witness_ref=witness, second_channel=channel), context)

    assert waits.state is DirectiveState.AWAITING_CONFIRMATION
    assert not waits.in_force(NOON)
    assert replaced is None


def test_with_a_second_person_the_old_gives_way_to_the_new() -> None:
    _, draft, context = widening()
    waits, _ = sign(draft, a_signature(), context)

    active, replaced, alone = confirm(waits, replace(context, by_actor="mia", by_person="mia"))

    assert active.in_force(NOON)
    assert not alone
    assert replaced is not None
    assert replaced.state is DirectiveState.SUPERSEDED


def test_a_revoked_directive_is_not_revived_by_its_replacement() -> None:
    old, draft, context = widening()
    context = replace(context, standing=(as_state(old, DirectiveState.REVOKED),))

    with pytest.raises(DirectiveStepNotPossible, match="superseded_not_active"):
        sign(draft, a_signature(), context)


def test_an_expired_directive_is_final_and_the_new_one_stands() -> None:
    old = in_force(NEEDS, ends_at=NOON + DAY)
    draft = a_draft(NEEDS, CHILDREN, supersedes_ref=old.ref, context=a_context(old))
    later = a_context(old, at=NOON + 2 * DAY)

    active, replaced = sign(draft, a_signature(), later)

    assert replaced is None
    assert active.in_force(later.at)


def test_a_paper_older_than_the_stop_grants_nothing() -> None:
    stopped = in_force(NEEDS, state=DirectiveState.REVOKED, revoked_at=NOON)
    draft = a_draft(NEEDS, context=a_context(stopped, at=LATER))

    with pytest.raises(DirectiveStepNotPossible, match="signed_before_it_was_stopped"):
        signed(draft, a_context(stopped, at=LATER), signed_at=NOON - DAY)
    assert signed(draft, a_context(stopped, at=LATER), signed_at=LATER).state is DirectiveState.AWAITING_CONFIRMATION


def test_an_overlap_since_the_draft_is_refused_at_signature() -> None:
    draft = a_draft(NEEDS)

    with pytest.raises(DirectiveStepNotPossible, match="overlaps_another"):
        signed(draft, a_context(in_force(CHILDREN, ref=uuid4())))
