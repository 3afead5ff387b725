"""Risk screens at intake's door: started, completed or abandoned, and a band that a person raises."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from schemas.categories import DataCategory
from schemas.codes import Purpose
from services.intake.api.screen_routes import INSTRUMENTS
from services.intake.instrument_packs import OWN_INSTRUMENTS
from tests.services.intake.conftest import Desk
from tests.services.intake.instrument_packs import DASH_RULES, an_instrument, items

OURS = "accord-first"
LICENSED = "licensed"
YESTERDAY = "UPDATE intake.risk_screen SET started_at = started_at - interval '25 hours' WHERE screen_ref = %(ref)s"
ROWS = "SELECT state, result FROM intake.risk_screen WHERE case_ref = %(ref)s"
NEXT_YEAR = str((datetime.now(UTC) + timedelta(days=365)).date())
LAST_WEEK = str((datetime.now(UTC) - timedelta(days=7)).date())


@pytest.fixture(autouse=True)
def licensed(app: FastAPI) -> None:
    """Load a licensed instrument beside ours, whose bands are the same."""
    pack = an_instrument(
        instrument_id=LICENSED,
        rules=DASH_RULES,
        bands=["standard", "elevated", "high"],
        items=items({"all": 24}),
        certification_required=True,
    )
    setattr(app.state, INSTRUMENTS, {**OWN_INSTRUMENTS, (LICENSED, "1"): pack})


def replies(**given_answers: str) -> dict[str, Any]:
    codes = [item.code for item in OWN_INSTRUMENTS[OURS, "1"].items]
    return {"answers": [{"code": code, "answer": given_answers.get(code, "no")} for code in codes]}


HIGH, ELEVATED, STANDARD = replies(a2="yes"), replies(b1="yes", b2="yes"), replies()


class Screen:
    """A screen of Ana's, and what she does with it."""

    def __init__(self, desk: Desk, case_ref: UUID, started: dict[str, Any]) -> None:
        self.desk, self.case_ref, self.ref = desk, case_ref, started["screen_ref"]

    async def step(self, step: str, body: Any = None, version: int = 1) -> httpx.Response:
        path = f"/v1/cases/{self.case_ref}/risk-screens/{self.ref}/{step}"
        return await self.desk.ana.post(path, json=body, headers={"If-Match": f'"{version}"'})


async def start(desk: Desk, case_ref: UUID, instrument_id: str = OURS) -> httpx.Response:
    return await desk.ana.post(f"/v1/cases/{case_ref}/risk-screens", json={"instrument_id": instrument_id})


async def started(desk: Desk, case_ref: UUID | None = None) -> Screen:
    case_ref = case_ref or await desk.case()
    answer = await start(desk, case_ref)
    assert answer.status_code == 201, answer.text
    return Screen(desk, case_ref, answer.json())


async def completed(desk: Desk, body: dict[str, Any], case_ref: UUID | None = None) -> tuple[Screen, dict[str, Any]]:
    screen = await started(desk, case_ref)
    answer = await screen.step("completion", body)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return screen, result


async def listed(desk: Desk, case_ref: UUID) -> list[dict[str, Any]]:
    answer = await desk.ana.get(f"/v1/cases/{case_ref}/risk-screens")
    assert answer.status_code == 200, answer.text
    screens: list[dict[str, Any]] = answer.json()["screens"]
    return screens


async def test_the_instruments_are_shown_with_their_words(desk: Desk) -> None:
    answer = (await desk.ana.get("/v1/risk-instruments")).json()

    ours = next(instrument for instrument in answer["instruments"] if instrument["instrument_id"] == OURS)
    assert (ours["validated"], ours["languages"], len(ours["items"])) == (False, ["en", "es"], 13)
    assert set(ours["items"][0]["wording"]) == {"en", "es"}


