"""A recipient confirms that it uses its copy no more; who has not is told to the custodian after 24 hours."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI

from runtime.http.app_state import AppState
from services.consent.jobs import run_jobs
from tests.services.consent.conftest import Desk, a_denial

TASKS = """
SELECT agency_id, reason, state FROM carrying.task
WHERE case_ref = ANY(%(cases)s) AND reason IN ('acknowledge_stop', 'stop_unacknowledged') ORDER BY agency_id, reason
"""
LATE = """
UPDATE consent.acknowledgement SET due_at = register.instant() - interval '1 second'
WHERE custodian = 'bay-hotline' AND acknowledged_at IS NULL RETURNING 1
"""
CHANGES = """
SELECT count(*) FROM ledger.pending WHERE convert_from(header, 'utf8') LIKE '%%stop_acknowledged%%'
"""


class Ended:
    """A release to the shelter under which something was relayed, and its end."""

    def __init__(self, desk: Desk, case_ref: UUID, shelter_case: UUID, directive_ref: str) -> None:
        self.desk, self.case_ref, self.shelter_case, self.directive_ref = desk, case_ref, shelter_case, directive_ref

    async def stop(self, by: str = "ana") -> None:
        answer = await self.desk.people[by].post(f"/v1/cases/{self.case_ref}/revocation")
        assert answer.status_code == 200, answer.text

    async def seen(self, by: str) -> list[dict[str, Any]]:
        case_ref = self.shelter_case if by == "sam" else self.case_ref
        answer = await self.desk.people[by].get(f"/v1/cases/{case_ref}/acknowledgements")
        assert answer.status_code == 200, answer.text
        endings: list[dict[str, Any]] = answer.json()["acknowledgements"]
        return endings

    async def acknowledge(self, by: str = "sam", ref: str = "") -> Any:
        directive_ref = ref or (await self.seen("sam"))[-1]["directive_ref"]
        return await self.desk.people[by].post(f"/v1/directives/{directive_ref}/acknowledgement")

    def tasks(self) -> list[tuple[Any, ...]]:
        return self.desk.rows(TASKS, cases=[self.case_ref, self.shelter_case])


async def let_a_day_pass(desk: Desk, app: FastAPI) -> None:
    assert desk.rows(LATE)
    app_state: AppState = app.state.app_state
    await run_jobs(app_state)


@pytest.fixture
async def ended(desk: Desk) -> Ended:
    case_ref = await desk.case()
    directive_ref = await desk.permit(case_ref, "needs")
    desk.relayed(directive_ref)
    return Ended(desk, case_ref, await desk.town.case_ref_of(case_ref, "harbor-house"), directive_ref)


async def test_a_stop_waits_for_its_recipient(ended: Ended) -> None:
    await ended.stop()

    (own,), (theirs,) = await ended.seen("ana"), await ended.seen("sam")
    assert (own["state"], theirs["state"]) == ("waiting", "waiting")
    assert own["directive_ref"] == ended.directive_ref
    assert not {own["ending_ref"], own["directive_ref"]} & {theirs["ending_ref"], theirs["directive_ref"]}
    assert ended.tasks() == [("harbor-house", "acknowledge_stop", "open")]


async def test_an_acknowledgement_is_told_to_both_sides(desk: Desk, ended: Ended) -> None:
    await ended.stop()
    (before,) = desk.rows(CHANGES)

    answer = await ended.acknowledge()
    again = await ended.acknowledge()

    assert (answer.status_code, answer.json()["state"]) == (200, "acknowledged"), answer.text
    assert (again.status_code, again.json()) == (200, answer.json())
    (own,), (theirs,) = await ended.seen("ana"), await ended.seen("sam")
    assert own["state"] == theirs["state"] == "acknowledged"
    assert ("acknowledged_by" in own, theirs["acknowledged_by"]) == (False, "sam")
    assert ended.tasks() == [("harbor-house", "acknowledge_stop", "cancelled")]
    assert desk.rows(CHANGES) == [(before[0] + 1,)]


async def test_after_a_day_the_custodian_has_a_task(desk: Desk, ended: Ended, app: FastAPI) -> None:
    await ended.stop()

    await let_a_day_pass(desk, app)

    task = ("bay-hotline", "stop_unacknowledged", "open")
    assert ended.tasks() == [task, ("harbor-house", "acknowledge_stop", "open")]
    assert [row["state"] for row in await ended.seen("ana")] == ["overdue"]
    await ended.acknowledge()
    assert [row[2] for row in ended.tasks()] == ["cancelled", "cancelled"]
    assert [row["state"] for row in await ended.seen("ana")] == ["acknowledged"]


async def test_a_narrowing_waits_too_and_one_word_answers_both(desk: Desk, ended: Ended) -> None:
    await desk.draft(ended.case_ref, a_denial("needs"))
    await ended.stop()
    assert [row["state"] for row in await ended.seen("sam")] == ["waiting", "waiting"]

    await ended.acknowledge()

    assert [row["state"] for row in await ended.seen("sam")] == ["acknowledged", "acknowledged"]


async def test_nothing_waits_where_nothing_was_relayed(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref, "needs")
    await desk.ana.post(f"/v1/cases/{case_ref}/revocation")

    answer = await desk.ana.get(f"/v1/cases/{case_ref}/acknowledgements")

    assert answer.json() == {"acknowledgements": []}


@pytest.mark.parametrize("by", ["ana", "lee"])
async def test_only_its_recipient_acknowledges(ended: Ended, by: str) -> None:
    await ended.stop()
    refs = [row["directive_ref"] for side in ("ana", "sam") for row in await ended.seen(side)]

    answers = [await ended.acknowledge(by, ref) for ref in (*refs, str(uuid4()))]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert [row["state"] for row in await ended.seen("sam")] == ["waiting"]


async def test_a_release_in_force_has_nothing_to_acknowledge(ended: Ended) -> None:
    assert (await ended.acknowledge("sam", ended.directive_ref)).status_code == 404


async def test_whom_she_shuts_out_acknowledges_nothing(desk: Desk, ended: Ended) -> None:
    await ended.stop()
    (theirs,) = await ended.seen("sam")
    shut_out = {"person_ref": "sam", "agency_ref": "harbor-house"}
    answer = await desk.ana.post(f"/v1/cases/{ended.case_ref}/exclusions", json=shut_out)
    assert answer.status_code == 201, answer.text

    assert (await ended.acknowledge("sam", theirs["directive_ref"])).status_code == 404
    answer = await desk.people["sam"].get(f"/v1/cases/{ended.shelter_case}/acknowledgements")
    assert answer.status_code == 404
