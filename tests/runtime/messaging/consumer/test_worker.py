import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from uuid import UUID, uuid4

import pytest
from confluent_kafka import Producer
from sqlalchemy.ext.asyncio import AsyncSession

from runtime.database.unit_of_work import UnitOfWork
from runtime.messaging import admin
from runtime.messaging.consumer import ConsumerStopped, DependencyUnavailable, Handler, SealedMessage, faust_consumer
from runtime.messaging.consumer.faust_consumer import FaustConsumer
from runtime.telemetry.tracing import trace_id_now
from schemas.topics import mailbox
from tests.support.broker_env import LONG_AGO, PASSWORD, TYPE, Fabric
from tests.support.waits import until
from tests.support.worker_env import Traces, working

LONG = 900_000  # bytes; a partition's messages are fetched by less


async def test_a_message_has_its_effect_once_however_often_it_comes(fabric: Fabric) -> None:
    agency, key, traces = fabric.agency(), uuid4(), Traces(fabric)
    refs = [uuid4() for _ in range(5)]

    async with working(fabric, traces.consumer, traces.leave) as worker:
        await asyncio.to_thread(fabric.post, agency, key, [*refs, *refs])
        await until(lambda: worker.state.handled_total == 10)
        await asyncio.to_thread(fabric.post, agency, key, refs)
        await until(lambda: worker.state.handled_total == 15)

    assert traces.refs() == refs
    assert traces.inbox() == 5


async def test_an_effect_works_for_the_agency_whose_mailbox_it_is(fabric: Fabric) -> None:
    first, second, traces = fabric.agency(), fabric.agency(), Traces(fabric)
    for agency in (first, second, first):
        fabric.post(agency, uuid4())

    async with working(fabric, traces.consumer, traces.leave):
        await until(lambda: len(traces.rows()) == 3)

    effects = {(agency, words) for _, _, agency, words in traces.rows()}
    assert effects == {(agency_id, f"{agency_id} system:{traces.consumer} None None") for agency_id in (first, second)}


async def test_an_effect_sees_routing_and_a_sealed_body(fabric: Fabric) -> None:
    agency, key, traces = fabric.agency(), uuid4(), Traces(fabric)
    messages: list[SealedMessage] = []

    async def look(_: UnitOfWork, offered: SealedMessage) -> None:
        messages.append(offered)

    (message_ref,) = fabric.post(agency, key)
    async with working(fabric, traces.consumer, look):
        await until(lambda: messages)

    assert messages == [SealedMessage(message_ref, TYPE, key, agency, agency, LONG_AGO, 0, b"sealed")]
    assert "sealed" not in repr(messages)


async def test_m1_an_effect_finds_the_trace_beside_the_offer(fabric: Fabric) -> None:
    agency, traces = fabric.agency(), list[tuple[str | None, str | None]]()
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    case = fabric.case(agency)
    (message_ref,) = fabric.offer(case, agency)
    fabric.sql("DELETE FROM carrying.outbox WHERE message_ref = %s", message_ref)
    fabric.sql("UPDATE carrying.offer SET traceparent = %s WHERE message_ref = %s", trace, message_ref)
    fabric.post(agency, case.refs[agency], [message_ref])

    async def look(unit: UnitOfWork, offered: SealedMessage) -> None:
        traces.append((unit.traceparent, trace_id_now()))

    async with working(fabric, Traces(fabric).consumer, look):
        await until(lambda: traces)

    assert traces == [(trace, "4bf92f3577b34da6a3ce929d0e0e4736")]


async def test_an_effect_named_for_a_type_is_done_for_that_type_only(fabric: Fabric) -> None:
    agency, traces, other = fabric.agency(), Traces(fabric), Traces(fabric)

    async with working(fabric, traces.consumer) as worker:
        worker.on(TYPE, traces.leave)
        worker.on("accord.alert.raised.v1", other.leave)
        (message_ref,) = await asyncio.to_thread(fabric.post, agency, uuid4())
        await until(lambda: traces.rows())

    assert (traces.refs(), other.refs()) == ([message_ref], [])


