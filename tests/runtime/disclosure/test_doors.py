"""The two doors against the real database: nothing over-shared, nothing under-shared, every look on record."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import cast
from uuid import UUID, uuid4

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import text

from kernel.sealing.envelope import Sealed
from kernel.sealing.keys import unwrap
from kernel.sealing.seal import unseal
from runtime import disclosure, register
from runtime.disclosure import Opening
from runtime.telemetry import tracing
from runtime.telemetry.setup import tracer_provider
from schemas.categories import DataCategory
from schemas.codes import Purpose
from schemas.facts import IncidentReported
from schemas.taxonomy import ALL
from tests.support.town import Town

BODIES = text("SELECT message_ref, type, body, recipient FROM carrying.outbox WHERE key = :case_ref ORDER BY id")
SUBJECT = text('SELECT subject_id FROM register."case" WHERE case_ref = :case_ref')
SHARDS = text("SELECT shard FROM carrying.outbox WHERE subject_id = :subject_id")
SHELTER = [DataCategory.IDENTITY, DataCategory.NEEDS]


def an_incident(case_ref: UUID) -> IncidentReported:
    return IncidentReported(
        case_ref=case_ref,
        incident_ref=uuid4(),
        version=1,
        reported_at="2026-11-21T02:10:00Z",
        channel="hotline",
        given_name="Marisol",
        needs=["shelter"],
        narrative="He said he would come back.",
    )


async def mailbox(town: Town, case_ref: UUID, agency_id: str) -> list[Sealed]:
    """Read what waits for an agency, as the relay would send it."""
    recipient_case_ref = await town.case_ref_of(case_ref, agency_id)
    async with town.session("accord_relay") as session:
        rows = (await session.execute(BODIES, {"case_ref": recipient_case_ref})).all()
    return [Sealed(row.message_ref, row.recipient, row.type, 0, row.body) for row in rows]


async def offered(town: Town, case_ref: UUID) -> None:
    async with town.unit("accord_intake", "bay-hotline", "ana") as unit:
        await disclosure.offer(unit, an_incident(case_ref))
        await unit.session.commit()


async def opened(
    town: Town, messages: list[Sealed], agency_id: str, person: str | None, purpose: Purpose
) -> list[Opening]:
    async with town.unit("accord_exchange", agency_id, person) as unit:
        return await disclosure.open(unit, messages, purpose)


async def test_a_recipient_opens_its_categories_and_no_other(town: Town) -> None:
    case_ref = await town.open_case()
    await town.direct(case_ref, "harbor-house", Purpose.SHELTER, SHELTER)

    await offered(town, case_ref)
    (opening,) = await opened(
        town, await mailbox(town, case_ref, "harbor-house"), "harbor-house", "sam", Purpose.SHELTER
    )

    assert opening.categories == {"identity": {"given_name": "Marisol"}, "needs": {"needs": ["shelter"]}}


async def test_a_copy_holds_nothing_that_its_reader_may_not_see(town: Town) -> None:
    case_ref = await town.open_case()
    await town.direct(case_ref, "harbor-house", Purpose.SHELTER, SHELTER)
    await offered(town, case_ref)
    (copy,) = await mailbox(town, case_ref, "harbor-house")

    everything = unseal(copy, ALL, await message_key(town, case_ref, copy.message_ref))

    assert everything == {"identity": {"given_name": "Marisol"}, "needs": {"needs": ["shelter"]}}


async def test_all_copies_of_a_fact_lie_in_one_shard(town: Town) -> None:
    """So that one relay decides and sends them in one commit."""
    case_ref = await town.open_case()
    for agency, purpose in (("harbor-house", Purpose.SHELTER), ("county-sheriff", Purpose.ORDER_ENFORCEMENT)):
        await town.direct(case_ref, agency, purpose, [DataCategory.IDENTITY])
    await offered(town, case_ref)

    async with town.session("accord_relay") as session:
        subject_id = await session.scalar(SUBJECT, {"case_ref": case_ref})
        shards = list(await session.scalars(SHARDS, {"subject_id": subject_id}))

    assert len(shards) == 3
    assert len(set(shards)) == 1


async def message_key(town: Town, case_ref: UUID, message_ref: UUID) -> bytes:
    """Return the key of a message, as somebody would have it who broke into everything."""
    with town.database.superuser() as connection:
        offer = "SELECT wrapped_key FROM carrying.offer WHERE message_ref = %s"
        row = connection.execute(offer, [message_ref]).fetchone()
    assert row is not None
    async with town.session("accord_intake") as session:
        subject = await register.lock_shared(session, case_ref)
        assert subject is not None
        key = await register.case_key(session, town.keys, subject, "bay-hotline")
    return unwrap(key, cast(bytes, row[0]), message_ref.bytes)


@dataclass
class WatchedKeyring:
    """The town's keyring, which notes what was on record whenever a key was asked for."""

    town: Town
    case_ref: UUID
    saw: list[int] = field(default_factory=list)

    async def wrap(self, agency_id: str, key: bytes, context: bytes) -> bytes:
        return await self.town.keys.wrap(agency_id, key, context)

    async def unwrap(self, agency_id: str, wrapped: bytes, context: bytes) -> bytes:
        self.saw.append(acts(self.town, self.case_ref).count("opened"))
        return await self.town.keys.unwrap(agency_id, wrapped, context)


