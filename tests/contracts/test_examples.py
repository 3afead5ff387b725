import json

import jsonschema
import pytest

from schemas import strict_json
from schemas.facts import DirectiveFact
from schemas.publish import documents
from schemas.registry import CONTRACTS, contract, contract_mask
from schemas.taxonomy import ALL
from tests.contracts.examples import EXAMPLES, example, fact, files
from tests.support.projection import by_category, carried


def test_examples_and_contract_versions_match_one_to_one() -> None:
    assert {file.stem for file in files()} == set(CONTRACTS)


@pytest.mark.parametrize("type_name", CONTRACTS)
def test_an_example_of_every_version_still_decodes(type_name: str) -> None:
    content = strict_json.loads((EXAMPLES / f"{type_name}.json").read_bytes())

    decoded = contract(type_name).model_validate(content)

    assert decoded == contract(type_name).model_validate_json(json.dumps(content))


@pytest.mark.parametrize("type_name", CONTRACTS)
def test_an_example_is_valid_by_the_published_schema(type_name: str) -> None:
    schema = documents()[f"{type_name}.json"]

    jsonschema.Draft202012Validator(schema).validate(example(type_name))


@pytest.mark.exhaustive
@pytest.mark.parametrize("type_name", CONTRACTS)
def test_a_published_schema_is_valid_by_its_dialect(type_name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(documents()[f"{type_name}.json"])


@pytest.mark.parametrize("type_name", CONTRACTS)
def test_a_fact_is_whole_from_its_categories_and_terms(type_name: str) -> None:
    original = fact(type_name)
    parts = by_category(original, ALL)
    again = {name: value for part in parts.values() for name, value in part.items()}
    if isinstance(original, DirectiveFact):
        again |= original.terms()

    routing = {"case_ref": original.case_ref, "cji_fields": getattr(original, "cji_fields", None)}
    whole = again | {name: value for name, value in routing.items() if value is not None}

    assert contract(type_name).model_validate(whole) == original
    json.dumps(again)


@pytest.mark.parametrize("type_name", CONTRACTS)
def test_a_fact_carries_no_more_than_its_contract(type_name: str) -> None:
    assert carried(fact(type_name)) & ~contract_mask(type_name) == 0


def test_the_examples_together_use_nearly_every_field_there_is() -> None:
    mask = 0
    for type_name in CONTRACTS:
        mask |= carried(fact(type_name))

    assert mask == ALL
