"""Two agencies that help the same survivors lay all they hold side by side, and cannot tell whose is whose."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import Any
from uuid import UUID

import httpx
import pytest
from confluent_kafka import Message
from fastapi import FastAPI

from devstack.kafka import Kafka
from runtime import disclosure
from runtime.database.engine import engine
from runtime.messaging.dead_letters import RawRecord
from runtime.messaging.outbox.relay import Relay
from runtime.register.enrolment import NewAgency, NewPerson, enrol_agency, enrol_person
from schemas.categories import DataCategory
from schemas.codes import AgencyKind, Purpose
from tests.services.exchange.conftest import HOTLINE, an_incident, listed
from tests.support.broker_env import Fabric
from tests.support.delivery import Delivery
from tests.support.town import Town, all_purposes
from tests.support.waits import until
from tests.support.web import Web

CASES = 20
BY_CHANCE = 8  # of 20: guessing gives one, and nine or more once in a million times
TRACE = "00-{number:032x}-00f067aa0ba902b7-01"
View = dict[str, set[str]]  # an observer's own name of a case -> all that is known of it there


@dataclass
class Observer:
    """One agency: what lies in its mailbox, and what the API shows it."""

    agency_id: str
    purpose: Purpose
    category: DataCategory
    client: httpx.AsyncClient
    mail: list[Message] = field(default_factory=list)
    listed: list[dict[str, Any]] = field(default_factory=list)
    opened: list[dict[str, Any]] = field(default_factory=list)

    def mailbox(self) -> View:
        """Return every value of every record, by the key of its case."""
        view: View = defaultdict(set)
        for message in self.mail:
            headers = {value.decode() for _, value in _headers(message)}
            view[_text(message.key())] |= headers | {str(message.timestamp()[1]), str(len(message.value() or b""))}
        return view

    def api(self) -> View:
        """Return every value of every answer, by case."""
        view: View = defaultdict(set)
        for row in (*self.listed, *self.opened):
            view[row["case_ref"]] |= set(_values(row))
        return view

    def order(self) -> list[str]:
        """Return the cases as they come first in the list."""
        return list(dict.fromkeys(str(row["case_ref"]) for row in self.listed))

    def first_instants(self) -> dict[str, datetime]:
        """Return when each case is first heard of."""
        instants: dict[str, datetime] = {}
        for row in self.listed:
            at = datetime.fromisoformat(row["occurred_at"])
            instants[row["case_ref"]] = min(at, instants.get(row["case_ref"], at))
        return instants


@dataclass
class Pair:
    """A shelter and a counselling centre, and who they really are to each other."""

    shelter: Observer
    counselling: Observer
    case_refs: list[UUID]
    same: dict[str, str]  # the shelter's reference -> the counselling centre's
    subjects: dict[str, str]  # the shelter's reference -> the subject as the ledger names it
    record: list[dict[str, Any]]  # the headers of the ledger's leaves, in their order


def _text(value: str | bytes | None) -> str:
    return value.decode() if isinstance(value, bytes) else value or ""


def _headers(message: Message) -> list[tuple[str, bytes]]:
    return [(str(name), value) for name, value in list(message.headers() or ()) if isinstance(value, bytes)]


def _values(body: Any) -> Iterator[str]:
    """Yield every scalar of an answer as text."""
    if isinstance(body, Mapping):
        for value in body.values():
            yield from _values(value)
    elif isinstance(body, list):
        for value in body:
            yield from _values(value)
    else:
        yield json.dumps(body)


def _shared(first: View, second: View) -> dict[str, str]:
    """Join cases that alone have some value on either side."""
    joined: dict[str, str] = {}
    only: list[dict[str, str]] = []
    for view in (first, second):
        holders = defaultdict(list)
        for case, values in view.items():
            for value in values:
                holders[value].append(case)
        only.append({value: cases[0] for value, cases in holders.items() if len(cases) == 1})
    for value in only[0].keys() & only[1].keys():
        joined[only[0][value]] = only[1][value]
    return joined


def _ranked(first: Sequence[str], second: Sequence[str]) -> dict[str, str]:
    return dict(zip(first, second, strict=False))


def _right(joined: Mapping[str, str], truth: Mapping[str, str]) -> int:
    return sum(truth.get(shelter_ref) == counselling_ref for shelter_ref, counselling_ref in joined.items())


async def _observer(stack: AsyncExitStack, town: Town, web: Web, app: FastAPI, kind: AgencyKind) -> Observer:
    agency_id = f"{kind.value.replace('_', '-')}-{token_hex(4)}"
    town.keys.create(agency_id)
    async with town.session("accord_admin") as session:
        agency = NewAgency(agency_id, "An agency", kind, purposes=all_purposes())
        await enrol_agency(session, agency, {"kty": "EC", "kid": agency_id})
        await enrol_person(session, NewPerson(f"sam-{agency_id}", agency_id, "Sam", ("case_worker",)))
        await session.commit()
    token = web.issuer.person(f"sam-{agency_id}", agency=agency_id, roles=["case_worker"])
    client = await stack.enter_async_context(web.asking(app, token))
    if kind is AgencyKind.SHELTER:
        return Observer(agency_id, Purpose.SHELTER, DataCategory.NEEDS, client)
    return Observer(agency_id, Purpose.COUNSELLING, DataCategory.INCIDENT_SUMMARY, client)


async def _tell(town: Town, number: int, *observers: Observer) -> UUID:
    """Tell of one survivor in the trace that the caller chose, to both, who see nothing in common."""
    case_ref = await town.open_case(HOTLINE)
    for observer in observers:
        await town.direct(case_ref, observer.agency_id, observer.purpose, [observer.category])
    async with town.unit("accord_intake", HOTLINE, "ana") as unit:
        unit.traceparent = TRACE.format(number=number + 1)
        await disclosure.offer(unit, an_incident(case_ref, needs=["shelter"], occurred_on="2026-11-20"))
        await unit.session.commit()
    return case_ref


async def _carry(town: Town, fabric: Fabric, names: Sequence[str]) -> None:
    waiting = "SELECT count(*) FROM carrying.outbox WHERE recipient = ANY(%s)"
    settings = fabric.settings("relay")
    bound = engine(settings.database)
    relay = Relay(settings, bound)
    task = asyncio.create_task(relay.run())
    try:
        await until(lambda: fabric.sql(waiting, list(names)) == [(0,)])
    finally:
        relay.stop()
        await asyncio.wait_for(task, 20)
        await bound.dispose()


def _received(message: Message) -> RawRecord:
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    assert topic is not None
    assert partition is not None
    assert offset is not None
    body = message.value()
    assert isinstance(body, bytes)
    return RawRecord(topic, partition, offset, _text(message.key()).encode(), tuple(_headers(message)), body)


async def _look(observer: Observer, fabric: Fabric, delivery: Delivery) -> None:
    """Let an agency read its mailbox, its list, and all that it may open."""
    observer.mail = await asyncio.to_thread(fabric.mail, observer.agency_id, CASES)
    await delivery.hand([_received(message) for message in observer.mail])
    observer.listed = await listed(observer.client)
    refs = [row["message_ref"] for row in observer.listed]
    body = {"message_refs": refs, "purpose": observer.purpose}
    answer = await observer.client.post("/v1/openings", json=body)
    assert answer.status_code == 200, answer.text
    observer.opened = answer.json()["opened"]


async def _known_as(town: Town, cases: Sequence[UUID], observer: Observer) -> list[str]:
    return [str(await town.case_ref_of(case_ref, observer.agency_id)) for case_ref in cases]


@pytest.fixture(scope="module")
async def pair(
    town: Town, web: Web, app: FastAPI, delivery: Delivery, kafka: Kafka, run_folder: Path
) -> AsyncIterator[Pair]:
    fabric = Fabric(town.database, kafka, run_folder / "observers")
    async with AsyncExitStack() as stack:
        shelter = await _observer(stack, town, web, app, AgencyKind.SHELTER)
        counselling = await _observer(stack, town, web, app, AgencyKind.COUNSELLING)
        for observer in (shelter, counselling):
            fabric.open_mailbox(observer.agency_id)
        cases = [await _tell(town, number, shelter, counselling) for number in range(CASES)]
        await _carry(town, fabric, (shelter.agency_id, counselling.agency_id))
        for observer in (shelter, counselling):
            await _look(observer, fabric, delivery)
        shelter_refs, counselling_refs = [await _known_as(town, cases, observer) for observer in (shelter, counselling)]
        pseudonym = """SELECT pseudonym::text FROM register.subject JOIN register."case" USING (subject_id)
            WHERE case_ref = %s"""
        named = [str(fabric.sql(pseudonym, case_ref)[0][0]) for case_ref in cases]
        leaves = "SELECT convert_from(header, 'UTF8')::jsonb FROM ledger.pending ORDER BY id"
        record = [row[0] for row in fabric.sql(leaves) if row[0]["subject"] in set(named)]
        same, subjects = (
            dict(zip(shelter_refs, counselling_refs, strict=True)),
            dict(zip(shelter_refs, named, strict=True)),
        )
        yield Pair(shelter, counselling, cases, same, subjects, record)


def test_m1_d5_both_hold_all_cases_and_share_no_category(pair: Pair) -> None:
    for observer in (pair.shelter, pair.counselling):
        assert (len(observer.mailbox()), len(observer.api()), len(observer.opened)) == (CASES, CASES, CASES)
        assert {tuple(opened["categories"]) for opened in observer.opened} == {(observer.category,)}


@pytest.mark.parametrize("view", [Observer.mailbox, Observer.api], ids=["mailbox", "api"])
def test_m1_d5_no_value_joins_two_agencies(pair: Pair, view: Any) -> None:
    joined = _shared(view(pair.shelter), view(pair.counselling))

    assert _right(joined, pair.same) <= BY_CHANCE // 2


def test_m1_d5_no_value_joins_a_mailbox_and_anothers_api(pair: Pair) -> None:
    joined = _shared(pair.shelter.mailbox(), pair.counselling.api())

    assert _right(joined, pair.same) <= BY_CHANCE // 2


def test_m1_d5_no_instant_joins_two_agencies(pair: Pair) -> None:
    shelter, counselling = pair.shelter.first_instants(), pair.counselling.first_instants()

    joined = _ranked(
        sorted(shelter, key=lambda case: shelter[case]), sorted(counselling, key=lambda case: counselling[case])
    )

    assert _right(joined, pair.same) <= BY_CHANCE
    assert {at.second for at in (*shelter.values(), *counselling.values())} == {0}


def test_m1_d5_no_order_joins_two_agencies(pair: Pair) -> None:
    joined = _ranked(pair.shelter.order(), pair.counselling.order())

    assert _right(joined, pair.same) <= BY_CHANCE


def test_m1_a_record_on_the_broker_tells_the_hour_at_most(pair: Pair) -> None:
    stamps = {message.timestamp()[1] for message in (*pair.shelter.mail, *pair.counselling.mail)}

    assert len(stamps) <= 2
    assert all(stamp % 3_600_000 == 0 for stamp in stamps)


def test_m1_a_trace_the_caller_chose_reaches_no_recipient(pair: Pair) -> None:
    chosen = {TRACE.format(number=number + 1)[3:35] for number in range(CASES)}
    for observer in (pair.shelter, pair.counselling):
        visible = " ".join(
            value for view in (observer.mailbox(), observer.api()) for values in view.values() for value in values
        )

        assert not [trace for trace in chosen if trace in visible]


def test_m1_no_value_joins_a_mailbox_and_the_ledger(pair: Pair) -> None:
    ledger: View = defaultdict(set)
    for leaf in pair.record:
        ledger[leaf["subject"]] |= {str(value) for value in leaf.values() if value is not None}
    order = list(dict.fromkeys(leaf["subject"] for leaf in pair.record))

    by_value = _shared(pair.shelter.mailbox(), ledger)
    by_order = _ranked(pair.shelter.order(), order)

    assert len(ledger) == CASES
    assert _right(by_value, pair.subjects) == 0
    assert _right(by_order, pair.subjects) <= BY_CHANCE
