"""What time brings: a delay noted once, and a referral that ends with its release."""

import asyncio
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import text

from schemas.categories import DataCategory
from schemas.codes import Purpose
from services.referrals.api import routes
from services.referrals.jobs import run_jobs, scheduled_jobs
from tests.services.referrals.conftest import Desk
from tests.support.mail import mailbox, opened_by
from tests.support.web import Web


def let_time_pass(desk: Desk, case_ref: UUID) -> None:
    """Make every referral of a case one whose answer was due a minute ago."""
    moved = "UPDATE referrals.referral SET answer_by = clock_timestamp() - interval '1 minute' WHERE case_ref = %s"
    with desk.town.database.superuser() as connection:
        connection.execute(moved, (case_ref,))


async def types(desk: Desk, case_ref: UUID, agency_id: str = "bay-hotline") -> list[str]:
    return [message.type for message in await mailbox(desk.town, case_ref, agency_id)]


async def test_a_delay_is_told_once_to_sender_and_receiver(desk: Desk, web: Web) -> None:
    case_ref, _ = await desk.released()
    sent = await desk.send(case_ref)
    let_time_pass(desk, case_ref)

    for _ in range(3):
        await run_jobs(web.app_state("accord_referrals"))

    assert (await types(desk, case_ref)).count("accord.referral.overdue.v1") == 1
    assert (await types(desk, case_ref, "harbor-house")).count("accord.referral.overdue.v1") == 1
    now = (await desk.ana.get(f"/v1/referrals/{sent['referral_ref']}")).json()
    assert (now["status"], now["version"], "overdue_since" in now) == ("sent", 1, True)


async def test_two_clocks_tell_a_delay_once(desk: Desk, web: Web) -> None:
    cases = [(await desk.released())[0] for _ in range(4)]
    for case_ref in cases:
        await desk.send(case_ref)
        let_time_pass(desk, case_ref)

    await asyncio.gather(*(run_jobs(web.app_state("accord_referrals")) for _ in range(4)))

    counts = [(await types(desk, case_ref)).count("accord.referral.overdue.v1") for case_ref in cases]
    assert counts == [1] * 4


async def test_what_was_answered_in_time_is_not_called_late(desk: Desk, web: Web) -> None:
    case_ref, _ = await desk.released()
    await desk.send(case_ref)
    ref = (await desk.received())["referral_ref"]
    await desk.sam.post(
        f"/v1/referrals/{ref}/decline", json={"reason_code": "no_capacity"}, headers={"If-Match": '"1"'}
    )
    let_time_pass(desk, case_ref)

    await run_jobs(web.app_state("accord_referrals"))

    assert "accord.referral.overdue.v1" not in await types(desk, case_ref)


async def test_a_late_referral_is_on_the_list_of_late_ones(desk: Desk, web: Web) -> None:
    case_ref, _ = await desk.released()
    await desk.send(case_ref)
    let_time_pass(desk, case_ref)
    await run_jobs(web.app_state("accord_referrals"))

    late = (await desk.ana.get("/v1/referrals?overdue=true&limit=200")).json()["referrals"]

    assert str(case_ref) in {referral["case_ref"] for referral in late}


async def test_a_referral_ends_with_its_release_and_no_receiver_fact(desk: Desk, web: Web) -> None:
    case_ref, directive_ref = await desk.released()
    sent = await desk.send(case_ref)

    await desk.town.revoke(case_ref, directive_ref)
    await run_jobs(web.app_state("accord_referrals"))

    now = (await desk.ana.get(f"/v1/referrals/{sent['referral_ref']}")).json()
    assert (now["status"], now["reason_code"]) == ("withdrawn", "consent_ended")
    assert await types(desk, case_ref, "harbor-house") == ["accord.referral.created.v1"]
    own = (await opened_by(desk.town, case_ref, "bay-hotline", "ana", Purpose.ADVOCACY))["referral.withdrawn"]
    assert own.categories[DataCategory.REFERRAL_STATUS]["reason_code"] == "consent_ended"


async def test_another_change_of_consent_leaves_it_open(desk: Desk, web: Web) -> None:
    case_ref, _ = await desk.released()
    sent = await desk.send(case_ref)

    await desk.town.direct(case_ref, "county-cell", Purpose.COORDINATION, [DataCategory.REFERRAL_STATUS])
    await run_jobs(web.app_state("accord_referrals"))

    assert (await desk.ana.get(f"/v1/referrals/{sent['referral_ref']}")).json()["status"] == "sent"
    async with desk.town.session("accord_referrals") as session:
        due = await session.scalars(text("SELECT * FROM referrals.agencies_to_review()"))
        assert "bay-hotline" not in set(due)


async def test_a_logged_referral_needs_no_release_to_stand(desk: Desk, web: Web) -> None:
    case_ref = await desk.town.open_case("bay-hotline")
    sent = await desk.send(case_ref, mode="logged", purpose=None)

    await desk.town.direct(case_ref, "county-cell", Purpose.COORDINATION, [DataCategory.REFERRAL_STATUS])
    await run_jobs(web.app_state("accord_referrals"))

    assert (await desk.ana.get(f"/v1/referrals/{sent['referral_ref']}")).json()["status"] == "sent"


async def test_the_clock_runs_beside_the_routes_and_ends_with_them(web: Web) -> None:
    before = len(asyncio.all_tasks())

    async with web.serving("referrals", routes, around=scheduled_jobs) as app:
        assert isinstance(app, FastAPI)
        assert len(asyncio.all_tasks()) > before

    assert len(asyncio.all_tasks()) == before
