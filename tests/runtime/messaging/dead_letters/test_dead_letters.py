from collections.abc import AsyncIterator
from secrets import token_hex
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from runtime.database.engine import engine, sessions
from runtime.messaging.dead_letters import DeadLetterReason, RawRecord, put, resolve, take
from tests.support.broker_env import Fabric

Sessions = async_sessionmaker[AsyncSession]
names = st.text(max_size=20).filter(lambda name: name.encode(errors="ignore").decode() == name)
received = st.builds(
    RawRecord,
    topic=st.just("to.harbor-house"),
    partition=st.integers(0, 2),
    offset=st.integers(0, 2**63 - 1),
    key=st.none() | st.binary(max_size=60) | st.just(b"base64:AAAA"),
    headers=st.lists(st.tuples(names, st.none() | st.binary(max_size=60)), max_size=5).map(tuple),
    body=st.binary(max_size=300),
)


@pytest.fixture
async def lot(fabric: Fabric) -> AsyncIterator[Sessions]:
    bound = engine(fabric.settings("exchange").database)
    yield sessions(bound)
    await bound.dispose()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(record=received)
async def test_whatever_came_is_kept_as_it_came(lot: Sessions, record: RawRecord) -> None:
    consumer = token_hex(8)
    async with lot() as session:
        parked_ref = await put(session, consumer, record, DeadLetterReason.UNREADABLE, tries=2, message_ref=None)
        dead_letter = await take(session, consumer, parked_ref)
        await session.rollback()

    assert dead_letter is not None
    assert (dead_letter.received, dead_letter.reason, dead_letter.tries) == (record, DeadLetterReason.UNREADABLE, 2)


def a_message(offset: int = 7, body: bytes = b"sealed") -> RawRecord:
    return RawRecord("to.harbor-house", 0, offset, b"key", (("ce_id", b"1"),), body)


async def test_what_comes_again_from_the_same_place_is_parked_once(lot: Sessions) -> None:
    consumer = token_hex(8)
    async with lot() as session:
        first, again, other, recreated = [
            await put(session, consumer, record, DeadLetterReason.FAILED, tries=1, message_ref=uuid4())
            for record in (a_message(), a_message(), a_message(8), a_message(body=b"another, in a topic made anew"))
        ]

    assert first == again
    assert len({first, other, recreated}) == 3


async def test_what_is_settled_is_not_taken_again(lot: Sessions) -> None:
    consumer = token_hex(8)
    async with lot() as session:
        parked_ref = await put(session, consumer, a_message(), DeadLetterReason.FAILED, tries=1, message_ref=None)
        await resolve(session, parked_ref, "handled")

        assert await take(session, consumer, parked_ref) is None


async def test_a_consumer_takes_only_what_it_parked_itself(lot: Sessions) -> None:
    async with lot() as session:
        parked_ref = await put(session, token_hex(8), a_message(), DeadLetterReason.FAILED, tries=1, message_ref=None)

        assert await take(session, token_hex(8), parked_ref) is None


async def test_two_who_take_the_same_message_do_not_both_get_it(lot: Sessions) -> None:
    consumer = token_hex(8)
    async with lot() as session, session.begin():
        parked_ref = await put(session, consumer, a_message(), DeadLetterReason.FAILED, tries=1, message_ref=None)

    async with lot() as first, lot() as second:
        assert await take(first, consumer, parked_ref) is not None
        assert await take(second, consumer, parked_ref) is None


def test_what_is_parked_does_not_show_its_body() -> None:
    assert "sealed" not in repr(a_message())
