"""Reading a form: small, of one media type, each field once."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl

from starlette.requests import Request

from runtime.http.concurrency_limits import BODY_SECONDS
from schemas import strict_json

MOST_BYTES = 16 * 1024
MOST_FIELDS = 20
MEDIA_TYPE = "application/x-www-form-urlencoded"


class BadForm(Exception):
    """The form is too large or too slow, of another type, or says something twice."""


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise BadForm
    raw = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                raw += chunk
                if len(raw) > MOST_BYTES:
                    raise BadForm
    except TimeoutError:
        raise BadForm from None
    return read_fields(bytes(raw))


def read_fields(raw: bytes) -> dict[str, str]:
    """Return the fields of an encoded form or query string, empty ones left out."""
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
        fields = {name: strict_json.safe_text(value) for name, value in pairs}
    except ValueError:
        raise BadForm from None
    if len(fields) != len(pairs):
        raise BadForm
    return {name: value for name, value in fields.items() if value}
