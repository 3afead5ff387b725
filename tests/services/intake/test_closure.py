"""Closing a case at the agency's own desk, and opening it again."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from schemas.codes import ClosingReason
from tests.services.intake.conftest import Desk
from tests.services.intake.test_case_list import listed


async def close(desk: Desk, case_ref: UUID, reason: str = "completed", version: int | None = 1) -> httpx.Response:
    return await step(desk.ana, case_ref, "closing", version, {"reason_code": reason})


async def step(
    client: httpx.AsyncClient, case_ref: UUID, name: str, version: int | None, body: Any = None
) -> httpx.Response:
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    return await client.post(f"/v1/cases/{case_ref}/{name}", json=body, headers=headers)


@pytest.mark.parametrize("reason", ClosingReason)
async def test_a_closed_case_says_why_and_is_readable(desk: Desk, reason: str) -> None:
    case_ref = await desk.case()

    answer = await close(desk, case_ref, reason)

    read = (await desk.ana.get(f"/v1/cases/{case_ref}")).json()
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert (read["state"], read["reason_code"], read["version"]) == ("closed", reason, 2)
    assert str(case_ref) in await listed(desk.ana, "state=closed&limit=200")
    assert str(case_ref) not in await listed(desk.ana, "state=open&limit=200")


async def test_nothing_else_of_a_closed_case_changes(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.report(case_ref)
    await desk.plan(case_ref, goals=["A bed"])
    before = (await desk.ana.get(f"/v1/cases/{case_ref}")).json()

    await close(desk, case_ref)
    reopened = await step(desk.ana, case_ref, "reopening", 2)

    after = (await desk.ana.get(f"/v1/cases/{case_ref}")).json()
    assert reopened.json() == {"case_ref": str(case_ref), "state": "open", "version": 3, "assigned_to": ["ana"]}
    assert after == before | {"version": 3}


async def test_what_is_done_again_changes_nothing(desk: Desk) -> None:
    case_ref = await desk.case()
    open_already = await step(desk.ana, case_ref, "reopening", 1)
    await close(desk, case_ref)

    again, otherwise = await close(desk, case_ref, version=2), await close(desk, case_ref, "moved_away", version=2)

    assert (open_already.status_code, open_already.json()["version"]) == (200, 1)
    assert (again.status_code, again.json()["version"]) == (200, 2)
    assert (otherwise.status_code, otherwise.json()["code"]) == (409, "closed")


@pytest.mark.parametrize(("version", "status"), [(None, 428), (7, 412)])
async def test_a_closing_names_the_version_it_read(desk: Desk, version: int | None, status: int) -> None:
    case_ref = await desk.case()

    assert (await close(desk, case_ref, version=version)).status_code == status
    assert (await step(desk.ana, case_ref, "reopening", version)).status_code == status


async def test_only_who_writes_cases_of_the_agency_closes_them(desk: Desk) -> None:
    case_ref = await desk.case()
    body = {"reason_code": "completed"}

    assert (await step(desk.sam, case_ref, "closing", 1, body)).status_code == 404
    assert (await step(desk.priya, case_ref, "closing", 1, body)).status_code == 403
    assert (await step(desk.ana, case_ref, "closing", 1, {"reason_code": "tired"})).status_code == 422


async def test_a_closing_is_on_record_with_its_reason_sealed(desk: Desk) -> None:
    case_ref = await desk.case()

    await close(desk, case_ref, "no_contact")

    newest = bytes(desk.rows("SELECT header FROM ledger.pending ORDER BY id DESC LIMIT 1")[0][0])
    assert b'"reason":"case_closed"' in newest
    assert b"no_contact" not in newest
