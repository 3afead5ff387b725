"""What a model holds, and what it refused, is shown by nothing but the door."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from schemas.facts import Fact
from schemas.registry import CONTRACTS, contract
from schemas.strict_model import StrictModel
from tests.contracts.examples import example

CANARY = "canary"


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in members:
        if isinstance(value, str):
            yield node, key
        yield from places(value)


def full_of_canaries(type_name: str) -> Fact:
    """The example, with a canary wherever the contract lets a person write freely."""
    content = example(type_name)
    for inside, key in list(places(content)):
        before, inside[key] = inside[key], CANARY
        try:
            contract(type_name).model_validate(content)
        except ValidationError:
            inside[key] = before
    return contract(type_name).model_validate(content)


def parts(model: BaseModel) -> Iterator[Any]:
    yield model
    for value in vars(model).values():
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, BaseModel):
                yield from parts(item)


@pytest.mark.parametrize("type_name", CONTRACTS)
def test_a_model_full_of_canaries_shows_none(type_name: str) -> None:
    fact = full_of_canaries(type_name)

    for model in parts(fact):
        text = f"{model!r} {model} {[*model.__rich_repr__()]} {[*model.__pretty__(repr)]} {list((model,))}"
        assert CANARY not in text
    assert repr(fact) == f"{type(fact).__name__}(case_ref={fact.case_ref!r})"


def test_there_are_canaries_to_be_shown() -> None:
    fact = full_of_canaries("accord.referral.created.v1")

    assert json.dumps(fact.model_dump(mode="json")).count(CANARY) > 80


def refusals(type_name: str) -> Iterator[ValidationError]:
    model, content = contract(type_name), example(type_name)
    bad: list[Any] = [
        CANARY,
        [CANARY],
        {CANARY: CANARY},
        {**content, CANARY: CANARY},
        {name: CANARY for name in content},
        {name: {CANARY: CANARY} for name in content},
        {name: [{CANARY: CANARY}, CANARY] for name in content},
        {name: f"{CANARY}\u202e\x00" * 4_000 for name in content},
    ]
    for value in bad:
        with pytest.raises(ValidationError) as refused:
            model.model_validate(value)
        yield refused.value
        with pytest.raises(ValidationError) as refused:
            model.model_validate_json(json.dumps(value))
        yield refused.value
    with pytest.raises(ValidationError) as refused:
        model.model_validate_json(f'{{"{CANARY}": {CANARY}')
    yield refused.value


@pytest.mark.parametrize("type_name", CONTRACTS)
def test_a_refusal_shows_nothing_of_what_was_refused(type_name: str) -> None:
    for refused in refusals(type_name):
        errors = refused.errors(include_input=False, include_context=False, include_url=False)

        assert CANARY not in f"{refused} {refused!r} {errors}"


def descendants(of: type[StrictModel]) -> set[type[StrictModel]]:
    return {of}.union(*(descendants(child) for child in of.__subclasses__()))


def test_every_model_of_the_room_is_closed_frozen_and_silent() -> None:
    for model in descendants(StrictModel):
        config = model.model_config
        assert (config.get("frozen"), config.get("extra"), config.get("hide_input_in_errors")) == (True, "forbid", True)
        assert "__repr__" not in vars(model)
        assert "__str__" not in vars(model)
