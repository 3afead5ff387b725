"""What time brings: a grant is told when it starts, an end before it comes, and each of them once."""

import asyncio

import pytest

from runtime.http.app_state import AppState
from services.consent.jobs import run_jobs
from tests.services.consent.conftest import Desk, a_permit, now
from tests.support.web import Web


@pytest.fixture
def app_state(web: Web) -> AppState:
    return web.app_state("accord_consent")


STARTS = "UPDATE register.directive SET valid_from = clock_timestamp() + %s::interval WHERE directive_ref = %s"
ENDS = "UPDATE register.directive SET valid_until = clock_timestamp() + %s::interval WHERE directive_ref = %s"


def move(desk: Desk, ref: str, *, starts: str | None = None, ends: str | None = None) -> None:
    """Let a directive have begun, or end, so long from now."""
    with desk.town.database.superuser() as connection:
        for statement, span in ((STARTS, starts), (ENDS, ends)):
            if span is not None:
                connection.execute(statement, [span, ref])


async def test_a_later_grant_is_told_once_when_it_starts(desk: Desk, app_state: AppState) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref, valid_from=now(days=2))
    await run_jobs(app_state)
    before = await desk.facts_of(case_ref, "harbor-house")

    move(desk, ref, starts="-1 second")
    await run_jobs(app_state)
    await run_jobs(app_state)

    assert before == []
    assert await desk.facts_of(case_ref, "harbor-house") == ["granted.v1"]
    assert desk.known_as(ref, "harbor-house")


async def test_what_was_told_at_its_signature_is_not_told_again(desk: Desk, app_state: AppState) -> None:
    case_ref = await desk.case()
    old = await desk.permit(case_ref, "needs", "children")
    await desk.draft(case_ref, a_permit("needs", supersedes_ref=old, valid_until=None))

    await run_jobs(app_state)

    assert await desk.facts_of(case_ref, "harbor-house") == ["granted.v1"]


async def test_an_end_is_told_a_week_and_a_day_before_to_the_custodian(desk: Desk, app_state: AppState) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref)
    move(desk, ref, starts="-20 days", ends="6 days")
    await run_jobs(app_state)
    await run_jobs(app_state)
    week = (await desk.facts_of(case_ref, "bay-hotline")).count("expiring.v1")

    move(desk, ref, ends="20 hours")
    await run_jobs(app_state)

    assert week == 1
    assert (await desk.facts_of(case_ref, "bay-hotline")).count("expiring.v1") == 2
    assert await desk.facts_of(case_ref, "harbor-house") == ["granted.v1"]


async def test_a_release_of_a_few_days_is_not_said_to_end_as_it_begins(desk: Desk, app_state: AppState) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref, valid_until=now(days=3))

    await run_jobs(app_state)

    assert "expiring.v1" not in await desk.facts_of(case_ref, "bay-hotline")


async def test_nothing_is_told_of_what_was_stopped_in_the_meantime(desk: Desk, app_state: AppState) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref, valid_from=now(days=2))
    await desk.stop(ref)
    move(desk, ref, starts="-1 second")

    await run_jobs(app_state)

    assert await desk.facts_of(case_ref, "harbor-house") == []


async def test_two_clocks_tell_once(desk: Desk, app_state: AppState) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref, valid_from=now(days=2))
    move(desk, ref, starts="-1 second")

    await asyncio.gather(*(run_jobs(app_state) for _ in range(3)))

    assert await desk.facts_of(case_ref, "harbor-house") == ["granted.v1"]


async def test_what_could_not_be_told_is_told_without_anybody_looking(desk: Desk, app_state: AppState) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref)
    desk.relayed(ref)
    with desk.town.database.superuser() as connection:
        connection.execute(
            "UPDATE register.directive SET state = 'revoked', revoked_at = clock_timestamp() WHERE directive_ref = %s",
            [ref],
        )
        connection.execute("INSERT INTO consent.untold (directive_ref, agency_id) VALUES (%s, 'bay-hotline')", [ref])

    await run_jobs(app_state)

    assert (await desk.facts_of(case_ref, "harbor-house"))[-1] == "revoked.v1"
