"""Reading a body: bounded while it streams, of one media type, and strict JSON or nothing."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import ClientDisconnect, Request

from runtime.http.problems import FieldError, Problem
from schemas import strict_json

LIMIT = 1024 * 1024
SECONDS = 20.0
JSON_TYPES = frozenset({"application/json", "application/json;charset=utf-8"})


class Body(Request):
    """A request whose body was read and judged before anything else looks at it."""

    def __init__(self, request: Request, raw: bytes, parsed: Any) -> None:
        super().__init__(request.scope, request.receive)
        self.raw = raw
        self.parsed = parsed

    async def body(self) -> bytes:
        """Return the body as it was sent."""
        return self.raw

    async def json(self) -> Any:
        """Return what the strict parser made of the body."""
        return self.parsed


async def read(request: Request) -> Body:
    """Return the request with its body read; refuse one that is too large, slow, foreign or not strict JSON."""
    raw = await _bounded(request)
    if not raw:
        return Body(request, raw, None)
    media_type = request.headers.get("content-type", "").replace(" ", "").lower()
    if media_type not in JSON_TYPES:
        raise Problem("unsupported_media_type")
    try:
        return Body(request, raw, strict_json.loads(raw))
    except strict_json.BadJson as bad:
        place = "body" + bad.where.replace("/", ".")
        raise Problem("malformed_json", errors=[FieldError(place, bad.code)]) from None


async def _bounded(request: Request) -> bytes:
    declared = request.headers.get("content-length", "0")
    if not declared.isascii() or not declared.isdigit():
        raise Problem("malformed_request")
    if len(declared) > len(str(LIMIT)) or int(declared) > LIMIT:
        raise Problem("too_large")
    raw = bytearray()
    try:
        async with asyncio.timeout(SECONDS):
            async for chunk in request.stream():
                raw += chunk
                # A declared length may lie or be absent; what arrives is what counts.
                if len(raw) > LIMIT:
                    raise Problem("too_large")
    except TimeoutError:
        raise Problem("body_too_slow") from None
    except ClientDisconnect:
        raise Problem("malformed_request") from None
    return bytes(raw)
