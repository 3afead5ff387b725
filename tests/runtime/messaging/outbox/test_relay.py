import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from runtime.database.engine import engine
from runtime.messaging.dead_letters import request_retry
from runtime.messaging.outbox import queue, relay, table
from runtime.messaging.outbox.dispatcher import DispatcherState
from runtime.messaging.outbox.relay import Relay
from runtime.messaging.producer import BODY_LIMIT
from tests.support.broker_env import Case, Fabric, header, ids
from tests.support.waits import until


@asynccontextmanager
async def running(fabric: Fabric, **other: Any) -> AsyncIterator[Relay]:
    """A relay that runs, and ends without an error."""
    settings = fabric.settings("relay")
    bound = engine(settings.database)
    sending = Relay(settings, bound, **other)
    task = asyncio.create_task(sending.run())
    try:
        yield sending
    finally:
        sending.stop()
        try:
            await asyncio.wait_for(task, 20)
        finally:
            await bound.dispose()


def numbers(fabric: Fabric, agency: str, at_least: int) -> dict[bytes, list[int]]:
    """Return the sequence numbers that arrived, by key, in the order they lie in the mailbox."""
    sequences: dict[bytes, list[int]] = defaultdict(list)
    for message in fabric.mail(agency, at_least):
        key = message.key()
        assert isinstance(key, bytes)
        sequences[key].append(int(header(message, "ce_sequence")))
    return sequences


async def test_what_waits_is_sent_and_forgotten(fabric: Fabric) -> None:
    agency = fabric.agency()
    (message_ref,) = fabric.offer(fabric.case(agency), agency)

    async with running(fabric):
        await until(lambda: fabric.state(message_ref) == "relayed")

    (message,) = fabric.mail(agency, 1)
    assert ids([message]) == [message_ref]
    assert message.value() == b"sealed"
    assert fabric.waiting() == 0


async def test_the_order_within_a_key_holds_with_two_relays(fabric: Fabric) -> None:
    agency = fabric.agency()
    cases = [fabric.case(agency) for _ in range(12)]

    async with running(fabric), running(fabric):
        for _ in range(15):
            for case in cases:
                await asyncio.to_thread(fabric.offer, case, agency, 2)
        await until(lambda: fabric.waiting() == 0)

    arrived = numbers(fabric, agency, 360)
    assert {len(row) for row in arrived.values()} == {30}
    assert all(row == sorted(row) for row in arrived.values())


async def test_a_late_commit_with_a_lower_id_is_not_passed_over(fabric: Fabric) -> None:
    agency = fabric.agency()
    early, *_, late = (fabric.case(agency) for _ in range(queue.SHARDS + 1))  # of the same shard
    async with running(fabric):
        with fabric.database.superuser() as slow, slow.transaction():
            (lower,) = fabric.offer(early, agency, within=slow)
            (higher,) = fabric.offer(late, agency)
            await until(lambda: fabric.state(higher) == "relayed")
        await until(lambda: fabric.state(lower) == "relayed")

    assert ids(fabric.mail(agency, 2)).count(lower) == 1


async def test_another_relay_takes_over_what_one_leaves(fabric: Fabric) -> None:
    agency = fabric.agency()
    case = fabric.case(agency)
    async with running(fabric) as second:
        async with running(fabric) as first:
            await until(lambda: first.state.owned | second.state.owned == set(range(relay.SHARDS)))
            fabric.offer(case, agency, 5)
        fabric.offer(case, agency, 5)
        await until(lambda: second.state.owned == set(range(relay.SHARDS)))
        await until(lambda: fabric.waiting() == 0)

    assert list(numbers(fabric, agency, 10).values()) == [list(range(1, 11))]


async def test_no_shard_has_two_owners(fabric: Fabric) -> None:
    async with running(fabric) as first, running(fabric) as second:
        await until(lambda: first.state.owned | second.state.owned == set(range(relay.SHARDS)))

        assert not first.state.owned & second.state.owned


