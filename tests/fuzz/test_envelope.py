"""Nothing that somebody changed on its way is taken for what was sent: refused, or read exactly as it was meant."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from tests.fuzz import bodies, documents, forms, header_mutations, letters
from tests.fuzz.damage import attack
from tests.support.rounds import proof, rounds

MUTANTS = rounds(50_000, 1_000_000)
# What is attacked, its share of the mutants, how a mutant is made, and how one is read.
TARGETS: dict[str, tuple[float, Callable[[Random], Any], Callable[[Any], bool]]] = {
    "bodies": (0.3, bodies.attempt, bodies.opens_as_meant),
    "letters": (0.2, letters.a_forgery, letters.opens_as_meant),
    "headers": (0.2, header_mutations.headers, header_mutations.reads_as_written),
    "documents": (0.2, documents.text, documents.means_one_thing),
    "contracts": (0.1, forms.form, forms.taken_as_said),
}


@pytest.mark.parametrize("name", TARGETS)
def test_what_was_changed_is_refused_or_read_as_it_was_meant(name: str) -> None:
    share, make, accepts = TARGETS[name]

    tally = attack(name, round(MUTANTS * share), make, accepts)

    proof(
        "fuzz", f"envelope {name}", mutants=tally.tried, refused=tally.refused, same=tally.same, accepted_that_differ=0
    )
    assert tally.refused > tally.tried // 4
