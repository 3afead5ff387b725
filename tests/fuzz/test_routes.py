"""No request, however hostile, is answered otherwise than the committed descriptions say, and none breaks a service."""

import json
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import Any

import httpx
import pytest

from tests.fuzz.all_services import Street
from tests.fuzz.costs import Cost, cost_of
from tests.fuzz.probes import SERVER_ERROR, SERVICES, UNDOCUMENTED, Effort, ProbeResult, probe
from tests.fuzz.valid_requests import Good, Stock, filled
from tests.support.rounds import proof, rounds

CASES = rounds(2_000, 10_000)
NAMES = (
    "intake",
    "consent",
    "law_enforcement_bridge",
    "referrals",
    "notifications",
    "exchange",
    "audit",
    "tasks",
    "dashboard",
)
DESCRIBED = {
    (name, method, path): operation
    for name in NAMES
    for path, item in json.loads((SERVICES / name / "openapi.json").read_text())["paths"].items()
    for method, operation in item.items()
}
OPERATIONS = {place: operation["operationId"] for place, operation in DESCRIBED.items()}
LISTS = {
    place: name
    for place, name in OPERATIONS.items()
    if any(parameter["name"] == "limit" for parameter in DESCRIBED[place].get("parameters", ()))
}
MOST_ROWS = 2_250  # what a list reads at most, and what deciding one row of it takes
MOST_BYTES = 4_096
EMPTY_BYTES = 40
AIMED_AT = rounds(1_000, 13_500)  # an operation with little to list has fewer cases than it is asked for
# About a third of all is drawn and a third is listed; walks, and probes without a valid token, are the rest.
EFFORT = Effort(drawn=AIMED_AT // 120, listed=AIMED_AT // 180, walks=AIMED_AT // 500, vast=rounds(1, 7))


@pytest.fixture(scope="module")
def stock(street: Street) -> Stock:
    return filled(street, 3)


def ask(client: httpx.Client, street: Street, name: str, method: str, path: str, good: Good) -> httpx.Response:
    headers = {"Authorization": f"Bearer {street.token(good.who)}", **good.headers}
    url = street.addresses[name] + path.format(**good.path)
    return client.request(method, url, json=good.body, params=dict(good.query), headers=headers)


@pytest.fixture(scope="module")
def refused(street: Street) -> list[Any]:
    """Ask every operation of every service what it answers with success; return those that did not."""
    with httpx.Client(timeout=30, trust_env=False) as client:
        return drive(street, client)


def drive(street: Street, client: httpx.Client) -> list[Any]:
    stock = filled(street, 1)
    refused: list[Any] = []
    for (name, method, path), operation in OPERATIONS.items():
        fitting = [good for good in stock[operation] if path.count("{") == len(good.path)]
        assert fitting, f"nothing is known that {operation} would answer"
        answers = [ask(client, street, name, method, path, good) for good in fitting]
        if not any(answer.is_success for answer in answers):
            refused.append((operation, [answer.text for answer in answers]))
    return refused


def test_what_the_rest_begins_with_is_answered_with_success(refused: list[Any]) -> None:
    assert not refused


def test_h8_d1_every_honest_operation_leaves_a_whole_record(street: Street, refused: list[Any]) -> None:
    assert not refused
    while street.do(street.sequence()):
        pass

    assert [str(finding) for finding in street.findings()] == []


@pytest.mark.usefixtures("refused")
def test_h4_m11_one_row_of_a_list_costs_one_subject_and_one_leaf(street: Street, stock: Stock) -> None:
    costs: dict[str, Cost] = {}
    with httpx.Client(timeout=30, trust_env=False) as client:
        for (name, method, path), operation in LISTS.items():
            for good in stock[operation]:
                request = replace(good, query={**good.query, "limit": "1"})
                cost, answer = cost_of(street, partial(ask, client, street, name, method, path, request))
                assert answer.is_success, answer.text
                costs[f"{operation} by {good.who} {dict(good.query)}"] = cost

    beyond = {
        name: cost for name, cost in costs.items() if cost.locked > 1 or cost.leaves > 1 or cost.bytes > MOST_BYTES
    }
    assert beyond == {}
    assert max(cost.rows for cost in costs.values()) <= MOST_ROWS
    assert sum(cost.bytes > EMPTY_BYTES for cost in costs.values()) >= len(LISTS), "too few of them show anything"


def test_no_answer_is_undocumented_and_none_is_an_error_of_ours(street: Street, stock: Stock) -> None:
    results: dict[str, ProbeResult] = {name: probe(name, street, stock, EFFORT) for name in NAMES}
    cases = sum(result.cases for result in results.values())
    answers = sum((result.answers for result in results.values()), Counter[int]())
    wrong = [f"{name}: {check}: {text}" for name, result in results.items() for check, text in result.wrong]

    proof(
        "fuzz",
        "routes",
        cases=cases,
        operations=len(OPERATIONS),
        answered_2xx=sum(count for status, count in answers.items() if status < 300),
        operations_answered_2xx=sum(len(result.succeeded) for result in results.values()),
        checks=sum(result.checks.total() for result in results.values()),
        undocumented=sum(result.count(*UNDOCUMENTED) for result in results.values()),
        server_errors=sum(result.count(SERVER_ERROR) for result in results.values()),
        other_findings=sum(
            len(result.wrong) - result.count(*UNDOCUMENTED, SERVER_ERROR) for result in results.values()
        ),
        **{f"answered_{status}": count for status, count in sorted(answers.items())},
    )
    assert not wrong, "\n".join(wrong[:20])
    assert cases >= CASES
    assert sum(len(result.succeeded) for result in results.values()) > len(OPERATIONS) * 0.9
