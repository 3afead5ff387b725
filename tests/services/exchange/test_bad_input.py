"""What is refused: told by a code, echoed nowhere, with no look and nothing offered."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from tests.services.exchange.conftest import HOTLINE, Desk, a_desk
from tests.support.delivery import Delivery
from tests.support.town import Town
from tests.support.web import Web

JSON = {"Content-Type": "application/json"}
CANARY = "heron-4417"
REF = "6f0b0000-0000-4000-8000-000000000001"  # the same in every process, as it is part of a test's name
ROUTES = ["/v1/messages/{ref}/opening", "/v1/openings", "/v1/messages/{ref}/offering"]

every_route = pytest.mark.parametrize("route", ROUTES)


@dataclass
class Counter:
    """A desk at which everything is refused, and the message that all ask for."""

    desk: Desk
    refs: dict[str, UUID]

    async def refuses(self, route: str, body: bytes, status: int, **headers: Any) -> httpx.Response:
        """Send a body about a message that is there; nothing may come of it."""
        before = counted(self.desk)

        by = self.desk.ana if "offering" in route else self.desk.sam
        path = route.format(ref=self.refs["own" if "offering" in route else "received"])
        answer = await by.post(path, content=body, headers=JSON | headers)

        assert answer.status_code == status, answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert CANARY not in answer.text
        assert counted(self.desk) == before
        return answer


@pytest.fixture(scope="module")
async def counter(town: Town, web: Web, app: FastAPI, delivery: Delivery) -> AsyncIterator[Counter]:
    async with a_desk(town, web, app, delivery) as desk:
        case_ref, _ = await desk.released()
        await desk.tell(case_ref)
        yield Counter(desk, {"own": await desk.newest(case_ref, HOTLINE), "received": await desk.newest(case_ref)})


def counted(desk: Desk) -> list[int]:
    tables = ("carrying.offer", "carrying.outbox", "carrying.idempotency", "ledger.pending", "exchange.message")
    return [desk.rows(f"SELECT count(*) FROM {table}")[0][0] for table in tables]  # noqa: S608 - names of our own


def a_body(route: str, *more: str) -> bytes:
    """A valid body of the route, and more members, written as they stand."""
    whole = {
        ROUTES[0]: '"purpose": "shelter"',
        ROUTES[1]: f'"purpose": "shelter", "message_refs": ["{REF}"]',
        ROUTES[2]: '"to": ["harbor-house"]',
    }
    return f"{{{', '.join((whole[route], *more))}}}".encode()


@every_route
@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"heron-4417"', b"1"])
async def test_a_body_that_is_no_form(counter: Counter, route: str, body: bytes) -> None:
    await counter.refuses(route, body, 422)


@every_route
async def test_a_member_that_no_form_knows(counter: Counter, route: str) -> None:
    answer = await counter.refuses(route, a_body(route, f'"{CANARY}": 1'), 422)

    assert answer.json()["errors"][0]["code"] == "unknown_field"


@every_route
@pytest.mark.parametrize(
    "more",
    [
        f'"x": "{CANARY}\\u0000"',
        f'"x": "{CANARY}\\u202e"',
        f'"x": "{CANARY}\\ud800"',
        f'"{CANARY}\\u0000": 1',
        f'"x": "{CANARY}',
        '"x": NaN',
        '"x": 1, "x": 2',
        f'"x": {"[" * 40}{"]" * 40}',
    ],
)
async def test_json_that_is_not_plain(counter: Counter, route: str, more: str) -> None:
    answer = await counter.refuses(route, a_body(route, more), 400)

    assert answer.json()["code"] == "malformed_json"


@every_route
async def test_a_member_sent_twice(counter: Counter, route: str) -> None:
    await counter.refuses(route, b'{"purpose": "shelter", "purpose": "shelter"}', 400)


@every_route
async def test_a_body_over_the_limit(counter: Counter, route: str) -> None:
    await counter.refuses(route, a_body(route, f'"x": "{"x" * 1_100_000}"'), 413)


@every_route
async def test_a_body_of_another_kind(counter: Counter, route: str) -> None:
    await counter.refuses(route, b"purpose=shelter", 415, **{"Content-Type": "text/plain"})


@every_route
async def test_a_query_where_none_is_taken(counter: Counter, route: str) -> None:
    await counter.refuses(f"{route}?{CANARY}=1", a_body(route), 422)


@pytest.mark.parametrize("key", ["", "two words", "x" * 129, "höron"])
async def test_a_key_that_is_malformed(counter: Counter, key: str) -> None:
    """Where one counts: an opening is decided each time, whatever key it comes with."""
    (route,) = (candidate for candidate in ROUTES if candidate.endswith("/offering"))

    await counter.refuses(route, a_body(route), 422, **{"Idempotency-Key": key.encode("latin-1")})


@pytest.mark.parametrize(
    "refs",
    [
        "[]",
        "null",
        "{}",
        f'"{REF}"',
        f'["{CANARY}"]',
        f'["{REF}", null]',
        f'["{REF}", 1]',
        f'["{REF}x"]',
        json.dumps([REF] * 101),
    ],
)
async def test_references_that_are_none(counter: Counter, refs: str) -> None:
    await counter.refuses(ROUTES[1], f'{{"purpose": "shelter", "message_refs": {refs}}}'.encode(), 422)


@pytest.mark.parametrize("body", ['{"purpose": "shelter"}', f'{{"message_refs": ["{REF}"]}}'])
async def test_what_is_missing(counter: Counter, body: str) -> None:
    answer = await counter.refuses(ROUTES[1], body.encode(), 422)

    assert answer.json()["errors"][0]["code"] == "missing"


@pytest.mark.parametrize(
    "to",
    [
        "null",
        '"harbor-house"',
        "[1]",
        '["Harbor House"]',
        f'["{CANARY}!"]',
        f'["{"x" * 41}"]',
        json.dumps(["harbor-house"] * 51),
    ],
)
async def test_agencies_that_are_none(counter: Counter, to: str) -> None:
    await counter.refuses(ROUTES[2], f'{{"to": {to}}}'.encode(), 422)
