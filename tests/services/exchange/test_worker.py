"""The worker's effect: each message at the end of its mailbox, once, with no gap, whoever handles it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import text

from runtime.messaging.consumer import Worker
from runtime.messaging.consumer.message import read
from runtime.messaging.dead_letters import RawRecord
from services.exchange import store
from tests.services.exchange.conftest import HOTLINE, Desk, an_incident, listed


def places(desk: Desk) -> list[int]:
    query = "SELECT place FROM exchange.message WHERE recipient = %(agency)s ORDER BY place"
    return [row[0] for row in desk.rows(query, agency=desk.shelter)]


async def test_two_workers_at_once_leave_no_gap_and_no_double(desk: Desk) -> None:
    cases = [(await desk.released())[0] for _ in range(4)]
    await desk.offer(*(an_incident(case_ref) for case_ref in cases * 5))
    letters = [letter for case_ref in cases for letter in await desk.delivery.waiting(case_ref, desk.shelter)]
    workers = [desk.delivery.another() for _ in range(2)]

    # In both orders and one at a time, so that the two meet at the mailbox again and again.
    batches = ((workers[0], letters), (workers[1], letters[::-1]))
    await asyncio.gather(*(hand_singly(desk, worker, batch) for worker, batch in batches))

    assert places(desk) == list(range(1, 21))
    assert len(await listed(desk.sam)) == 20


async def hand_singly(desk: Desk, worker: Worker, letters: Sequence[RawRecord]) -> None:
    for letter in letters:
        await desk.delivery.hand([letter], worker)


async def test_a_message_that_comes_twice_is_kept_once(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.tell(case_ref)

    await desk.delivery.deliver(case_ref, desk.shelter)

    assert places(desk) == [1]


async def test_a_message_that_cannot_be_kept_leaves_no_gap(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.offer(*(an_incident(case_ref) for _ in range(3)))
    first, second, third = await desk.delivery.waiting(case_ref, desk.shelter)

    await desk.delivery.hand([first, replace(second, key=b"another"), third])

    assert places(desk) == [1, 2]


async def test_a_message_is_kept_as_it_came(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.tell(case_ref)
    (letter,) = await desk.delivery.waiting(case_ref, desk.shelter)

    rows = desk.rows("SELECT body, case_ref FROM exchange.message WHERE recipient = %(a)s", a=desk.shelter)

    assert rows == [(letter.body, await desk.shelter_case_ref(case_ref))]


async def test_a_batch_for_several_mailboxes_keeps_the_order_of_each(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    facts = [an_incident(case_ref) for _ in range(3)]
    await desk.offer(*facts)
    letters = await desk.delivery.waiting(case_ref, desk.shelter, HOTLINE)
    query = "SELECT message_ref FROM exchange.message WHERE recipient = %(of)s AND case_ref = %(case)s ORDER BY place"

    await desk.delivery.hand([letters[number] for number in (0, 3, 1, 4, 2, 5)])

    shelter_ref = await desk.shelter_case_ref(case_ref)
    for agency, expected, ref in ((desk.shelter, letters[:3], shelter_ref), (HOTLINE, letters[3:], case_ref)):
        stored = [row[0] for row in desk.rows(query, of=agency, case=ref)]
        assert stored == [read(letter).message_ref for letter in expected]


async def test_a_message_to_a_closed_agency_is_parked_and_others_kept(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.tell(case_ref)
    await desk.offer(an_incident(case_ref))
    *_, letter = await desk.delivery.waiting(case_ref, desk.shelter)
    others = await desk.delivery.waiting(case_ref, HOTLINE)
    desk.rows("UPDATE register.agency SET active = false WHERE agency_id = %(agency)s", agency=desk.shelter)

    await desk.delivery.hand([letter, *others])

    parked = desk.rows("SELECT reason FROM carrying.parked WHERE topic = %(topic)s", topic=letter.topic)
    assert parked == [("no_agency",)]
    assert len(places(desk)) == 1
    query = "SELECT count(*) FROM exchange.message WHERE recipient = %(agency)s AND case_ref = %(case)s"
    assert desk.rows(query, agency=HOTLINE, case=case_ref) == [(2,)]


async def test_no_wall_is_left_up_behind_what_was_kept(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.offer(an_incident(case_ref))
    letters = await desk.delivery.waiting(case_ref, desk.shelter)

    async with desk.town.session("accord_exchange") as session:
        await store.keep(session, [read(letter) for letter in letters])
        count = await session.scalar(text("SELECT count(*) FROM exchange.message"))

    assert count == 0
