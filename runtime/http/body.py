"""Reading a body: bounded while it streams, of one media type, and strict JSON or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import Any

from starlette.requests import ClientDisconnect, Request

from runtime.http.app_state import AppState
from runtime.http.problems import FieldError, Problem
from schemas import strict_json

LIMIT = 64 * 1024  # bytes, where a router names no other
SMALL = 4 * 1024  # bytes that are parsed without waiting for a turn
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


async def read(request: Request, app_state: AppState, client: Hashable, most: int) -> Body:
    """Return the request with its body read; refuse one that is too large, slow, foreign or not strict JSON."""
    _check_declared(request, most)
    async with app_state.body_reads.of(client):
        raw = await _bounded(request, most)
    if not raw:
        return Body(request, raw, None)
    media_type = request.headers.get("content-type", "").replace(" ", "").lower()
    if media_type not in JSON_TYPES:
        raise Problem("unsupported_media_type")
    if len(raw) <= SMALL:
        return Body(request, raw, _parsed(raw))
    async with app_state.parsing:
        parsed = _parsed(raw)
        await asyncio.sleep(0)  # the loop goes round before the next large one
        return Body(request, raw, parsed)


def _parsed(raw: bytes) -> Any:
    try:
        return strict_json.loads(raw)
    except strict_json.BadJson as bad:
        # How many elements a whole document may have, no JSON Schema can say: like a body's length, it is a limit.
        kind = "too_large" if bad.code == "too_many_elements" else "malformed_json"
        place = "body" + bad.where.replace("/", ".")
        raise Problem(kind, errors=[FieldError(place, bad.code)]) from None


def _check_declared(request: Request, most: int) -> None:
    declared = request.headers.get("content-length", "0")
    if not declared.isascii() or not declared.isdigit():
        raise Problem("malformed_request")
    if len(declared) > len(str(most)) or int(declared) > most:
        raise Problem("too_large")


async def _bounded(request: Request, most: int) -> bytes:
    raw = bytearray()
    try:
        async for chunk in request.stream():
            raw += chunk
            # A declared length may lie; what arrives is what counts.
            if len(raw) > most:
                raise Problem("too_large")
    except ClientDisconnect:
        raise Problem("malformed_request") from None
    return bytes(raw)
