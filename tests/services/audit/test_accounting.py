"""Who looked: complete at once, to the custodian alone, and on record itself."""

import base64
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from runtime import disclosure
from schemas.categories import DataCategory
from schemas.codes import Purpose
from tests.services.audit.accounting import SHELTER, a_told_case, deeds, offer, open_all, read
from tests.support.ledger import Log
from tests.support.town import Town
from tests.support.web import Web

STOPPED = """
UPDATE register.directive SET state = 'revoked', revoked_at = now() + interval '1 minute', told_at = %(told_at)s
WHERE directive_ref = %(ref)s
"""


async def test_each_offer_opening_and_refusal_is_listed_at_once(town: Town, priya: httpx.AsyncClient) -> None:
    case_ref = await a_told_case(town)

    entries = await read(priya, case_ref)

    assert deeds(entries) == {
        ("granted", "bay-hotline"): 1,
        ("changed", "bay-hotline"): 1,
        ("offered", "bay-hotline"): 1,
        ("offered", "harbor-house"): 1,
        ("opened", "harbor-house"): 1,
    }
    assert {entry["index"] for entry in entries} == {None}


async def test_an_opening_is_told_with_all_its_parts(town: Town, priya: httpx.AsyncClient) -> None:
    case_ref = await a_told_case(town)

    opening = (await read(priya, case_ref))[-1]

    assert opening["at"].endswith("Z")
    (directive,) = opening["directives"]
    assert UUID(directive)
    assert len(base64.b64decode(opening.pop("leaf"))) == 32
    del opening["at"], opening["directives"]
    assert opening == {
        "index": None,
        "act": "opened",
        "verdict": "permit",
        "agency": {"id": "harbor-house", "name": "Harbor-House", "address": ""},
        "who": {
            "kind": "person",
            "ref": "sam",
            "name": "Sam",
            "roles": ["case_worker"],
            "agency_id": "harbor-house",
        },
        "type": "accord.incident.reported.v1",
        "categories": ["identity", "needs"],
        "fields": [],
        "purpose": "shelter",
        "basis": "release",
        "reason": None,
        "after_stop": False,
    }


async def test_a_refusal_is_listed_with_a_reason_and_no_category(town: Town, priya: httpx.AsyncClient) -> None:
    case_ref = await a_told_case(town)
    await open_all(town, case_ref, "harbor-house", "sam", Purpose.MEDICAL_CARE)

    folded, whole = await read(priya, case_ref), await read(priya, case_ref, include="not_sent")

    assert ("not_sent", "lantern-counselling") not in deeds(folded)
    (left_out,) = [entry for entry in whole if entry["act"] == "not_sent"]
    (attempt,) = [entry for entry in folded if entry["act"] == "refused"]
    assert (left_out["agency"]["id"], attempt["agency"]["id"]) == ("lantern-counselling", "harbor-house")
    for entry in (left_out, attempt):
        assert (entry["verdict"], entry["categories"]) == ("deny", [])
        assert entry["reason"]


async def test_d10_an_entry_tells_the_fields_where_a_category_was_cut(town: Town, priya: httpx.AsyncClient) -> None:
    case_ref = await town.open_case()
    only = ["identity.given_name"]
    await town.direct(case_ref, "harbor-house", Purpose.SHELTER, SHELTER, only_fields=only)
    await offer(town, case_ref)
    await open_all(town, case_ref, "harbor-house", "sam", Purpose.SHELTER)

    entries = await read(priya, case_ref)

    fields = {(entry["act"], entry["agency"]["id"]): entry["fields"] for entry in entries}
    assert fields["opened", "harbor-house"] == only
    assert fields["offered", "bay-hotline"] == []


async def test_what_was_opened_after_she_said_stop_is_marked(town: Town, priya: httpx.AsyncClient) -> None:
    case_ref = await a_told_case(town)
    await open_all(town, case_ref, "harbor-house", "sam", Purpose.SHELTER)
    first, second = [entry for entry in await read(priya, case_ref) if entry["act"] == "opened"]
    with town.database.superuser() as connection:
        connection.execute(STOPPED, {"told_at": second["at"], "ref": second["directives"][0]})

    entries = await read(priya, case_ref)

    assert [entry["leaf"] for entry in entries if entry["after_stop"]] == [second["leaf"]]
    assert first["leaf"] != second["leaf"]


@pytest.mark.parametrize("include", ["refused", "", "not_sent,refused"])
async def test_only_what_is_folded_can_be_asked_for(town: Town, priya: httpx.AsyncClient, include: str) -> None:
    answer = await priya.get(f"/v1/cases/{uuid4()}/accounting", params={"include": include})

    assert answer.status_code == 422