async def test_a_high_band_asks_for_a_referral_at_once(desk: Desk) -> None:
    screen, result = await completed(desk, HIGH)

    assert (result["band"], result["refer_now"], result["validated"]) == ("high", True, False)
    opened = await desk.opened(screen.case_ref)
    assert opened["risk_result"] == {
        "screen_ref": screen.ref,
        "instrument_id": OURS,
        "instrument_version": "1",
        "validated": False,
        "band": "high",
        "triggered_by": ["rule"],
        "change": "first",
        "repeat": False,
        "valid_until": result["valid_until"],
    }
    assert len(opened["risk_answers"]["answers"]) == 13


async def test_the_band_travels_without_the_answers(desk: Desk) -> None:
    case_ref = await desk.town.open_case()
    await desk.town.direct(case_ref, "county-sheriff", Purpose.ORDER_ENFORCEMENT, [DataCategory.RISK_RESULT])

    await completed(desk, HIGH, case_ref)

    opened = await desk.opened(case_ref, "county-sheriff", Purpose.ORDER_ENFORCEMENT)
    assert opened.keys() == {"risk_result"}


async def test_firearm_access_is_told_beside_the_screen(desk: Desk) -> None:
    screen, _ = await completed(desk, HIGH | {"firearm_access": "yes"})

    assert (await desk.opened(screen.case_ref))["weapons_risk"] == {"firearm_access": "yes"}


async def test_the_next_screen_says_what_changed(desk: Desk) -> None:
    case_ref = await desk.case()
    changes = []
    for body in (STANDARD, ELEVATED, ELEVATED, HIGH, STANDARD):
        await completed(desk, body, case_ref)
        result = (await desk.opened(case_ref))["risk_result"]
        changes.append((result["change"], result["repeat"]))

    assert changes == [("first", False), ("raised", True), ("same", True), ("raised", True), ("lowered", True)]
    states = [(screen["state"], screen["band"]) for screen in await listed(desk, case_ref)]
    assert states[0] == ("completed", "standard")
    assert states[1:] == [("superseded", band) for band in ("high", "elevated", "elevated", "standard")]


async def test_a_belief_counts_where_the_instrument_asks(desk: Desk) -> None:
    await certify(desk, NEXT_YEAR)
    case_ref = await desk.case()
    screen = Screen(desk, case_ref, (await start(desk, case_ref, LICENSED)).json())

    result = (await screen.step("completion", {"answers": [], "belief": True})).json()

    assert result["band"] == "high"
    assert (await desk.opened(case_ref))["risk_result"]["triggered_by"] == ["belief"]


async def test_a_person_raises_a_band_and_never_lowers_one(desk: Desk) -> None:
    screen, _ = await completed(desk, ELEVATED)
    override = {"override": {"band": "high", "reason": "he knows where she works"}}

    lower = await screen.step("override", {"override": {"band": "standard", "reason": "calmer"}}, 2)
    raised = await screen.step("override", override, 2)
    again = await screen.step("override", override, 3)

    assert (lower.status_code, lower.json()["code"]) == (409, "band_not_raised")
    assert (raised.status_code, raised.json()["band"], raised.json()["refer_now"]) == (200, "high", True)
    assert (again.status_code, again.json()["code"]) == (409, "band_not_raised")
    assert (await desk.opened(screen.case_ref))["risk_result"]["override"] == override["override"]


async def test_a_band_is_raised_while_the_screen_is_made(desk: Desk) -> None:
    screen = await started(desk)

    lower = await screen.step("completion", HIGH | {"override": {"band": "elevated", "reason": "calmer"}})
    raised = await screen.step("completion", STANDARD | {"override": {"band": "high", "reason": "she fears him"}})

    assert (lower.status_code, lower.json()["code"]) == (409, "band_not_raised")
    assert (raised.status_code, raised.json()["band"]) == (200, "high")


