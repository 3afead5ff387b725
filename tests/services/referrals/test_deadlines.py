"""A referral that nobody answered in time is due at both sides, until it is answered or its release ends."""

from typing import Any
from uuid import UUID

import pytest

from services.referrals.jobs import run_jobs
from tests.services.referrals.conftest import Desk
from tests.services.referrals.test_jobs import let_time_pass
from tests.support.web import Web

TASKS = """
SELECT t.agency_id, t.cause_ref, t.state, t.due_at = r.answer_by FROM referrals.referral AS r
JOIN carrying.task AS t ON t.cause_ref IN (r.referral_ref, r.receiver_ref)
WHERE r.case_ref = %s ORDER BY t.agency_id
"""


def tasks(desk: Desk, case_ref: UUID) -> list[tuple[Any, ...]]:
    with desk.town.database.superuser() as connection:
        return connection.execute(TASKS, [case_ref]).fetchall()


async def late_referral(desk: Desk, web: Web) -> tuple[UUID, UUID, dict[str, Any]]:
    """Send a referral, and let the time for its answer pass; return its case, its release and the referral."""
    case_ref, directive_ref = await desk.released()
    sent = await desk.send(case_ref)
    let_time_pass(desk, case_ref)
    await run_jobs(web.app_state("accord_referrals"))
    return case_ref, directive_ref, sent


async def test_a_late_referral_is_due_at_both_sides_once(desk: Desk, web: Web) -> None:
    case_ref, _, sent = await late_referral(desk, web)
    await run_jobs(web.app_state("accord_referrals"))

    received = UUID((await desk.received())["referral_ref"])

    assert tasks(desk, case_ref) == [
        ("bay-hotline", UUID(sent["referral_ref"]), "open", True),
        ("harbor-house", received, "open", True),
    ]


@pytest.mark.parametrize(
    ("by", "step", "body"),
    [
        ("sam", "acceptance", {"advocate_name": "Sam"}),
        ("sam", "decline", {"reason_code": "no_capacity"}),
        ("ana", "withdrawal", {"reason_code": "sender"}),
    ],
)
async def test_an_answer_ends_what_was_due(desk: Desk, web: Web, by: str, step: str, body: dict[str, str]) -> None:
    case_ref, _, sent = await late_referral(desk, web)
    ref = sent["referral_ref"] if by == "ana" else (await desk.received())["referral_ref"]

    answer = await getattr(desk, by).post(f"/v1/referrals/{ref}/{step}", json=body, headers={"If-Match": '"1"'})

    assert answer.status_code == 200, answer.text
    assert [row[2] for row in tasks(desk, case_ref)] == ["cancelled", "cancelled"]


async def test_a_release_that_ends_ends_what_was_due(desk: Desk, web: Web) -> None:
    case_ref, directive_ref, _ = await late_referral(desk, web)

    await desk.town.revoke(case_ref, directive_ref)
    await run_jobs(web.app_state("accord_referrals"))

    assert [row[2] for row in tasks(desk, case_ref)] == ["cancelled", "cancelled"]