def test_the_relay_serves_as_many_shards_as_the_queue_fills() -> None:
    assert relay.SHARDS == queue.SHARDS


def a_release(fabric: Fabric, case: Case, custodian: str, recipient: str) -> UUID:
    ((directive_ref,),) = fabric.sql(
        "INSERT INTO register.directive (subject_id, custodian, recipient, effect, purpose, categories, valid_from, "
        "valid_until, state, taxonomy_version, drafted_by, drafted_at) VALUES (%s, %s, %s, 'permit', 'shelter', "
        "'{needs,identity,safe_contact}', '2026-01-01', '2099-01-01', 'active', 1, 'ana', '2026-01-01') "
        "RETURNING directive_ref",
        case.subject_id,
        custodian,
        recipient,
    )
    fabric.sql("UPDATE register.subject SET sv = sv + 1 WHERE subject_id = %s", case.subject_id)
    return UUID(str(directive_ref))


def revoke(fabric: Fabric, case: Case, directive_ref: UUID) -> None:
    fabric.sql("UPDATE register.directive SET state = 'revoked' WHERE directive_ref = %s", directive_ref)
    fabric.sql("UPDATE register.subject SET sv = sv + 1 WHERE subject_id = %s", case.subject_id)


async def test_what_was_revoked_while_it_waited_is_withheld_on_record(fabric: Fabric) -> None:
    custodian, recipient = fabric.agency(), fabric.agency()
    case = fabric.case(custodian, recipient)
    release = a_release(fabric, case, custodian, recipient)
    mask = (2**200 - 1).to_bytes(25, "big")
    async with running(fabric):
        (allowed,) = fabric.offer(case, recipient, by=custodian)
        fabric.sql("UPDATE carrying.offer SET mask = %s WHERE message_ref = %s", mask, allowed)
        await until(lambda: fabric.state(allowed) == "relayed")
    ((before,),) = fabric.sql("SELECT count(*) FROM ledger.pending")
    (too_late,) = fabric.offer(case, recipient, by=custodian)
    revoke(fabric, case, release)

    async with running(fabric):
        await until(lambda: fabric.state(too_late) == "withheld")

    assert ids(fabric.mail(recipient, 1)) == [allowed]
    assert fabric.sql("SELECT count(*) FROM ledger.pending") == [(before + 1,)]
    assert fabric.waiting() == 0


async def test_l3_a_silent_no_leaves_no_gap(fabric: Fabric) -> None:
    custodian, recipient = fabric.agency(), fabric.agency()
    case = fabric.case(custodian, recipient)
    release = a_release(fabric, case, custodian, recipient)
    mask = (2**200 - 1).to_bytes(25, "big")
    fabric.offer(case, recipient)
    lapsed = fabric.offer(case, recipient, 4, by=custodian)
    fabric.sql("UPDATE carrying.offer SET mask = %s WHERE message_ref = ANY(%s)", mask, lapsed)
    (after,) = fabric.offer(case, recipient)
    revoke(fabric, case, release)

    async with running(fabric):
        await until(lambda: fabric.state(after) == "relayed")

    assert {fabric.state(message_ref) for message_ref in lapsed} == {"withheld"}
    assert list(numbers(fabric, recipient, 2).values()) == [[1, 2]]


async def test_l3_a_parked_message_takes_a_number_when_it_is_sent(fabric: Fabric) -> None:
    agency = fabric.agency(mailbox=False)
    case = fabric.case(agency)
    (early,) = fabric.offer(case, agency)
    async with running(fabric, grace=0.2) as sending:
        await until(lambda: fabric.state(early) == "parked")
        fabric.open_mailbox(agency)
        (later,) = fabric.offer(case, agency)
        await until(lambda: fabric.state(later) == "relayed")
        ((parked_ref, *_),) = fabric.parked("relay", early)

        assert await sending.retry_dead_letter(parked_ref)

    assert list(numbers(fabric, agency, 2).values()) == [[1, 2]]
    assert ids(fabric.mail(agency, 2)) == [later, early]