STEPS = {"completion": HIGH, "override": {"override": {"band": "high", "reason": "fear"}}, "abandonment": None}
# From where which step is possible, and what every other is answered with.
MATRIX = {
    ("started", "completion"): 200,
    ("started", "override"): "not_completed",
    ("started", "abandonment"): 204,
    ("completed", "completion"): "not_started",
    ("completed", "override"): 200,
    ("completed", "abandonment"): "completed",
    ("superseded", "completion"): "not_started",
    ("superseded", "override"): "not_completed",
    ("superseded", "abandonment"): "completed",
}


@pytest.mark.parametrize(("state", "step"), MATRIX)
async def test_each_step_is_possible_where_it_is_listed(desk: Desk, state: str, step: str) -> None:
    screen = await started(desk)
    version = {"started": 1, "completed": 2, "superseded": 3}[state]
    if state != "started":
        await screen.step("completion", ELEVATED)
    if state == "superseded":
        await completed(desk, ELEVATED, screen.case_ref)

    answer = await screen.step(step, STEPS[step], version)

    expected = MATRIX[state, step]
    assert answer.status_code == expected if isinstance(expected, int) else answer.json()["code"] == expected


async def test_an_abandoned_screen_keeps_nothing(desk: Desk) -> None:
    screen = await started(desk)

    await screen.step("abandonment")

    assert desk.rows(ROWS, ref=screen.case_ref) == []
    assert (await screen.step("completion", HIGH)).status_code == 404


async def test_a_screen_is_abandoned_after_a_day(desk: Desk) -> None:
    screen = await started(desk)
    with desk.town.database.superuser() as connection:
        connection.execute(YESTERDAY, {"ref": screen.ref})

    late = await screen.step("completion", HIGH)

    assert (late.status_code, await listed(desk, screen.case_ref)) == (404, [])
    await started(desk, screen.case_ref)
    assert [row[0] for row in desk.rows(ROWS, ref=screen.case_ref)] == ["started"]


async def test_no_row_says_the_band(desk: Desk) -> None:
    screen, _ = await completed(desk, HIGH)

    (row,) = desk.rows(ROWS, ref=screen.case_ref)
    assert row[0] == "completed"
    assert b"high" not in bytes(row[1])


async def certify(desk: Desk, until: str) -> httpx.Response:
    return await desk.olga.put(f"/v1/people/ana/certifications/{LICENSED}", json={"certified_until": until})


async def test_a_licensed_instrument_needs_a_certificate(desk: Desk) -> None:
    case_ref = await desk.case()
    await certify(desk, LAST_WEEK)

    without = await start(desk, case_ref, LICENSED)
    assert (await certify(desk, NEXT_YEAR)).status_code == 200
    with_one = await start(desk, case_ref, LICENSED)

    assert (without.status_code, without.json()["code"], with_one.status_code) == (409, "not_certified", 201)
    noted = (await desk.olga.get("/v1/people/ana/certifications")).json()["certifications"]
    assert noted == [{"person_ref": "ana", "instrument_id": LICENSED, "certified_until": NEXT_YEAR}]


async def test_who_certifies_is_an_administrator_of_the_agency(desk: Desk) -> None:
    path, body = f"certifications/{LICENSED}", {"certified_until": NEXT_YEAR}

    assert (await desk.ana.put(f"/v1/people/ana/{path}", json=body)).status_code == 403
    assert (await desk.olga.put(f"/v1/people/sam/{path}", json=body)).status_code == 404
    unknown = await desk.olga.put("/v1/people/ana/certifications/none", json=body)
    assert (unknown.status_code, unknown.json()["errors"][0]["code"]) == (422, "unknown_instrument")


async def test_an_instrument_that_is_not_loaded_is_refused(desk: Desk) -> None:
    answer = await start(desk, await desk.case(), "oracle")

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown_instrument")


