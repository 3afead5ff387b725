"""Contracts filled in badly: a word where a number belongs, a field too many, a reference in another spelling."""

import copy
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from random import Random
from typing import Any, Final
from uuid import UUID

import jsonschema_rs
from pydantic import ValidationError

from schemas import strict_json
from schemas.publish import FOLDER
from schemas.registry import CONTRACTS
from schemas.values import plain
from tests.contracts.examples import example
from tests.fuzz.damage import Differs
from tests.fuzz.header_mutations import instant_otherwise, uuid_otherwise

Form = tuple[str, Any]  # the wire type, and what is said to be one
Place = tuple[Any, Any]  # a container, and a name or a number in it

TYPES: Final = tuple(sorted(CONTRACTS))
EXAMPLES: Final = {type_name: example(type_name) for type_name in TYPES}
ODD: Final[tuple[Any, ...]] = (
    None, True, False, 0, 1, -1, 1.0, 0.5, -0.0, 10**30, 1e300, "", " ", "0", "1", "true", "null", "x", "\t",
    "é", "e\u0301", "\u202ex", "\x00", "x" * 3000, [], {}, [[]], [None], {"x": 1}, "2026-03-02", "2026-03-02T12:00:00Z",
    1772452800, "2026-02-30", "9999-12-31T23:59:60Z", "00000000-0000-0000-0000-000000000000", "yes", "YES", "en\n",
)  # fmt: skip
# What contracts take for what was left out, where that is not nothing.
LEFT_OUT: Final[dict[str, frozenset[Any]]] = {
    "state": frozenset({"recorded"}),
    "status": frozenset({"unknown"}),
    "active": frozenset({True}),
    "redisclosure": frozenset({"prohibited"}),
    "version": frozenset({1}),
    "kind": frozenset({"service"}),
}


def form(by: Random) -> Form:
    """Return a filled-in contract after one to three changes."""
    type_name = by.choice(TYPES)
    document = copy.deepcopy(EXAMPLES[type_name])
    for _ in range(by.choice((1, 1, 2, 3))):
        CHANGES[by.randrange(len(CHANGES))](document, by)
    return type_name if by.random() < 0.95 else by.choice(TYPES), document


def _odd_value(document: Any, by: Random) -> None:
    container, name = by.choice(list(_places(document)))
    container[name] = copy.deepcopy(by.choice(ODD))


def _value_of_another(document: Any, by: Random) -> None:
    container, name = by.choice(list(_places(document)))
    donor, other = by.choice(list(_places(EXAMPLES[by.choice(TYPES)])))
    container[name] = copy.deepcopy(donor[other])


def _left_out(document: Any, by: Random) -> None:
    container, name = by.choice(list(_places(document)))
    if len(document) > 1 or container is not document:
        del container[name]


def _one_more(document: Any, by: Random) -> None:
    container, name = by.choice(list(_places(document)))
    if isinstance(container, list):
        container.extend(copy.deepcopy(container[: by.choice((1, 60))]))
    else:
        donor = EXAMPLES[by.choice(TYPES)]
        other = by.choice(list(donor))
        more = (other, f"{name} ", name.upper(), name.replace("_", "-"), "__class__", "type")
        container[by.choice(more)] = copy.deepcopy(donor[other])


def _wrapped(document: Any, by: Random) -> None:
    container, name = by.choice(list(_places(document)))
    value = container[name]
    container[name] = by.choice(
        (
            [value],
            {"value": value},
            json.dumps(value),
            str(value),
            (value or [None])[:1] if isinstance(value, list) else value,
        )
    )


def _otherwise(document: Any, by: Random) -> None:
    texts = [(container, name) for container, name in _places(document) if isinstance(container[name], str)]
    if not texts:
        return
    container, name = by.choice(texts)
    text = container[name]
    if _uuid(text) is not None:
        container[name] = uuid_otherwise(text, by)
    elif _instant(text) is not None:
        container[name] = instant_otherwise(text, by)
    else:
        container[name] = by.choice(
            (text + " ", " " + text, text.upper(), text + "\n", text + "\u200f", text + "\x00", text * 200)
        )


CHANGES: Final[tuple[Callable[[Any, Random], None], ...]] = (
    _odd_value, _odd_value, _value_of_another, _left_out, _one_more, _wrapped, _otherwise, _otherwise,
)  # fmt: skip


def _places(container: Any) -> Iterator[Place]:
    members: Any = (
        enumerate(container)
        if isinstance(container, list)
        else container.items()
        if isinstance(container, dict)
        else ()
    )
    for name, value in members:
        yield container, name
        yield from _places(value)


def taken_as_said(form: Form) -> bool:
    """Tell whether a contract took a document, and as it was written; raises `Differs` for anything else."""
    type_name, document = form
    try:
        read = strict_json.loads(json.dumps(document).encode())
        fact = CONTRACTS[type_name].model_validate(read)
    except (strict_json.BadJson, ValidationError):
        return False
    dumped = {name: plain(getattr(fact, name)) for name in type(fact).model_fields}
    for place in _apart(read, dumped, type_name):
        raise Differs(f"{place} was taken for something else")
    if not _published(type_name).is_valid(read):
        raise Differs(f"{type_name} takes what its published schema refuses")
    return True


def _apart(document: Any, dumped: Any, place: str) -> Iterator[str]:
    """Yield each place at which the dumped contract says otherwise than the document, or more than it."""
    if isinstance(document, dict) and isinstance(dumped, dict):
        for name in document.keys() | dumped.keys():
            if document.get(name) is not None:
                yield from _apart(document[name], dumped.get(name), f"{place}.{name}")
            elif dumped.get(name) and dumped[name] not in LEFT_OUT.get(name, ()):
                yield f"{place}.{name}"
    elif isinstance(document, list) and isinstance(dumped, list) and len(document) == len(dumped):
        for member, other in zip(document, dumped, strict=True):
            yield from _apart(member, other, f"{place}[]")
    elif not _same(document, dumped) and not (place.endswith(".cji_fields[]") and _is_path_of(document, dumped)):
        yield place


def _is_path_of(document: Any, name: Any) -> bool:
    """Tell whether a field was named by its path: a mark is then kept by the bare name (schemas/facts/fact.py)."""
    return isinstance(document, str) and document.rpartition(".")[2] == name


def _same(value: Any, other: Any) -> bool:
    if isinstance(value, str) and isinstance(other, str):
        return value == other or _alike(_uuid, value, other) or _alike(_instant, value, other)
    return isinstance(value, bool) is isinstance(other, bool) and bool(value == other)


def _alike(read: Callable[[str], Any], value: str, other: str) -> bool:
    return read(value) is not None and read(value) == read(other)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if "T" in text else None
    except ValueError:
        return None


@cache
def _published(type_name: str) -> Any:
    return jsonschema_rs.validator_for(json.loads((FOLDER / f"{type_name}.json").read_text()), validate_formats=True)
