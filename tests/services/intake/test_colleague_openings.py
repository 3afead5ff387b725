"""A case on which others work is opened by a step that says why, which is on record."""

import pytest
from fastapi import FastAPI

from tests.services.intake.conftest import Desk
from tests.services.intake.test_assignment import assign, leaves
from tests.support.web import Web

COVERING = {"reason_code": "covering"}
LATER = "UPDATE intake.colleague_opening SET open_until = now() WHERE case_ref = %(ref)s RETURNING person_ref"


async def test_a_colleague_opens_a_case_by_a_reason(desk: Desk) -> None:
    path = f"/v1/cases/{await desk.case()}"

    before = await desk.mia.get(path)
    opened = await desk.mia.post(f"{path}/opening", json=COVERING)
    after = await desk.mia.get(path)

    assert (before.status_code, before.json()["code"]) == (409, "colleagues_case")
    assert (opened.status_code, after.status_code) == (200, 200)
    assert opened.json()["open_until"]


async def test_the_reason_is_on_record_and_sealed(desk: Desk) -> None:
    path = f"/v1/cases/{await desk.case()}"
    before = len(leaves(desk))

    await desk.mia.post(f"{path}/opening", json=COVERING)

    (header,) = [header for header in leaves(desk)[before:] if b'"reason":"colleagues_case"' in header]
    assert b"covering" not in header


async def test_an_opening_ends(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.mia.post(f"/v1/cases/{case_ref}/opening", json=COVERING)

    assert desk.rows(LATER, ref=case_ref) == [("mia",)]
    assert (await desk.mia.get(f"/v1/cases/{case_ref}")).status_code == 409


async def test_who_works_on_it_needs_no_step(desk: Desk) -> None:
    case_ref = await desk.case()
    await assign(desk.ana, case_ref, "mia")

    assert (await desk.mia.get(f"/v1/cases/{case_ref}")).status_code == 200


async def test_who_hands_a_case_over_may_look_until_the_shift_ends(desk: Desk) -> None:
    case_ref = await desk.case()
    await assign(desk.ana, case_ref, "mia")
    at_once = await desk.ana.get(f"/v1/cases/{case_ref}")

    assert desk.rows(LATER, ref=case_ref) == [("ana",)]
    assert (at_once.status_code, (await desk.ana.get(f"/v1/cases/{case_ref}")).status_code) == (200, 409)


async def test_handing_over_a_colleagues_case_opens_it_to_nobody_else(desk: Desk) -> None:
    case_ref = await desk.case()
    await assign(desk.mia, case_ref, "priya")

    assert (await desk.mia.get(f"/v1/cases/{case_ref}")).status_code == 409


async def test_nobodys_case_is_open_to_all_colleagues(desk: Desk) -> None:
    case_ref = await desk.case()
    await assign(desk.ana, case_ref)

    assert [(await who.get(f"/v1/cases/{case_ref}")).status_code for who in (desk.mia, desk.ana)] == [200, 200]


async def test_a_privacy_officer_and_a_system_need_no_step(desk: Desk, web: Web, app: FastAPI) -> None:
    path = f"/v1/cases/{await desk.case()}"

    async with web.as_system(app, "bay-hotline") as system, web.as_system(app, "bay-hotline", "mia") as for_mia:
        answers = [await client.get(path) for client in (desk.priya, system, for_mia)]
        refused = await system.post(f"{path}/opening", json=COVERING)

    assert [answer.status_code for answer in answers] == [200, 200, 409]
    assert (refused.status_code, refused.json()["code"]) == (409, "no_person")


@pytest.mark.parametrize("hidden", [True, False])
async def test_what_is_not_to_be_known_is_absent_for_a_reason_too(desk: Desk, hidden: bool) -> None:
    case_ref = await desk.case()
    if hidden:
        await desk.town.direct(case_ref, None, None, effect="deny", excluded="mia")
    asker = desk.mia if hidden else desk.sam

    answers = [
        await asker.get(f"/v1/cases/{case_ref}"),
        await asker.post(f"/v1/cases/{case_ref}/opening", json=COVERING),
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