async def test_the_key_is_unwrapped_once_the_opening_is_on_record(town: Town) -> None:
    case_ref = await town.open_case()
    await town.direct(case_ref, "harbor-house", Purpose.SHELTER, SHELTER)
    await offered(town, case_ref)
    messages = await mailbox(town, case_ref, "harbor-house")
    keyring = WatchedKeyring(town, case_ref)

    async with town.unit("accord_exchange", "harbor-house", "sam") as unit:
        unit.keys = keyring
        await disclosure.open(unit, messages, Purpose.SHELTER)

    assert keyring.saw == [0, 1]  # first for the look's own detail, then for the message


async def test_a_case_key_is_unwrapped_once_for_many_messages(town: Town) -> None:
    case_ref = await town.open_case()
    await town.direct(case_ref, "harbor-house", Purpose.SHELTER, SHELTER)
    for _ in range(3):
        await offered(town, case_ref)
    messages = await mailbox(town, case_ref, "harbor-house")
    keyring = WatchedKeyring(town, case_ref)

    async with town.unit("accord_exchange", "harbor-house", "sam") as unit:
        unit.keys = keyring
        openings = await disclosure.open(unit, messages, Purpose.SHELTER)

    assert len(openings) == 3
    assert keyring.saw == [0, 3]  # for the looks' details, then for the messages


async def test_the_custodian_opens_all_of_its_own_fact(town: Town) -> None:
    case_ref = await town.open_case()

    await offered(town, case_ref)
    (opening,) = await opened(
        town, await mailbox(town, case_ref, "bay-hotline"), "bay-hotline", "ana", Purpose.ADVOCACY
    )

    assert opening.categories[DataCategory.INCIDENT_NARRATIVE]["narrative"] == "He said he would come back."
    assert opening.basis == "own_record"


async def test_no_permitted_category_means_no_message_but_a_refusal(town: Town) -> None:
    case_ref = await town.open_case("bay-hotline")
    await town.direct(case_ref, "lantern-counselling", Purpose.COUNSELLING, [DataCategory.NEEDS], effect="deny")

    await offered(town, case_ref)

    assert await mailbox(town, case_ref, "lantern-counselling") == []
    assert "not_sent" in acts(town, case_ref)


async def test_a_message_opens_nothing_once_a_revocation_is_answered(town: Town) -> None:
    case_ref = await town.open_case()
    directive = await town.direct(case_ref, "harbor-house", Purpose.SHELTER, SHELTER)
    await offered(town, case_ref)
    messages = await mailbox(town, case_ref, "harbor-house")
    assert await opened(town, messages, "harbor-house", "sam", Purpose.SHELTER)

    await town.revoke(case_ref, directive)

    assert await opened(town, messages, "harbor-house", "sam", Purpose.SHELTER) == []
    assert acts(town, case_ref)[-3:] == ["opened", "revoked", "refused"]


async def test_a_message_of_another_agency_opens_nothing(town: Town) -> None:
    case_ref = await town.open_case()
    await town.direct(case_ref, "harbor-house", Purpose.SHELTER, SHELTER)
    await offered(town, case_ref)
    stolen = [replace(message, recipient="county-sheriff") for message in await mailbox(town, case_ref, "harbor-house")]

    assert await opened(town, stolen, "county-sheriff", "lee", Purpose.ORDER_ENFORCEMENT) == []


async def test_another_purpose_than_the_one_granted_opens_nothing(town: Town) -> None:
    case_ref = await town.open_case()
    await town.direct(case_ref, "harbor-house", Purpose.SHELTER, SHELTER)
    await offered(town, case_ref)
    messages = await mailbox(town, case_ref, "harbor-house")

    assert await opened(town, messages, "harbor-house", "sam", Purpose.ADVOCACY) == []


async def test_a_blocked_person_opens_nothing_while_a_colleague_does(town: Town) -> None:
    case_ref = await town.open_case()
    await town.direct(case_ref, "county-sheriff", Purpose.ORDER_ENFORCEMENT, [DataCategory.IDENTITY])
    await town.direct(case_ref, "county-sheriff", None, effect="deny", excluded="kim")
    await offered(town, case_ref)
    messages = await mailbox(town, case_ref, "county-sheriff")

    assert await opened(town, messages, "county-sheriff", "kim", Purpose.ORDER_ENFORCEMENT) == []
    assert len(await opened(town, messages, "county-sheriff", "lee", Purpose.ORDER_ENFORCEMENT)) == 1


async def test_a_message_that_lapsed_unsent_is_withheld_and_on_record(town: Town) -> None:
    case_ref = await town.open_case()
    directive = await town.direct(case_ref, "harbor-house", Purpose.SHELTER, SHELTER)
    await offered(town, case_ref)
    await town.revoke(case_ref, directive)

    async with town.session("accord_relay") as session:
        rows = (await session.execute(text("SELECT message_ref, subject_id, recipient FROM carrying.outbox"))).all()
        recipient_case_ref = await town.case_ref_of(case_ref, "harbor-house")
        bodies = await session.execute(BODIES, {"case_ref": recipient_case_ref})
        waiting = {row.message_ref for row in bodies}
        going = await disclosure.relayable(session, rows)
        await session.commit()

    assert waiting
    assert not waiting & going
    assert acts(town, case_ref)[-1] == "withheld"