async def test_entries_gain_only_their_index_once_in_the_tree(town: Town, log: Log, priya: httpx.AsyncClient) -> None:
    case_ref = await a_told_case(town)
    before = await read(priya, case_ref)

    await log.publish()
    after = (await read(priya, case_ref))[: len(before)]

    assert all(isinstance(entry["index"], int) for entry in after)
    assert [entry | {"index": None} for entry in after] == before


async def test_acts_on_another_agencys_own_records_are_not_listed(
    town: Town, priya: httpx.AsyncClient, sam: httpx.AsyncClient
) -> None:
    case_ref = await a_told_case(town)
    shelter_ref = await town.case_ref_of(case_ref, "harbor-house")
    await offer(town, shelter_ref, "harbor-house", "sam")

    hotlines, shelters = await read(priya, case_ref), await read(sam, shelter_ref)

    assert deeds(hotlines)["offered", "harbor-house"] == 1
    assert deeds(shelters) == {("offered", "harbor-house"): 1}
    assert {entry["basis"] for entry in shelters} == {"own_record"}


async def test_a_recipient_sees_no_others_looks_by_its_own_reference(town: Town, sam: httpx.AsyncClient) -> None:
    case_ref = await a_told_case(town)

    assert await read(sam, await town.case_ref_of(case_ref, "harbor-house")) == []


async def test_other_cases_of_the_same_agency_are_not_mixed_in(town: Town, priya: httpx.AsyncClient) -> None:
    first, second = await a_told_case(town), await a_told_case(town)
    await offer(town, second)

    assert sum(deeds(await read(priya, first)).values()) == 5
    assert sum(deeds(await read(priya, second)).values()) == 7


async def test_anothers_case_and_one_that_never_was_are_absent_alike(town: Town, sam: httpx.AsyncClient) -> None:
    case_ref = await a_told_case(town)

    answers = [await sam.get(f"/v1/cases/{ref}/accounting") for ref in (case_ref, uuid4())]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


async def test_reading_is_on_record_and_seen_at_the_next_reading(
    town: Town, ana: httpx.AsyncClient, priya: httpx.AsyncClient
) -> None:
    case_ref = await a_told_case(town)

    await read(ana, case_ref)
    entries = await read(priya, case_ref)

    assert deeds(entries)["ledger_read", "bay-hotline"] == 1
    assert entries[-1]["who"]["ref"] == "ana"


async def test_an_excluded_person_finds_nothing_and_is_on_record(
    town: Town, ana: httpx.AsyncClient, priya: httpx.AsyncClient
) -> None:
    case_ref = await a_told_case(town)
    await town.direct(case_ref, None, None, effect="deny", excluded="ana")

    answer = await ana.get(f"/v1/cases/{case_ref}/accounting")
    never = await ana.get(f"/v1/cases/{uuid4()}/accounting")

    assert (answer.status_code, answer.content) == (404, never.content)
    attempt = (await read(priya, case_ref))[-1]
    assert (attempt["act"], attempt["verdict"], attempt["reason"]) == ("ledger_read", "deny", "blocked_person")


async def test_h12_a_system_reads_no_accounting_for_nobody(
    town: Town, web: Web, app: FastAPI, priya: httpx.AsyncClient
) -> None:
    case_ref = await a_told_case(town)
    await town.direct(case_ref, None, None, effect="deny", excluded="ana")
    path = f"/v1/cases/{case_ref}/accounting"

    async with web.as_system(app, "bay-hotline") as system, web.as_system(app, "bay-hotline", "priya") as named:
        answers = [(await system.get(path)), (await named.get(path))]

    assert [answer.status_code for answer in answers] == [404, 200]
    refused, *_ = [entry for entry in await read(priya, case_ref) if entry["act"] == "ledger_read"]
    assert (refused["verdict"], refused["reason"], refused["who"]["kind"]) == ("deny", "person_not_named", "system")


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
async def test_pages_list_everything_once_in_order_and_come_to_an_end(
    town: Town, log: Log, priya: httpx.AsyncClient, limit: int
) -> None:
    case_ref = await a_told_case(town)
    await log.sequence()
    await offer(town, case_ref)

    whole = (await read(priya, case_ref, limit=200))[:7]
    in_pages = await read(priya, case_ref, limit=limit)

    assert [entry | {"index": None} for entry in in_pages[:7]] == [entry | {"index": None} for entry in whole]
    assert deeds(in_pages[7:]) == {("ledger_read", "bay-hotline"): 1}


async def test_sequencing_between_pages_loses_and_doubles_no_entry(
    town: Town, log: Log, priya: httpx.AsyncClient
) -> None:
    case_ref = await a_told_case(town)
    address = f"/v1/cases/{case_ref}/accounting"
    first = (await priya.get(address, params={"limit": 3})).json()

    await log.sequence()
    second = await priya.get(address, params={"limit": 3, "cursor": first["cursor"]})

    acts = [entry["act"] for entry in first["entries"] + second.json()["entries"]]
    assert sorted(acts) == ["changed", "granted", "offered", "offered", "opened"]
    assert "link" not in second.headers


