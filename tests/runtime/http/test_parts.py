"""Versions, pages, rates and health: the small parts."""

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from runtime.http import Invalid, PreconditionRequired, Stale, etag, require_match
from runtime.http.health import Readiness
from runtime.http.pagination import cursor_of, link_next, position_of
from runtime.http.problems import Problem, TooManyRequests
from runtime.http.rate_limit import MAX_BUCKETS, RateLimiter
from tests.support.web import Web


@pytest.mark.parametrize("if_match", ['"7"', '"6", "7"', '"7", W/"7"'])
def test_a_change_of_the_version_that_was_read_passes(if_match: str) -> None:
    require_match(if_match, 7)


@pytest.mark.parametrize("if_match", ['"6"', 'W/"7"', '""', '"77"'])
def test_a_change_of_another_version_is_stale(if_match: str) -> None:
    with pytest.raises(Stale):
        require_match(if_match, 7)


@pytest.mark.parametrize("if_match", [None, "", " ", "*"])
def test_a_change_names_what_it_changes(if_match: str | None) -> None:
    with pytest.raises(PreconditionRequired):
        require_match(if_match, 7)


@pytest.mark.parametrize("if_match", ["7", '"7', "'7'", '"7" "8"', "W/7", '"7";'])
def test_a_tag_that_is_none_is_malformed(if_match: str) -> None:
    with pytest.raises(Problem) as caught:
        require_match(if_match, 7)

    assert caught.value.status == 400


@pytest.mark.parametrize(("if_match", "status"), [(None, 428), ('"6"', 412), (etag(7), 204), ("7", 422), ("*", 422)])
async def test_if_match_is_heeded_over_http(ana: httpx.AsyncClient, if_match: str | None, status: int) -> None:
    headers = {} if if_match is None else {"If-Match": if_match}
    answer = await ana.put("/v1/things/5c7ecf2f-1cd8-4f4c-8f5a-0d8d9f0f1a2b", headers=headers)

    assert answer.status_code == status


def test_a_cursor_leads_back_to_its_position() -> None:
    cursor = cursor_of("2026-03-02T12:00:00Z", 41)

    assert position_of(cursor, str, int) == ("2026-03-02T12:00:00Z", 41)
    assert position_of(None, str, int) is None


@pytest.mark.parametrize("cursor", ["", "a", "e30", "W10", cursor_of(1, 2), cursor_of("a", "b"), "_" * 200])
def test_a_cursor_that_we_did_not_make_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid):
        position_of(cursor, str, int)


def test_a_next_link_keeps_the_query_and_names_no_host() -> None:
    scope = {"type": "http", "query_string": b"limit=5&cursor=old", "headers": [(b"host", b"elsewhere.test")]}
    answer = Response()

    link_next(Request(scope), answer, "new")

    assert answer.headers["link"] == '<?limit=5&cursor=new>; rel="next"'


def test_a_last_page_has_no_link() -> None:
    answer = Response()

    link_next(Request({"type": "http", "query_string": b"", "headers": []}), answer, None)

    assert "link" not in answer.headers


def test_a_bucket_fills_again_with_time() -> None:
    now = [0.0]
    rates = RateLimiter(2.0, 2, monotonic=lambda: now[0])
    rates.acquire("ana")
    rates.acquire("ana")

    with pytest.raises(TooManyRequests):
        rates.acquire("ana")
    now[0] += 0.5
    rates.acquire("ana")


def test_buckets_are_bounded() -> None:
    rates = RateLimiter(1.0, 1)

    for number in range(MAX_BUCKETS + 10):
        rates.acquire(number)

    assert len(rates._buckets) == MAX_BUCKETS


async def test_a_process_is_alive_and_ready(web: Web, app: FastAPI) -> None:
    async with web.asking(app) as client:
        assert (await client.get("/healthz")).json() == {"alive": True}
        assert (await client.get("/readyz")).json() == {"ready": True}


async def test_readiness_names_the_missing_part_and_nothing_of_why(web: Web) -> None:
    async def broker() -> bool:
        raise ConnectionError("CANARY broker.internal:9092")

    async with web.serving("intake", [], readiness={"broker": broker}) as app, web.asking(app) as client:
        answer = await client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["errors"] == [{"field": "broker", "code": "missing"}]
    assert "CANARY" not in answer.text


async def test_readiness_asks_the_parts_once_a_second_at_most() -> None:
    checks = []

    async def part() -> bool:
        checks.append(1)
        return True

    readiness = Readiness({"part": part})
    for _ in range(10):
        await readiness.missing()

    assert len(checks) == 1


async def test_no_router_waits_for_its_first_request_to_be_laid_out(app: FastAPI) -> None:
    included = [route for route in app.routes if hasattr(route, "effective_candidates")]

    assert included
    assert all(vars(route)["_effective_candidates"] for route in included)
