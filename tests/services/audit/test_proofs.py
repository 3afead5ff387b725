"""Checkpoints, receipts and consistency proofs, as somebody with another verifier and the public key takes them."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from kernel.ledger import note
from runtime.ledger.sequencer import PADDED_TO, PUBLISHED_EVERY, publish
from runtime.settings import LedgerSettings
from services.audit.api import routes
from services.audit.main import build
from tests.services.audit.accounting import a_told_case, read
from tests.support import proofs
from tests.support.database import Database
from tests.support.ledger import Log, a_leaf, own_database
from tests.support.town import Town
from tests.support.waits import until
from tests.support.web import Web, settings_for

HOTLINE = text("INSERT INTO register.agency (agency_id, name, kind) VALUES ('bay-hotline', 'Bay Hotline', 'hotline')")
PRIYA = text(
    "INSERT INTO register.person (person_ref, agency_id, name, roles) "
    "VALUES ('priya', 'bay-hotline', 'Priya', '{privacy_officer}')"
)
CHECKPOINT, INCLUSION, CONSISTENCY = "/v1/checkpoint", "/v1/proofs/inclusion", "/v1/proofs/consistency"


@pytest.fixture
async def grown(town: Town, log: Log) -> Log:
    """The ledger with a case in it, and something added since the head before."""
    await a_told_case(town)
    await log.publish()
    await log.write(*(a_leaf(number) for number in range(3)))
    await log.publish()
    return log


async def test_the_newest_checkpoint_is_signed_by_the_log(grown: Log, priya: httpx.AsyncClient) -> None:
    answer = await priya.get(CHECKPOINT)

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    head = note.verify_checkpoint(answer.text, grown.vkey)
    assert head.origin == "town.example/ledger"
    assert head.root == proofs.root(grown.headers())


async def test_every_entry_has_a_receipt_against_the_newest_checkpoint(grown: Log, priya: httpx.AsyncClient) -> None:
    bodies = grown.headers()

    for index, body in enumerate(bodies):
        receipt = note.read_proof((await priya.get(INCLUSION, params={"index": index})).text)
        head = note.verify_checkpoint(receipt.checkpoint, grown.vkey)
        assert (receipt.index, head.size) == (index, len(bodies))
        assert proofs.root_by_inclusion(body, index, head.size, receipt.path) == head.root


async def test_an_entry_of_the_accounting_leads_to_its_receipt(town: Town, log: Log, priya: httpx.AsyncClient) -> None:
    case_ref = await a_told_case(town)
    await log.publish()
    entry = (await read(priya, case_ref))[0]

    receipt = (await priya.get(INCLUSION, params={"index": entry["index"]})).text

    assert note.verify_proof(receipt, log.headers()[entry["index"]], log.vkey)


async def test_a_receipt_can_be_had_against_an_older_checkpoint(grown: Log, priya: httpx.AsyncClient) -> None:
    old = note.verify_checkpoint(grown.published()[-2], grown.vkey)

    receipt = (await priya.get(INCLUSION, params={"index": 1, "size": old.size})).text

    assert note.verify_proof(receipt, grown.headers()[1], grown.vkey) == old


async def test_any_two_checkpoints_are_proved_consistent(grown: Log, priya: httpx.AsyncClient) -> None:
    heads = [note.verify_checkpoint(text, grown.vkey) for text in grown.published()]

    for old in heads[-4:]:
        for new in [head for head in heads[-4:] if head.size >= old.size]:
            answer = (await priya.get(CONSISTENCY, params={"from": old.size, "to": new.size})).json()
            path = [base64.b64decode(digest) for digest in answer.pop("hashes")]
            assert answer == {"from": old.size, "to": new.size}
            assert proofs.roots_by_consistency(old.size, new.size, path, old.root) == (old.root, new.root)


async def test_what_is_not_in_the_tree_yet_has_no_proof(grown: Log, priya: httpx.AsyncClient) -> None:
    size = len(grown.headers())
    requests = [
        (INCLUSION, {"index": size}),
        (INCLUSION, {"index": 0, "size": size + 1}),
        (INCLUSION, {"index": size - 1, "size": 1}),
        (CONSISTENCY, {"from": 1, "to": size + 1}),
    ]

    answers = [await priya.get(path, params=query) for path, query in requests]

    assert {(answer.status_code, answer.content) for answer in answers} == {(404, answers[0].content)}


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        (INCLUSION, {}, "query.index"),
        (INCLUSION, {"index": "-1"}, "query.index"),
        (INCLUSION, {"index": "one"}, "query.index"),
        (INCLUSION, {"index": str(2**63)}, "query.index"),
        (INCLUSION, {"index": "0", "size": "0"}, "query.size"),
        (INCLUSION, {"index": ["0", "1"]}, "query.index"),
        (INCLUSION, {"index": "0", "leaf": "0"}, "query"),
        (CONSISTENCY, {"from": "1"}, "query.to"),
        (CONSISTENCY, {"to": "1"}, "query.from"),
        (CONSISTENCY, {"from": "2", "to": "1"}, "query.from"),
        (CONSISTENCY, {"from": "0", "to": "1", "start": "0"}, "query"),
        (CHECKPOINT, {"size": "1"}, "query"),
    ],
)
async def test_a_bad_query_is_refused_by_its_place(
    grown: Log, priya: httpx.AsyncClient, path: str, query: dict[str, str | list[str]], field: str
) -> None:
    answer = await priya.get(path, params=query)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("path", [CHECKPOINT, f"{INCLUSION}?index=0", f"{CONSISTENCY}?from=0&to=1"])
async def test_the_tree_is_shown_to_those_who_may_read_the_ledger(
    grown: Log, web: Web, app: FastAPI, ana: httpx.AsyncClient, path: str
) -> None:
    async with web.asking(app) as anonymous:
        answers = [await ana.get(path), await anonymous.get(path)]

    assert [answer.status_code for answer in answers] == [403, 401]


async def test_a_log_that_was_never_signed_has_no_checkpoint(web: Web, database: Database, town: Town) -> None:
    empty = Town(own_database(database), town.keys)
    async with empty.session("accord_admin") as session:
        await session.execute(HOTLINE)
        await session.execute(PRIYA)
        await session.commit()
    beside = Web(empty, web.issuer)

    async with beside.serving("audit", routes) as served, beside.as_person(served, "priya") as client:
        answers = [await client.get(path) for path in (CHECKPOINT, f"{INCLUSION}?index=0")]

    assert [answer.status_code for answer in answers] == [404, 404]
    for bound in empty.engines.values():
        await bound.dispose()


async def test_m8_a_published_checkpoint_reveals_no_single_event(
    town: Town, log: Log, priya: httpx.AsyncClient
) -> None:
    await log.publish()
    before = (await priya.get(CHECKPOINT)).text
    size = note.verify_checkpoint(before, log.vkey).size
    case_ref = await a_told_case(town)
    await log.sequence()

    unpublished = [
        await priya.get(path, params=query)
        for path, query in (
            (INCLUSION, {"index": size}),
            (INCLUSION, {"index": 0, "size": len(log.headers())}),
            (CONSISTENCY, {"from": 1, "to": size + 1}),
        )
    ]
    entries = await read(priya, case_ref)

    assert (await priya.get(CHECKPOINT)).text == before
    assert {answer.status_code for answer in unpublished} == {404}
    assert {entry["index"] for entry in entries} == {None}
    await log.publish()
    after = note.verify_checkpoint((await priya.get(CHECKPOINT)).text, log.vkey).size
    assert (size % PADDED_TO, after % PADDED_TO, after) == (0, 0, len(log.headers()))


async def test_m8_checkpoints_are_published_by_timer_if_the_tree_grew(log: Log) -> None:
    await log.publish()
    count = len(log.published())

    async def again(every: timedelta) -> bool:
        async with log.session() as session:
            return await publish(session, log.skey, every)

    assert not await again(timedelta(0))
    await log.write(a_leaf())
    await log.sequence()
    assert not await again(PUBLISHED_EVERY)
    assert await again(timedelta(0))
    assert len(log.published()) == count + 1


@pytest.fixture(scope="module")
def apart(database: Database) -> Log:
    return Log(own_database(database))


@pytest.fixture
async def whole(apart: Log, tmp_path: Path) -> AsyncIterator[FastAPI]:
    """The service as `main` builds it, its sequencer at work on a ledger apart."""
    apart.empty()
    settings = {"database": apart.database.url("accord_audit"), "ledger_key_file": apart.key_file(tmp_path)}
    app = build(settings_for("audit", LedgerSettings, **settings))
    async with app.router.lifespan_context(app):
        yield app


async def test_the_service_sequences_by_itself_and_says_so_when_ready(apart: Log, web: Web, whole: FastAPI) -> None:
    await apart.write(a_leaf())

    await until(lambda: apart.waiting() == 0)

    async with web.asking(whole) as client, asyncio.timeout(10):
        while (await client.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.05)
    assert apart.findings() == []


async def test_readiness_names_the_sequencer_when_it_will_not_sign(apart: Log, web: Web, whole: FastAPI) -> None:
    apart.tamper("UPDATE ledger.head SET size = 1")
    await apart.write(a_leaf())

    async with web.asking(whole) as client, asyncio.timeout(10):
        answer = await client.get("/readyz")
        while answer.status_code == 200:
            await asyncio.sleep(0.05)
            answer = await client.get("/readyz")

    assert answer.json()["errors"] == [{"field": "sequencer", "code": "missing"}]
