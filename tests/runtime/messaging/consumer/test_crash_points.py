import asyncio
from uuid import uuid4

from tests.support.broker_env import Fabric, process
from tests.support.waits import until
from tests.support.worker_env import Traces, working


async def die_and_come_back(fabric: Fabric, traces: Traces, point: str) -> int:
    """Let a worker die at `point`, let another go on, and return how many effects the dead one left."""
    with process(fabric, "worker", traces.consumer, crash_at=point) as dying:
        assert await asyncio.to_thread(dying.wait, 90) == 137
    done_before = len(traces.rows())
    async with working(fabric, traces.consumer, traces.leave):
        await until(lambda: len(traces.rows()) >= 20, within=60)
        await until(lambda: traces.inbox() == 20)
    return done_before


async def test_a_worker_killed_at_any_step_has_each_effect_once(fabric: Fabric) -> None:
    agency, before_commit, before_ack = fabric.agency(), Traces(fabric), Traces(fabric)
    refs = fabric.post(agency, uuid4(), [uuid4() for _ in range(20)])

    left = await asyncio.gather(
        die_and_come_back(fabric, before_commit, "worker.before_commit"),
        die_and_come_back(fabric, before_ack, "worker.before_ack"),
    )

    assert (before_commit.refs(), before_ack.refs()) == (refs, refs)
    assert left[0] == 0
    assert left[1] > 0


async def test_a_worker_whose_reader_died_leaves_no_process_behind(fabric: Fabric) -> None:
    agency, traces = fabric.agency(), Traces(fabric)
    fabric.throw_in(agency, {"value": b"not ours"})
    fabric.sql("REVOKE INSERT ON carrying.parked FROM accord_exchange")
    try:
        with process(fabric, "worker", traces.consumer) as dying:
            code = await asyncio.to_thread(dying.wait, 40)
    finally:
        fabric.sql("GRANT INSERT ON carrying.parked TO accord_exchange")

    assert code == 1
