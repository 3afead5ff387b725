"""What a log line may carry besides its event: references, counts and words from a list."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from runtime.telemetry.attributes import LOGGED

WITHHELD = "(withheld)"
_WORD = re.compile(r"[A-Za-z0-9_.:/{}<>+-]{1,160}")


def log_fields(**routing: object) -> dict[str, dict[str, Any]]:
    """Return the `extra` of a log call; raises `TypeError` for a key that is not declared.

    A value that is not a number, a reference or one word is withheld: it might be something a person typed.
    """
    undeclared = routing.keys() - LOGGED
    if undeclared:
        raise TypeError(f"not declared in runtime.telemetry.attributes: {sorted(undeclared)}")
    return {"log_fields": {key: _loggable(value) for key, value in routing.items()}}


def _loggable(value: object) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, str) and _WORD.fullmatch(value):
        return str(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_loggable(item) for item in value]
    return WITHHELD
