"""What was not valid, told by places that a contract names and by codes, never by what was sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi.exceptions import RequestValidationError

from runtime.http.problems import Absent, FieldError, Invalid, Problem

UNKNOWN = "*"
MOST_ERRORS = 50


def validation_problem(error: RequestValidationError, known_names: frozenset[str]) -> Problem:
    """Return the problem that tells `error`; names not in `known_names` are the sender's, and are not echoed.

    A malformed reference in the path refers to nothing: that is the same as absent.
    """
    details = error.errors()
    if any(detail["loc"][0] == "path" for detail in details):
        return Absent()
    return Invalid(
        [FieldError(_place(detail["loc"], known_names), str(detail["type"])) for detail in details[:MOST_ERRORS]]
    )


def field_names(description: dict[str, Any]) -> frozenset[str]:
    """Return every name that an API description gives to a field or a parameter."""
    return frozenset(_names(description)) | {"body", "query", "header"}


def _place(location: tuple[Any, ...], known_names: frozenset[str]) -> str:
    return ".".join(str(part) if isinstance(part, int) or part in known_names else UNKNOWN for part in location)


def _names(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        properties = part.get("properties")
        if isinstance(properties, dict):
            yield from properties
        if isinstance(part.get("in"), str) and isinstance(part.get("name"), str):
            yield part["name"]
        for value in part.values():
            yield from _names(value)
    elif isinstance(part, list):
        for value in part:
            yield from _names(value)
