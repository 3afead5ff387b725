"""A mailbox as a queue that falls: unread by the agency, opened, handled; its own records are no mail."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from schemas.categories import DataCategory
from schemas.codes import Purpose
from tests.services.exchange.conftest import Desk, an_incident, listed

QUEUES = ("unread", "opened", "handled")


async def queue(client: httpx.AsyncClient, name: str) -> list[str]:
    return [message["message_ref"] for message in await listed(client, f"queue={name}&limit=2")]


async def lengths(client: httpx.AsyncClient) -> list[int]:
    """Return how long each queue is, once its count is seen to be the length of its list."""
    counts = [(await client.get(f"/v1/inbox/count?queue={name}")).json() for name in QUEUES]
    lists = [len(await queue(client, name)) for name in QUEUES]
    assert counts == [{"count": length, "whole": True} for length in lists]
    return lists


async def handle(client: httpx.AsyncClient, message_ref: UUID | str, handled: bool = True) -> httpx.Response:
    return await client.put(f"/v1/messages/{message_ref}/handling", json={"handled": handled})


async def a_message(desk: Desk, *categories: DataCategory) -> tuple[UUID, UUID, str]:
    """Tell the shelter something; return the hotline's case, the directive and the message."""
    case_ref, directive_ref = await desk.released(*categories)
    await desk.tell(case_ref)
    return case_ref, directive_ref, str(await desk.newest(case_ref))


async def test_an_opened_message_leaves_the_unread_for_all_colleagues(desk: Desk) -> None:
    messages = [(await a_message(desk))[2] for _ in range(3)]
    assert await queue(desk.kim, "unread") == messages

    assert (await desk.opening(messages[1])).status_code == 200

    assert await queue(desk.kim, "unread") == [messages[0], messages[2]]
    assert await queue(desk.kim, "opened") == [messages[1]]
    assert await lengths(desk.kim) == [2, 1, 0]


async def test_what_was_dealt_with_stands_newest_first(desk: Desk) -> None:
    messages = [(await a_message(desk))[2] for _ in range(5)]

    await desk.sam.post("/v1/openings", json={"purpose": "shelter", "message_refs": messages[:3]})
    for message in messages[3:]:
        await handle(desk.sam, message)

    assert await queue(desk.sam, "opened") == messages[2::-1]
    assert await queue(desk.sam, "handled") == [messages[4], messages[3]]


async def test_a_handled_message_says_by_whom_and_when(desk: Desk) -> None:
    _, _, message = await a_message(desk)

    first, second = await handle(desk.sam, message), await handle(desk.kim, message)
    (row,) = await listed(desk.kim, "queue=handled")

    assert row["handled_by"] == f"sam-{desk.shelter}"
    assert first.json() == second.json() == row
    assert await lengths(desk.sam) == [0, 0, 1]


async def test_one_message_has_the_routing_and_marks_of_its_row(desk: Desk) -> None:
    _, _, message = await a_message(desk)
    await handle(desk.sam, message)

    (row,) = await listed(desk.sam, "queue=handled")
    answer = (await desk.sam.get(f"/v1/messages/{message}/purposes")).json()

    assert answer == row | {"purposes": ["shelter"]}


async def test_a_mark_that_is_taken_away_puts_the_message_back(desk: Desk) -> None:
    _, _, unread = await a_message(desk)
    _, _, opened = await a_message(desk)
    await desk.opening(opened)

    for message in (unread, opened):
        await handle(desk.sam, message)
        answer = await handle(desk.kim, message, handled=False)
        assert "handled_at" not in answer.json()

    assert (await queue(desk.sam, "unread"), await queue(desk.sam, "opened")) == ([unread], [opened])


async def test_a_refused_opening_leaves_a_message_unread(desk: Desk) -> None:
    _, _, message = await a_message(desk)

    refused = await desk.opening(message, purpose="advocacy")

    assert refused.status_code == 404
    assert await queue(desk.sam, "unread") == [message]


async def test_an_agencys_own_records_are_in_no_queue(desk: Desk) -> None:
    case_ref, _, _ = await a_message(desk)
    own = str(await desk.newest(case_ref, "bay-hotline"))

    assert (await handle(desk.ana, own)).status_code == 200
    assert own not in [message for name in QUEUES for message in await queue(desk.ana, name)]


async def test_what_is_hidden_is_in_no_queue_and_cannot_be_marked(desk: Desk) -> None:
    case_ref, directive_ref, message = await a_message(desk)
    await desk.block_kim(case_ref)
    kims = await lengths(desk.kim), (await handle(desk.kim, message)).status_code
    await desk.town.revoke(case_ref, directive_ref)
    absent = await handle(desk.sam, uuid4())
    refused = await handle(desk.sam, message)

    assert kims == ([0, 0, 0], 404)
    assert await lengths(desk.sam) == [0, 0, 0]
    assert refused.status_code == absent.status_code == 404
    assert refused.json().keys() == absent.json().keys()


async def test_another_agency_marks_nothing_of_ours(desk: Desk) -> None:
    _, _, message = await a_message(desk)

    answers = [await handle(client, message) for client in (desk.ana, desk.people["lee"])]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert await queue(desk.sam, "unread") == [message]


async def test_a_mark_changes_nothing_for_the_sender(desk: Desk) -> None:
    _, _, message = await a_message(desk)
    before = (await desk.ana.get("/v1/inbox?limit=200")).json()

    await desk.opening(message)
    await handle(desk.sam, message)

    assert (await desk.ana.get("/v1/inbox?limit=200")).json() == before


async def test_two_who_open_the_same_at_once_both_see_it(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.offer(*(an_incident(case_ref) for _ in range(4)))
    await desk.delivery.deliver(case_ref, "bay-hotline", desk.shelter)
    refs = await queue(desk.sam, "unread")

    async def opened(by: httpx.AsyncClient, order: list[str]) -> list[dict[str, Any]]:
        answer = await by.post("/v1/openings", json={"purpose": "shelter", "message_refs": order})
        messages: list[dict[str, Any]] = answer.json()["opened"]
        return messages

    both = await asyncio.gather(*(opened(by, refs[::step]) for by, step in ((desk.sam, 1), (desk.kim, -1)) * 4))

    assert {len(messages) for messages in both} == {4}
    assert await queue(desk.sam, "unread") == []


async def test_a_cursor_of_one_queue_is_no_place_in_another(desk: Desk) -> None:
    for _ in range(3):
        await a_message(desk)
    link = (await desk.sam.get("/v1/inbox?queue=unread&limit=1")).links["next"]["url"]

    answer = await desk.sam.get("/v1/inbox" + link.replace("queue=unread", "queue=opened"))

    assert answer.status_code == 422


@pytest.mark.parametrize("body", [{}, {"handled": "yes"}, {"handled": None}, {"handled": True, "by": "kim"}])
async def test_a_mark_is_said_in_words_we_know(desk: Desk, body: dict[str, Any]) -> None:
    _, _, message = await a_message(desk)

    answer = await desk.sam.put(f"/v1/messages/{message}/handling", json=body)

    assert answer.status_code == 422


async def test_a_cell_has_only_what_it_was_released_in_its_queue(desk: Desk) -> None:
    case_ref, _, _ = await a_message(desk)
    await desk.town.direct(case_ref, "county-cell", Purpose.COORDINATION, [DataCategory.REFERRAL_STATUS])
    cell_ref = str(await desk.town.case_ref_of(case_ref, "county-cell"))

    unread = await listed(desk.people["cora"], "queue=unread&limit=200")

    assert cell_ref not in {message["case_ref"] for message in unread}
