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
    said = copy.deepcopy(EXAMPLES[type_name])
    for _ in range(by.choice((1, 1, 2, 3))):
        CHANGES[by.randrange(len(CHANGES))](said, by)
    return type_name if by.random() < 0.95 else by.choice(TYPES), said


def _odd_value(said: Any, by: Random) -> None:
    container, name = by.choice(list(_places(said)))
    container[name] = copy.deepcopy(by.choice(ODD))


def _value_of_another(said: Any, by: Random) -> None:
    container, name = by.choice(list(_places(said)))
    theirs, other = by.choice(list(_places(EXAMPLES[by.choice(TYPES)])))
    container[name] = copy.deepcopy(theirs[other])


def _left_out(said: Any, by: Random) -> None:
    container, name = by.choice(list(_places(said)))
    if len(said) > 1 or container is not said:
        del container[name]


def _one_more(said: Any, by: Random) -> None:
    container, name = by.choice(list(_places(said)))
    if isinstance(container, list):
        container.extend(copy.deepcopy(container[: by.choice((1, 60))]))
    else:
        theirs = EXAMPLES[by.choice(TYPES)]
        other = by.choice(list(theirs))
        more = (other, f"{name} ", name.upper(), name.replace("_", "-"), "__class__", "type")
        container[by.choice(more)] = copy.deepcopy(theirs[other])


def _wrapped(said: Any, by: Random) -> None:
    container, name = by.choice(list(_places(said)))
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


def _otherwise(said: Any, by: Random) -> None:
    texts = [(container, name) for container, name in _places(said) if isinstance(container[name], str)]
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


def _places(said: Any) -> Iterator[Place]:
    members: Any = enumerate(said) if isinstance(said, list) else said.items() if isinstance(said, dict) else ()
    for name, value in members:
        yield said, name
        yield from _places(value)


def taken_as_said(form: Form) -> bool:
    """Tell whether a contract took what it was given, and as it was said; raises `Differs` for anything else."""
    type_name, said = form
    try:
        read = strict_json.loads(json.dumps(said).encode())
        fact = CONTRACTS[type_name].model_validate(read)
    except (strict_json.BadJson, ValidationError):
        return False
    back = {name: plain(getattr(fact, name)) for name in type(fact).model_fields}
    for place in _apart(read, back, type_name):
        raise Differs(f"{place} was taken for something else")
    if not _published(type_name).is_valid(read):
        raise Differs(f"{type_name} takes what its published schema refuses")
    return True


def _apart(said: Any, taken: Any, place: str) -> Iterator[str]:
    """Yield each place at which something was taken otherwise than it was said, or was never said."""
    if isinstance(said, dict) and isinstance(taken, dict):
        for name in said.keys() | taken.keys():
            if said.get(name) is not None:
                yield from _apart(said[name], taken.get(name), f"{place}.{name}")
            elif taken.get(name) and taken[name] not in LEFT_OUT.get(name, ()):
                yield f"{place}.{name}"
    elif isinstance(said, list) and isinstance(taken, list) and len(said) == len(taken):
        for one, other in zip(said, taken, strict=True):
            yield from _apart(one, other, f"{place}[]")
    elif not _same(said, taken):
        yield place


def _same(said: Any, taken: Any) -> bool:
    if isinstance(said, str) and isinstance(taken, str):
        return said == taken or _alike(_uuid, said, taken) or _alike(_instant, said, taken)
    return isinstance(said, bool) is isinstance(taken, bool) and bool(said == taken)


def _alike(read: Callable[[str], Any], said: str, taken: str) -> bool:
    return read(said) is not None and read(said) == read(taken)


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
