import asyncio
from uuid import UUID

import pytest

from tests.runtime.messaging.outbox.test_relay import a_release, revoke, running
from tests.support.broker_env import Fabric, header, ids, process
from tests.support.waits import until

POINTS = ["relay.after_claim", "relay.after_number", "relay.after_produce", "relay.before_commit", "relay.after_commit"]


@pytest.mark.parametrize("point", POINTS)
async def test_a_killed_relay_loses_nothing_and_keeps_the_order(fabric: Fabric, point: str) -> None:
    agency = fabric.agency()
    sent = fabric.offer(fabric.case(agency), agency, 20)

    with process(fabric, "relay", crash_at=point) as dying:
        assert await asyncio.to_thread(dying.wait, 30) == 137
    async with running(fabric):
        await until(lambda: fabric.waiting() == 0)

    arrived = ids(fabric.mail(agency, 20))
    assert list(dict.fromkeys(arrived)) == sent
    assert (len(arrived) > len(sent)) is (point in ("relay.after_produce", "relay.before_commit"))
    assert {fabric.state(message_ref) for message_ref in sent} == {"relayed"}


@pytest.mark.parametrize("point", ["relay.after_number", "relay.after_produce"])
async def test_l3_a_message_keeps_its_number_when_sent_again(fabric: Fabric, point: str) -> None:
    agency = fabric.agency()
    case = fabric.case(agency)
    sent = fabric.offer(case, agency, 5)

    with process(fabric, "relay", crash_at=point) as dying:
        assert await asyncio.to_thread(dying.wait, 30) == 137
    async with running(fabric):
        await until(lambda: fabric.waiting() == 0)
        sent += fabric.offer(case, agency, 2)
        await until(lambda: fabric.waiting() == 0)

    arrived = {
        (UUID(header(message, "ce_id")), int(header(message, "ce_sequence"))) for message in fabric.mail(agency, 7)
    }
    assert arrived == set(zip(sent, range(1, 8), strict=True))
    assert fabric.sql("SELECT count(*) FROM carrying.message_number WHERE message_ref = ANY(%s)", sent) == [(0,)]


async def test_a_withheld_message_stays_so_after_a_crash_and_a_grant(fabric: Fabric) -> None:
    """Else it would be sent behind what it came before: the crash points of a busy town found that."""
    custodian, recipient = fabric.agency(), fabric.agency()
    case = fabric.case(custodian, recipient)
    release = a_release(fabric, case, custodian, recipient)
    (lapsed,) = fabric.offer(case, recipient, by=custodian)
    fabric.sql("UPDATE carrying.offer SET mask = %s WHERE message_ref = %s", (2**200 - 1).to_bytes(25, "big"), lapsed)
    revoke(fabric, case, release)
    (next_one,) = fabric.offer(case, recipient)

    with process(fabric, "relay", crash_at="relay.after_produce") as dying:
        assert await asyncio.to_thread(dying.wait, 30) == 137
    a_release(fabric, case, custodian, recipient)
    async with running(fabric):
        await until(lambda: fabric.waiting() == 0)

    assert set(ids(fabric.mail(recipient, 2, within=5))) == {next_one}
    assert fabric.state(lapsed) == "withheld"
