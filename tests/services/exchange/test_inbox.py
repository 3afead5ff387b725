"""The inbox: what could be opened now, by this person, page by page, and no trace of the rest."""

import asyncio
import base64
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from runtime.disclosure import list_reads as lists
from runtime.http.pagination import cursor_of
from runtime.messaging.consumer.message import read
from schemas.categories import DataCategory
from schemas.codes import Purpose
from services.exchange import inbox, store
from tests.services.exchange.conftest import Desk, an_incident, listed
from tests.support.web import Web

FORGET = """DELETE FROM exchange.message WHERE recipient = %(agency)s AND case_ref = %(case_ref)s"""


async def a_mailbox(desk: Desk, pattern: str) -> UUID:
    """Fill the shelter's mailbox: `v` may be opened, `h` could once; return the shelter's reference to the hidden."""
    visible, (hidden, directive) = (await desk.released())[0], await desk.released()
    await desk.offer(*(an_incident(visible if mark == "v" else hidden) for mark in pattern))
    letters = [
        letter for case_ref in (visible, hidden) for letter in await desk.delivery.waiting(case_ref, desk.shelter)
    ]
    await desk.delivery.hand(sorted(letters, key=lambda letter: letter.offset))
    await desk.town.revoke(hidden, directive)
    return await desk.shelter_case_ref(hidden)


async def every_page(client: httpx.AsyncClient, limit: int) -> list[tuple[int, bytes, Any]]:
    """Walk a mailbox by the cursor that each answer gives, to the end and once beyond it."""
    pages, path = list[tuple[int, bytes, Any]](), f"/v1/inbox?limit={limit}"
    while len(pages) < 2 or pages[-1] != pages[-2]:
        answer = await client.get(path)
        headers = sorted(answer.headers.items())
        pages.append((answer.status_code, answer.content, headers))
        cursor = answer.json()["cursor"]
        path = f"/v1/inbox?limit={limit}" + (f"&cursor={cursor}" if cursor else "")
    return pages


async def test_a_message_is_listed_by_its_routing_and_nothing_else(desk: Desk) -> None:
    case_ref, _ = await desk.released()

    await desk.tell(case_ref)

    (message,) = await listed(desk.sam)
    assert message == {
        "message_ref": str(await desk.newest(case_ref)),
        "type": "accord.incident.reported.v1",
        "case_ref": str(await desk.shelter_case_ref(case_ref)),
        "sender": "bay-hotline",
        "occurred_at": message["occurred_at"],
        "fact_ref": message["fact_ref"],
    }


