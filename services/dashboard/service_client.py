"""Asking other services for rows and acts, with the person's own token and its rights.

`Ask` names a request; a `Reply` holds what a service answered, by a model that ignores what a page does not read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import uuid4

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from runtime.http.problems import Absent, FieldError, Forbidden, Problem, ProblemError, Unauthenticated, Unavailable
from runtime.telemetry import log_fields
from runtime.telemetry.tracing import traceparent_now
from services.dashboard.domain import MOST, Count, CountRow, Item, Listing, Query, Source, Tile, listing, total

log = logging.getLogger(__name__)

PAGE = 200
# Shorter than the time a transaction may stand still, since a route may ask from within one.
SECONDS = 5.0

Row = TypeVar("Row", bound=BaseModel)


class ServiceUnavailable(Unavailable):
    """A service did not answer, or not with what it should."""


class NotAuthorised(Forbidden):
    """The person may not ask for this."""


class ServiceRefusal(Problem):
    """A service refused what the person asked of it: its `code`, its `status`, and the fields that are not valid."""


REFUSALS: Mapping[int, Callable[[], Problem]] = {401: Unauthenticated, 403: NotAuthorised, 404: Absent}


class ProblemRow(BaseModel):
    """What a page reads of another service's problem answer (RFC 9457)."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    code: str
    errors: tuple[ProblemError, ...] = ()


@dataclass(frozen=True, slots=True)
class Ask:
    """One request to a service: where, and what is sent.

    A request that changes something carries the `key` of the form it comes from (`Idempotency-Key`), and the `etag` of
    the version that the person saw, where the route asks for one (`If-Match`).
    """

    service: str
    path: str
    query: Query = ()
    method: str = "GET"
    body: Any = field(default=None, repr=False)
    key: str = field(default="", repr=False)
    etag: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of the request, but for whose it is."""
        sent = {"Accept": "application/json", "Idempotency-Key": self.key, "If-Match": self.etag}
        return {name: value for name, value in sent.items() if value}


@dataclass(frozen=True, slots=True)
class Reply(Generic[Row]):
    """What a service answered: the row, its version, and where its list goes on (None at the end)."""

    row: Row
    etag: str = ""
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceClient:
    """The services that pages ask, by name, and the client that asks them."""

    client: httpx.AsyncClient = field(repr=False)
    places: Mapping[str, str]

    async def count(self, tile: Tile, token: str) -> Count:
        """Return how long a tile's list is for the bearer of `token` now.

        Raises `ServiceUnavailable` or `NotAuthorised`.
        """
        try:
            async with asyncio.timeout(SECONDS):
                return total(await asyncio.gather(*(self._count(source, token) for source in tile.sources)))
        except TimeoutError:
            raise ServiceUnavailable from None

    async def listing(self, tile: Tile, token: str) -> Listing:
        """Return a tile's list as the bearer of `token` may see it now.

        Raises `ServiceUnavailable` or `NotAuthorised`.
        """
        try:
            async with asyncio.timeout(SECONDS):
                rows = await asyncio.gather(*(self._items(source, token) for source in tile.sources))
                return listing([item for items in rows for item in items])
        except TimeoutError:
            raise ServiceUnavailable from None

    async def ask(self, ask: Ask, token: str, model: type[Row]) -> Reply[Row]:
        """Return what a service answers the bearer of `token`.

        Raises `ServiceUnavailable`, `NotAuthorised`, `Absent`, `Unauthenticated` where the token is no longer good, and
        `ServiceRefusal` for any other request that is refused.
        """
        answer = await self._send(ask, token)
        try:
            return Reply(model.model_validate(answer.json()), answer.headers.get("etag", ""), _next_cursor(answer))
        except (ValidationError, ValueError, LookupError, TypeError) as error:
            raise _away(ask, type(error).__name__) from None

    async def text(self, ask: Ask, token: str) -> str:
        """Return the text of a file that a service makes for the bearer of `token`; raises what `ask` raises."""
        return (await self._send(ask, token)).text

    async def _count(self, source: Source, token: str) -> Count:
        counted = (await self._ask_list(Ask(source.service, f"{source.path}/count", source.query), token, CountRow)).row
        return Count(counted.count, whole=counted.whole)

    async def _items(self, source: Source, token: str) -> list[Item]:
        """Return the rows of all pages of one source, up to one more than a list shows."""
        items: list[Item] = []
        cursor: str | None = None
        while True:
            query = (*source.query, ("limit", str(PAGE)), *([] if cursor is None else [("cursor", cursor)]))
            ask = Ask(source.service, source.path, query)
            reply = await self._ask_list(ask, token, RowsRow)
            try:
                items += [source.read(row) for row in reply.row.of(source.member)]
            except (ValidationError, LookupError, TypeError) as error:
                raise _away(ask, type(error).__name__) from None
            cursor = reply.cursor
            if cursor is None or len(items) > MOST:
                return items

    async def _ask_list(self, ask: Ask, token: str, model: type[Row]) -> Reply[Row]:
        """Return a list, or its count; that there is no such list is no answer a board can use."""
        try:
            return await self.ask(ask, token, model)
        except (Absent, ServiceRefusal) as problem:
            raise _away(ask, problem.status) from None

    async def _send(self, ask: Ask, token: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} | ask.headers
        traceparent = traceparent_now()
        if traceparent is not None:
            headers["traceparent"] = traceparent
        address = self.places[ask.service] + ask.path
        try:
            async with asyncio.timeout(SECONDS):
                answer = await self.client.request(
                    ask.method, address, params=ask.query or None, headers=headers, json=ask.body
                )
        except (httpx.HTTPError, TimeoutError) as error:
            raise _away(ask, type(error).__name__) from None
        if not answer.is_success:
            raise _refusal(ask, answer)
        return answer


class RowsRow(BaseModel):
    """A list of another service, its rows not yet read."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    def of(self, member: str) -> list[Any]:
        """Return the rows that stand under this name; raises `LookupError` or `TypeError` where none do."""
        rows = (self.model_extra or {})[member]
        if not isinstance(rows, list):
            raise TypeError(member)
        return rows


def new_key() -> str:
    """Return a random key for a form that is shown anew."""
    return str(uuid4())


def _refusal(ask: Ask, answer: httpx.Response) -> Problem:
    """Return the error that tells a person's page what a service's answer means."""
    status = answer.status_code
    if status in REFUSALS:
        return REFUSALS[status]()
    if not 400 <= status < 500:
        return _away(ask, status)
    try:
        problem = ProblemRow.model_validate(answer.json())
    except ValueError:
        return _away(ask, status)
    return ServiceRefusal(problem.code, status=status, errors=[FieldError(e.field, e.code) for e in problem.errors])


def _away(ask: Ask, reason: int | str) -> ServiceUnavailable:
    log.warning("service_not_available", extra=log_fields(consumer=ask.service, reason=str(reason)))
    return ServiceUnavailable()


def _next_cursor(answer: httpx.Response) -> str | None:
    # Only the cursor is taken of it: an answer does not choose whom we ask next with a person's token.
    link: Any = answer.links.get("next")
    return None if link is None else httpx.URL(link["url"]).params.get("cursor")


def client() -> httpx.AsyncClient:
    """Return the client that asks; it follows no redirect and takes no proxy from the environment."""
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=20)
    return httpx.AsyncClient(follow_redirects=False, timeout=3.0, trust_env=False, limits=limits)
