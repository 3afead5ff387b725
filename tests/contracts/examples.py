"""The committed examples: one of each fact, as it is written on the wire."""

import json
from pathlib import Path
from typing import Any

from schemas import publish
from schemas.facts import Fact
from schemas.registry import contract

EXAMPLES = publish.FOLDER.with_name("examples")


def files() -> list[Path]:
    return sorted(EXAMPLES.glob("*.json"))


def example(type_name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((EXAMPLES / f"{type_name}.json").read_text())
    return content


def fact(type_name: str) -> Fact:
    return contract(type_name).model_validate(example(type_name))
