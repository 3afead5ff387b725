"""Changes that name what they change: strong ETags and If-Match (RFC 9110)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header

from runtime.http.problems import PreconditionRequired, Problem, Stale

_TAG = r'(W/)?"[^"]*"'

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=200,
        pattern=rf"^{_TAG}(\s*,\s*{_TAG})*$",
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
    named = [part.strip() for part in if_match.split(",")]
    if not all(_is_tag(part) for part in named):
        raise Problem("malformed_request")
    # A weak tag never matches in If-Match (RFC 9110, 13.1.1).
    if etag(current) not in named:
        raise Stale


def _is_tag(part: str) -> bool:
    quoted = part.removeprefix("W/")
    return len(quoted) >= 2 and quoted[0] == quoted[-1] == '"' and '"' not in quoted[1:-1]
