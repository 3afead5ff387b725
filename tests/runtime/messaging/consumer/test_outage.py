import asyncio
from pathlib import Path

from devstack.kafka import Kafka
from tests.runtime.messaging.outbox.test_relay import running
from tests.support.broker_env import Fabric
from tests.support.waits import until
from tests.support.worker_env import Traces, working


async def test_a_killed_broker_loses_no_message_and_holds_no_lock(fabric: Fabric, run_folder: Path) -> None:
    own = Fabric(fabric.database, Kafka.start(run_folder / "kafka-killed"), run_folder / "fabric-killed")
    agency, traces = own.agency(), Traces(own)
    case = own.case(agency)
    try:
        async with running(own) as relay, working(own, traces.consumer, traces.leave) as worker:
            sent = own.offer(case, agency, 30)
            await until(lambda: traces.rows())
            own.kafka.kill()
            sent += own.offer(case, agency, 30)
            await until(lambda: relay.state.missing() == worker.state.missing() == ("broker",))
            with own.database.superuser() as connection:  # an outage holds no subject's lock, so consent can change
                query = "SELECT pg_try_advisory_lock(%s)"
                await until(lambda: connection.execute(query, (case.subject_id,)).fetchone() == (True,))

            own.kafka = await asyncio.to_thread(Kafka.start, run_folder / "kafka-killed")
            await until(lambda: len(traces.rows()) >= 60, within=60)
            await until(lambda: relay.state.missing() == worker.state.missing() == ())

        assert traces.refs() == sent
        assert own.waiting() == 0
    finally:
        own.close_all()
        own.kafka.stop()
