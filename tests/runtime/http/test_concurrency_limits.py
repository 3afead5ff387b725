"""Who is worked for at a time: shares, places for stops, bodies on their way, and requests that begin."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import HTTPConnection

from runtime.http import concurrency_limits
from runtime.http.admission import AT_A_TIME, PATIENCE_SECONDS, AdmissionQueue
from runtime.http.application import problem_application
from runtime.http.client_address import client_address
from runtime.http.concurrency_limits import BodyReadLimits, ConcurrencyLimits
from runtime.http.problems import Problem, Unavailable
from tests.runtime.http import sample_app
from tests.support.web import Web


async def take_places(stack: AsyncExitStack, room: ConcurrencyLimits, client: str, times: int) -> int:
    """Take places until one is refused; return how many there were."""
    for number in range(times):
        try:
            await stack.enter_async_context(room.of(client))
        except Unavailable:
            return number
    return times


async def test_h5_one_client_takes_no_more_than_half() -> None:
    room = ConcurrencyLimits(40, share=8, for_stops=8)
    async with AsyncExitStack() as stack:
        greedy = await take_places(stack, room, "greedy", 100)
        others = [await take_places(stack, room, name, 100) for name in ("one", "two", "three")]

    assert greedy == 16
    assert others == [8, 8, 0]


async def test_h5_stops_have_places_that_nobody_else_takes() -> None:
    room = ConcurrencyLimits(10, share=4, for_stops=4)
    async with AsyncExitStack() as stack:
        for client in "abcdef":
            await take_places(stack, room, client, 10)
        async with asyncio.timeout(1), room.of_stop("a"), room.of_stop("b"), room.of_stop("a"):
            pass


async def test_h5_a_clients_stops_wait_only_for_its_own() -> None:
    room = ConcurrencyLimits(10, share=2, for_stops=4)
    done = asyncio.Event()

    async def stop(client: str) -> None:
        async with room.of_stop(client):
            await done.wait()

    async with asyncio.TaskGroup() as group:
        for _ in range(6):
            group.create_task(stop("many"))
        await asyncio.sleep(0)
        async with asyncio.timeout(1), room.of_stop("other"):
            done.set()
    assert room._own == {}


async def test_a_place_is_given_back_when_the_work_fails() -> None:
    room = ConcurrencyLimits(4, share=1, for_stops=1)
    for _ in range(10):
        with pytest.raises(ValueError, match="broken"):
            async with room.of("a"):
                raise ValueError("broken")
    async with room.of("a"):
        assert room._busy == 1


async def test_d7_the_newest_body_of_a_client_gives_up_its_oldest() -> None:
    coming, given_up = BodyReadLimits(3), []

    async def trickle(number: int) -> None:
        try:
            async with coming.of("trickler"):
                await asyncio.sleep(30)
        except Problem as problem:
            given_up.append((number, problem.code))

    tasks = [asyncio.create_task(trickle(number)) for number in range(5)]
    await asyncio.sleep(0.01)
    async with coming.of("trickler"):
        await asyncio.sleep(0.01)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert given_up == [(0, "body_too_slow"), (1, "body_too_slow"), (2, "body_too_slow")]
    assert coming._coming == {}


async def test_d19_a_body_that_never_comes_is_answered(monkeypatch: pytest.MonkeyPatch, web: Web, app: FastAPI) -> None:
    monkeypatch.setattr(concurrency_limits, "BODY_SECONDS", 0.1)

    async def never() -> AsyncIterator[bytes]:
        yield b'{"word"'
        await asyncio.sleep(30)

    async with web.as_person(app, "ana") as ana, asyncio.timeout(5):
        answer = await ana.post("/v1/things", content=never(), headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (400, "body_too_slow")


async def test_h5_slow_bodies_hold_no_place(web: Web) -> None:
    """Far more slow bodies than there are places, of one client: another is answered, and so is its stop."""
    app_state = web.app_state(
        "accord_intake", concurrency_limits=ConcurrencyLimits(4, share=2, for_stops=1), body_reads=BodyReadLimits(8)
    )
    go = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await go.wait()

    json_type = {"Content-Type": "application/json"}
    async with (
        web.serving("intake", [sample_app.routes], app_state=app_state) as app,
        web.as_person(app, "cora") as cora,
        web.as_person(app, "priya") as priya,
        web.as_person(app, "ana") as ana,
        asyncio.timeout(10),
    ):
        holders = [
            asyncio.create_task(person.post("/v1/things", content=slow(), headers=json_type))
            for person in (cora, priya)
            for _ in range(20)
        ]
        await asyncio.sleep(0.05)
        written = await ana.post("/v1/things", json={"word": f"word-{uuid4().hex[:12]}"})
        stopped = await ana.post("/v1/things/stop", json={"word": f"word-{uuid4().hex[:12]}"})
        go.set()
        answers = await asyncio.gather(*holders)

    assert (written.status_code, stopped.status_code) == (201, 201)
    assert {answer.status_code for answer in answers} <= {400, 403}


async def test_h5_without_a_scope_no_body_is_read(web: Web, app: FastAPI) -> None:
    async def never() -> AsyncIterator[bytes]:
        await asyncio.sleep(30)
        yield b""

    async with web.as_person(app, "ana") as ana, asyncio.timeout(5):
        answer = await ana.post("/v1/things/record", content=never(), headers={"Content-Type": "application/json"})

    assert answer.status_code == 403


async def test_h6_a_large_body_waits_for_its_turn_a_small_one_does_not(web: Web, app: FastAPI) -> None:
    large = json.dumps({"word": "x", "once": " " * 8_000}).encode()
    async with web.as_person(app, "ana") as ana:
        async with app.state.app_state.parsing:
            waiting = asyncio.create_task(
                ana.post("/v1/things", content=large, headers={"Content-Type": "application/json"})
            )
            small = await ana.post("/v1/things", json={"word": f"word-{uuid4().hex[:12]}"})
            before = waiting.done()
        after = await waiting

    assert (small.status_code, before) == (201, False)
    assert after.status_code in (201, 422)


async def test_requests_that_come_together_begin_a_few_at_a_time() -> None:
    starts, rounds = AdmissionQueue(), []
    now = 0

    async def begin(number: int) -> None:
        await starts.admit()
        rounds.append((now, number))

    tasks = [asyncio.create_task(begin(number)) for number in range(5 * AT_A_TIME)]
    while not all(task.done() for task in tasks):
        now += 1
        await asyncio.sleep(0)

    assert [number for _, number in rounds] == list(range(5 * AT_A_TIME))
    assert max(sum(1 for at, _ in rounds if at == tick) for tick in range(now + 1)) <= AT_A_TIME


async def test_who_was_refused_in_a_row_begins_behind_all_others() -> None:
    starts, begun = AdmissionQueue(), []

    async def begin(name: str, *, last: bool) -> None:
        await starts.admit(last=last)
        begun.append(name)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_A_TIME):
            group.create_task(begin("first", last=False))
        for _ in range(AT_A_TIME):
            group.create_task(begin("refused", last=True))
        for _ in range(AT_A_TIME):
            group.create_task(begin("honest", last=False))

    assert begun == ["first"] * AT_A_TIME + ["honest"] * AT_A_TIME + ["refused"] * AT_A_TIME


async def test_h5_during_a_stop_other_requests_begin_after_a_wait() -> None:
    starts, begun = AdmissionQueue(), []

    async def begin(name: str) -> None:
        await starts.admit()
        begun.append(name)

    with starts.prioritised("ana"):
        waiting = asyncio.create_task(begin("early"))
        await asyncio.sleep(PATIENCE_SECONDS / 4)
        assert begun == []
        await asyncio.wait_for(waiting, 5)
        late = asyncio.create_task(begin("late"))
    await asyncio.wait_for(late, 5)

    assert begun == ["early", "late"]


async def test_h5_a_flood_of_one_clients_stops_holds_nobody_back() -> None:
    starts = AdmissionQueue()

    with starts.prioritised("lee"):
        pass
    with starts.prioritised("lee"):
        await asyncio.wait_for(starts.admit(), PATIENCE_SECONDS / 2)
        with starts.prioritised("ana"):
            waiting = asyncio.create_task(starts.admit())
            await asyncio.sleep(PATIENCE_SECONDS / 4)
            assert not waiting.done()
    await asyncio.wait_for(waiting, 5)


@pytest.mark.parametrize(
    ("sent", "trusted", "address"),
    [
        ("", 0, "192.0.2.1"),
        ("198.51.100.7", 0, "192.0.2.1"),
        ("198.51.100.7", 1, "198.51.100.7"),
        ("203.0.113.9, 198.51.100.7", 1, "198.51.100.7"),
        ("203.0.113.9, 198.51.100.7", 2, "203.0.113.9"),
        ("198.51.100.7", 2, "192.0.2.1"),
    ],
)
def test_l8_an_address_is_what_our_own_proxies_saw(sent: str, trusted: int, address: str) -> None:
    headers = [(b"x-forwarded-for", sent.encode())] if sent else []
    connection = HTTPConnection({"type": "http", "headers": headers, "client": ("192.0.2.1", 5)})

    assert client_address(connection, trusted) == address


async def test_l13_production_describes_itself_to_nobody(web: Web) -> None:
    for described, status in ((False, 404), (True, 200)):
        async with web.asking(problem_application("trial", described=described)) as client:
            assert (await client.get("/openapi.json")).status_code == status


async def test_d19_a_number_in_a_query_is_digits_only(ana: httpx.AsyncClient) -> None:
    answers = [await ana.get(f"/v1/things?limit={limit}") for limit in ("20", "%2020", "20%20", "+20", "%2B20", "2_0")]

    assert [answer.status_code for answer in answers] == [200, 422, 422, 422, 422, 422]