async def test_a_version_is_named(desk: Desk) -> None:
    case_ref = await desk.case()
    path = f"/v1/cases/{case_ref}/risk-screens"

    known = await desk.ana.post(path, json={"instrument_id": OURS, "instrument_version": "1"})
    other = await desk.ana.post(path, json={"instrument_id": OURS, "instrument_version": "9"})

    assert (known.status_code, other.status_code) == (201, 422)


async def test_another_agencys_screen_is_absent(desk: Desk) -> None:
    screen, _ = await completed(desk, HIGH)
    body = {"instrument_id": OURS}

    answers = [
        await desk.sam.get(f"/v1/cases/{screen.case_ref}/risk-screens"),
        await desk.sam.post(f"/v1/cases/{screen.case_ref}/risk-screens", json=body),
        await desk.sam.post(f"/v1/cases/{screen.case_ref}/risk-screens/{screen.ref}/abandonment"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]


async def test_a_colleague_states_a_reason_before_the_bands(desk: Desk) -> None:
    screen, _ = await completed(desk, HIGH)

    answer = await desk.mia.get(f"/v1/cases/{screen.case_ref}/risk-screens")

    assert (answer.status_code, answer.json()["code"]) == (409, "colleagues_case")


async def test_a_person_shut_out_sees_no_band(desk: Desk) -> None:
    screen, _ = await completed(desk, HIGH)
    await desk.town.direct(screen.case_ref, None, None, effect="deny", excluded="mia")

    assert (await desk.mia.get(f"/v1/cases/{screen.case_ref}/risk-screens")).status_code == 404


async def test_an_incomplete_screen_takes_the_place_of_none(desk: Desk) -> None:
    case_ref = await desk.case()
    await completed(desk, ELEVATED, case_ref)

    _, incomplete = await completed(desk, {"answers": []}, case_ref)
    _, after = await completed(desk, STANDARD, case_ref)

    assert (incomplete["band"], "change" in incomplete) == ("incomplete", False)
    assert after["change"] == "lowered"
    states = [(screen["state"], screen["band"]) for screen in await listed(desk, case_ref)]
    assert states[0] == ("completed", "standard")
    assert sorted(states[1:]) == [("superseded", "elevated"), ("superseded", "incomplete")]


async def test_after_an_incomplete_one_the_next_is_the_first(desk: Desk) -> None:
    case_ref = await desk.case()
    await completed(desk, {"answers": []}, case_ref)

    assert (await completed(desk, STANDARD, case_ref))[1]["change"] == "first"


REVIEWS = "SELECT state, trigger FROM carrying.task WHERE case_ref = %(ref)s AND reason = 'plan_review'"


@pytest.mark.parametrize(
    ("before", "body", "forced"),
    [(None, HIGH, True), (None, ELEVATED, False), (STANDARD, ELEVATED, True), (HIGH, STANDARD, False)],
)
async def test_a_raised_band_forces_a_review_of_the_plan(
    desk: Desk, before: dict[str, Any] | None, body: dict[str, Any], forced: bool
) -> None:
    case_ref = await desk.case()
    if before is not None:
        await completed(desk, before, case_ref)
    await desk.plan(case_ref, goals=["A bed"])

    await completed(desk, body, case_ref)

    assert desk.rows(REVIEWS, ref=case_ref) == ([("open", "raised_band")] if forced else [])


async def test_an_instrument_says_whether_the_asker_may_use_it(desk: Desk) -> None:
    answer = await desk.mia.get("/v1/risk-instruments")

    may_use = {row["instrument_id"]: row["may_use"] for row in answer.json()["instruments"]}
    assert (may_use[OURS], may_use[LICENSED]) == (True, False)


async def test_a_screen_of_another_version_is_not_abandoned(desk: Desk) -> None:
    case_ref = await desk.case()
    screen = Screen(desk, case_ref, (await start(desk, case_ref)).json())

    stale = await screen.step("abandonment", version=7)

    assert stale.status_code == 412
    assert len(await listed(desk, case_ref)) == 1
