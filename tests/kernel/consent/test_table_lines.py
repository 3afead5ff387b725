"""Who asks, and why: what closes a request before any grant is weighed."""

from dataclasses import replace
from typing import Any

import pytest

from kernel.consent import Reason, decide, mask
from schemas.categories import DataCategory
from schemas.codes import AgencyKind, Basis, Purpose
from schemas.taxonomy import ALL, bit, categories_of, category_mask, mask_of
from tests.support.consent import NOON, TOWN, a_block_on, a_denial, a_grant, a_table, an_ask

NEEDS = category_mask(DataCategory.NEEDS)
IDENTITY = category_mask(DataCategory.IDENTITY)
FINANCIAL = category_mask(DataCategory.FINANCIAL)


@pytest.mark.parametrize(
    "special",
    [
        {"party": False},
        {"person": "sam"},
        {"purpose": None},
        {"purpose": Purpose.INVESTIGATION},
        {"cji": IDENTITY},
        {"asked": IDENTITY},
        {"by": replace(TOWN["harbor-house"], purposes=frozenset())},
        {"by": replace(TOWN["harbor-house"], kind=AgencyKind.POLICE)},
    ],
    ids=str,
)
def test_the_fast_mask_passes_by_no_rule(special: dict[str, Any]) -> None:
    table = a_table(a_grant(DataCategory.IDENTITY, DataCategory.FINANCIAL), a_block_on("sam"))
    plain, request = an_ask(), an_ask(**special)

    assert mask(plain, table, NOON) == decide(plain, table, NOON).mask == IDENTITY | FINANCIAL
    assert mask(request, table, NOON) == decide(request, table, NOON).mask != IDENTITY | FINANCIAL


@pytest.mark.parametrize("closed", [{"participating": False}, {"unreadable_denials": 1}], ids=str)
def test_the_fast_mask_knows_a_table_that_is_closed(closed: dict[str, Any]) -> None:
    assert mask(an_ask(), a_table(a_grant(DataCategory.IDENTITY), **closed), NOON) == 0


def test_an_agency_sees_its_own_record_whatever_was_said() -> None:
    request = an_ask(by="bay-hotline", of="bay-hotline", purpose=Purpose.ADVOCACY, person="ana")

    decision = decide(request, a_table(participating=False, unreadable_denials=1), NOON)

    assert (decision.mask, decision.basis, decision.until, decision.relied_on) == (ALL, Basis.OWN_RECORD, None, ())


def test_a_grant_to_oneself_is_none_and_narrows_nothing() -> None:
    table = a_table(a_grant(DataCategory.NEEDS, to="bay-hotline", purpose=Purpose.ADVOCACY))
    request = an_ask(by="bay-hotline", of="bay-hotline", purpose=Purpose.ADVOCACY)

    assert mask(request, table, NOON) == decide(request, table, NOON).mask == ALL
    assert table.unreadable_grants == 1


def test_even_an_own_record_holds_no_field_that_nobody_knows() -> None:
    request = an_ask(by="bay-hotline", of="bay-hotline", purpose=Purpose.ADVOCACY, asked=ALL + 1 | IDENTITY)

    assert decide(request, a_table(), NOON).mask == IDENTITY


def test_even_for_an_own_record_the_purpose_is_stated() -> None:
    unstated = decide(an_ask(by="bay-hotline", of="bay-hotline", purpose=None), a_table(), NOON)
    foreign = decide(an_ask(by="bay-hotline", of="bay-hotline", purpose=Purpose.INVESTIGATION), a_table(), NOON)

    assert (unstated.mask, unstated.reason) == (0, Reason.PURPOSE_NOT_STATED)
    assert (foreign.mask, foreign.reason) == (0, Reason.PURPOSE_NOT_REGISTERED)


def test_who_asks_for_nothing_is_told_so() -> None:
    assert decide(an_ask(asked=0), a_table(a_grant(DataCategory.NEEDS)), NOON).reason is Reason.NOTHING_ASKED


def test_a_blocked_person_sees_nothing_not_even_an_own_record() -> None:
    table = a_table(a_grant(DataCategory.NEEDS), a_block_on("sam"), a_block_on("ana"))

    recipient = decide(an_ask(person="sam"), table, NOON)
    own = decide(an_ask(by="bay-hotline", of="bay-hotline", purpose=Purpose.ADVOCACY, person="ana"), table, NOON)

    assert (recipient.mask, recipient.reason) == (0, Reason.BLOCKED_PERSON)
    assert (own.mask, own.reason) == (0, Reason.BLOCKED_PERSON)
    assert decide(an_ask(person="eve"), table, NOON).mask == NEEDS


def test_h12_a_system_asks_for_somebody_where_one_is_shut_out() -> None:
    table = a_table(a_grant(DataCategory.NEEDS), a_block_on("sam", at="harbor-house"))

    unnamed = decide(an_ask(unnamed=True), table, NOON)

    assert (unnamed.mask, unnamed.reason) == (0, Reason.PERSON_NOT_NAMED)
    assert decide(an_ask(person="sam"), table, NOON).reason is Reason.BLOCKED_PERSON
    assert decide(an_ask(person="eve"), table, NOON).mask == NEEDS
    assert decide(an_ask(), table, NOON).mask == NEEDS  # for the agency as such: what may lie sealed in its mailbox


