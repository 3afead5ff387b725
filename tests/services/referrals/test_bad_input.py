"""What is refused: told by a code, echoed nowhere, and nothing half-written."""

import json
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from tests.services.referrals.conftest import Desk, a_referral

JSON = {"Content-Type": "application/json"}
CANARY = "heron-4417"
HIDING = {
    "nul": "heron-4417\\u0000",
    "turns_round": "heron-4417\\u202e",
    "half": "heron-4417\\ud800",
}


def raw(case_ref: UUID, member: str) -> bytes:
    """A referral with one more member, written as it stands."""
    whole = json.dumps(a_referral(case_ref))
    return f"{whole[:-1]}, {member}}}".encode()


async def refused(desk: Desk, case_ref: UUID, body: bytes, status: int) -> httpx.Response:
    answer = await desk.ana.post("/v1/referrals", content=body, headers=JSON)

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert CANARY not in answer.text
    with desk.town.database.superuser() as connection:
        count = connection.execute("SELECT count(*) FROM referrals.referral WHERE case_ref = %s", (case_ref,))
        assert count.fetchone() == (0,)
    return answer


@pytest.mark.parametrize("field", ["case_ref", "to_agency_ref", "mode", "service_code", "priority", "purpose"])
async def test_what_is_missing(desk: Desk, field: str) -> None:
    case_ref, _ = await desk.released()
    body = a_referral(case_ref)
    del body[field]

    await refused(desk, case_ref, json.dumps(body).encode(), 422)


@pytest.mark.parametrize(
    "member",
    [
        f'"{CANARY}": "x"',
        f'"given_name": ["{CANARY}"]',
        f'"given_name": "{CANARY * 30}"',
        f'"needs": ["{CANARY}"]',
        '"needs": "shelter"',
        '"narrative": ""',
        '"born_on": "2026-02-30"',
        '"children_count": 1.5',
        '"do_not_contact": "yes"',
        f'"follows_ref": "{CANARY}"',
        '"referral_ref": "00000000-0000-4000-8000-000000000000"',
        '"status": "accepted"',
        '"answer_by": "2026-03-02T12:00:00Z"',
    ],
)
async def test_what_no_contract_knows(desk: Desk, member: str) -> None:
    case_ref, _ = await desk.released()

    await refused(desk, case_ref, raw(case_ref, member), 422)


@pytest.mark.parametrize(
    "member",
    [
        '"band": "high"',
        '"triggered_by": ["rule"]',
        '"override": {"band": "high", "reason": "heron-4417"}',
        '"instrument_id": "accord-first-screen"',
        '"answers": [{"code": "a1", "answer": "yes"}]',
        '"screen_ref": "00000000-0000-4000-8000-000000000000"',
        '"valid_until": "2026-03-02T12:00:00Z"',
        '"evidence": [{"kind": "photo", "custody": [{"at": "2026-03-02T12:00:00Z", "to_person_ref": "sam"}]}]',
    ],
)
async def test_no_screen_nor_evidence_is_typed_by_hand(desk: Desk, member: str) -> None:
    case_ref, _ = await desk.released()

    await refused(desk, case_ref, raw(case_ref, member), 422)


@pytest.mark.parametrize("mode", ["logged", "live"])
async def test_d12_a_receiver_that_does_not_exist(desk: Desk, mode: str) -> None:
    case_ref, _ = await desk.released()
    body = a_referral(case_ref, to_agency_ref="no-such-agency", mode=mode)

    answer = await refused(desk, case_ref, json.dumps(body).encode(), 422)

    assert answer.json()["errors"] == [{"field": "body.to_agency_ref", "code": "unknown_agency"}]


@pytest.mark.parametrize("field", ["mode", "service_code", "priority", "purpose"])
async def test_a_code_of_no_list(desk: Desk, field: str) -> None:
    case_ref, _ = await desk.released()

    await refused(desk, case_ref, json.dumps(a_referral(case_ref, **{field: CANARY})).encode(), 422)


