"""The ledger's lines of one agency: listed, counted, proven one by one, and in a file that needs no trust in us."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from kernel.ledger import note
from runtime.register.enrolment import NewPerson, enrol_person
from schemas.codes import Purpose
from services.audit import verification
from services.audit.public_key import STATE
from tests.services.audit.accounting import a_told_case, offer, open_all
from tests.support import proofs
from tests.support.ledger import Log, a_leaf
from tests.support.run_folders import accord
from tests.support.town import Town
from tests.support.web import Web

ENTRIES, COUNT, PROOF, EXPORT = "/v1/entries", "/v1/entries/count", "/v1/entries/proof", "/v1/entries/export"
VERIFICATION, FRESHNESS = "/v1/verification", "/v1/ledger-freshness"


@pytest.fixture(autouse=True)
def key(app: FastAPI, log: Log) -> None:
    setattr(app.state, STATE, log.vkey)


@pytest.fixture(scope="module")
async def auditors(town: Town) -> None:
    """One at the hotline, one at the shelter."""
    async with town.session("accord_admin") as session:
        await enrol_person(session, NewPerson("olu", "bay-hotline", "Olu", ("auditor",)))
        await enrol_person(session, NewPerson("sid", "harbor-house", "Sid", ("auditor",)))
        await session.commit()


@pytest.fixture
async def sid(web: Web, app: FastAPI, auditors: None) -> AsyncIterator[httpx.AsyncClient]:
    """The shelter's auditor."""
    async with web.asking(app, web.issuer.person("sid", agency="harbor-house", roles=["auditor"])) as client:
        yield client


@pytest.fixture
async def olu(web: Web, app: FastAPI, auditors: None) -> AsyncIterator[httpx.AsyncClient]:
    """The hotline's auditor."""
    async with web.asking(app, web.issuer.person("olu", agency="bay-hotline", roles=["auditor"])) as client:
        yield client


