"""Changes that name what they change: strong ETags and If-Match (RFC 9110)."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Header

from runtime.http.problems import PreconditionRequired, Problem, Stale

_TAG = r'(?:W/)?"[^"]*"'
_TAGS = rf"{_TAG}(?:\s*,\s*{_TAG})*"

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=200,
        pattern=rf"^{_TAGS}$",
        description="The ETag of the version you read; without one this change is refused (428).",
    ),
]


def etag(version: int) -> str:
    """Return the strong entity tag of a thing's version."""
    return f'"{version}"'


def require_match(if_match: str | None, current: int) -> None:
    """Refuse a change whose If-Match is absent (428), unreadable (400) or of another version (412).

    `*` is refused as absent: it names no version, so it would overwrite unseen changes.
    """
    if if_match is None or if_match.strip() in {"", "*"}:
        raise PreconditionRequired
    if re.fullmatch(_TAGS, if_match.strip()) is None:
        raise Problem("malformed_request")
    # A weak tag never matches in If-Match (RFC 9110, 13.1.1).
    if etag(current) not in re.findall(_TAG, if_match):  # a comma may stand within a tag
        raise Stale
