"""Contacts are asked about again before they are no longer known to be safe, and a plan is rehearsed: a task each."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.services.intake.conftest import Desk
from tests.services.intake.test_plan_reviews import TOMORROW

TASKS = """
SELECT state, due_at, person_ref FROM carrying.task
WHERE case_ref = %(ref)s AND reason = %(reason)s ORDER BY opened_at, turn
"""
NOW = "SELECT register.instant()"
DAYS = timedelta(days=90)
ENDS_AT = datetime(2099, 6, 1, 12, tzinfo=UTC)


def tasks(desk: Desk, case_ref: UUID, reason: str = "contact_recheck") -> list[Any]:
    return desk.rows(TASKS, ref=case_ref, reason=reason)


def safe(valid_until: str | None = "2099-06-01T12:00:00Z", **fields: Any) -> dict[str, Any]:
    ends = {} if valid_until is None else {"valid_until": valid_until}
    return {"kind": "sms", "address": "+1 555 0188", "status": "safe"} | ends | fields


async def test_the_first_channel_that_ends_is_asked_about(desk: Desk) -> None:
    case_ref = await desk.case()

    await desk.report(
        case_ref, channels=[safe("2099-07-01T12:00:00Z"), safe(), safe(status="unsafe", valid_until=None)]
    )

    assert tasks(desk, case_ref) == [("open", ENDS_AT, "ana")]


async def test_a_channel_without_an_end_is_due_after_ninety_days(desk: Desk) -> None:
    case_ref = await desk.case()

    await desk.report(case_ref, channels=[safe(None)])

    ((now,),) = desk.rows(NOW)
    ((state, due_at, _),) = tasks(desk, case_ref)
    assert state == "open"
    assert timedelta(0) <= now + DAYS - due_at < timedelta(minutes=1)


async def test_the_day_that_she_named_is_kept(desk: Desk) -> None:
    case_ref = await desk.case()

    await desk.report(case_ref, channels=[safe()], recheck_on="2099-05-01")

    assert [row[:2] for row in tasks(desk, case_ref)] == [("open", datetime(2099, 5, 1, tzinfo=UTC))]


@pytest.mark.parametrize("channel", [safe("2001-01-01T00:00:00Z"), safe(None, verified_at="2001-01-01T00:00:00Z")])
async def test_what_was_over_when_it_was_told_is_due_the_same_day(desk: Desk, channel: dict[str, Any]) -> None:
    case_ref = await desk.case()

    await desk.report(case_ref, channels=[channel])

    ((tomorrow,),) = desk.rows(TOMORROW)
    assert [row[:2] for row in tasks(desk, case_ref)] == [("open", tomorrow)]


async def test_what_she_tells_next_is_due_instead(desk: Desk) -> None:
    case_ref = await desk.case()
    reported = await desk.report(case_ref, channels=[safe()])
    versions = f"/v1/cases/{case_ref}/incidents/{reported['incident_ref']}/versions"

    await desk.report(case_ref, narrative="He stood at the gate")
    untouched = tasks(desk, case_ref)
    corrected = await desk.ana.post(versions, json={"channels": [safe("2099-07-01T12:00:00Z")]})
    newer = tasks(desk, case_ref)
    await desk.report(case_ref, channels=[])

    assert corrected.status_code == 201, corrected.text
    assert [row[0] for row in untouched] == ["open"]
    assert [row[:2] for row in newer] == [("cancelled", ENDS_AT), ("open", ENDS_AT + timedelta(days=30))]
    assert [row[0] for row in tasks(desk, case_ref)] == ["cancelled", "cancelled"]


@pytest.mark.parametrize("channels", [[], [safe(status="unknown", valid_until=None)]])
async def test_without_a_safe_channel_nothing_is_asked_about(desk: Desk, channels: list[Any]) -> None:
    case_ref = await desk.case()

    await desk.report(case_ref, channels=channels)

    assert tasks(desk, case_ref) == []


async def test_a_plan_is_rehearsed_ninety_days_after_it_was(desk: Desk) -> None:
    case_ref = await desk.case()
    ((now,),) = desk.rows(NOW)
    rehearsed_on = now.date() - timedelta(days=30)

    await desk.plan(case_ref, goals=["A bed"])
    begun = tasks(desk, case_ref, "plan_rehearsal")
    await desk.plan(case_ref, 1, goals=["A bed"], last_rehearsed_on=f"{rehearsed_on}")
    await desk.plan(case_ref, 2, closed=True)

    midnight = datetime(rehearsed_on.year, rehearsed_on.month, rehearsed_on.day, tzinfo=UTC)
    assert timedelta(0) <= begun[0][1] - (now + DAYS) < timedelta(minutes=1)
    assert [row[0] for row in begun] == ["open"]
    assert [row[:2] for row in tasks(desk, case_ref, "plan_rehearsal")] == [
        ("cancelled", begun[0][1]),
        ("cancelled", midnight + DAYS),
    ]


@pytest.mark.parametrize(("rehearsed_on", "days"), [("2001-01-01", 0), ("2999-01-01", 90)])
async def test_a_plan_is_never_due_in_the_past_or_after_ninety_days(desk: Desk, rehearsed_on: str, days: int) -> None:
    case_ref = await desk.case()

    await desk.plan(case_ref, last_rehearsed_on=rehearsed_on)

    ((now,),) = desk.rows(NOW)
    ((_, due_at, _),) = tasks(desk, case_ref, "plan_rehearsal")
    assert timedelta(days=days - 1) < due_at - now <= timedelta(days=days + 1)