async def test_a_revocation_waits_only_briefly_for_a_busy_relay(fabric: Fabric) -> None:
    agency = fabric.agency()
    case = fabric.case(agency)
    waits = []
    async with running(fabric):
        for _ in range(10):
            fabric.offer(case, agency, 150)
            with fabric.database.superuser() as connection:
                began = asyncio.get_running_loop().time()
                await asyncio.to_thread(connection.execute, "SELECT pg_advisory_lock(%s)", (case.subject_id,))
                waits.append(asyncio.get_running_loop().time() - began)
        await until(lambda: fabric.waiting() == 0)

    assert max(waits) < 1.0


async def test_an_oversized_body_is_parked_sealed_and_others_go_on(fabric: Fabric) -> None:
    agency = fabric.agency()
    case = fabric.case(agency)
    (large,) = fabric.offer(case, agency, body=b"x" * (BODY_LIMIT + 1))
    (next_one,) = fabric.offer(case, agency)

    async with running(fabric):
        await until(lambda: fabric.state(next_one) == "relayed")

    ((_, reason, tries, body, _, key, _, topic),) = fabric.parked("relay", large)
    assert (reason, tries, len(body)) == ("too_large", 1, BODY_LIMIT + 1)
    assert (key, topic) == (str(case.refs[agency]), f"to.{agency}")
    assert fabric.state(large) == "parked"


async def test_letters_to_a_mailbox_that_is_not_there_hold_up_nobody(fabric: Fabric) -> None:
    agency, nowhere = fabric.agency(), fabric.agency(mailbox=False)
    (waits,) = fabric.offer(fabric.case(nowhere), nowhere)
    (goes,) = fabric.offer(fabric.case(agency), agency)

    async with running(fabric) as sending:
        await until(lambda: fabric.state(goes) == "relayed")
        assert set(sending.state.held_mailboxes) == {nowhere}
        assert fabric.state(waits) == "offered"

        fabric.open_mailbox(nowhere)
        await until(lambda: fabric.state(waits) == "relayed")
        assert not sending.state.held_mailboxes


async def test_a_message_long_without_a_mailbox_is_parked_for_later(fabric: Fabric) -> None:
    nowhere = fabric.agency(mailbox=False)
    (message_ref,) = fabric.offer(fabric.case(nowhere), nowhere)
    async with running(fabric, grace=0.5) as sending:
        await until(lambda: fabric.state(message_ref) == "parked")
        ((parked_ref, reason, *_),) = fabric.parked("relay", message_ref)
        assert reason == "no_mailbox"
        assert not await sending.retry_dead_letter(parked_ref)

        fabric.open_mailbox(nowhere)
        settings = fabric.settings("relay")
        bound = engine(settings.database)
        async with bound.connect() as connection:
            await request_retry(connection, parked_ref)  # type: ignore[arg-type]
            await connection.commit()
        await bound.dispose()
        await until(lambda: fabric.state(message_ref) == "relayed")

    assert ids(fabric.mail(nowhere, 1)) == [message_ref]
    ((_, _, tries, *_, resolution, _),) = fabric.parked("relay", message_ref)
    assert (tries, resolution) == (2, "relayed")


async def test_a_message_revoked_while_parked_is_withheld_on_retry(fabric: Fabric) -> None:
    custodian, recipient = fabric.agency(), fabric.agency()
    case = fabric.case(custodian, recipient)
    release = a_release(fabric, case, custodian, recipient)
    (large,) = fabric.offer(case, recipient, by=custodian, body=b"x" * (BODY_LIMIT + 1))
    async with running(fabric) as sending:
        await until(lambda: fabric.state(large) == "parked")
        revoke(fabric, case, release)
        ((parked_ref, *_),) = fabric.parked("relay", large)

        assert await sending.retry_dead_letter(parked_ref)

    assert fabric.state(large) == "withheld"
    ((*_, resolution, _),) = fabric.parked("relay", large)
    assert resolution == "withheld"