async def test_references_differ_from_agency_to_agency(town: Town) -> None:
    case_ref = await town.open_case()
    for agency_id, purpose in (("harbor-house", Purpose.SHELTER), ("riverside-legal", Purpose.LEGAL_REPRESENTATION)):
        await town.direct(case_ref, agency_id, purpose, [DataCategory.INCIDENT_SUMMARY])
    await offered(town, case_ref)

    shelter = await opened(town, await mailbox(town, case_ref, "harbor-house"), "harbor-house", "sam", Purpose.SHELTER)
    legal = await opened(
        town,
        await mailbox(town, case_ref, "riverside-legal"),
        "riverside-legal",
        "jude",
        Purpose.LEGAL_REPRESENTATION,
    )

    refs = {openings[0].categories[DataCategory.INCIDENT_SUMMARY]["incident_ref"] for openings in (shelter, legal)}
    assert len(refs) == 2
    assert len({shelter[0].case_ref, legal[0].case_ref, case_ref}) == 3


async def test_a_revocation_is_answered_soon_despite_six_openers(town: Town) -> None:
    case_ref = await town.open_case()
    directive = await town.direct(case_ref, "harbor-house", Purpose.SHELTER, SHELTER)
    await offered(town, case_ref)
    messages = await mailbox(town, case_ref, "harbor-house")
    counts: list[int] = []
    done = asyncio.Event()

    async def keep_opening() -> None:
        while not done.is_set():
            counts.append(len(await opened(town, messages, "harbor-house", "sam", Purpose.SHELTER)))

    openers = [asyncio.create_task(keep_opening()) for _ in range(6)]
    async with asyncio.timeout(30):
        while counts.count(1) < 12:
            await asyncio.sleep(0.01)
    async with asyncio.timeout(5):  # starved, it took eight seconds and more
        await town.revoke(case_ref, directive)
    after = [len(await opened(town, messages, "harbor-house", "sam", Purpose.SHELTER)) for _ in range(3)]
    done.set()
    await asyncio.gather(*openers)

    assert after == [0, 0, 0]


@pytest.mark.parametrize("door", ["offer", "open"])
async def test_a_revocation_waits_for_decisions_under_way(town: Town, door: str) -> None:
    case_ref = await town.open_case()
    directive = await town.direct(case_ref, "harbor-house", Purpose.SHELTER, SHELTER)
    async with town.session("accord_exchange") as deciding:
        subject = await register.lock_shared(deciding, case_ref) if door == "offer" else None
        if subject is None:
            ((subject_id,),) = await deciding.execute(SUBJECT, {"case_ref": case_ref})
            await deciding.rollback()
            await register.lock_subjects(deciding, [subject_id])

        revoking = asyncio.create_task(town.revoke(case_ref, directive))
        answered_early, _ = await asyncio.wait([revoking], timeout=0.5)
        await deciding.rollback()

    await asyncio.wait_for(revoking, 5)
    assert not answered_early


def acts(town: Town, case_ref: UUID) -> list[str]:
    """Return what the ledger says of the case, in order: read from outside, as the superuser."""
    with town.database.superuser() as connection:
        rows = connection.execute(
            "SELECT convert_from(p.header, 'UTF8')::jsonb ->> 'act' FROM ledger.pending p "
            "JOIN register.subject s ON s.pseudonym = p.subject "
            'JOIN register."case" c USING (subject_id) WHERE c.case_ref = %s ORDER BY p.id',
            [case_ref],
        ).fetchall()
    return [str(row[0]) for row in rows]


async def test_a_fact_of_an_unknown_case_is_refused(town: Town) -> None:
    async with town.unit("accord_intake", "bay-hotline", "ana") as unit:
        with pytest.raises(LookupError):
            await disclosure.offer(unit, an_incident(uuid4()))


async def test_m1_a_trace_leads_from_the_offer_to_an_opening(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    exporter = InMemorySpanExporter()
    provider = tracer_provider("exchange", SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "TRACER", provider.get_tracer("accord"))
    case_ref = await town.open_case()
    await town.direct(case_ref, "harbor-house", Purpose.SHELTER, SHELTER)
    async with town.unit("accord_intake", "bay-hotline", "ana") as unit:
        unit.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        await disclosure.offer(unit, an_incident(case_ref))
        await unit.session.commit()
    messages = await mailbox(town, case_ref, "harbor-house")

    with tracing.act("opening"):
        (opening,) = await opened(town, messages, "harbor-house", "sam", Purpose.SHELTER)

    (span,) = exporter.get_finished_spans()
    assert [f"{link.context.trace_id:032x}" for link in span.links] == ["0af7651916cd43dd8448eb211c80319c"]
    assert "0af7651916cd43dd8448eb211c80319c" not in str(opening)
    provider.shutdown()
