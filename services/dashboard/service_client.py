"""Asking other services how long their lists are and for their rows, with the person's own token and its rights."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import httpx
from pydantic import ValidationError

from runtime.telemetry import log_fields
from runtime.telemetry.tracing import traceparent_now
from services.dashboard.domain import MOST, Count, CountRow, Item, Listing, Query, Source, Tile, listing, total

log = logging.getLogger(__name__)

PAGE = 200
# Shorter than the time a transaction may stand still, since a route may ask from within one.
SECONDS = 5.0

Read = TypeVar("Read")


class ServiceUnavailable(Exception):
    """A service did not give its list."""


class NotAuthorised(Exception):
    """The person may not ask for this list."""


@dataclass(frozen=True, slots=True)
class ServiceClient:
    """The services whose lists the board shows, by name, and the client that asks them."""

    client: httpx.AsyncClient = field(repr=False)
    places: Mapping[str, str]

    async def count(self, tile: Tile, token: str) -> Count:
        """Return how long a tile's list is for the bearer of `token` now.

        Raises `ServiceUnavailable` or `NotAuthorised`.
        """
        try:
            async with asyncio.timeout(SECONDS):
                return total([await self._count(source, token) for source in tile.sources])
        except TimeoutError:
            raise ServiceUnavailable from None

    async def listing(self, tile: Tile, token: str) -> Listing:
        """Return a tile's list as the bearer of `token` may see it now.

        Raises `ServiceUnavailable` or `NotAuthorised`.
        """
        try:
            async with asyncio.timeout(SECONDS):
                return listing([item for source in tile.sources for item in await self._items(source, token)])
        except TimeoutError:
            raise ServiceUnavailable from None

    async def _count(self, source: Source, token: str) -> Count:
        return (await self._answer(source, f"{source.path}/count", source.query, token, _count_of))[0]

    async def _items(self, source: Source, token: str) -> list[Item]:
        """Return the rows of all pages of one source, up to one more than a list shows."""
        items: list[Item] = []
        cursor: str | None = None
        while True:
            query = (*source.query, ("limit", str(PAGE)), *([] if cursor is None else [("cursor", cursor)]))
            page, answer = await self._answer(source, source.path, query, token, partial(_rows_of, source))
            items += page
            cursor = _next_cursor(answer)
            if cursor is None or len(items) > MOST:
                return items

    async def _answer(
        self, source: Source, path: str, query: Query, token: str, read: Callable[[Any], Read]
    ) -> tuple[Read, httpx.Response]:
        """Return a service's answer, parsed by `read` and as received.

        Raises `ServiceUnavailable` or `NotAuthorised`.
        """
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        traceparent = traceparent_now()
        if traceparent is not None:
            headers["traceparent"] = traceparent
        try:
            answer = await self.client.get(self.places[source.service] + path, params=query, headers=headers)
            if answer.status_code == 403:
                raise NotAuthorised
            if answer.status_code != 200:
                raise _away(source, answer.status_code)
            return read(answer.json()), answer
        except (httpx.HTTPError, ValidationError, ValueError, LookupError, TypeError) as error:
            raise _away(source, type(error).__name__) from None


def _count_of(body: Any) -> Count:
    read = CountRow.model_validate(body)
    return Count(read.count, whole=read.whole)


def _rows_of(source: Source, body: Any) -> list[Item]:
    return [source.read(row) for row in body[source.member]]


def _away(source: Source, reason: int | str) -> ServiceUnavailable:
    log.warning("list_not_available", extra=log_fields(consumer=source.service, reason=str(reason)))
    return ServiceUnavailable()


def _next_cursor(answer: httpx.Response) -> str | None:
    # Only the cursor is taken of it: an answer does not choose whom we ask next with a person's token.
    link: Any = answer.links.get("next")
    return None if link is None else httpx.URL(link["url"]).params.get("cursor")


def client() -> httpx.AsyncClient:
    """Return the client that asks; it follows no redirect and takes no proxy from the environment."""
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=20)
    return httpx.AsyncClient(follow_redirects=False, timeout=3.0, trust_env=False, limits=limits)
