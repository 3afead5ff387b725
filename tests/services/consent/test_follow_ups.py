"""What a release leaves to do: to ask her before it ends, and to write down a stop that was spoken."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.consent.jobs import run_jobs
from tests.services.consent.conftest import Desk, a_permit, now
from tests.services.consent.test_jobs import move
from tests.support.web import Web

ENDING = """
SELECT t.state, d.valid_until - t.due_at FROM carrying.task AS t
JOIN register.directive AS d ON d.directive_ref = t.cause_ref
WHERE t.cause_ref = %(ref)s AND t.reason = 'release_ending' ORDER BY t.turn
"""
WRITTEN = """
SELECT agency_id, cause_ref, person_ref, state,
    CAST(round(extract(epoch FROM due_at - opened_at) / 86400) AS integer) FROM carrying.task
WHERE case_ref = %(ref)s AND reason = 'written_followup'
"""
WARNED = """
SELECT agency_id, cause_ref, queue, state FROM carrying.task WHERE case_ref = %(ref)s AND reason = 'blocked_colleague'
"""
DAY, NOTHING = timedelta(days=1), timedelta(0)


async def ending_soon(desk: Desk, web: Web) -> tuple[UUID, str]:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref)
    move(desk, ref, starts="-20 days", ends="6 days")
    await run_jobs(web.app_state("accord_consent"))
    return case_ref, ref


def ending(desk: Desk, ref: str) -> list[Any]:
    return desk.rows(ENDING, ref=ref)


async def test_a_release_that_ends_soon_is_due_once(desk: Desk, web: Web) -> None:
    _, ref = await ending_soon(desk, web)
    assert ending(desk, ref) == [("open", DAY)]

    move(desk, ref, ends="20 hours")
    await run_jobs(web.app_state("accord_consent"))

    assert [state for state, _ in ending(desk, ref)] == ["open"]  # one of the same release is left to do


async def test_on_the_last_day_it_is_due_again(desk: Desk, web: Web) -> None:
    _, ref = await ending_soon(desk, web)
    with desk.town.database.superuser() as connection:
        done = "UPDATE carrying.task SET state = 'done', outcome = 'handled' WHERE cause_ref = %s"
        connection.execute(done, [ref])

    move(desk, ref, ends="20 hours")
    await run_jobs(web.app_state("accord_consent"))

    assert ending(desk, ref)[1] == ("open", NOTHING)


async def test_a_release_that_is_stopped_is_not_due(desk: Desk, web: Web) -> None:
    _, ref = await ending_soon(desk, web)

    await desk.stop(ref)

    assert [state for state, _ in ending(desk, ref)] == ["cancelled"]


async def test_a_release_that_is_replaced_is_not_due(desk: Desk, web: Web) -> None:
    case_ref, ref = await ending_soon(desk, web)

    await desk.permit(case_ref, supersedes_ref=ref, valid_until=now(days=60))

    assert [state for state, _ in ending(desk, ref)] == ["cancelled"]


async def test_a_release_that_is_narrowed_is_not_due(desk: Desk, web: Web) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref, "needs", "children")
    move(desk, ref, starts="-20 days", ends="6 days")
    await run_jobs(web.app_state("accord_consent"))

    await desk.draft(case_ref, a_permit("needs", supersedes_ref=ref, valid_until=None))

    assert [state for state, _ in ending(desk, ref)] == ["cancelled"]


@pytest.mark.parametrize("terms", [{}, {"channel": "phone"}, {"by": "survivor", "channel": "in-person"}])
async def test_r7_a_spoken_stop_is_followed_up_in_writing(desk: Desk, terms: dict[str, str]) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref)

    await desk.stop(ref, **terms)
    await desk.stop(ref, **terms)

    assert desk.rows(WRITTEN, ref=case_ref) == [("bay-hotline", UUID(ref), "ana", "open", 7)]


async def test_r7_a_stop_in_writing_needs_no_follow_up(desk: Desk) -> None:
    case_ref = await desk.case()

    await desk.stop(await desk.permit(case_ref), channel="letter")

    assert desk.rows(WRITTEN, ref=case_ref) == []


async def test_r7_a_stop_of_everything_is_followed_up_once(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref)
    for _ in range(2):
        await desk.ana.post(f"/v1/cases/{case_ref}/revocation")

    assert len(desk.rows(WRITTEN, ref=case_ref)) == 1


@pytest.mark.parametrize(
    ("person_ref", "agency_ref"),
    [("mia", "bay-hotline"), ("lee", "county-sheriff"), ("nobody-of-ours", "county-sheriff")],
)
async def test_h12_who_is_shut_out_is_a_privacy_officers_task(desk: Desk, person_ref: str, agency_ref: str) -> None:
    """Whoever it is and wherever they work: one task, at the agency that recorded it."""
    case_ref = await desk.case()

    shut_out = {"excluded_person_ref": person_ref, "excluded_agency_ref": agency_ref}
    denial = await desk.draft(case_ref, {"effect": "deny", **shut_out})

    assert desk.rows(WARNED, ref=case_ref) == [("bay-hotline", UUID(denial["directive_ref"]), "privacy", "open")]


async def test_h12_who_is_let_in_again_is_no_task(desk: Desk) -> None:
    case_ref = await desk.case()
    shut_out = {"excluded_person_ref": "lee", "excluded_agency_ref": "county-sheriff"}
    denial = await desk.draft(case_ref, {"effect": "deny", **shut_out})

    assert (await desk.lift(denial["directive_ref"])).status_code == 200
    assert (await desk.confirm(denial["directive_ref"])).status_code == 200

    assert [row[3] for row in desk.rows(WARNED, ref=case_ref)] == ["cancelled"]