async def listed(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    """Return every line of a list, page after page."""
    entries: list[dict[str, Any]] = []
    cursor = None
    while True:
        params = {"limit": 3, **query, **({} if cursor is None else {"cursor": cursor})}
        answer = await client.get(ENTRIES, params=params)
        assert answer.status_code == 200, answer.text
        entries += answer.json()["entries"]
        cursor = answer.json()["cursor"]
        assert (cursor is None) is ("link" not in answer.headers)
        if cursor is None:
            return entries


async def test_a_custodians_lines_are_listed_newest_first(town: Town, priya: httpx.AsyncClient) -> None:
    case_ref = await a_told_case(town)

    entries = await listed(priya, case_ref=case_ref)

    acts = [entry["act"] for entry in entries]
    assert (acts[0], sorted(acts)) == ("opened", ["changed", "granted", "offered", "offered", "opened"])
    assert [entry["at"] for entry in entries] == sorted((entry["at"] for entry in entries), reverse=True)
    assert {entry["case_ref"] for entry in entries} == {str(case_ref)}
    assert entries[0]["who"]["name"] == "Sam"


async def test_nothing_of_another_custodian_is_listed(
    town: Town, log: Log, priya: httpx.AsyncClient, sid: httpx.AsyncClient
) -> None:
    case_ref = await a_told_case(town)
    shelter_ref = await town.case_ref_of(case_ref, "harbor-house")
    await offer(town, shelter_ref, "harbor-house", "sam")
    await log.publish()

    theirs = await listed(sid, act="offered", limit=200)
    hotlines = await listed(priya, limit=200)

    assert {entry["basis"] for entry in theirs} == {"own_record"}
    assert not {entry["leaf"] for entry in theirs} & {entry["leaf"] for entry in hotlines}
    assert await listed(sid, case_ref=case_ref) == await listed(sid, case_ref=uuid4()) == []
    answers = [
        await sid.get(PROOF, params={"index": index}) for index in (hotlines[-1]["index"], len(log.headers()) + 9)
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


async def test_a_person_whom_a_survivor_shut_out_finds_no_line_of_hers(
    town: Town, log: Log, olu: httpx.AsyncClient, priya: httpx.AsyncClient
) -> None:
    case_ref = await a_told_case(town)
    await log.publish()
    (opening,) = await listed(priya, case_ref=case_ref, act="opened")
    await town.direct(case_ref, None, None, effect="deny", excluded="olu")

    assert await listed(olu, case_ref=case_ref) == []
    assert (await olu.get(COUNT, params={"case_ref": str(case_ref)})).json() == {"count": 0, "whole": True}
    assert (await olu.get(PROOF, params={"index": opening["index"]})).status_code == 404
    assert await listed(priya, case_ref=case_ref, act="opened") == [opening]


async def test_each_filter_holds_and_counts_the_same(town: Town, priya: httpx.AsyncClient) -> None:
    case_ref = await a_told_case(town)
    await open_all(town, case_ref, "harbor-house", "sam", Purpose.MEDICAL_CARE)
    whole = await listed(priya, case_ref=case_ref)
    newest, oldest = whole[0]["at"], whole[-1]["at"]

    lengths = {
        "person": await same(priya, case_ref=case_ref, person="sam"),
        "nobody": await same(priya, case_ref=case_ref, person="no-such-person"),
        "agency": await same(priya, case_ref=case_ref, agency="harbor-house"),
        "act": await same(priya, case_ref=case_ref, act="opened"),
        "refused": await same(priya, case_ref=case_ref, refused="true"),
        "not sent": await same(priya, case_ref=case_ref, act="not_sent"),
        "to": await same(priya, case_ref=case_ref, to=newest),
        "from": await same(priya, case_ref=case_ref, **{"from": newest}),
        "between": await same(priya, case_ref=case_ref, **{"from": oldest, "to": newest}),
    }

    assert lengths == {
        "person": 2,
        "nobody": 0,
        "agency": 3,
        "act": 1,
        "refused": 1,
        "not sent": 1,
        "to": 5,
        "from": 1,
        "between": 5,
    }


async def same(client: httpx.AsyncClient, **query: Any) -> int:
    entries = await listed(client, **query)
    page = (await client.get(ENTRIES, params=query)).json()
    assert (page["count"], page["whole"]) == (len(entries), True)
    assert (await client.get(COUNT, params=query)).json() == {"count": len(entries), "whole": True}
    return len(entries)


async def test_what_enters_the_tree_between_pages_is_listed_once(
    town: Town, log: Log, priya: httpx.AsyncClient
) -> None:
    case_ref = await a_told_case(town)
    query = {"case_ref": str(case_ref), "limit": "2"}
    first = (await priya.get(ENTRIES, params=query)).json()

    await log.publish()
    second = (await priya.get(ENTRIES, params={**query, "limit": "200", "cursor": first["cursor"]})).json()

    assert [entry["index"] for entry in first["entries"]] == [None, None]
    assert len({entry["leaf"] for entry in first["entries"] + second["entries"]}) == 5
    assert all(isinstance(entry["index"], int) for entry in second["entries"])


async def test_each_reading_is_on_record(town: Town, log: Log, priya: httpx.AsyncClient) -> None:
    await a_told_case(town)
    await log.publish()
    (opening, *_) = await listed(priya, act="opened", limit=200)
    before = await same(priya, person="priya", act="verified") + await same(priya, person="priya", act="exported")

    for path in (f"{PROOF}?index={opening['index']}", VERIFICATION, EXPORT):
        assert (await priya.get(path)).status_code == 200

    after = await same(priya, person="priya", act="verified") + await same(priya, person="priya", act="exported")
    assert after == before + 3


async def test_an_entrys_proof_convinces_another_verifier(town: Town, log: Log, priya: httpx.AsyncClient) -> None:
    case_ref = await a_told_case(town)
    await log.publish()
    (opening,) = await listed(priya, case_ref=case_ref, act="opened")

    answer = (await priya.get(PROOF, params={"index": opening["index"]})).json()

    receipt, header = note.read_proof(answer["proof"]), base64.b64decode(answer["header"])
    size, root = proofs.signed_head(receipt.checkpoint, log.vkey) or (0, b"")
    assert (answer["holds"], answer["size"], answer["entry"]) == (True, size, opening)
    assert proofs.root_by_inclusion(header, opening["index"], size, receipt.path) == root
    assert base64.b64encode(proofs.leaf(header)).decode() == opening["leaf"]


async def test_an_export_convinces_both_verifiers(
    town: Town, log: Log, priya: httpx.AsyncClient, tmp_path: Path
) -> None:
    case_ref = await a_told_case(town)
    await log.publish()
    await open_all(town, case_ref, "harbor-house", "sam", Purpose.SHELTER)
    file = tmp_path / "excerpt.jsonl"

    answer = await priya.get(EXPORT, params={"case_ref": str(case_ref)})
    file.write_text(answer.text, encoding="utf-8")

    about, head, *rows, names = map(json.loads, answer.text.splitlines())
    size, root = proofs.signed_head(head["note"], log.vkey) or (0, b"")
    for row in rows:
        body, path = base64.b64decode(row["header"]), [base64.b64decode(digest) for digest in row["path"]]
        assert proofs.root_by_inclusion(body, row["index"], size, path) == root
    assert (len(rows), about["excerpt"]["entries"], about["excerpt"]["not_yet_under_a_checkpoint"]) == (5, 5, 1)
    assert {"Sam", "Harbor-House", f"case {case_ref}"} <= set(names["names"].values())
    done = accord("ledger", "verify", "--from", file, "--vkey", log.vkey, "--json")
    assert (done.exit_code, json.loads(done.output)["entries"]) == (0, 5)


@pytest.mark.parametrize(
    ("edit", "fault"),
    [("header", "edited"), ("path", "not_included"), ("index", "not_included"), ("note", "not_signed")],
)
async def test_an_export_that_was_changed_is_named(
    town: Town, log: Log, priya: httpx.AsyncClient, tmp_path: Path, edit: str, fault: str
) -> None:
    case_ref = await a_told_case(town)
    await log.publish()
    answer = await priya.get(EXPORT, params={"case_ref": str(case_ref)})
    about, head, *rows, names = map(json.loads, answer.text.splitlines())
    if edit == "note":
        head["note"] = head["note"].replace("\n", "\nA", 1)
    else:
        rows[0][edit] = rows[1][edit]
    file = tmp_path / "excerpt.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in (about, head, *rows, names)), encoding="utf-8")

    done = accord("ledger", "verify", "--from", file, "--vkey", log.vkey, "--json")

    assert done.exit_code == 1
    assert {finding["fault"] for finding in json.loads(done.output)["findings"]} == {fault}


async def test_the_ledger_is_checked_in_stretches(
    town: Town, log: Log, priya: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_told_case(town)
    await log.publish()
    await log.write(*(a_leaf(number) for number in range(40)))
    await log.publish()
    size = len(log.headers())
    monkeypatch.setattr(verification, "MOST_ENTRIES", 32)

    newest = (await priya.get(VERIFICATION)).json()
    before = (await priya.get(VERIFICATION, params={"until": newest["start"]})).json()

    assert (newest["whole"], newest["until"], newest["findings"]) == (True, size, [])
    assert (before["whole"], before["until"]) == (True, newest["start"])
    assert 0 <= before["start"] < newest["start"] <= size - 32
    assert (await priya.get(VERIFICATION, params={"until": size + 1})).status_code == 404


async def test_freshness_tells_what_waits(town: Town, log: Log, priya: httpx.AsyncClient) -> None:
    await log.publish()
    calm = (await priya.get(FRESHNESS)).json()
    await a_told_case(town)

    waits = (await priya.get(FRESHNESS)).json()

    assert (calm["waiting"], calm["waiting_since"], calm["size"]) == (0, None, len(log.headers()))
    assert calm["published_at"] <= waits["waiting_since"] <= waits["at"]
    assert waits["waiting"] == 6


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"cursor": "WzEsMl0"}, "query.cursor"),
        ({"cursor": "WyIxIiwiMiJd"}, "query.cursor"),  # ["1","2"]
        ({"case_ref": "one"}, "query.case_ref"),
        ({"person": "Zz9 canary"}, "query.person"),
        ({"act": "looked"}, "query.act"),
        ({"from": "yesterday"}, "query.from"),
        ({"to": "2026-11-21T02:10:00+01:00"}, "query.to"),
        ({"refused": "perhaps"}, "query.refused"),
        ({"since": "2026-11-21T02:10:00Z"}, "query"),
    ],
)
async def test_a_bad_query_is_refused_by_its_field(priya: httpx.AsyncClient, query: dict[str, str], field: str) -> None:
    answer = await priya.get(ENTRIES, params=query)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert "canary" not in answer.text


@pytest.mark.parametrize("path", [ENTRIES, COUNT, f"{PROOF}?index=0", EXPORT, VERIFICATION, FRESHNESS])
async def test_the_ledger_is_for_officers_and_auditors(ana: httpx.AsyncClient, path: str) -> None:
    assert (await ana.get(path)).status_code == 403


async def test_who_signs_nothing_proves_nothing(priya: httpx.AsyncClient, app: FastAPI, log: Log) -> None:
    await log.publish()
    setattr(app.state, STATE, None)

    assert (await priya.get(VERIFICATION)).status_code == 503