def test_h12_own_records_are_shut_too_and_other_agencies_not() -> None:
    table = a_table(a_grant(DataCategory.NEEDS), a_block_on("ana", at="bay-hotline"))

    own = an_ask(by="bay-hotline", of="bay-hotline", purpose=Purpose.ADVOCACY, unnamed=True)

    assert decide(own, table, NOON).reason is Reason.PERSON_NOT_NAMED
    assert decide(an_ask(unnamed=True), table, NOON).mask == NEEDS


def test_h12_whoever_works_nobody_knows_where_may_sit_anywhere() -> None:
    table = a_table(a_grant(DataCategory.NEEDS), a_block_on("sam", at=None))

    assert decide(an_ask(unnamed=True), table, NOON).reason is Reason.PERSON_NOT_NAMED
    assert decide(an_ask(person="eve"), table, NOON).mask == NEEDS


def test_before_participation_nothing_leaves_the_custodian() -> None:
    decision = decide(an_ask(), a_table(a_grant(DataCategory.NEEDS), participating=False), NOON)

    assert (decision.mask, decision.reason) == (0, Reason.NOT_PARTICIPATING)


def test_after_death_only_what_was_meant_to_last_stays_open() -> None:
    lasting = a_grant(DataCategory.NEEDS, survives_death=True)
    table = a_table(lasting, a_grant(DataCategory.IDENTITY), deceased=True)

    assert decide(an_ask(), table, NOON).mask == NEEDS


def test_a_denial_outlives_the_survivor() -> None:
    lasting = a_grant(DataCategory.NEEDS, survives_death=True)

    assert decide(an_ask(), a_table(lasting, a_denial(DataCategory.NEEDS), deceased=True), NOON).mask == 0


def test_a_referral_is_for_its_two_agencies() -> None:
    table = a_table(a_grant(DataCategory.REFERRAL_STATUS))

    decision = decide(an_ask(party=False), table, NOON)

    assert (decision.mask, decision.reason) == (0, Reason.NOT_PARTY)


def test_the_coordination_cell_follows_referrals_of_others() -> None:
    grant = a_grant(DataCategory.REFERRAL_STATUS, to="county-cell", purpose=Purpose.COORDINATION)
    request = an_ask(by="county-cell", purpose=Purpose.COORDINATION, party=False)

    assert decide(request, a_table(grant), NOON).mask == category_mask(DataCategory.REFERRAL_STATUS)


def test_the_coordination_cell_gets_the_listed_fields_only() -> None:
    grant = a_grant(*DataCategory, to="county-cell", purpose=Purpose.COORDINATION)

    decision = decide(an_ask(by="county-cell", purpose=Purpose.COORDINATION), a_table(grant), NOON)

    listed = (
        "risk_result.band",
        "children.children_count",
        "order_terms.status",
        "order_service.service_status",
        "plan_summary.next_review_on",
    )
    assert decision.mask == mask_of(listed) | category_mask(DataCategory.REFERRAL_STATUS)


def test_a_conflict_check_tells_only_a_machine_the_name() -> None:
    grant = a_grant(*DataCategory, to="riverside-legal", purpose=Purpose.CONFLICT_CHECK)
    table = a_table(grant)

    machine = an_ask(by="riverside-legal", purpose=Purpose.CONFLICT_CHECK)
    person = an_ask(by="riverside-legal", purpose=Purpose.CONFLICT_CHECK, person="jude")

    assert decide(machine, table, NOON).mask == bit("alleged_offender.offender_name")
    assert mask(machine, table, NOON) == bit("alleged_offender.offender_name")
    assert decide(person, table, NOON).reason is Reason.NOT_FOR_A_PERSON
    assert mask(person, table, NOON) == 0


@pytest.mark.parametrize("checked", [True, False])
def test_d2_the_offender_opens_to_a_lawyer_after_a_check_only(checked: bool) -> None:
    lawyer: dict[str, Any] = {"to": "riverside-legal", "purpose": Purpose.LEGAL_REPRESENTATION}
    grant = a_grant(DataCategory.ALLEGED_OFFENDER, DataCategory.IDENTITY, **lawyer, after_conflict_check=checked)

    decision = decide(an_ask(by="riverside-legal", purpose=Purpose.LEGAL_REPRESENTATION), a_table(grant), NOON)

    assert (DataCategory.ALLEGED_OFFENDER in categories_of(decision.mask)) is checked
    assert DataCategory.IDENTITY in categories_of(decision.mask)


def test_d2_a_court_that_names_the_offender_asks_for_no_check() -> None:
    lawyer: dict[str, Any] = {"to": "riverside-legal", "purpose": Purpose.LEGAL_REPRESENTATION}
    path = "alleged_offender.offender_name"
    grant = a_grant(DataCategory.ALLEGED_OFFENDER, **lawyer, only=[path], basis=Basis.COURT_ORDER)

    decision = decide(an_ask(by="riverside-legal", purpose=Purpose.LEGAL_REPRESENTATION), a_table(grant), NOON)

    assert decision.mask == bit(path)


def test_where_nobody_is_shut_out_nothing_is_hidden() -> None:
    table = a_table(a_grant(DataCategory.NEEDS))

    assert table.hidden_from("harbor-house", None, unnamed=True) is None
    assert table.hidden_from("harbor-house", "sam", unnamed=False) is None
