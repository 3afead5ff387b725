"""One problem for everything that is not a success; absent is one answer to the byte; nothing is echoed."""

import logging
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from runtime.http.problems import (
    PROBLEMS,
    Absent,
    Problem,
    ProblemDetails,
    Withheld,
    problem_document,
    problem_response,
)
from tests.support.web import Web

CANARY = "CANARY-ana-lives-here"


async def test_absent_is_one_answer_wherever_it_is_given(ana: httpx.AsyncClient, web: Web, app: FastAPI) -> None:
    places = [f"/v1/things/{uuid4()}", "/v1/things/malformed", "/v1/nowhere", "/", "/v1/things/", f"/{CANARY}"]
    async with web.asking(app) as stranger:
        answers = [await ana.get(place) for place in places] + [await stranger.get("/v1/nowhere")]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1


def test_absent_and_withheld_are_the_same_to_the_byte() -> None:
    assert problem_response(Absent()).body == problem_response(Withheld()).body == problem_response(Absent()).body


def test_other_problems_can_be_told_apart_when_somebody_calls() -> None:
    instances = {problem_document(Problem("broken"))["instance"] for _ in range(5)}

    assert len(instances) == 5


@pytest.mark.parametrize("code", PROBLEMS)
def test_every_problem_is_of_the_shape_that_is_published(code: str) -> None:
    problem = ProblemDetails.model_validate(problem_document(Problem(code)))

    assert problem.status == PROBLEMS[code][0]
    assert problem.title == PROBLEMS[code][1]
    assert problem.type.endswith(code)


@pytest.mark.parametrize(
    "body",
    [
        {"word": CANARY * 10},
        {"word": [CANARY]},
        {"word": "a", "count": CANARY},
        {"word": "a", CANARY: 1},
        {"word": "a", "count": {CANARY: CANARY}},
        [CANARY],
        CANARY,
        {},
    ],
)
async def test_an_invalid_body_is_told_by_fields_and_codes(ana: httpx.AsyncClient, body: object) -> None:
    answer = await ana.post("/v1/things", json=body)

    assert answer.status_code == 422
    assert "CANARY" not in answer.text
    problem = ProblemDetails.model_validate(answer.json())
    assert all(error.field.startswith("body") and error.code for error in problem.errors)
    assert problem.errors


async def test_a_field_that_the_contract_names_is_named(ana: httpx.AsyncClient) -> None:
    answer = await ana.post("/v1/things", json={"word": "a", "count": -1, CANARY: 2})

    assert answer.json()["errors"] == [
        {"field": "body.count", "code": "greater_than_equal"},
        {"field": "body.*", "code": "extra_forbidden"},
    ]


async def test_a_query_is_not_echoed(ana: httpx.AsyncClient) -> None:
    answer = await ana.get("/v1/things", params={CANARY: "1", "limit": CANARY, "cursor": CANARY + "!"})

    assert answer.status_code == 422
    assert "CANARY" not in answer.text


async def test_a_method_that_is_not_offered_is_a_problem(ana: httpx.AsyncClient) -> None:
    answer = await ana.delete("/v1/things")

    assert answer.status_code == 405
    assert answer.json()["code"] == "method_not_allowed"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["allow"] == "GET, POST"


async def test_an_answer_of_ours_that_failed_leads_to_its_log_line(
    ana: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "runtime.http.error_mapping"):
        answers = [await ana.post("/v1/things/trouble/broken", json={"word": uuid4().hex}) for _ in range(2)]

    fields = [record.log_fields for record in caplog.records if record.msg == "broken"]  # type: ignore[attr-defined]
    assert [line["instance"] for line in fields] == [answer.json()["instance"] for answer in answers]
    assert len({line["error_id"] for line in fields}) == 1
    assert fields[0]["error_id"].endswith("/ValueError")
    assert "error_id" not in answers[0].text


async def test_every_answer_carries_safe_headers(ana: httpx.AsyncClient) -> None:
    answers = [
        await ana.get("/v1/things"),
        await ana.get("/v1/nowhere"),
        await ana.get("/healthz"),
        await ana.post("/v1/things/trouble/broken", json={"word": uuid4().hex}),
    ]

    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert "server" not in answer.headers


@pytest.mark.parametrize(
    ("headers", "place", "status"),
    [
        ({f"X-{number}": "a" for number in range(70)}, "/healthz", 431),
        ({"X-Long": "a" * 17_000}, "/healthz", 431),
        ({}, "/healthz?" + "a" * 5000, 414),
        ({}, "/" + "a" * 5000, 414),
    ],
)
async def test_headers_and_addresses_are_bounded(
    ana: httpx.AsyncClient, headers: dict[str, str], place: str, status: int
) -> None:
    answer = await ana.get(place, headers=headers)

    assert answer.status_code == status
    assert "aaaa" not in answer.text