async def test_a_retry_of_what_was_deleted_is_withheld(fabric: Fabric) -> None:
    custodian, recipient = fabric.agency(), fabric.agency()
    case = fabric.case(custodian, recipient)
    a_release(fabric, case, custodian, recipient)
    (large,) = fabric.offer(case, recipient, by=custodian, body=b"x" * (BODY_LIMIT + 1))
    async with running(fabric) as sending:
        await until(lambda: fabric.state(large) == "parked")
        fabric.sql("DELETE FROM carrying.offer WHERE message_ref = %s", large)
        ((parked_ref, *_),) = fabric.parked("relay", large)

        assert await sending.retry_dead_letter(parked_ref)

    ((*_, resolution, _),) = fabric.parked("relay", large)
    assert resolution == "withheld"


async def test_what_cannot_be_decided_is_parked_and_the_rest_goes_on(fabric: Fabric) -> None:
    custodian, recipient = fabric.agency(), fabric.agency()
    broken, sound = fabric.case(custodian, recipient), fabric.case(recipient)
    (undecidable,) = fabric.offer(broken, recipient, by=custodian)
    fabric.sql("UPDATE carrying.offer SET purposes = '{nonsense}' WHERE message_ref = %s", undecidable)
    relayed = fabric.offer(sound, recipient, 10)

    async with running(fabric):
        await until(lambda: fabric.waiting() == 0)

    ((_, reason, *_),) = fabric.parked("relay", undecidable)
    assert reason == "undecidable"
    assert {fabric.state(message_ref) for message_ref in relayed} == {"relayed"}


async def overwhelmed(fabric: Fabric) -> None:
    async with running(fabric) as sending:
        await until(lambda: sending.state.parked and not sending.state.owned)


async def test_a_relay_that_can_decide_nothing_stops_parking(fabric: Fabric) -> None:
    custodian, recipient = fabric.agency(), fabric.agency()
    unasked = fabric.offer(fabric.case(custodian, recipient), recipient, 40, by=custodian)
    fabric.sql("REVOKE INSERT ON ledger.pending FROM accord_relay")  # so that no refusal can be put on record
    try:
        with pytest.raises(ExceptionGroup):
            await overwhelmed(fabric)
    finally:
        fabric.sql("GRANT INSERT ON ledger.pending TO accord_relay")

    assert len({message_ref for message_ref in unasked if fabric.state(message_ref) == "offered"}) == 20
    async with running(fabric):
        await until(lambda: fabric.waiting() == 0)


async def test_a_relay_that_loses_the_database_comes_back_by_itself(fabric: Fabric) -> None:
    agency = fabric.agency()
    case = fabric.case(agency)
    async with running(fabric) as sending:
        await until(lambda: sending.state.owned == set(range(relay.SHARDS)))
        fabric.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'accord_relay'")
        fabric.offer(case, agency, 3)
        await until(lambda: fabric.waiting() == 0)

    assert list(numbers(fabric, agency, 3).values()) == [[1, 2, 3]]


def test_readiness_names_what_is_away() -> None:
    state = DispatcherState(broker=False, database=False)

    assert state.missing() == ("database", "broker")


async def test_a_parked_message_that_is_not_there_is_not_settled(fabric: Fabric) -> None:
    async with running(fabric) as sending:
        assert not await sending.retry_dead_letter(uuid4())


async def test_only_what_can_be_claimed_wakes_anybody(fabric: Fabric) -> None:
    agency = fabric.agency()
    case = fabric.case(agency)
    shard, other_shard = case.subject_id % queue.SHARDS, (case.subject_id + 1) % queue.SHARDS
    fabric.offer(case, agency)
    bound = engine(fabric.settings("relay").database)

    async with AsyncSession(bound) as session:
        due = await table.has_pending(session, {shard, other_shard}, [])
        of_another = await table.has_pending(session, {other_shard}, [])
        unreachable = await table.has_pending(session, {shard, other_shard}, [agency])

    fabric.sql("DELETE FROM carrying.outbox")
    await bound.dispose()
    assert (due, of_another, unreachable) == (True, False, False)