async def test_the_order_within_a_key_is_kept(fabric: Fabric) -> None:
    agency, traces = fabric.agency(), Traces(fabric)
    sent = {key: fabric.post(agency, key, [uuid4() for _ in range(40)]) for key in (uuid4(), uuid4(), uuid4())}

    async with working(fabric, traces.consumer, traces.leave):
        await until(lambda: len(traces.rows()) == 120)

    for key, refs in sent.items():
        assert [row[0] for row in traces.rows() if row[1] == key] == refs


async def test_what_comes_together_is_handed_over_together(fabric: Fabric) -> None:
    agency, traces, sizes = fabric.agency(), Traces(fabric), list[int]()
    refs = fabric.post(agency, uuid4(), [uuid4() for _ in range(30)])

    async def count(unit: UnitOfWork, offered: object) -> None:
        assert isinstance(offered, list)
        sizes.append(len(offered))

    async with working(fabric, traces.consumer) as worker:
        worker.on_mailbox_batch(count)
        await until(lambda: sum(sizes) == len(refs))

    assert max(sizes) > 1


async def test_a_batch_across_mailboxes_is_handed_over_together(fabric: Fabric) -> None:
    agencies, traces, sizes = [fabric.agency() for _ in range(3)], Traces(fabric), list[int]()

    async def count(_: AsyncSession, offered: Sequence[SealedMessage]) -> None:
        sizes.append(len({message.recipient for message in offered}))

    async with working(fabric, traces.consumer, traces.leave) as worker:
        worker.on_batch(count)
        for agency in agencies:
            fabric.post(agency, uuid4(), [uuid4() for _ in range(30)])
        await until(lambda: len(traces.rows()) == 90)

    assert max(sizes) > 1


async def test_messages_larger_than_a_fetch_arrive_with_small_ones(fabric: Fabric) -> None:
    agency, key, received = fabric.agency(), uuid4(), list[int]()

    async def weigh(_: UnitOfWork, offered: SealedMessage) -> None:
        received.append(len(offered.body))

    sizes = [LONG, 1, LONG, 1]
    for size in sizes:
        fabric.post(agency, key, value=b"x" * size)
    async with working(fabric, Traces(fabric).consumer, weigh):
        await until(lambda: len(received) == 4)

    assert received == sizes


async def test_a_failing_message_is_parked_sealed_and_others_go_on(fabric: Fabric) -> None:
    agency, key, traces = fabric.agency(), uuid4(), Traces(fabric)
    refs = [uuid4() for _ in range(9)]

    async def fail_at_the_fifth(unit: UnitOfWork, offered: SealedMessage) -> None:
        await traces.leave(unit, offered)
        if offered.message_ref == refs[4]:
            raise ValueError("Ana, 14 Bay Street")

    async with working(fabric, traces.consumer, fail_at_the_fifth) as worker:
        await asyncio.to_thread(fabric.post, agency, key, refs)
        await until(lambda: worker.state.handled_total + worker.state.parked_total == 9)

    assert traces.refs() == [ref for ref in refs if ref != refs[4]]
    ((_, reason, tries, body, headers, parked_key, _, topic),) = traces.parked(refs[4])
    assert (reason, tries, body, parked_key, topic) == ("failed", 1, b"sealed", str(key), f"to.{agency}")
    assert "Bay" not in str(headers)


async def test_what_is_no_letter_of_ours_is_parked_as_it_came(fabric: Fabric) -> None:
    agency, traces = fabric.agency(), Traces(fabric)
    key = str(uuid4())
    odd: list[dict[str, object]] = [
        {"value": b"no headers"},
        {"value": None, "key": key},
        {"value": b"\x00\xff", "key": b"\x00\xfe", "headers": [("ce_id", b"\x00"), ("h\u00e9", None), ("ce_id", b"2")]},
        {"value": b"", "key": "", "headers": []},
        {"value": b"x" * 900_000, "headers": [("x" * 3000, b"y" * 30_000)]},
    ]
    fabric.throw_in(agency, *odd)
    (sound,) = fabric.post(agency, uuid4())

    async with working(fabric, traces.consumer, traces.leave):
        await until(lambda: traces.refs() == [sound])
        await until(lambda: len(traces.parked()) == len(odd))

    assert {(row[1], bytes(row[3])) for row in traces.parked()} == {
        ("unreadable", letter["value"] or b"") for letter in odd
    }