async def test_a_listed_message_has_the_routing_of_its_opening(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.tell(case_ref)

    (message,) = await listed(desk.sam)
    opened = (await desk.opening(message["message_ref"])).json()

    assert {name: opened[name] for name in message} == message


async def test_a_list_is_no_look_and_leaves_no_leaf(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.tell(case_ref)

    await listed(desk.sam)
    await listed(desk.sam, path=f"/v1/cases/{await desk.shelter_case_ref(case_ref)}/messages")

    assert desk.leaves() == []


async def purposes_of(by: httpx.AsyncClient, message_ref: UUID) -> list[str] | int:
    answer = await by.get(f"/v1/messages/{message_ref}/purposes")
    return answer.json()["purposes"] if answer.is_success else answer.status_code


async def test_m11_listing_possible_purposes_records_no_refusal(desk: Desk) -> None:
    case_ref, directive_ref = await desk.released()
    await desk.permit(case_ref, purpose=Purpose.ADVOCACY)
    await desk.tell(case_ref)
    message_ref = await desk.newest(case_ref)

    before = await purposes_of(desk.sam, message_ref)
    await desk.town.revoke(case_ref, directive_ref)
    after = await purposes_of(desk.sam, message_ref)
    await desk.block_kim(case_ref)

    assert (before, after) == (["advocacy", "shelter"], ["advocacy"])
    assert [await purposes_of(by, message_ref) for by in (desk.sam, desk.kim, desk.ana)] == [["advocacy"], 404, 404]
    assert await purposes_of(desk.sam, uuid4()) == 404
    assert desk.leaves() == []


async def test_a_message_names_each_purpose_that_opens_it(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.permit(case_ref, purpose=Purpose.ADVOCACY)
    await desk.tell(case_ref)
    (row,) = await listed(desk.sam)
    opening = f"/v1/messages/{row['message_ref']}/opening"

    opened = [word for word in sorted(Purpose) if (await desk.sam.post(opening, json={"purpose": word})).is_success]

    assert await purposes_of(desk.sam, row["message_ref"]) == opened == ["advocacy", "shelter"]


@pytest.mark.parametrize("query", ["", "?queue=unread"])
async def test_a_mailbox_is_as_long_as_its_count(desk: Desk, query: str) -> None:
    await a_mailbox(desk, "vhvhhv")

    counted = (await desk.sam.get(f"/v1/inbox/count{query}")).json()

    assert counted == {"count": len(await listed(desk.sam, query[1:])), "whole": True}
    assert counted["count"] == 3


async def test_what_was_revoked_is_listed_no_more(desk: Desk) -> None:
    case_ref, directive_ref = await desk.released()
    await desk.tell(case_ref)
    assert len(await listed(desk.sam)) == 1

    await desk.town.revoke(case_ref, directive_ref)

    assert await listed(desk.sam) == []


async def test_a_message_is_hidden_from_a_blocked_person_only(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.tell(case_ref)

    await desk.block_kim(case_ref)

    assert await listed(desk.kim) == []
    assert len(await listed(desk.sam)) == 1


async def test_from_a_blocked_person_the_agencys_own_record_hides_too(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.tell(case_ref)
    await desk.town.direct(case_ref, None, None, effect="deny", excluded="ana")

    messages = await listed(desk.ana)

    assert str(case_ref) not in {message["case_ref"] for message in messages}


async def test_a_message_that_no_purpose_of_an_agency_opens_is_hidden(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.tell(case_ref)

    purposes = [purpose for purpose in Purpose if purpose is not Purpose.SHELTER]
    desk.rows(
        "UPDATE register.agency SET purposes = %(purposes)s WHERE agency_id = %(agency)s",
        purposes=purposes,
        agency=desk.shelter,
    )

    assert await listed(desk.sam) == []


async def test_pages_hold_every_visible_message_once_and_in_order(desk: Desk) -> None:
    await a_mailbox(desk, "hvvhhvhvv")

    pages = [await listed(desk.sam, f"limit={limit}") for limit in (1, 2, 3, 200)]

    places = desk.rows(
        "SELECT message_ref FROM exchange.message WHERE recipient = %(a)s ORDER BY place", a=desk.shelter
    )
    visible = [str(places[at][0]) for at in (1, 2, 5, 7, 8)]
    assert [[message["message_ref"] for message in page] for page in pages] == [visible] * 4


async def test_a_page_of_exactly_the_limit_names_no_next(desk: Desk) -> None:
    await a_mailbox(desk, "vvh")

    exactly, less = await desk.sam.get("/v1/inbox?limit=2"), await desk.sam.get("/v1/inbox?limit=1")

    assert (len(exactly.json()["messages"]), "Link" in exactly.headers) == (2, False)
    assert (len(less.json()["messages"]), "Link" in less.headers) == (1, True)


async def test_a_link_keeps_the_limit_and_names_no_host(desk: Desk) -> None:
    await a_mailbox(desk, "vv")

    answer = await desk.sam.get("/v1/inbox?limit=1")

    assert answer.links["next"]["url"] == f"?limit=1&cursor={answer.json()['cursor']}"


@pytest.mark.parametrize("pattern", ["hhh", "vhvhhv", "vvhhhh", "hhhhvv"])
async def test_hidden_messages_change_no_byte_of_an_answer(desk: Desk, pattern: str) -> None:
    hidden = await a_mailbox(desk, pattern)
    limits = (1, 2, 5)
    with_them = [await every_page(desk.sam, limit) for limit in limits]

    desk.rows(FORGET, agency=desk.shelter, case_ref=hidden)

    assert [await every_page(desk.sam, limit) for limit in limits] == with_them


async def test_more_hidden_messages_than_one_batch_stay_hidden(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "AT_ONCE", 2)
    monkeypatch.setattr(lists, "SPARE", 1)
    await a_mailbox(desk, "hhhhhvhhhhhv")

    messages = await listed(desk.sam, "limit=1")

    assert len(messages) == 2


async def test_a_cursor_at_the_end_goes_on_with_what_comes_later(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.tell(case_ref)
    cursor = (await desk.sam.get("/v1/inbox")).json()["cursor"]

    nothing_new = await desk.sam.get(f"/v1/inbox?cursor={cursor}")
    await desk.tell(case_ref)
    later = await desk.sam.get(f"/v1/inbox?cursor={cursor}")

    assert nothing_new.json() == {"messages": [], "cursor": cursor}
    assert [message["message_ref"] for message in later.json()["messages"]] == [str(await desk.newest(case_ref))]


async def test_a_cursor_goes_on_though_its_own_message_was_revoked(desk: Desk) -> None:
    case_ref, directive_ref = await desk.released()
    await desk.tell(case_ref)
    cursor = (await desk.sam.get("/v1/inbox")).json()["cursor"]
    await desk.town.revoke(case_ref, directive_ref)
    other, _ = await desk.released()
    await desk.tell(other)

    later = await desk.sam.get(f"/v1/inbox?cursor={cursor}")

    assert [message["case_ref"] for message in later.json()["messages"]] == [str(await desk.shelter_case_ref(other))]


async def test_l1_a_cursor_that_nobody_gave_is_the_end_of_the_list(desk: Desk) -> None:
    hidden, _ = await desk.released()
    visible, _ = await desk.released()
    await desk.tell(hidden)
    await desk.tell(visible)
    await desk.block_kim(hidden)
    refs = [
        await desk.newest(hidden),
        await desk.newest(visible),
        await desk.newest(hidden, "bay-hotline"),
        uuid4(),
    ]

    answers = [await desk.kim.get(f"/v1/inbox?cursor={cursor_of(str(ref))}") for ref in refs]

    assert [answer.status_code for answer in answers] == [200] * 4
    assert [answer.json() for answer in answers] == [{"messages": [], "cursor": None}] * 4
    assert ["Link" in answer.headers for answer in answers] == [False] * 4


async def test_l1_a_cursor_names_neither_message_nor_place(desk: Desk) -> None:
    await a_mailbox(desk, "hv")

    cursor = (await desk.sam.get("/v1/inbox")).json()["cursor"]
    answer = await desk.ana.get(f"/v1/inbox?cursor={cursor}")

    written = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    place = desk.rows("SELECT max(place) FROM exchange.message WHERE recipient = %(a)s", a=desk.shelter)[0][0]
    assert not written.isascii()
    # As eight bytes: its few digits stand in random bytes by chance.
    assert not [order for order in ("big", "little") if place.to_bytes(8, order) in written]
    assert answer.status_code == 422, "another agency's cursor is not ours to go on from"


async def test_a_message_that_commits_late_is_behind_no_cursor(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.offer(an_incident(case_ref), an_incident(case_ref))
    first, second = await desk.delivery.waiting(case_ref, desk.shelter)
    slow_has_its_place, slow_may_commit = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with desk.town.unit("accord_exchange", desk.shelter) as unit:
            await store.keep(unit.session, [read(first)])
            slow_has_its_place.set()
            await slow_may_commit.wait()
            await unit.session.commit()

    slowly = asyncio.create_task(slow())
    await slow_has_its_place.wait()
    quickly = asyncio.create_task(desk.delivery.hand([second]))
    seen_meanwhile = await desk.sam.get("/v1/inbox")
    slow_may_commit.set()
    await asyncio.gather(slowly, quickly)

    assert seen_meanwhile.json()["messages"] == []
    assert len(await listed(desk.sam)) == 2


async def test_a_list_holds_nobody_once_it_has_decided(desk: Desk) -> None:
    await a_mailbox(desk, "vhv")
    query = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")

    async with desk.town.unit("accord_exchange", desk.shelter, f"sam-{desk.shelter}") as unit:
        page = await inbox.page(unit, 0, 50)
        lock_count = await unit.session.scalar(query)

    assert (len(page.rows), lock_count) == (2, 0)


async def test_a_list_is_read_while_somebody_else_lists(desk: Desk) -> None:
    await a_mailbox(desk, "vhvhv")

    pages = await asyncio.gather(*(listed(desk.sam, "limit=2") for _ in range(4)))

    assert {len(page) for page in pages} == {3}


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=ten",
        "limit=9&limit=9",
        "cursor=",
        "cursor=%00",
        "cursor=heron-4417",
        "cursor=WyJoZXJvbi00NDE3Il0",  # ["heron-4417"]
        "cursor=WzFd",  # [1]
        "cursor=W10",  # []
        "cursor=" + "W" * 401,
        "heron-4417=1",
        "purpose=shelter",
    ],
)
@pytest.mark.parametrize("path", ["/v1/inbox", "/v1/cases/00000000-0000-4000-8000-000000000000/messages"])
async def test_a_list_is_asked_for_in_words_we_know(desk: Desk, path: str, query: str) -> None:
    answer = await desk.sam.get(f"{path}?{query}")

    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "heron-4417" not in answer.text


async def test_a_coordinator_lists_only_what_the_cell_was_released(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.town.direct(case_ref, "county-cell", Purpose.COORDINATION, [DataCategory.REFERRAL_STATUS])
    await desk.tell(case_ref)

    cell_ref = str(await desk.town.case_ref_of(case_ref, "county-cell"))

    assert cell_ref not in {message["case_ref"] for message in await listed(desk.people["cora"])}


async def test_a_privacy_officer_has_no_inbox(desk: Desk) -> None:
    answers = [
        await desk.people["priya"].get("/v1/inbox"),
        await desk.people["priya"].get(f"/v1/cases/{uuid4()}/messages"),
        await desk.opening(uuid4(), by=desk.people["priya"]),
        await desk.people["priya"].post("/v1/openings", json={"purpose": "shelter", "message_refs": [str(uuid4())]}),
        await desk.people["priya"].post(f"/v1/messages/{uuid4()}/offering", json={}),
    ]

    assert [answer.status_code for answer in answers] == [403] * 5


async def test_without_a_token_nothing_is_told(desk: Desk, web: Web, app: FastAPI) -> None:
    case_ref, _ = await desk.released()
    await desk.tell(case_ref)

    async with web.asking(app) as anonymous:
        answers = [
            await anonymous.get("/v1/inbox"),
            await anonymous.get(f"/v1/cases/{await desk.shelter_case_ref(case_ref)}/messages"),
            await desk.opening(await desk.newest(case_ref), by=anonymous),
        ]

    assert [answer.status_code for answer in answers] == [401] * 3


async def test_the_wall_stands_where_a_query_forgets_it(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.tell(case_ref)
    refs = [await desk.newest(case_ref), await desk.newest(case_ref, "bay-hotline")]
    query = text("SELECT message_ref FROM exchange.message WHERE message_ref = ANY(:refs)")

    visible = {}
    for agency_id in (desk.shelter, "bay-hotline", "county-sheriff"):
        async with desk.town.unit("accord_exchange", agency_id) as unit:
            visible[agency_id] = list(await unit.session.scalars(query, {"refs": refs}))
    async with desk.town.session("accord_exchange") as session:
        visible["nobody"] = list(await session.scalars(query, {"refs": refs}))

    assert visible == {desk.shelter: refs[:1], "bay-hotline": refs[1:], "county-sheriff": [], "nobody": []}