@pytest.mark.parametrize("hiding", HIDING.values(), ids=HIDING)
async def test_text_that_hides(desk: Desk, hiding: str) -> None:
    case_ref, _ = await desk.released()

    answer = await refused(desk, case_ref, raw(case_ref, f'"given_name": "{hiding}"'), 400)

    assert answer.json()["code"] == "malformed_json"


@pytest.mark.parametrize(
    "member", [f'"mode": "live", "given_name": "{CANARY}"', f'"given_name": "{CANARY}', '"born_on": NaN', "}"]
)
async def test_json_that_is_not_plain(desk: Desk, member: str) -> None:
    case_ref, _ = await desk.released()

    await refused(desk, case_ref, raw(case_ref, member), 400)


async def test_a_body_over_the_limit(desk: Desk) -> None:
    case_ref, _ = await desk.released()

    await refused(desk, case_ref, raw(case_ref, f'"given_name": "{"x" * 1_100_000}"'), 413)


async def test_a_body_of_another_kind(desk: Desk) -> None:
    answer = await desk.ana.post("/v1/referrals", content=b"a=b", headers={"Content-Type": "text/plain"})

    assert answer.status_code == 415


async def test_a_referral_to_oneself(desk: Desk) -> None:
    case_ref, _ = await desk.released()

    body = json.dumps(a_referral(case_ref, to_agency_ref="bay-hotline")).encode()
    answer = await refused(desk, case_ref, body, 409)

    assert answer.json()["code"] == "to_itself"


ANSWERS: list[tuple[str, dict[str, Any]]] = [
    ("acceptance", {}),
    ("acceptance", {"advocate_name": ""}),
    ("acceptance", {"advocate_name": "Sam", CANARY: 1}),
    ("acceptance", {"advocate_name": "Sam", "first_meeting_on": CANARY}),
    ("decline", {}),
    ("decline", {"reason_code": CANARY}),
    ("decline", {"reason_code": "sender"}),
    ("completion", {"outcome_code": CANARY}),
    ("contact-failure", {"contact_attempts": -1}),
    ("contact-failure", {"contact_attempts": "3"}),
    ("question", {"what": CANARY}),
    ("start", {"what": CANARY}),
]


@pytest.mark.parametrize(("step", "body"), ANSWERS)
async def test_an_answer_that_is_not_valid(desk: Desk, step: str, body: dict[str, Any]) -> None:
    case_ref, _ = await desk.released()
    await desk.send(case_ref)
    ref = (await desk.received())["referral_ref"]

    answer = await desk.sam.post(f"/v1/referrals/{ref}/{step}", json=body, headers={"If-Match": '"1"'})

    assert answer.status_code == 422
    assert CANARY not in answer.text
    assert (await desk.received())["version"] == 1


@pytest.mark.parametrize("ref", ["1", "not-a-reference", "00000000-0000-4000-8000-00000000000x", "%00"])
async def test_a_reference_that_is_none_is_absent(desk: Desk, ref: str) -> None:
    answer = await desk.ana.get(f"/v1/referrals/{ref}")

    assert answer.status_code == 404


async def test_the_wall_stands_where_a_query_forgets_it(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.send(case_ref)
    logged = (await desk.released())[0]
    await desk.send(logged, mode="logged")
    query = text("SELECT count(*) FROM referrals.referral WHERE case_ref = ANY(:refs)")

    counts = {}
    for agency_id in ("bay-hotline", "harbor-house", "county-sheriff"):
        async with desk.town.unit("accord_referrals", agency_id) as unit:
            counts[agency_id] = await unit.session.scalar(query, {"refs": [case_ref, logged]})
    async with desk.town.session("accord_referrals") as session:
        counts["nobody"] = await session.scalar(query, {"refs": [case_ref, logged]})

    assert counts == {"bay-hotline": 2, "harbor-house": 1, "county-sheriff": 0, "nobody": 0}