async def test_the_next_page_is_named_in_a_link(town: Town, priya: httpx.AsyncClient) -> None:
    case_ref = await a_told_case(town)

    answer = await priya.get(f"/v1/cases/{case_ref}/accounting", params={"limit": 3})

    assert answer.headers["link"] == f'<?limit=3&cursor={answer.json()["cursor"]}>; rel="next"'


async def test_somebody_who_left_the_register_is_told_as_erased(town: Town, log: Log, priya: httpx.AsyncClient) -> None:
    case_ref = await a_told_case(town)
    log.tamper("INSERT INTO register.person (person_ref, agency_id, name, roles) "
               "VALUES ('ruth', 'harbor-house', 'Ruth', '{case_worker}')")  # fmt: skip
    await open_all(town, case_ref, "harbor-house", "ruth", Purpose.SHELTER)
    log.tamper("DELETE FROM register.person WHERE person_ref = 'ruth'")

    entry = (await read(priya, case_ref))[-1]

    assert entry["agency"]["id"] == "harbor-house"
    assert entry["who"] == {"kind": "erased", "ref": None, "name": None, "roles": [], "agency_id": None}


async def test_a_system_and_a_service_are_listed_by_their_kind(town: Town, priya: httpx.AsyncClient) -> None:
    case_ref = await a_told_case(town)
    async with town.unit("accord_intake", "bay-hotline") as unit:
        await disclosure.read_mask(unit, case_ref, [DataCategory.IDENTITY])
        unit.actor = "system:notifications"
        await disclosure.read_mask(unit, case_ref, [DataCategory.IDENTITY])
        await unit.session.commit()

    system, service = (await read(priya, case_ref))[-2:]

    assert (system["who"]["kind"], system["who"]["ref"]) == ("system", "bay-hotline")
    assert (service["who"]["kind"], service["who"]["name"]) == ("service", "system:notifications")


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ({"limit": "0"}, "query.limit", None),
        ({"limit": "201"}, "query.limit", None),
        ({"limit": "many"}, "query.limit", None),
        ({"cursor": "a b"}, "query.cursor", None),
        ({"cursor": "x" * 401}, "query.cursor", None),
        ({"cursor": "WzEsMl0x"}, "query.cursor", "malformed"),
        ({"cursor": "Wy0xLDJd"}, "query.cursor", "malformed"),  # [-1,2]
        ({"cursor": "WzMsMl0"}, "query.cursor", "malformed"),  # [3,2]
        ({"cursor": "WzEsOTIyMzM3MjAzNjg1NDc3NTgwOF0"}, "query.cursor", "malformed"),  # past the last number
        ({"canary": "Zz9-canary"}, "query", "unknown_parameter"),
        ({"limit": ["1", "2"]}, "query.limit", "repeated"),
    ],
)
async def test_a_bad_query_is_refused_by_field_and_code_without_echo(
    town: Town, priya: httpx.AsyncClient, query: dict[str, str | list[str]], field: str, code: str | None
) -> None:
    case_ref = await a_told_case(town)

    answer = await priya.get(f"/v1/cases/{case_ref}/accounting", params=query)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert code in (None, error["code"])
    assert "canary" not in answer.text
    assert deeds(await read(priya, case_ref))["ledger_read", "bay-hotline"] == 0


async def test_what_is_no_case_reference_is_absent_like_an_unknown_one(priya: httpx.AsyncClient) -> None:
    answers = [await priya.get(f"/v1/cases/{ref}/accounting") for ref in ("zz9-canary", uuid4())]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


async def test_without_the_scope_nothing_is_told(web: Web, app: FastAPI, town: Town) -> None:
    case_ref = await a_told_case(town)
    async with web.as_person(app, "cora") as coordinator, web.asking(app) as anonymous:
        answers = [await client.get(f"/v1/cases/{case_ref}/accounting") for client in (coordinator, anonymous)]

    assert [answer.status_code for answer in answers] == [403, 401]


async def test_a_change_of_the_release_shows_from_the_next_act_on(town: Town, priya: httpx.AsyncClient) -> None:
    case_ref = await town.open_case()
    directive = await town.direct(case_ref, "harbor-house", Purpose.SHELTER, SHELTER)
    await offer(town, case_ref)
    await town.revoke(case_ref, directive)
    await open_all(town, case_ref, "harbor-house", "sam", Purpose.SHELTER)

    last = (await read(priya, case_ref))[-1]

    assert (last["act"], last["agency"]["id"], last["verdict"]) == ("refused", "harbor-house", "deny")
