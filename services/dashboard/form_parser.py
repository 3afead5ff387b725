"""Reading what a browser sends: bounded forms and queries, and only from our own pages."""

from __future__ import annotations

import asyncio
import re
from typing import Final
from urllib.parse import parse_qsl

from starlette.datastructures import ImmutableMultiDict
from starlette.requests import Request

from runtime.http.concurrency_limits import BODY_SECONDS
from runtime.http.problems import Forbidden, Problem

MOST_BYTES = 64 * 1024  # the longest account of an incident that intake keeps, three times over
MOST_FIELDS = 500
# What a page of ours puts there: both go into headers of what is asked of a service.
KEY: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
ETAG: Final = re.compile(r'"[\x21\x23-\x7e]{1,100}"', re.ASCII)


def pairs_of(raw: bytes) -> list[tuple[str, str]]:
    """Return the fields of an encoded form or query in their order; refuse what is not encoded so."""
    try:
        return parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Problem("malformed_request") from None


def fields_of(raw: bytes) -> dict[str, str]:
    """Return the fields of an encoded query; refuse one that says something twice."""
    pairs = pairs_of(raw)
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Problem("malformed_request")
    return fields


async def form_of(request: Request) -> ImmutableMultiDict[str, str]:
    """Return the fields of a form, boxes that share a name under it; refuse one that is large or slow."""
    raw = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                raw += chunk
                if len(raw) > MOST_BYTES:
                    raise Problem("too_large")
    except TimeoutError:
        raise Problem("body_too_slow") from None
    return ImmutableMultiDict(pairs_of(bytes(raw)))


def check_own_page(request: Request, own_origin: str) -> None:
    """Refuse a form that was not sent from a page of ours."""
    # Our pages say `no-referrer`, for which a browser sends `Origin: null` with our own form (Fetch, 3.2).
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if site is None and origin == own_origin:
        return
    if site == "same-origin" and origin in (None, "null", own_origin):
        return
    raise Forbidden


def check_hidden(fields: ImmutableMultiDict[str, str]) -> None:
    """Refuse a form whose key or version is none that a page of ours holds; one that has neither may be read."""
    for name, form in (("key", KEY), ("etag", ETAG)):
        if any(value and form.fullmatch(value) is None for value in fields.getlist(name)):
            raise Problem("malformed_request")
