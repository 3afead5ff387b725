"""Every field of every contract has a label in each language, and every code in one a word."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from devstack.translations import catalogue_of
from kernel.consent.decision_types import Reason
from schemas import registry
from services.dashboard.code_words import fact_words, words
from services.dashboard.field_labels import english_label, field_label
from services.dashboard.language import LANGUAGES, SOURCE, speaking
from services.dashboard.opened_fields import CODES, CONDITIONS

PUBLISHED = Path(registry.__file__).parent / "published"
CONTRACTS = [json.loads((PUBLISHED / f"{name}.json").read_text()) for name in registry.CONTRACTS]
OTHERS = sorted(set(LANGUAGES) - {SOURCE})


def parts_of(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in a JSON Schema."""
    if isinstance(schema, dict):
        yield schema
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from parts_of(inner)


def field_names() -> set[str]:
    return {name for contract in CONTRACTS for part in parts_of(contract) for name in part.get("properties", ())}


def codes() -> set[str]:
    return {str(code) for contract in CONTRACTS for part in parts_of(contract) for code in part.get("enum", ())}


@pytest.mark.parametrize("language", OTHERS)
def test_every_field_of_a_contract_has_its_label(language: str) -> None:
    texts = {str(message.id) for message in catalogue_of(language) if message.string}

    assert len(field_names()) > 250
    assert {name for name in field_names() if english_label(name) not in texts} == set()


@pytest.mark.parametrize("language", OTHERS)
def test_every_code_and_kind_of_fact_has_its_word(language: str) -> None:
    texts = {str(message.id) for message in catalogue_of(language) if message.string}

    named = {code for code in codes() if not code.isdecimal()}  # a number may be anything
    assert named <= set(CODES)
    assert {code for code in named if CODES[code] not in texts and len(CODES[code]) > 2} == set()
    assert {code for code, word in CONDITIONS.items() if word not in texts} == set()
    assert {reason for reason in Reason if words(reason) not in texts} == set()
    assert {name for name in registry.CONTRACTS if fact_words(name) not in texts} == set()


def test_a_label_is_in_the_language_of_its_reader() -> None:
    with speaking("es"):
        labels = [field_label(name) for name in ("safe_contact.code_word", "line_1")]

    assert labels == ["Palabra clave", "Dirección"]
    assert field_label("line_1") == "Address"
