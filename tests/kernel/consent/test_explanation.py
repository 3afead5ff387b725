"""Explanations and previews come from the one engine: in parts they are the whole."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kernel.consent import (
    CategoryVerdict,
    ConsentTable,
    Directive,
    Reason,
    Request,
    as_if_signed,
    decide,
    explain,
    preview,
)
from kernel.consent.explanation import TAXONOMY_DIGEST
from schemas.categories import DataCategory
from schemas.codes import Basis, DirectiveState, Purpose
from schemas.taxonomy import ALL, bit, categories_of, category_mask
from tests.kernel.consent.strategies import asks, denials, directive_lists, grants, instants
from tests.support.consent import NOON, TOWN, a_block_on, a_denial, a_grant, a_table, an_ask

every_basis = st.sampled_from((Basis.RELEASE, Basis.STATUTE, Basis.COURT_ORDER, Basis.EMERGENCY))
# What closes a request, or leaves it as it is.
SPECIAL: list[dict[str, Any]] = [
    *[{}] * 4,
    {"custodian": TOWN["harbor-house"]},
    {"person_ref": "sam"},
    {"person_ref": "eve"},
    {"party": False},
    {"purpose": None},
    {"cji": 0b1111},
]


@given(asks(), instants, directive_lists)
def test_the_verdicts_together_are_the_decision(request: Request, at: datetime, spoken: list[Directive]) -> None:
    table = a_table(*spoken)

    verdicts, decision = explain(request, table, at), decide(request, table, at)

    assert sum(verdict.mask for verdict in verdicts) == decision.mask
    assert {ref for verdict in verdicts for ref in verdict.relied_on} == set(decision.relied_on)
    assert min((verdict.until for verdict in verdicts if verdict.until), default=None) == decision.until


@given(asks(), instants, directive_lists)
def test_exactly_the_requested_categories_get_a_verdict(
    request: Request, at: datetime, spoken: list[Directive]
) -> None:
    verdicts = explain(request, a_table(*spoken), at)

    assert sum(verdict.requested_mask for verdict in verdicts) == request.requested_mask & ALL
    assert len({verdict.category for verdict in verdicts}) == len(verdicts)


def by_category(request: Request, table: ConsentTable, at: datetime) -> list[CategoryVerdict]:
    """The explanation as it is meant: each category asked for by itself, and decided."""
    verdicts = []
    for category in categories_of(request.requested_mask & ALL):
        part = request.requested_mask & category_mask(category)
        decision = decide(replace(request, requested_mask=part), table, at)
        fields = (
            decision.mask,
            decision.reason,
            decision.relied_on,
            decision.basis,
            decision.until,
            decision.sv,
            decision.at,
        )
        verdicts.append(CategoryVerdict(category, part, *fields, TAXONOMY_DIGEST))
    return verdicts


@given(asks(), instants, st.lists(grants(every_basis) | denials(), max_size=10), st.sampled_from(SPECIAL))
def test_an_explanation_is_each_category_decided_by_itself(
    request: Request, at: datetime, spoken: list[Directive], special: dict[str, Any]
) -> None:
    table, request = a_table(*spoken, a_block_on("sam")), replace(request, **special)

    assert list(explain(request, table, at)) == by_category(request, table, at)


def test_each_verdict_gives_its_own_reason() -> None:
    denial = a_denial(DataCategory.NEEDS)
    table = a_table(a_grant(DataCategory.NEEDS, DataCategory.IDENTITY, DataCategory.EVIDENCE), denial)

    reasons = {verdict.category: verdict.reason for verdict in explain(an_ask(), table, NOON)}

    assert reasons[DataCategory.IDENTITY] is None
    assert reasons[DataCategory.NEEDS] is Reason.DENIED
    assert reasons[DataCategory.EVIDENCE] is Reason.OUTSIDE_CEILING
    assert reasons[DataCategory.MEDICAL] is Reason.NOTHING_GRANTED


def test_a_verdict_holds_what_is_needed_to_come_to_it_again() -> None:
    grant = a_grant(DataCategory.IDENTITY, excepted=["identity.born_on"])

    (verdict,) = explain(an_ask(asked=category_mask(DataCategory.IDENTITY)), a_table(grant, sv=12), NOON)

    assert verdict.mask == verdict.requested_mask & ~bit("identity.born_on")
    assert (verdict.sv, verdict.at, verdict.taxonomy) == (12, NOON, TAXONOMY_DIGEST)
    assert (verdict.relied_on, verdict.until, verdict.basis) == ((grant.directive_ref,), grant.valid_until, "release")


def test_a_draft_is_previewed_as_it_would_open_once_signed() -> None:
    draft = a_grant(DataCategory.NEEDS, state=DirectiveState.DRAFT)
    refused = a_grant(DataCategory.IDENTITY, state=DirectiveState.REFUSED)

    table = a_table(*as_if_signed([draft, refused]))
    opened = {
        (outlook.agency_id, outlook.purpose): outlook.mask
        for outlook in preview(table, TOWN["bay-hotline"], [TOWN["harbor-house"], TOWN["county-sheriff"]], NOON)
        if outlook.mask
    }

    assert opened == {("harbor-house", Purpose.SHELTER): category_mask(DataCategory.NEEDS)}


@given(directive_lists, instants)
def test_a_preview_shows_exactly_what_the_decision_will_open(spoken: list[Directive], at: datetime) -> None:
    table = a_table(*as_if_signed(spoken))

    for outlook in preview(table, TOWN["county-sheriff"], [TOWN["bay-hotline"]], at):
        decision = decide(an_ask("bay-hotline", "county-sheriff", outlook.purpose), table, at)
        assert (outlook.mask, outlook.until) == (decision.mask, decision.until)
        assert sum(verdict.mask for verdict in outlook.verdicts) == decision.mask


def test_a_preview_may_be_of_one_contract_only() -> None:
    table = a_table(a_grant(DataCategory.NEEDS, DataCategory.IDENTITY))

    outlooks = preview(
        table, TOWN["bay-hotline"], [TOWN["harbor-house"]], NOON, requested_mask=bit("identity.known_as")
    )

    assert {outlook.mask for outlook in outlooks} == {0, bit("identity.known_as")}
    assert {verdict.category for outlook in outlooks for verdict in outlook.verdicts} == {DataCategory.IDENTITY}
