"""Asking for lists: page by page, never elsewhere, and an answer that is not a list costs the number only."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.dashboard.domain import MOST, Count, Source, Tile, received
from services.dashboard.service_client import NotAuthorised, ServiceClient, ServiceUnavailable

TILE = Tile(
    "waiting", "Waiting", "referrals:read", ("", "", "", ""), (Source("referrals", "/v1/r", (), "rows", received),)
)
STATES = (("state", "sent"), ("state", "needs_info"))


def rows(number: int) -> dict[str, Any]:
    return {"rows": [{"case_ref": str(uuid4()), "referral_ref": str(uuid4())} for _ in range(number)]}


def reach(answer: Callable[[httpx.Request], httpx.Response]) -> ServiceClient:
    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return ServiceClient(client, {"referrals": "http://referrals.test"})


async def test_all_pages_are_read_with_the_persons_token() -> None:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        more = {"Link": '<?limit=200&cursor=c2>; rel="next"'} if len(requests) == 1 else {}
        return httpx.Response(200, json=rows(2), headers=more)

    result = await reach(answer).listing(TILE, "the-token")

    assert result.count == 4
    assert [request.url.params.get("cursor") for request in requests] == [None, "c2"]
    assert {request.headers["authorization"] for request in requests} == {"Bearer the-token"}


async def test_a_link_to_another_host_takes_no_token_there() -> None:
    hosts: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        more = {"Link": '<http://elsewhere.test/?cursor=c2>; rel="next"'} if len(hosts) == 1 else {}
        return httpx.Response(200, json=rows(1), headers=more)

    await reach(answer).listing(TILE, "the-token")

    assert set(hosts) == {"referrals.test"}


async def test_reading_ends_where_a_screen_ends() -> None:
    requests: list[httpx.Request] = []

    def endless(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json=rows(200), headers={"Link": '<?cursor=again>; rel="next"'})

    result = await reach(endless).listing(TILE, "")

    assert (result.count, result.whole) == (MOST, False)
    assert len(requests) == 6


async def test_a_count_is_requested_with_the_lists_query_and_no_rows() -> None:
    urls: list[httpx.URL] = []
    waiting = Tile("w", "W", "referrals:read", ("",) * 4, (Source("referrals", "/v1/r", STATES, "rows", received),))

    def answer(request: httpx.Request) -> httpx.Response:
        urls.append(request.url)
        return httpx.Response(200, json={"count": 7, "whole": True})

    assert await reach(answer).count(waiting, "") == Count(7)
    assert [(url.path, url.query) for url in urls] == [("/v1/r/count", b"state=sent&state=needs_info")]


@pytest.mark.parametrize(
    "body", [{"count": -1, "whole": True}, {"count": MOST + 1, "whole": True}, {"count": 7}, {"count": None}, []]
)
async def test_an_answer_that_is_not_a_count_means_that_it_is_away(body: Any) -> None:
    with pytest.raises(ServiceUnavailable):
        await reach(lambda _: httpx.Response(200, json=body)).count(TILE, "")


async def test_a_missing_scope_is_told_from_a_service_that_is_away() -> None:
    with pytest.raises(NotAuthorised):
        await reach(lambda _: httpx.Response(403)).listing(TILE, "")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(404),
        httpx.Response(302, headers={"Location": "http://elsewhere.test"}),
        httpx.Response(200, text="<p>not a list</p>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"rows": None}),
        httpx.Response(200, json={"rows": [{"case_ref": "no"}]}),
    ],
)
async def test_an_answer_that_is_not_a_list_means_that_it_is_away(answer: httpx.Response) -> None:
    with pytest.raises(ServiceUnavailable):
        await reach(lambda _: answer).listing(TILE, "")


async def test_a_service_that_does_not_answer_is_away() -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("", request=request)

    with pytest.raises(ServiceUnavailable):
        await reach(silent).listing(TILE, "")
