"""Cases, incidents and plans at intake's door."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from schemas.categories import DataCategory
from schemas.codes import Purpose
from tests.services.intake.conftest import Desk
from tests.support.web import Web

CANARY = "canary-5e1d"
SHELTER = [DataCategory.NEEDS, DataCategory.CHILDREN]


@pytest.mark.parametrize("body", [None, {}, {"channel": "hotline"}])
async def test_a_case_opens_with_nobodys_name(desk: Desk, body: Any) -> None:
    answer = await desk.ana.post("/v1/cases", json=body)

    opened = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/cases/{opened['case_ref']}"
    assert opened["participation"] == "not_asked"
    assert opened.get("channel") == (body or {}).get("channel")


async def test_a_case_can_be_read_by_its_own_agency(desk: Desk) -> None:
    case_ref = await desk.case()
    reported = await desk.report(case_ref, narrative="told")
    written = (await desk.plan(case_ref, goals=["A bed"])).json()

    answer = await desk.ana.get(f"/v1/cases/{case_ref}")

    assert answer.headers["etag"] == '"1"'
    assert answer.json()["incidents"] == [reported]
    assert answer.json()["plan"] == written
    assert answer.json()["participation"] == "not_asked"
    assert answer.json()["opened_at"]


async def test_a_report_reaches_only_its_custodian_before_a_release(desk: Desk) -> None:
    case_ref = await desk.case()

    await desk.report(case_ref, given_name="Marisol", needs=["shelter"], relationship="XS")

    opened = await desk.opened(case_ref)
    assert opened["identity"] == {"given_name": "Marisol"}
    assert opened["incident_summary"]["contexts"] == ["intimate_partner_violence"]
    assert len(await desk.mail(case_ref, "bay-hotline")) == 1


async def test_an_agency_that_the_survivor_named_opens_its_part(desk: Desk) -> None:
    case_ref = await desk.town.open_case()
    await desk.town.direct(case_ref, "harbor-house", Purpose.SHELTER, SHELTER)

    await desk.report(case_ref, given_name="Marisol", needs=["shelter"], children_count=1, narrative="told")

    opened = await desk.opened(case_ref, "harbor-house", Purpose.SHELTER)
    assert opened == {"needs": {"needs": ["shelter"]}, "children": {"children_count": 1}}


SUMMARY = "incident_summary"
INCIDENT = {"relationship": "XS", "violence_types": ["threats"], "occurred_on": "2026-01-01", "channel": "hotline"}


async def test_values_computed_from_a_withheld_field_are_withheld_too(desk: Desk) -> None:
    case_ref = await desk.town.open_case()
    fields = [f"{SUMMARY}.{name}" for name in ("contexts", "elapsed_band", "violence_types", "reported_at", "channel")]
    await desk.town.direct(
        case_ref, "harbor-house", Purpose.SHELTER, [DataCategory.INCIDENT_SUMMARY], only_fields=fields
    )

    await desk.report(case_ref, **INCIDENT)

    opened = await desk.opened(case_ref, "harbor-house", Purpose.SHELTER)
    assert set(opened[SUMMARY]) == {"violence_types", "reported_at", "channel"}


async def test_and_it_closes_with_that_field_when_it_is_closed_later(desk: Desk) -> None:
    case_ref = await desk.town.open_case()
    await desk.town.direct(case_ref, "harbor-house", Purpose.SHELTER, [DataCategory.INCIDENT_SUMMARY])
    await desk.report(case_ref, **INCIDENT)
    before = await desk.opened(case_ref, "harbor-house", Purpose.SHELTER)

    await desk.town.direct(
        case_ref,
        "harbor-house",
        None,
        [DataCategory.INCIDENT_SUMMARY],
        effect="deny",
        only_fields=[f"{SUMMARY}.relationship"],
    )

    after = await desk.opened(case_ref, "harbor-house", Purpose.SHELTER)
    assert before[SUMMARY]["contexts"] == ["intimate_partner_violence"]
    assert {"relationship", "contexts"} & set(after[SUMMARY]) == set()
    assert {"violence_types", "elapsed_band"} <= set(after[SUMMARY])


async def test_nothing_that_was_told_is_kept_in_the_clear(desk: Desk) -> None:
    case_ref = await desk.case()

    await desk.report(case_ref, given_name=CANARY, narrative=CANARY, offender_name=CANARY, place={"line_1": CANARY})
    await desk.plan(case_ref, goals=[CANARY], during_incident=CANARY, places=[{"label": CANARY}])

    tables = ["intake.case_file", "intake.incident", "intake.plan", "carrying.outbox", "carrying.offer"]
    for table in [*tables, "ledger.pending", "carrying.idempotency"]:
        assert CANARY not in str(desk.rows(f"SELECT t::text FROM {table} AS t"))  # noqa: S608 - names above


async def test_a_correction_is_the_next_version(desk: Desk) -> None:
    case_ref = await desk.case()
    first = await desk.report(case_ref, needs=["shelter"])
    path = f"/v1/cases/{case_ref}/incidents/{first['incident_ref']}/versions"

    answer = await desk.ana.post(path, json={"needs": ["shelter", "medical"]})

    assert (answer.status_code, answer.json()["version"]) == (201, 2)
    summary = (await desk.opened(case_ref))["incident_summary"]
    assert (summary["version"], summary["changed"]) == (2, ["correction"])
    assert summary["reported_at"] == first["reported_at"]


async def test_a_closed_incident_is_reopened_first(desk: Desk) -> None:
    case_ref = await desk.case()
    first = await desk.report(case_ref)
    path = f"/v1/cases/{case_ref}/incidents/{first['incident_ref']}/versions"
    closed = await desk.ana.post(path, json={"changed": ["closed"]})

    refused = await desk.ana.post(path, json={})
    reopened = await desk.ana.post(path, json={"changed": ["reopened"]})

    assert closed.json()["state"] == "closed"
    assert (refused.status_code, refused.json()["code"]) == (409, "closed")
    assert reopened.json()["state"] == "recorded"


async def test_a_repeat_is_marked_within_one_agencys_case(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.report(case_ref)

    await desk.report(case_ref)

    assert (await desk.opened(case_ref))["incident_summary"]["repeat_incident"] is True


async def test_a_report_is_submitted_to_the_police_on_a_release_only(desk: Desk) -> None:
    case_ref = await desk.town.open_case()
    body = {"police_report": "submitted"}

    refused = await desk.ana.post(f"/v1/cases/{case_ref}/incidents", json=body)
    await desk.town.direct(case_ref, "county-sheriff", Purpose.INVESTIGATION, [DataCategory.INCIDENT_SUMMARY])
    accepted = await desk.ana.post(f"/v1/cases/{case_ref}/incidents", json=body)

    assert (refused.status_code, refused.json()["code"]) == (409, "release_needed")
    assert accepted.status_code == 201


async def test_a_plan_is_superseded_by_whoever_read_it(desk: Desk) -> None:
    case_ref = await desk.case()
    first = await desk.plan(case_ref, goals=["A bed"])

    unread = await desk.plan(case_ref, goals=["Two beds"])
    stale = await desk.plan(case_ref, 7, goals=["Two beds"])
    second = await desk.plan(case_ref, 1, goals=["Two beds"])

    assert first.headers["etag"] == '"1"'
    assert (unread.status_code, stale.status_code) == (428, 412)
    assert (second.status_code, second.json()["version"]) == (201, 2)
    assert second.json()["plan_ref"] == first.json()["plan_ref"]
    assert [message.type for message in await desk.mail(case_ref, "bay-hotline")] == [
        "accord.safety_plan.created.v1",
        "accord.safety_plan.updated.v1",
    ]


async def test_a_version_of_no_plan_is_stale(desk: Desk) -> None:
    assert (await desk.plan(await desk.case(), 1, goals=["A bed"])).status_code == 412


async def test_of_two_who_begin_a_plan_at_once_one_is_told_to_read(desk: Desk) -> None:
    case_ref = await desk.case()

    answers = await asyncio.gather(*(desk.plan(case_ref, goals=["A bed"]) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [201, 428, 428, 428]
    assert len(await desk.mail(case_ref, "bay-hotline")) == 1


async def test_after_a_closed_plan_comes_a_new_one(desk: Desk) -> None:
    case_ref = await desk.case()
    first = await desk.plan(case_ref)
    closed = await desk.plan(case_ref, 1, closed=True)

    second = await desk.plan(case_ref, goals=["A bed"])

    assert closed.json()["status"] == "closed"
    assert second.json()["version"] == 1
    assert second.json()["plan_ref"] != first.json()["plan_ref"]


async def test_a_joined_agency_has_its_own_file_and_sees_no_other(desk: Desk) -> None:
    case_ref = await desk.town.open_case("bay-hotline", "harbor-house")
    await desk.report(case_ref)
    shelter_ref = await desk.town.case_ref_of(case_ref, "harbor-house")

    read = (await desk.sam.get(f"/v1/cases/{shelter_ref}")).json()
    written = await desk.sam.post(f"/v1/cases/{shelter_ref}/incidents", json={"narrative": "told here"})

    standing = {"state": "open", "version": 1, "assigned_to": []}
    assert read == {"case_ref": str(shelter_ref), "incidents": [], **standing}
    assert written.status_code == 201
    assert len((await desk.ana.get(f"/v1/cases/{case_ref}")).json()["incidents"]) == 1


ROUTES: tuple[tuple[str, str, Any], ...] = (
    ("GET", "/v1/cases/{}", None),
    ("POST", "/v1/cases/{}/incidents", {}),
    ("POST", "/v1/cases/{}/incidents/{}/versions", {}),
    ("POST", "/v1/cases/{}/plans", {}),
)


async def sent(client: httpx.AsyncClient, method: str, path: str, body: Any, *refs: object) -> httpx.Response:
    return await client.request(method, path.format(*refs), json=body)


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_foreign_unknown_and_malformed_references_answer_alike(
    desk: Desk, method: str, path: str, body: Any
) -> None:
    case_ref = await desk.case()
    incident = UUID((await desk.report(case_ref))["incident_ref"])

    answers = [await sent(desk.sam, method, path, body, ref, incident) for ref in (case_ref, uuid4(), "nothing")]

    assert {(answer.status_code, answer.content) for answer in answers} == {(404, answers[0].content)}


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_a_blocked_person_finds_nothing_and_is_on_record(desk: Desk, method: str, path: str, body: Any) -> None:
    case_ref = await desk.town.open_case("bay-hotline", "county-sheriff")
    police_ref = await desk.town.case_ref_of(case_ref, "county-sheriff")
    incident = (await desk.lee.post(f"/v1/cases/{police_ref}/incidents", json={})).json()["incident_ref"]
    await desk.town.direct(case_ref, None, None, effect="deny", excluded="kim")
    count = "SELECT count(*) FROM ledger.pending WHERE convert_from(header, 'utf8') LIKE '%%blocked_person%%'"
    before = desk.rows(count)[0][0]

    blocked = await sent(desk.kim, method, path, body, police_ref, incident)
    absent = await sent(desk.kim, method, path, body, uuid4(), incident)

    assert (blocked.status_code, blocked.content) == (404, absent.content)
    assert desk.rows(count)[0][0] == before + 1


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_h12_a_system_works_on_no_hidden_case_for_nobody(
    desk: Desk, web: Web, app: FastAPI, method: str, path: str, body: Any
) -> None:
    case_ref = await desk.town.open_case("bay-hotline", "county-sheriff")
    police_ref = await desk.town.case_ref_of(case_ref, "county-sheriff")
    incident = (await desk.lee.post(f"/v1/cases/{police_ref}/incidents", json={})).json()["incident_ref"]
    await desk.town.direct(case_ref, None, None, effect="deny", excluded="kim")

    async with web.as_system(app, "county-sheriff") as system, web.as_system(app, "county-sheriff", "lee") as named:
        unnamed = await sent(system, method, path, body, police_ref, incident)
        absent = await sent(system, method, path, body, uuid4(), incident)
        answer = await sent(named, method, path, body, police_ref, incident)

    assert (unnamed.status_code, unnamed.content) == (404, absent.content)
    assert answer.status_code != 404


@pytest.mark.parametrize(("method", "path", "body"), [("POST", "/v1/cases", {}), *ROUTES])
async def test_nobody_without_a_token_or_the_scope_gets_in(desk: Desk, method: str, path: str, body: Any) -> None:
    case_ref = await desk.case()

    anonymous = await desk.ana.request(
        method, path.format(case_ref, case_ref), json=body, headers={"Authorization": ""}
    )
    coordinator = await sent(desk.cora, method, path, body, case_ref, case_ref)

    assert (anonymous.status_code, coordinator.status_code) == (401, 403)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"relationship": CANARY}, "body.relationship"),
        ({"violence_types": [CANARY]}, "body.violence_types.0"),
        ({"violence_types": CANARY}, "body.violence_types"),
        ({"given_name": ""}, "body.given_name"),
        ({"given_name": CANARY * 30}, "body.given_name"),
        ({"given_name": 7}, "body.given_name"),
        ({"narrative": "x" * 20_001}, "body.narrative"),
        ({"occurred_on": "yesterday"}, "body.occurred_on"),
        ({"children_count": "two"}, "body.children_count"),
        ({"channels": [{"kind": "voice", CANARY: 1}]}, "body.channels.0"),
        ({"incident_ref": str(uuid4())}, "body"),
        ({CANARY: 1}, "body"),
    ],
)
async def test_a_field_that_is_not_valid_is_named_and_not_echoed(desk: Desk, body: dict[str, Any], place: str) -> None:
    case_ref = await desk.case()

    answer = await desk.ana.post(f"/v1/cases/{case_ref}/incidents", json=body)

    assert answer.status_code == 422
    assert place in {error["field"] for error in answer.json()["errors"]}
    assert CANARY not in answer.text
    assert await desk.mail(case_ref, "bay-hotline") == []
    assert (await desk.ana.get(f"/v1/cases/{case_ref}")).json()["incidents"] == []


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b'{"narrative": "told"', 400, "malformed_json"),
        (b'{"narrative": "a", "narrative": "b"}', 400, "malformed_json"),
        (b'{"narrative": "a\\u0000"}', 400, "malformed_json"),
        (b'{"narrative": "\\ud800"}', 400, "malformed_json"),
        (b'{"narrative": "\\u202e"}', 400, "malformed_json"),
        (b'{"narrative": "' + b"x" * (1024 * 1024) + b'"}', 413, "too_large"),
    ],
)
async def test_text_that_hides_or_is_too_long_is_refused(desk: Desk, raw: bytes, status: int, code: str) -> None:
    case_ref = await desk.case()
    headers = {"Content-Type": "application/json"}

    answer = await desk.ana.post(f"/v1/cases/{case_ref}/incidents", content=raw, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await desk.mail(case_ref, "bay-hotline") == []


async def test_a_request_sent_again_is_answered_again_and_done_once(desk: Desk) -> None:
    case_ref = await desk.case()
    path, key = f"/v1/cases/{case_ref}/incidents", {"Idempotency-Key": str(uuid4())}

    first = await desk.ana.post(path, json={"narrative": "told"}, headers=key)
    again = await desk.ana.post(path, json={"narrative": "told"}, headers=key)
    other = await desk.ana.post(path, json={"narrative": "told otherwise"}, headers=key)

    assert first.content == again.content
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(await desk.mail(case_ref, "bay-hotline")) == 1
    assert json.loads(first.content)["version"] == 1