async def test_a_letter_whose_key_is_another_case_is_parked(fabric: Fabric) -> None:
    agency, traces = fabric.agency(), Traces(fabric)
    (message_ref,) = fabric.post(agency, uuid4(), key=str(uuid4()))

    async with working(fabric, traces.consumer, traces.leave):
        await until(lambda: traces.parked())

    assert traces.rows() == []
    assert [row[1] for row in traces.parked()] == ["unreadable"]
    assert message_ref


async def test_what_was_parked_can_be_handled_later(fabric: Fabric) -> None:
    agency, traces, broken = fabric.agency(), Traces(fabric), [True]

    async def fail_at_first(unit: UnitOfWork, offered: SealedMessage) -> None:
        if broken:
            raise ValueError
        await traces.leave(unit, offered)

    (message_ref,) = fabric.post(agency, uuid4())
    async with working(fabric, traces.consumer, fail_at_first) as worker:
        await until(lambda: traces.parked())
        ((parked_ref, *_),) = traces.parked()
        assert not await worker.retry_dead_letter(parked_ref)
        broken.clear()
        assert await worker.retry_dead_letter(parked_ref)
        assert not await worker.retry_dead_letter(parked_ref)

    assert traces.refs() == [message_ref]
    ((_, _, tries, *_, resolution, _),) = traces.parked()
    assert (tries, resolution) == (2, "handled")


async def test_an_operator_may_ask_for_a_retry(fabric: Fabric) -> None:
    agency, traces, broken = fabric.agency(), Traces(fabric), [True]

    async def fail_at_first(unit: UnitOfWork, offered: SealedMessage) -> None:
        if broken:
            raise ValueError
        await traces.leave(unit, offered)

    (message_ref,) = fabric.post(agency, uuid4())
    async with working(fabric, traces.consumer, fail_at_first):
        await until(lambda: traces.parked())
        broken.clear()
        fabric.sql("UPDATE carrying.parked SET resolution = 'retry' WHERE consumer = %s", traces.consumer)
        await until(lambda: traces.refs() == [message_ref])


async def test_what_may_pass_by_itself_is_waited_for_and_not_parked(fabric: Fabric) -> None:
    agency, traces, tries = fabric.agency(), Traces(fabric), list[UUID]()

    async def away_at_first(unit: UnitOfWork, offered: SealedMessage) -> None:
        tries.append(offered.message_ref)
        if len(tries) < 4:
            raise DependencyUnavailable
        await traces.leave(unit, offered)

    first, second = fabric.post(agency, uuid4(), [uuid4(), uuid4()])
    async with working(fabric, traces.consumer, away_at_first) as worker:
        await until(lambda: worker.state.missing() == ("effects",))
        await until(lambda: traces.refs() == [first, second])
        await until(lambda: worker.state.missing() == ())

    assert traces.parked() == []


async def test_a_worker_that_loses_the_database_waits_and_goes_on(fabric: Fabric) -> None:
    agency, key, traces = fabric.agency(), uuid4(), Traces(fabric)
    refs = [uuid4() for _ in range(30)]

    async with working(fabric, traces.consumer, traces.leave):
        for start in range(0, 30, 3):
            await asyncio.to_thread(fabric.post, agency, key, refs[start : start + 3])
            fabric.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'accord_exchange'")
        await until(lambda: len(traces.rows()) >= 30)

    assert traces.refs() == refs
    assert traces.parked() == []


async def test_an_effect_that_commits_by_itself_is_undone_and_parked(fabric: Fabric) -> None:
    agency, traces = fabric.agency(), Traces(fabric)

    async def commit(unit: UnitOfWork, offered: SealedMessage) -> None:
        await traces.leave(unit, offered)
        await unit.session.commit()

    fabric.post(agency, uuid4(), [uuid4(), uuid4()])
    async with working(fabric, traces.consumer, commit):
        await until(lambda: len(traces.parked()) == 2)

    assert (traces.rows(), traces.inbox()) == ([], 0)


