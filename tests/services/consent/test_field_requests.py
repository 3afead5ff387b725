"""Asking her for more than a release opens: her answer, silence, and how little the requester learns of either."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI

from runtime.http.app_state import AppState
from services.consent.jobs import run_jobs
from tests.services.consent.conftest import Desk

WHY = "Canarina needs a cot for the child"
ASKED = {"custodian_ref": "bay-hotline", "purpose": "shelter", "categories": ["children"], "reason": WHY}
TASK = """
SELECT state FROM carrying.task
WHERE reason = 'field_request' AND cause_ref = %(ref)s AND agency_id = 'bay-hotline'
"""
ROWS = "SELECT row::text FROM consent.field_request AS row"
LATE = """
UPDATE consent.field_request SET due_at = register.instant() - interval '1 second'
WHERE request_ref = %(ref)s RETURNING 1
"""
LOOKS = "SELECT count(*) FROM ledger.pending WHERE convert_from(header, 'utf8') LIKE '%%consulted%%'"
ENDS = ("declined", "withdrawn", "lapsed", "granted")


class Asked:
    """A case with a release to the shelter, and what the shelter asked about it."""

    def __init__(self, desk: Desk, case_ref: UUID, shelter_case: UUID) -> None:
        self.desk, self.case_ref, self.shelter_case = desk, case_ref, shelter_case

    async def ask(self, by: str = "sam", **terms: Any) -> Any:
        path = f"/v1/cases/{self.shelter_case}/field-requests"
        return await self.desk.people[by].post(path, json=ASKED | terms)

    async def seen(self, by: str) -> list[dict[str, Any]]:
        case_ref = self.shelter_case if by == "sam" else self.case_ref
        answer = await self.desk.people[by].get(f"/v1/cases/{case_ref}/field-requests")
        assert answer.status_code == 200, answer.text
        requests: list[dict[str, Any]] = answer.json()["requests"]
        return requests

    async def step(self, by: str, step: str, ref: str, version: int = 1) -> Any:
        body = {"channel": "voice"} if step == "decline" else None
        headers = {"If-Match": f'"{version}"'}
        return await self.desk.people[by].post(f"/v1/field-requests/{ref}/{step}", json=body, headers=headers)

    async def end(self, how: str, app: FastAPI) -> None:
        """Bring the only request to an end."""
        (own,), (theirs,) = await self.seen("ana"), await self.seen("sam")
        if how == "declined":
            assert (await self.step("ana", "decline", own["request_ref"])).status_code == 200
        elif how == "withdrawn":
            assert (await self.step("sam", "withdrawal", theirs["request_ref"])).status_code == 200
        elif how == "lapsed":
            assert self.desk.rows(LATE, ref=UUID(own["request_ref"]))
            app_state: AppState = app.state.app_state
            await run_jobs(app_state)
        else:
            await self.desk.permit(self.case_ref, "children", adds_to_ref=await self.release())

    async def release(self) -> str:
        directives = (await self.desk.ana.get(f"/v1/cases/{self.case_ref}/directives")).json()["directives"]
        return str(directives[0]["directive_ref"])


@pytest.fixture
async def asked(desk: Desk) -> Asked:
    case_ref = await desk.case()
    await desk.permit(case_ref, "needs")
    return Asked(desk, case_ref, await desk.town.case_ref_of(case_ref, "harbor-house"))


async def test_only_the_custodian_reads_why(desk: Desk, asked: Asked) -> None:
    answer = await asked.ask()

    assert answer.status_code == 201, answer.text
    (own,), (theirs,) = await asked.seen("ana"), await asked.seen("sam")
    assert (own["reason"], own["state"], own["categories"]) == (WHY, "open", ["children"])
    assert (theirs["state"], theirs.keys() & {"reason", "requested_by", "answered_at"}) == ("open", set())
    assert own["request_ref"] != theirs["request_ref"]
    assert desk.rows(TASK, ref=UUID(own["request_ref"])) == [("open",)]
    assert not [row for row in desk.rows(ROWS) if "Canarina" in row[0]]


@pytest.mark.parametrize("how", ENDS)
async def test_each_end_is_told_as_much_as_it_may(desk: Desk, asked: Asked, app: FastAPI, how: str) -> None:
    await asked.ask()
    await asked.end(how, app)

    (own,), (theirs,) = await asked.seen("ana"), await asked.seen("sam")
    assert own["state"] == how
    assert theirs["state"] == ("granted" if how == "granted" else "not_authorised")
    assert theirs.keys() & {"reason", "requested_by", "answered_at"} == set()
    assert desk.rows(TASK, ref=UUID(own["request_ref"])) == [("cancelled",)]


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize(("by", "step"), [("ana", "decline"), ("sam", "withdrawal")])
async def test_what_is_answered_stays_so(asked: Asked, app: FastAPI, how: str, by: str, step: str) -> None:
    await asked.ask()
    await asked.end(how, app)
    (seen,) = await asked.seen(by)

    answer = await asked.step(by, step, seen["request_ref"], seen["version"] if by == "ana" else 2)

    assert (answer.status_code, answer.json()["code"]) == (409, "not_open")


@pytest.mark.parametrize(
    ("by", "step"), [("sam", "decline"), ("ana", "withdrawal"), ("lee", "decline"), ("lee", "withdrawal")]
)
async def test_a_step_is_for_its_own_side(asked: Asked, by: str, step: str) -> None:
    await asked.ask()
    refs = [row["request_ref"] for side in ("ana", "sam") for row in await asked.seen(side)]

    answers = [await asked.step(by, step, ref) for ref in refs]

    assert [answer.status_code for answer in answers] == [404, 404]


async def test_without_a_release_a_case_is_as_unknown(desk: Desk, asked: Asked) -> None:
    await desk.stop(await asked.release(), by="survivor")

    stopped = await asked.ask()
    unknown = await desk.sam.post(f"/v1/cases/{uuid4()}/field-requests", json=ASKED)
    elsewhere = await asked.ask(custodian_ref="county-sheriff")

    assert [answer.status_code for answer in (stopped, unknown, elsewhere)] == [404] * 3
    assert len({answer.json()["code"] for answer in (stopped, unknown, elsewhere)}) == 1


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"purpose": "order_enforcement"}, "out_of_reach"),
        ({"categories": []}, "too_short"),
        ({"reason": "x" * 301}, "too_long"),
    ],
)
async def test_what_could_never_be_released_is_not_asked(asked: Asked, terms: dict[str, Any], code: str) -> None:
    answer = await asked.ask(**terms)

    assert answer.status_code == 422, answer.text
    assert code in [error["code"] for error in answer.json()["errors"]]


async def test_she_is_not_asked_without_end(asked: Asked) -> None:
    answers = [await asked.ask() for _ in range(6)]

    assert [answer.status_code for answer in answers] == [201] * 5 + [409]
    assert answers[-1].json()["code"] == "too_many_requests_open"


async def test_a_release_of_something_else_answers_nothing(desk: Desk, asked: Asked) -> None:
    await asked.ask()

    await desk.permit(asked.case_ref, "identity", adds_to_ref=await asked.release())

    assert [row["state"] for row in await asked.seen("sam")] == ["open"]


async def test_her_no_is_kept_as_she_said_it(desk: Desk, asked: Asked, app: FastAPI) -> None:
    await asked.ask()

    await asked.end("declined", app)

    kept = {"by": "survivor", "channel": "voice", "recorded_by": "ana"}
    assert (kept,) in desk.rows("SELECT evidence FROM consent.field_request WHERE state = 'declined'")


async def test_reading_what_was_asked_is_on_record(desk: Desk, asked: Asked) -> None:
    await asked.ask()
    before = desk.rows(LOOKS)

    await asked.seen("ana")

    after = desk.rows(LOOKS)
    assert after[0][0] == before[0][0] + 1
