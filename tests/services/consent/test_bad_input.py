"""What is malformed is refused by place and code, echoed nowhere, and leaves nothing half-written."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.services.consent.conftest import EXPLAINED, Desk, a_permit, a_signature, now

CANARY = "canary-7f3a"


async def drafting(desk: Desk, body: Any, **headers: str) -> httpx.Response:
    case_ref = await desk.case()
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    all_headers = {"Content-Type": "application/json"} | headers
    answer = await desk.ana.post(f"/v1/cases/{case_ref}/directives", content=raw, headers=all_headers)
    left = 'SELECT count(*) FROM register.directive WHERE subject_id = (SELECT subject_id FROM register."case" '
    assert desk.rows(left + "WHERE case_ref = %(ref)s)", ref=case_ref) == [(0,)]
    return answer


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"effect": None}, "body.effect"),
        ({"effect": CANARY}, "body.effect"),
        ({"purpose": CANARY}, "body.purpose"),
        ({"categories": [CANARY]}, "body.categories.0"),
        ({"categories": CANARY}, "body.categories"),
        ({"categories": ["needs"] * 51}, "body.categories"),
        ({"recipient": CANARY.upper()}, "body.recipient"),
        ({"recipient": "x" * 41}, "body.recipient"),
        ({"only_fields": [f"needs.{CANARY} "]}, "body.only_fields.0"),
        ({"valid_until": CANARY}, "body.valid_until"),
        ({"valid_until": 1_800_000_000}, "body.valid_until"),
        ({"valid_until": "2027-01-01T00:00:00+02:00"}, "body.valid_until"),
        ({"survives_death": "yes"}, "body.survives_death"),
        ({"supersedes_ref": CANARY}, "body.supersedes_ref"),
        ({"basis": "partnership_agreement"}, "body.basis"),
        ({"basis": "own_record"}, "body.basis"),
        ({CANARY: 1}, "body"),
    ],
)
async def test_a_field_that_is_not_valid_is_named_and_not_echoed(
    desk: Desk, changed: dict[str, Any], place: str
) -> None:
    answer = await drafting(desk, a_permit() | changed)

    assert answer.status_code == 422
    assert place in {error["field"] for error in answer.json()["errors"]}
    assert CANARY not in answer.text.lower()


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"effect": "permit"', "broken"),
        (b'{"effect": "permit", "effect": "deny"}', "duplicate_key"),
        (b'{"recipient": "a\\u0000"}', "nul"),
        (b'{"recipient": "\\ud800"}', "lone_surrogate"),
        (b'{"recipient": "\\u202e"}', "bidi_control"),
        (b'{"recipient": NaN}', "not_finite"),
        (b"[" * 64 + b"]" * 64, "too_deep"),
    ],
)
async def test_text_that_hides_or_means_two_things_is_refused(desk: Desk, raw: bytes, code: str) -> None:
    answer = await drafting(desk, raw)

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")
    assert answer.json()["errors"][0]["code"] == code


async def test_a_body_over_the_limit_or_of_another_kind_is_refused(desk: Desk) -> None:
    large = await drafting(desk, b" " * (1024 * 1024 + 1))
    foreign = await drafting(desk, b"{}", **{"Content-Type": "text/plain"})

    assert (large.status_code, foreign.status_code) == (413, 415)


async def test_a_reused_key_is_refused_and_a_repeat_is_replayed(desk: Desk) -> None:
    case_ref = await desk.case()
    path, key = f"/v1/cases/{case_ref}/directives", {"Idempotency-Key": str(uuid4())}
    body = a_permit()

    first = await desk.ana.post(path, json=body, headers=key)
    again = await desk.ana.post(path, json=body, headers=key)
    other = await desk.ana.post(path, json=a_permit("children"), headers=key)

    assert first.json() == again.json()
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len((await desk.ana.get(f"/v1/cases/{case_ref}/directives")).json()["directives"]) == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"signed_at": now(days=1)}, "signed_at"),
        ({"explained_by": "nobody-here"}, "explained_by"),
        ({"explained_by": "sam"}, "explained_by"),
        ({"signer_role": "friend"}, "signer_role"),
        ({"signer_conflict_check": "abuser"}, "signer_conflict_check"),
        ({"signer_role": "minor"}, "second_signer"),
        ({"language": "Spanish, please"}, "language"),
        ({"part2": {"patient_name": 7}}, "part2.patient_name"),
    ],
)
async def test_a_signature_that_is_not_valid_leaves_a_draft(desk: Desk, changed: dict[str, Any], field: str) -> None:
    case_ref = await desk.case()
    ref = (await desk.draft(case_ref, a_permit()))["directive_ref"]

    answer = await desk.sign(ref, **changed)

    assert answer.status_code == 422
    assert f"body.{field}" in {error["field"] for error in answer.json()["errors"]}
    assert (await desk.ana.get(f"/v1/directives/{ref}")).json()["version"] == 1
    assert await desk.opens(case_ref) == set()


@pytest.mark.parametrize("word", ["not_asked", "maybe", None])
async def test_a_choice_is_yes_or_no(desk: Desk, word: str | None) -> None:
    case_ref = await desk.case(takes_part=False)

    answer = await desk.ana.put(
        f"/v1/cases/{case_ref}/participation", json={"participation": word, "evidence": EXPLAINED}
    )

    assert answer.status_code == 422


ROUTES = (
    ("PUT", "/v1/cases/{}/participation", {"participation": "no"}),
    ("PUT", "/v1/cases/{}/death", {"died_on": "2026-01-01"}),
    ("POST", "/v1/cases/{}/directives", a_permit()),
    ("GET", "/v1/cases/{}/directives", None),
    ("GET", "/v1/cases/{}/preview?recipient=harbor-house&purpose=shelter", None),
    ("POST", "/v1/cases/{}/revocation", None),
    ("GET", "/v1/directives/{}", None),
    ("POST", "/v1/directives/{}/signature", a_signature()),
    ("POST", "/v1/directives/{}/refusal", None),
    ("POST", "/v1/directives/{}/revocation", None),
    ("POST", "/v1/directives/{}/lifting", a_signature()),
    ("POST", "/v1/directives/{}/confirmation", None),
    ("GET", "/v1/directives/{}/receipt", None),
)


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_foreign_unknown_and_malformed_references_answer_alike(
    desk: Desk, method: str, path: str, body: Any
) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref)
    existing = case_ref if "cases" in path else ref
    match = {"If-Match": '"1"'}

    answers = [
        await desk.lee.request(method, path.format(reference), json=body, headers=match)
        for reference in (existing, uuid4(), "not-a-reference")
    ]

    assert {(answer.status_code, answer.content) for answer in answers} == {(404, answers[0].content)}
    assert await desk.opens(case_ref) == {"needs"}


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_nobody_without_a_token_or_the_scope_gets_in(desk: Desk, method: str, path: str, body: Any) -> None:
    case_ref = await desk.case()

    anonymous = await desk.ana.request(method, path.format(case_ref), json=body, headers={"Authorization": ""})
    coordinator = await desk.cora.request(method, path.format(case_ref), json=body)

    assert (anonymous.status_code, coordinator.status_code) == (401, 403)
