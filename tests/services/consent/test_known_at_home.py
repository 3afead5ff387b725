"""Whether a survivor takes part, and whether she died: the home agency's to know, and to take back."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from schemas.codes import Purpose
from tests.services.consent.conftest import Desk, a_permit, now

SHERIFFS = {"custodian": "county-sheriff", "recipient": "bay-hotline", "purpose": "advocacy"}


async def joined(desk: Desk, *, takes_part: bool = True) -> tuple[UUID, UUID]:
    """Open a case that the shelter and the sheriff know of; return the hotline's reference and the sheriff's."""
    case_ref = await desk.town.open_case("bay-hotline", "harbor-house", "county-sheriff")
    if not takes_part:
        await desk.ana.put(f"/v1/cases/{case_ref}/participation", json={"participation": "no"})
    return case_ref, await desk.town.case_ref_of(case_ref, "county-sheriff")


async def dies(desk: Desk, case_ref: UUID, day: str | None = None) -> httpx.Response:
    return await desk.ana.put(f"/v1/cases/{case_ref}/death", json={"died_on": day or now(days=-1)[:10]})


async def taken_back(desk: Desk, case_ref: UUID) -> None:
    await desk.ana.post(f"/v1/cases/{case_ref}/death/correction")
    answer = await desk.mia.post(f"/v1/cases/{case_ref}/death/confirmation")
    assert answer.status_code == 200, answer.text


def without_refs(answer: httpx.Response) -> Any:
    return {
        name: value
        for name, value in answer.json().items()
        if name not in ("directive_ref", "valid_from", "valid_until")
    }


async def test_m4_a_draft_elsewhere_answers_alike(desk: Desk) -> None:
    answers = []
    for takes_part, died in ((True, False), (False, False), (True, True)):
        case_ref, their_case = await joined(desk, takes_part=takes_part)
        if died:
            await dies(desk, case_ref)
        terms = a_permit("order_terms", **SHERIFFS)
        answers.append(await desk.lee.post(f"/v1/cases/{their_case}/directives", json=terms))

    assert {answer.status_code for answer in answers} == {201}
    assert without_refs(answers[0]) == without_refs(answers[1]) == without_refs(answers[2])


async def test_m4_a_signature_elsewhere_does_not_tell_which(desk: Desk) -> None:
    answers = []
    for takes_part in (True, False):
        case_ref, their_case = await joined(desk, takes_part=takes_part)
        if takes_part:
            await dies(desk, case_ref)
        ref = (
            await desk.lee.post(f"/v1/cases/{their_case}/directives", json=a_permit("order_terms", **SHERIFFS))
        ).json()["directive_ref"]
        answers.append(await desk.sign(ref, "lee", explained_by="lee"))

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(409, "ask_the_home_agency")] * 2


async def test_m4_at_home_it_is_told(desk: Desk) -> None:
    not_asked = await desk.case(takes_part=False)
    died = await desk.case()
    await dies(desk, died)

    codes = [
        (await desk.ana.post(f"/v1/cases/{case_ref}/directives", json=a_permit())).json()["code"]
        for case_ref in (not_asked, died)
    ]

    assert codes == ["not_participating", "deceased"]


async def test_m4_what_a_death_closed_reads_revoked_elsewhere(desk: Desk) -> None:
    case_ref, their_case = await joined(desk)
    ref = (await desk.lee.post(f"/v1/cases/{their_case}/directives", json=a_permit("order_terms", **SHERIFFS))).json()[
        "directive_ref"
    ]
    assert (await desk.sign(ref, "lee", explained_by="lee")).json()["state"] == "active"
    await dies(desk, case_ref)

    read = (await desk.lee.get(f"/v1/directives/{ref}")).json()

    assert (read["state"], read["in_force"]) == ("revoked", False)
    assert read["revoked_at"] is not None


async def test_m4_a_preview_elsewhere_does_not_say_why(desk: Desk) -> None:
    _, their_case = await joined(desk, takes_part=False)

    preview = (await desk.lee.get(f"/v1/cases/{their_case}/preview?recipient=bay-hotline&purpose=advocacy")).json()

    assert {category["reason"] for category in preview["categories"]} == {"nothing_granted"}


@pytest.mark.parametrize(
    ("day", "code"),
    [("2099-01-01", "in_the_future"), (now(days=2)[:10], "in_the_future"), ("1026-01-01", "too_long_ago")],
)
async def test_m5_d11_a_death_is_neither_ahead_nor_long_ago(desk: Desk, day: str, code: str) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref)

    answer = await dies(desk, case_ref, day)

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "body.died_on", "code": code}]
    assert await desk.opens(case_ref) == {"needs"}


async def test_m5_a_death_by_mistake_is_taken_back_by_two(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref)
    await dies(desk, case_ref)
    closed = await desk.opens(case_ref)

    recorded = await desk.ana.post(f"/v1/cases/{case_ref}/death/correction")
    alone = await desk.ana.post(f"/v1/cases/{case_ref}/death/confirmation")
    still = await desk.opens(case_ref)
    confirmed = await desk.mia.post(f"/v1/cases/{case_ref}/death/confirmation")

    assert (recorded.status_code, recorded.json()["deceased"]) == (200, True)
    assert (alone.status_code, alone.json()["code"]) == (409, "party_to_the_first_act")
    assert closed == still == set()
    assert (confirmed.status_code, confirmed.json()["deceased"]) == (200, False)
    assert await desk.opens(case_ref) == {"needs"}
    assert (await desk.facts_of(case_ref, "harbor-house"))[-1] == "granted.v1"


async def test_m5_each_step_is_a_leaf(desk: Desk) -> None:
    case_ref = await desk.case()
    await dies(desk, case_ref)
    await taken_back(desk, case_ref)

    reasons = desk.rows("SELECT convert_from(header, 'utf8')::jsonb ->> 'reason' FROM ledger.pending ORDER BY id")

    assert [row[0] for row in reasons[-3:]] == ["death", "death_correction_awaits_confirmation", "death_taken_back"]


async def test_m5_nothing_is_taken_back_that_was_not_recorded(desk: Desk) -> None:
    case_ref = await desk.case()

    answers = [await desk.ana.post(f"/v1/cases/{case_ref}/death/{step}") for step in ("correction", "confirmation")]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(409, "no_death_on_record")}


async def test_m5_a_death_said_again_ends_its_correction(desk: Desk) -> None:
    case_ref = await desk.case()
    await dies(desk, case_ref)
    await desk.ana.post(f"/v1/cases/{case_ref}/death/correction")
    await dies(desk, case_ref)

    answer = await desk.mia.post(f"/v1/cases/{case_ref}/death/confirmation")

    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_awaits_confirmation")


async def test_m5_a_colleague_finds_a_correction_that_waits(desk: Desk) -> None:
    case_ref = await desk.case()
    await dies(desk, case_ref)
    await desk.ana.post(f"/v1/cases/{case_ref}/death/correction")

    awaiting = (await desk.mia.get("/v1/confirmations?limit=200")).json()["awaiting"]

    assert [row["kind"] for row in awaiting if row["case_ref"] == str(case_ref)] == ["death"]


async def test_m5_what_else_ended_stays_ended(desk: Desk) -> None:
    case_ref = await desk.case()
    stopped = await desk.permit(case_ref)
    await desk.permit(case_ref, "children", purpose="advocacy")
    await dies(desk, case_ref)
    await desk.stop(stopped)
    await taken_back(desk, case_ref)

    assert await desk.opens(case_ref) == set()
    assert await desk.opens(case_ref, purpose=Purpose.ADVOCACY) == {"children"}
