"""What is refused: told by a code, echoed nowhere, and nothing half-written."""

import json
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.services.law_enforcement_bridge.conftest import Desk

JSON = {"Content-Type": "application/json"}
CANARY = "heron-4417"


async def refused(desk: Desk, body: bytes, status: int) -> httpx.Response:
    """Send a body in a case of its own; see that it is refused, and that nothing of it is kept or told."""
    case_ref = await desk.town.open_case("county-sheriff")
    in_case = body.replace(b"{", f'{{"case_ref": "{case_ref}", '.encode(), 1)
    answer = await desk.lee.post("/v1/orders", content=in_case, headers=JSON)

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert CANARY not in answer.text
    assert stored_orders(desk, case_ref) == 0
    return answer


def stored_orders(desk: Desk, case_ref: UUID) -> int:
    query = "SELECT count(*) FROM law_enforcement_bridge.protective_order WHERE case_ref = %s"
    with desk.town.database.superuser() as connection:
        (count,) = connection.execute(query, (case_ref,)).fetchone() or (0,)
    return int(str(count))


@pytest.mark.parametrize(
    "body",
    [
        {"court_name": "County Court"},
        {"status": CANARY},
        {"status": "expired"},
        {"status": "final", CANARY: 1},
        {"status": "final", "court_name": CANARY * 30},
        {"status": "final", "court_name": ""},
        {"status": "final", "order_type": CANARY},
        {"status": "final", "expires_on": "2026-02-30"},
        {"status": "final", "expires_on": "9999-12-31"},
        {"status": "final", "expires_on": CANARY},
        {"status": "final", "expiry": "dated"},
        {"status": "final", "expiry": "none", "expires_on": "2031-01-01"},
        {"status": "final", "court_time_zone": CANARY},
        {"status": "final", "court_time_zone": "America"},
        {"status": "final", "court_time_zone": "../../etc/passwd"},
        {"status": "final", "conditions": [{"pco_code": "99"}]},
        {"status": "final", "respondents": [{}]},
        {"status": "final", "respondents": [{"name": "R"}] * 51},
        {"status": "final", "respondents": CANARY},
        {"status": "final", "hearing_at": "2026-03-02T12:00:00+01:00"},
        {"status": "final", "cji_fields": [CANARY]},
        {"status": "final", "version": 3},
        {"status": "final", "order_ref": str(uuid4())},
        {"status": "final", "service_status": "served"},
    ],
)
async def test_what_no_contract_knows(desk: Desk, body: dict[str, Any]) -> None:
    await refused(desk, json.dumps(body).encode(), 422)


async def test_a_respondent_by_a_reference_we_did_not_make(desk: Desk) -> None:
    body = {"status": "final", "respondents": [{"name": "R", "respondent_ref": str(uuid4())}]}

    answer = await refused(desk, json.dumps(body).encode(), 409)

    assert answer.json()["code"] == "unknown_respondent"


@pytest.mark.parametrize(
    "members",
    [
        '"status": "final", "status": "requested"',
        '"status": "final", "court_name": "heron-4417\\u0000"',
        '"status": "final", "court_name": "heron-4417\\u202e"',
        '"status": "final", "court_name": "heron-4417\\ud800"',
        '"status": "final", "court_name": "heron-4417',
        '"status": Infinity',
    ],
    ids=["doubled", "nul", "turns round", "half", "broken", "infinite"],
)
async def test_json_that_is_not_plain(desk: Desk, members: str) -> None:
    answer = await refused(desk, f"{{{members}}}".encode(), 400)

    assert answer.json()["code"] == "malformed_json"


async def test_a_body_over_the_limit(desk: Desk) -> None:
    await refused(desk, f'{{"status": "final", "court_name": "{"x" * 1_100_000}"}}'.encode(), 413)


async def test_a_case_that_is_none(desk: Desk) -> None:
    answer = await desk.lee.post("/v1/orders", json={"status": "final", "case_ref": CANARY})

    assert answer.status_code == 422
    assert CANARY not in answer.text


STEPS: list[tuple[str, dict[str, Any]]] = [
    ("issuance", {}),
    ("issuance", {"status": "requested"}),
    ("modification", {"modification": CANARY}),
    ("modification", {"modification": "terms", "status": "final"}),
    ("service", {}),
    ("service", {"service_status": "pending"}),
    ("service", {"service_status": "served"}),
    ("service", {"service_status": "served", "served_at": CANARY}),
    ("service", {"service_status": "failed", "failure_reason": CANARY}),
    ("service", {"service_status": "in_hand", "respondent_ref": CANARY}),
    ("hearing", {}),
    ("hearing", {"hearing_at": "tomorrow"}),
    ("violation", {"violated_on": CANARY}),
    ("violation", {"violated_conditions": ["42"]}),
    ("end", {}),
    ("end", {"end_reason": CANARY}),
]


@pytest.mark.parametrize(("step", "body"), STEPS)
async def test_a_step_that_is_not_valid(desk: Desk, step: str, body: dict[str, Any]) -> None:
    order = await desk.record()

    answer = await desk.do(order, step, body)

    assert answer.status_code == 422
    assert CANARY not in answer.text
    assert (await desk.lee.get(f"/v1/orders/{order['order_ref']}")).json()["version"] == 1


async def test_a_service_of_tomorrow(desk: Desk) -> None:
    order = (await desk.do(await desk.record(), "service", {"service_status": "in_hand"})).json()

    answer = await desk.do(order, "service", {"service_status": "served", "served_at": "2990-01-01T00:00:00Z"})

    assert (answer.status_code, answer.json()["code"]) == (409, "in_the_future")


async def test_a_write_sent_again_is_done_once(desk: Desk) -> None:
    key = {"Idempotency-Key": uuid4().hex}

    first = await desk.lee.post("/v1/orders", json={"status": "temporary"}, headers=key)
    again = await desk.lee.post("/v1/orders", json={"status": "temporary"}, headers=key)
    other = await desk.lee.post("/v1/orders", json={"status": "final"}, headers=key)

    assert (again.status_code, again.json(), again.headers["ETag"]) == (201, first.json(), first.headers["ETag"])
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert stored_orders(desk, UUID(first.json()["case_ref"])) == 1


@pytest.mark.parametrize(
    "query",
    [
        "status=lost",
        "service_status=lost",
        "limit=0",
        "cursor=bm9uc2Vuc2U",
        "cursor=WyJ5ZXN0ZXJkYXkiLCJ4Il0",  # ["yesterday","x"]
        "nonsense=1",
    ],
)
async def test_a_queue_is_asked_for_in_words_we_know(desk: Desk, query: str) -> None:
    answer = await desk.lee.get(f"/v1/orders?{query}")

    assert answer.status_code == 422
    assert "nonsense" not in answer.text