async def test_an_effect_may_use_savepoints(fabric: Fabric) -> None:
    agency, traces = fabric.agency(), Traces(fabric)

    async def save(unit: UnitOfWork, offered: SealedMessage) -> None:
        async with unit.session.begin_nested():
            await traces.leave(unit, offered)

    (message_ref,) = fabric.post(agency, uuid4())
    async with working(fabric, traces.consumer, save):
        await until(lambda: traces.refs() == [message_ref])


async def test_a_new_agencys_mailbox_is_read_while_the_worker_runs(fabric: Fabric) -> None:
    agency, traces = fabric.agency(), Traces(fabric)
    fabric.post(agency, uuid4())
    async with working(fabric, traces.consumer, traces.leave):
        await until(lambda: len(traces.rows()) == 1)

        newcomer = await asyncio.to_thread(fabric.agency)
        await asyncio.to_thread(fabric.post, newcomer, uuid4())
        # Without a refresh of its own the worker would learn of a mailbox after metadata.max.age.ms, five minutes.
        await until(lambda: newcomer in {row[2] for row in traces.rows()}, within=30)
        await asyncio.to_thread(fabric.post, agency, uuid4())
        # Where Faust stalls at the new subscription, the reader that stands still is replaced after 40 s (D13).
        await until(lambda: len(traces.rows()) == 3, within=60)


async def test_the_mailbox_of_an_agency_that_left_is_read_no_more(fabric: Fabric) -> None:
    stays, leaves, traces = fabric.agency(), fabric.agency(), Traces(fabric)
    async with working(fabric, traces.consumer, traces.leave) as worker:
        await until(lambda: worker.state.reading)
        fabric.close(leaves)
        await until(lambda: not worker.state.reading)
        await until(lambda: worker.state.reading)
        await asyncio.to_thread(fabric.post, leaves, uuid4())
        await asyncio.to_thread(fabric.post, stays, uuid4())
        await until(lambda: traces.rows())

    assert [row[2] for row in traces.rows()] == [stays]


async def test_a_worker_without_any_mailbox_waits_for_the_first(fabric: Fabric) -> None:
    traces = Traces(fabric)
    async with working(fabric, traces.consumer, traces.leave) as worker:
        await until(lambda: worker.state.missing() == ())
        agency = await asyncio.to_thread(fabric.agency)
        await asyncio.to_thread(fabric.post, agency, uuid4())
        await until(lambda: traces.rows())


async def test_two_workers_share_mailboxes_and_double_no_effect(fabric: Fabric) -> None:
    agency, traces = fabric.agency(), Traces(fabric)
    keys = [uuid4() for _ in range(8)]
    sent: dict[UUID, list[UUID]] = {key: [] for key in keys}

    async def post() -> None:
        for key in keys:
            sent[key] += await asyncio.to_thread(fabric.post, agency, key, [uuid4() for _ in range(5)])

    async with working(fabric, traces.consumer, traces.leave):
        await post()
        async with working(fabric, traces.consumer, traces.leave) as second:
            while not second.state.handled_total:
                await post()
        await post()
        await until(lambda: len(traces.rows()) >= sum(map(len, sent.values())), within=30)

    arrived = {key: [row[0] for row in traces.rows() if row[1] == key] for key in keys}
    assert arrived == sent


async def test_a_batch_in_a_codec_we_lack_is_kept_plain_by_the_broker(fabric: Fabric) -> None:
    agency, traces = fabric.agency(), Traces(fabric)
    foreign = Producer(fabric.kafka.settings("relay", PASSWORD) | {"compression.type": "zstd"})
    foreign.produce(mailbox(agency), b"x" * 1000)
    assert foreign.flush(10) == 0
    (sound,) = fabric.post(agency, uuid4())

    async with working(fabric, traces.consumer, traces.leave):
        await until(lambda: traces.refs() == [sound])
        await until(lambda: traces.parked())


