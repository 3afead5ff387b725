import asyncio

import pytest

from tests.runtime.outbox.test_relay import running
from tests.world.carrying import Fabric, ids, process, until

POINTS = ["relay.after_claim", "relay.after_produce", "relay.before_commit", "relay.after_commit"]


@pytest.mark.parametrize("point", POINTS)
async def test_a_relay_that_dies_at_any_step_loses_nothing_and_keeps_the_order(fabric: Fabric, point: str) -> None:
    agency = fabric.agency()
    sent = fabric.offer(fabric.case(agency), agency, 20)

    with process(fabric, "relay", crash_at=point) as dying:
        assert await asyncio.to_thread(dying.wait, 30) == 137
    async with running(fabric):
        await until(lambda: fabric.waiting() == 0)

    arrived = ids(fabric.mail(agency, 20))
    assert list(dict.fromkeys(arrived)) == sent
    assert (len(arrived) > len(sent)) is (point in ("relay.after_produce", "relay.before_commit"))
    assert {fabric.state(one) for one in sent} == {"relayed"}
