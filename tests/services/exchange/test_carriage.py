"""How an agency's own messages fare: told to its officer alone, by route and age, and mended on a person's word."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from secrets import token_hex
from uuid import UUID, uuid4

import httpx
import pytest

from kernel.ledger.entry import Act
from runtime.messaging.acls import RELAY
from runtime.messaging.consumer.worker import NOTE
from runtime.messaging.dead_letters import DeadLetterReason, RawRecord, pending_retries, put, resolve, take
from runtime.messaging.headers import Routing, write
from runtime.register.enrolment import NewPerson, enrol_person
from schemas.topics import mailbox
from tests.services.exchange.conftest import Desk

CARRIAGE, LETTERS, OPERATIONS = "/v1/carriage", "/v1/dead-letters", "/v1/operations"
TYPE = "accord.referral.created.v1"


async def parked(
    desk: Desk, *, sender: str, recipient: str, by: str, reason: str = "failed", type_name: str = TYPE
) -> UUID:
    """Set a message aside as a relay or a consumer does."""
    routing = Routing(uuid4(), type_name, sender, uuid4(), datetime(2026, 11, 21, tzinfo=UTC), 1)
    body = f"sealed-{token_hex(8)}".encode()
    received = RawRecord(mailbox(recipient), 0, 7, b"key", tuple(write(routing)), body)
    async with desk.town.session("accord_exchange") as session:
        ref = await put(session, by, received, DeadLetterReason(reason), tries=5, message_ref=routing.message_ref)
        await session.commit()
    return ref


async def refs(client: httpx.AsyncClient) -> list[str]:
    answer = await client.get(LETTERS, params={"limit": 200})
    assert answer.status_code == 200, answer.text
    return [letter["parked_ref"] for letter in answer.json()["dead_letters"]]


async def test_an_officer_sees_what_the_agency_sent_or_was_sent(desk: Desk) -> None:
    sent = await parked(desk, sender="bay-hotline", recipient=desk.shelter, by=RELAY, reason="too_large")
    received = await parked(desk, sender="county-sheriff", recipient="bay-hotline", by="exchange")
    others = [
        await parked(desk, sender=desk.shelter, recipient="bay-hotline", by=RELAY),
        await parked(desk, sender="bay-hotline", recipient=desk.shelter, by="exchange"),
        await parked(desk, sender="bay-hotline", recipient=desk.shelter, by="notifications"),
    ]

    answer = await desk.people["priya"].get(LETTERS, params={"limit": 200})

    letters = {letter["parked_ref"]: letter for letter in answer.json()["dead_letters"]}
    assert letters[str(sent)] | {"parked_at": None} == {
        "parked_ref": str(sent),
        "direction": "sent",
        "type": TYPE,
        "agency_id": desk.shelter,
        "agency_name": "A shelter",
        "reason": "too_large",
        "tries": 5,
        "parked_at": None,
        "retry": False,
    }
    assert (letters[str(received)]["direction"], letters[str(received)]["agency_id"]) == ("received", "county-sheriff")
    assert not letters.keys() & {str(ref) for ref in others}
    assert "sealed" not in answer.text
    assert (await desk.people["priya"].get(f"{LETTERS}/count")).json()["count"] == len(letters)


async def test_pages_list_each_letter_once(desk: Desk) -> None:
    for _ in range(3):
        await parked(desk, sender="county-sheriff", recipient="bay-hotline", by="exchange")
    whole = await refs(desk.people["priya"])

    answer = await desk.people["priya"].get(LETTERS, params={"limit": 2})
    pages = [letter["parked_ref"] for letter in answer.json()["dead_letters"]]
    while "next" in answer.links:
        answer = await desk.people["priya"].get(LETTERS + answer.links["next"]["url"])
        pages += [letter["parked_ref"] for letter in answer.json()["dead_letters"]]

    assert pages == whole


async def test_headers_that_are_not_ours_are_not_passed_on(desk: Desk) -> None:
    received = RawRecord(
        "to.bay-hotline",
        0,
        7,
        b"key",
        (("ce_type", b"Zz9-canary"), ("ce_source", b"Zz9-canary")),
        token_hex(8).encode(),
    )
    async with desk.town.session("accord_exchange") as session:
        ref = await put(session, "exchange", received, DeadLetterReason.UNREADABLE, tries=1, message_ref=None)
        await session.commit()

    answer = await desk.people["priya"].get(LETTERS, params={"limit": 200})

    assert str(ref) in answer.text
    assert "canary" not in answer.text


async def test_a_retry_is_asked_for_and_on_record(desk: Desk) -> None:
    ref = await parked(desk, sender="county-sheriff", recipient="bay-hotline", by="exchange")

    answer = await desk.people["priya"].post(f"{LETTERS}/{ref}/retry")

    assert answer.status_code == 204
    async with desk.town.session("accord_exchange") as session:
        assert ref in await pending_retries(session, "exchange")
    assert str(ref) in await refs(desk.people["priya"])
    assert newest_act(desk) == Act.ADMINISTERED


async def test_a_wait_that_was_ended_is_tried_by_nobody(desk: Desk) -> None:
    ref = await parked(desk, sender="bay-hotline", recipient=desk.shelter, by=RELAY)
    await desk.people["priya"].post(f"{LETTERS}/{ref}/retry")

    ended = await desk.people["priya"].post(f"{LETTERS}/{ref}/end")
    again = await desk.people["priya"].post(f"{LETTERS}/{ref}/retry")

    assert (ended.status_code, again.status_code) == (204, 404)
    async with desk.town.session("accord_relay") as session:
        assert ref not in await pending_retries(session, RELAY)
        assert await take(session, RELAY, ref) is None
    assert str(ref) not in await refs(desk.people["priya"])


@pytest.mark.parametrize("step", ["retry", "end"])
async def test_anothers_letter_is_answered_like_none(desk: Desk, step: str) -> None:
    theirs = await parked(desk, sender=desk.shelter, recipient="bay-hotline", by=RELAY)

    answers = [await desk.people["priya"].post(f"{LETTERS}/{ref}/{step}") for ref in (theirs, uuid4())]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert desk.rows("SELECT resolution FROM carrying.parked WHERE parked_ref = %(ref)s", ref=theirs) == [(None,)]


async def test_what_waits_is_told_of_the_own_messages_alone(desk: Desk) -> None:
    before = (await desk.people["priya"].get(CARRIAGE)).json()["waiting"]
    case_ref, _ = await desk.released()
    await desk.tell(case_ref)

    answer = (await desk.people["priya"].get(CARRIAGE)).json()

    count, oldest = desk.rows("SELECT count(*), min(put_at) FROM carrying.outbox WHERE sender = 'bay-hotline'")[0]
    assert answer["waiting"] == min(count, 1_000)
    assert answer["waiting"] >= before
    assert (answer["oldest_at"] is None) is (oldest is None)


async def test_a_keeper_tells_how_far_it_is_behind(desk: Desk) -> None:
    async with desk.town.session("accord_exchange") as session:
        await session.execute(NOTE, {"consumer": "exchange", "seconds": 2.5})
        await session.commit()

    answer = (await desk.people["priya"].get(CARRIAGE)).json()

    assert answer["unread_seconds"] == 2.5
    assert answer["observed_at"] <= answer["at"]


@asynccontextmanager
async def officer_of(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    """A privacy officer of the shelter."""
    person, roles = f"pat-{desk.shelter}", ["privacy_officer"]
    async with desk.town.session("accord_admin") as session:
        await enrol_person(session, NewPerson(person, desk.shelter, "Pat", tuple(roles)))
        await session.commit()
    async with desk.web.asking(desk.app, desk.web.issuer.person(person, agency=desk.shelter, roles=roles)) as client:
        yield client


async def test_each_reader_of_mailboxes_tells_how_far_it_is(desk: Desk) -> None:
    async with desk.town.session("accord_exchange") as session:
        await session.execute(NOTE, {"consumer": "notifications", "seconds": 7.0})
        await session.commit()

    readers = (await desk.people["priya"].get(CARRIAGE)).json()["readers"]

    assert {reader["consumer"]: reader["unread_seconds"] for reader in readers}["notifications"] == 7.0


async def test_an_officer_is_told_the_times_of_own_openings(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.tell(case_ref)
    elsewhere = (await desk.people["priya"].get(OPERATIONS)).json()["openings"]
    assert (await desk.opening(await desk.newest(case_ref))).status_code == 200
    assert (await desk.opening(uuid4())).status_code == 404

    async with officer_of(desk) as officer:
        answer = (await officer.get(OPERATIONS)).json()

    assert answer["openings"] == 1
    assert answer["opening_p99_seconds"] > 0
    assert 0 < answer["disk_free_bytes"] < answer["disk_bytes"]
    assert (await desk.people["priya"].get(OPERATIONS)).json()["openings"] == elsewhere
    assert (await desk.ana.get(OPERATIONS)).status_code == 403


@pytest.mark.parametrize("cursor", ["WzEsMl0", "WyJ5ZXN0ZXJkYXkiLCJvbmUiXQ"])
async def test_a_cursor_of_no_place_is_refused(desk: Desk, cursor: str) -> None:
    answer = await desk.people["priya"].get(LETTERS, params={"cursor": cursor})

    assert answer.status_code == 422
    assert json.loads(answer.text)["errors"] == [{"field": "query.cursor", "code": "malformed"}]


async def test_operations_are_for_officers(desk: Desk) -> None:
    ref = await parked(desk, sender="bay-hotline", recipient=desk.shelter, by=RELAY)

    answers = [
        *[await desk.ana.get(path) for path in (CARRIAGE, LETTERS, f"{LETTERS}/count")],
        *[await desk.ana.post(f"{LETTERS}/{ref}/{step}") for step in ("retry", "end")],
    ]

    assert {answer.status_code for answer in answers} == {403}


def newest_act(desk: Desk) -> str:
    query = "SELECT convert_from(header, 'UTF8')::jsonb ->> 'act' FROM ledger.pending ORDER BY id DESC LIMIT 1"
    return str(desk.rows(query)[0][0])


TASK = "SELECT agency_id, queue, state FROM carrying.task WHERE cause_ref = %s AND reason = 'dead_letter'"


def task(desk: Desk, parked_ref: UUID) -> list[tuple[object, ...]]:
    with desk.town.database.superuser() as connection:
        return connection.execute(TASK, [parked_ref]).fetchall()


@pytest.mark.parametrize(("by", "agency"), [(RELAY, "bay-hotline"), ("exchange", "county-sheriff")])
async def test_a_message_that_is_set_aside_is_due_at_its_agency(desk: Desk, by: str, agency: str) -> None:
    ref = await parked(desk, sender="bay-hotline", recipient="county-sheriff", by=by)

    assert task(desk, ref) == [(agency, "operations", "open")]


async def test_a_mailbox_of_nobody_makes_no_task(desk: Desk) -> None:
    ref = await parked(desk, sender="bay-hotline", recipient="nobody-of-ours", by="exchange", reason="no_agency")

    assert task(desk, ref) == []


@pytest.mark.parametrize("end", ["a person", "a retry"])
async def test_a_message_that_is_settled_is_not_due(desk: Desk, end: str) -> None:
    ref = await parked(desk, sender="county-sheriff", recipient="bay-hotline", by="exchange")
    if end == "a person":
        await desk.people["priya"].post(f"{LETTERS}/{ref}/retry")
        assert task(desk, ref)[0][2] == "open"  # asked for, and not settled yet
        await desk.people["priya"].post(f"{LETTERS}/{ref}/end")
    else:
        async with desk.town.session("accord_exchange") as session:
            await resolve(session, ref, "handled")
            await session.commit()

    assert task(desk, ref) == [("bay-hotline", "operations", "cancelled")]
