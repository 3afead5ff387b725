"""The decision against its plain reference, and every small table there is."""

from datetime import datetime
from itertools import compress, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.consent import Directive, Request, compile_table, decide, mask
from schemas.categories import DataCategory
from schemas.codes import DirectiveEffect, DirectiveState, Purpose
from schemas.taxonomy import category_mask, paths_of
from tests.kernel.consent.reference import visible
from tests.kernel.consent.strategies import asks, asks_by_somebody, blocks, directive_lists, instants
from tests.support.consent import DAY, NOON, a_directive, an_ask

RECIPIENTS = ("harbor-house", "st-anne-hospital")
PURPOSES = (Purpose.ADVOCACY, Purpose.CASE_CONFERENCE)
CATEGORIES = (DataCategory.IDENTITY, DataCategory.RISK_RESULT)
STATES = (DirectiveState.ACTIVE, DirectiveState.DRAFT, DirectiveState.REVOKED)
TIMES = ((NOON - 2 * DAY, NOON), (NOON, NOON + DAY), (NOON + DAY, NOON + 2 * DAY))  # over, in force, to come
ASKS: dict[tuple[str, Purpose | None], Request] = {
    (recipient, purpose): an_ask(by=recipient, purpose=purpose) for recipient, purpose in product(RECIPIENTS, PURPOSES)
}

Atom = tuple[str, Purpose, DataCategory, DirectiveEffect]
ATOMS: list[Atom] = list(product(RECIPIENTS, PURPOSES, CATEGORIES, DirectiveEffect))


def spoken(atom: Atom, state: DirectiveState, since: datetime, until: datetime) -> Directive:
    recipient, purpose, category, effect = atom
    terms = {"recipient": recipient, "purpose": purpose, "state": state, "valid_from": since, "valid_until": until}
    return a_directive(effect, category, **terms)


@given(asks(), instants, directive_lists)
def test_a_decision_equals_a_plain_set_computation(request: Request, at: datetime, directives: list[Directive]) -> None:
    decision = decide(request, compile_table(directives, sv=1, participating=True), at)

    assert set(paths_of(decision.mask)) == visible(request, directives, at)


@given(asks_by_somebody(), instants, directive_lists, st.lists(blocks, max_size=3))
def test_h12_blocks_of_persons_decide_as_the_reference_does(
    request: Request, at: datetime, directives: list[Directive], blocked: list[Directive]
) -> None:
    table = compile_table([*directives, *blocked], sv=1, participating=True)

    expected = visible(request, [*directives, *blocked], at)

    assert set(paths_of(decide(request, table, at).mask)) == expected
    assert set(paths_of(mask(request, table, at))) == expected


@pytest.mark.exhaustive
def test_every_pair_of_directives_decides_as_the_reference_does() -> None:
    every = [spoken(atom, state, *time) for atom, state, time in product(ATOMS, STATES, TIMES)]

    for first, second in product(every, every):
        request = ASKS[str(first.recipient), first.purpose]
        opened = mask(request, compile_table((first, second), sv=1, participating=True), NOON)
        assert set(paths_of(opened)) == visible(request, (first, second), NOON), (first, second)


@pytest.mark.exhaustive
def test_every_set_of_directives_opens_grants_less_denials() -> None:
    in_force = {atom: spoken(atom, DirectiveState.ACTIVE, NOON, NOON + DAY) for atom in ATOMS}
    subsets = (set(compress(ATOMS, chosen)) for chosen in product((False, True), repeat=len(ATOMS)))

    for atoms in subsets:
        table = compile_table([in_force[atom] for atom in atoms], sv=1, participating=True)
        for (recipient, purpose), request in ASKS.items():
            expected = sum(
                category_mask(category)
                for category in CATEGORIES
                if (recipient, purpose, category, DirectiveEffect.PERMIT) in atoms
                and (recipient, purpose, category, DirectiveEffect.DENY) not in atoms
            )
            assert mask(request, table, NOON) == expected, atoms
