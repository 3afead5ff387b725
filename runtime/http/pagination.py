"""Lists in pages: an opaque cursor, a limit, and a link to the next page (RFC 8288)."""

from __future__ import annotations

import base64
import json
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from runtime.http.problems import FieldError, Invalid
from schemas.strict_model import StrictModel

MOST = 200
MOST_COUNTED = 1_000

Limit = Annotated[int, Query(ge=1, le=MOST, description="how many at most")]
Cursor = Annotated[str | None, Query(max_length=400, pattern=r"^[A-Za-z0-9_-]+$", description="from a `next` link")]


class CountResponse(StrictModel):
    """How long a list is; not `whole` where it goes on beyond what is counted."""

    count: Annotated[int, Field(ge=0, le=MOST_COUNTED)]
    whole: bool

    @classmethod
    def of(cls, count: int, *, whole: bool) -> CountResponse:
        """Return the answer for so many rows; `whole` where no row was left unread."""
        return cls(count=min(count, MOST_COUNTED), whole=whole and count <= MOST_COUNTED)


def cursor_of(*position: str | int) -> str:
    """Return an opaque cursor for a position; a position is made of references, instants and numbers only."""
    return base64.urlsafe_b64encode(json.dumps(position, separators=(",", ":")).encode()).rstrip(b"=").decode()


def position_of(cursor: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """Return the position within a cursor, or None for the first page; refuse one that we did not make."""
    if cursor is None:
        return None
    try:
        position = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        raise Invalid([FieldError("query.cursor", "malformed")]) from None
    if not isinstance(position, list) or [type(part) for part in position] != list(kinds):
        raise Invalid([FieldError("query.cursor", "malformed")])
    return tuple(position)


def link_next(request: Request, response: Response, cursor: str | None) -> None:
    """Name the next page in the answer's `Link` header, if there is one; the rest of the query is kept."""
    if cursor is None:
        return
    params = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    # Relative, because an address that a client sent (Host) must not come back in ours.
    response.headers["Link"] = f'<?{urlencode([*params, ("cursor", cursor)])}>; rel="next"'