async def dies(fabric: Fabric, consumer: str, effect: Handler, meanwhile: Callable[[], None]) -> None:
    async with working(fabric, consumer, effect, lives=1) as worker:
        await until(lambda: worker.state.reading)
        await asyncio.to_thread(meanwhile)
        await until(lambda: worker.state.missing() == ("worker",))


async def test_another_reader_takes_the_place_of_one_that_died(fabric: Fabric) -> None:
    agency, other, traces = fabric.agency(), fabric.agency(), Traces(fabric)
    async with working(fabric, traces.consumer, traces.leave) as worker:
        await asyncio.to_thread(fabric.post, agency, uuid4())
        await until(lambda: len(traces.rows()) == 1)
        admin.set_hosting(fabric.admin, agency, hosted=False)  # which ends Faust, as the register still says otherwise
        await until(lambda: not worker.state.reading)
        await asyncio.to_thread(fabric.post, other, uuid4())
        await until(lambda: len(traces.rows()) == 2)
        await asyncio.to_thread(fabric.post, agency, uuid4())
        admin.set_hosting(fabric.admin, agency, hosted=True)
        await until(lambda: len(traces.rows()) == 3, within=60)  # a reader that stands still is noticed after 40 s


async def test_a_worker_whose_reader_dies_too_often_ends_and_is_seen(fabric: Fabric) -> None:
    agency, traces = fabric.agency(), Traces(fabric)
    (message_ref,) = fabric.post(agency, uuid4())

    def withdraw() -> None:
        while not traces.rows():
            time.sleep(0.1)
        admin.set_hosting(fabric.admin, agency, hosted=False)  # while the register still says otherwise

    with pytest.raises(ConsumerStopped):
        await dies(fabric, traces.consumer, traces.leave, withdraw)

    assert traces.refs() == [message_ref]


async def test_our_own_fault_ends_the_worker_and_acknowledges_nothing(fabric: Fabric) -> None:
    agency, traces = fabric.agency(), Traces(fabric)
    (message_ref,) = fabric.post(agency, uuid4())

    async def fail(unit: UnitOfWork, offered: SealedMessage) -> None:
        raise ValueError

    fabric.sql("REVOKE INSERT ON carrying.parked FROM accord_exchange")
    try:
        with pytest.raises(ConsumerStopped):
            await dies(fabric, traces.consumer, fail, lambda: None)
    finally:
        fabric.sql("GRANT INSERT ON carrying.parked TO accord_exchange")

    async with working(fabric, traces.consumer, traces.leave):
        await until(lambda: traces.refs() == [message_ref])


async def test_d13_a_worker_that_stands_still_says_for_how_long(fabric: Fabric) -> None:
    agency, traces, going = fabric.agency(), Traces(fabric), asyncio.Event()

    async def stand_still(unit: UnitOfWork, offered: SealedMessage) -> None:
        await going.wait()
        await traces.leave(unit, offered)

    async with working(fabric, traces.consumer, stand_still) as worker:
        fabric.post(agency, uuid4())
        await until(lambda: worker.state.unread_seconds > 1.5)
        going.set()
        await until(lambda: worker.state.unread_seconds == 0)

    assert len(traces.rows()) == 1


async def test_d13_a_reader_that_stands_still_is_replaced(fabric: Fabric, monkeypatch: pytest.MonkeyPatch) -> None:
    agency, traces, readers = fabric.agency(), Traces(fabric), list[FaustConsumer]()
    monkeypatch.setattr(faust_consumer, "STILL_FOR_SECONDS", 1.0)
    starting = FaustConsumer.start

    async def start(self: FaustConsumer, topics: Iterable[str]) -> None:
        readers.append(self)
        await starting(self, topics)

    monkeypatch.setattr(FaustConsumer, "start", start)
    async with working(fabric, traces.consumer, traces.leave):
        fabric.post(agency, uuid4())
        await until(lambda: len(traces.rows()) == 1)
        readers[0]._app.consumer.stop_flow()  # as a rebalance that was overtaken leaves it
        fabric.post(agency, uuid4())
        await until(lambda: len(traces.rows()) == 2, within=30)

    assert len(readers) > 1
