"""A message is followed through outbox, inboxes, dead letters and ledger, and nothing it says is shown."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.ledger.entry import Act, read
from kernel.sealing.envelope import Sealed
from runtime import disclosure
from runtime.database.unit_of_work import UnitOfWork
from runtime.messaging.consumer import SealedMessage
from runtime.messaging.dead_letters import RawRecord
from runtime.messaging.outbox import table
from runtime.messaging.outbox.table import OutboxRow
from schemas.categories import DataCategory
from schemas.codes import Purpose
from schemas.facts import IncidentReported
from services.exchange.consumers import listen
from tests.support.delivery import Delivery
from tests.support.run_folders import a_run, accord
from tests.support.town import Town

WAITING = text("""
SELECT id, subject_id, message_ref, recipient, key, type, sender, occurred_at, body FROM carrying.outbox
WHERE message_ref = :ref
""")
NEWEST = "SELECT header FROM ledger.pending UNION ALL SELECT header FROM ledger.leaf"


@dataclass
class Sent:
    """A message to the shelter that waits in the outbox, and a run folder of the town."""

    town: Town
    run: Path
    case_ref: UUID
    directive_ref: UUID
    record: RawRecord
    sealed: Sealed

    @property
    def ref(self) -> UUID:
        return self.sealed.message_ref

    def trace(self) -> dict[str, Any]:
        done = accord("trace", self.ref, "--run", self.run, "--json")
        assert done.exit_code == 0, done.output
        parsed: dict[str, Any] = json.loads(done.output)
        return parsed

    def steps(self) -> list[tuple[str, str, str]]:
        return [(step["step"], step["place"], step["note"]) for step in self.trace()["steps"]]

    async def open(self, actor: str | None, through: str | None = None) -> int:
        async with self.town.unit("accord_exchange", "harbor-house", actor) as unit:
            unit.client = through
            return len(await disclosure.open(unit, [self.sealed], Purpose.SHELTER))


@pytest.fixture
async def sent(town: Town, tmp_path: Path) -> Sent:
    case_ref = await town.open_case()
    directive_ref = await town.direct(case_ref, "harbor-house", Purpose.SHELTER, [DataCategory.NEEDS])
    fact = IncidentReported(
        case_ref=case_ref, incident_ref=uuid4(), version=1, reported_at="2026-11-21T02:10:00Z", needs=["shelter"]
    )
    async with town.unit("accord_intake", "bay-hotline", "ana") as unit:
        await disclosure.offer(unit, fact)
        await unit.session.commit()
    (record,) = await Delivery(town, "exchange", listen).waiting(case_ref, "harbor-house")
    ref = UUID(dict(record.headers)["ce_id"].decode())  # type: ignore[union-attr]
    sealed = Sealed(ref, "harbor-house", "accord.incident.reported.v1", 0, record.body)
    return Sent(town, a_run(tmp_path / "run", town.database), case_ref, directive_ref, record, sealed)


async def test_a_message_that_waits_is_in_the_outbox(sent: Sent) -> None:
    traced = sent.trace()

    assert {key: traced[key] for key in ("message_ref", "recipient", "state", "number")} == {
        "message_ref": str(sent.ref),
        "recipient": "harbor-house",
        "state": "offered",
        "number": None,
    }
    assert sent.steps() == [("queued", "outbox", "")]


async def test_a_message_is_followed_to_its_openings_in_order(sent: Sent) -> None:
    await relay(sent)
    await Delivery(sent.town, "exchange", listen).hand([sent.record])
    assert await sent.open("sam", through="harbor-house") == 1
    await sent.town.revoke(sent.case_ref, sent.directive_ref)
    assert await sent.open("sam") == 0
    assert await sent.open(None) == 0

    traced = sent.trace()

    assert (traced["state"], traced["number"]) == ("relayed", 1)
    assert [(step["step"], step["place"]) for step in traced["steps"]] == [
        ("received", "exchange"),
        ("opened", "ledger"),
        ("refused", "ledger"),
        ("refused", "ledger"),
    ]
    assert [step["note"].partition(",")[0] for step in traced["steps"]] == ["", "permit", "deny", "deny"]
    assert [step["at"] for step in traced["steps"]] == sorted(step["at"] for step in traced["steps"])


async def test_a_message_that_was_withheld_says_so(sent: Sent) -> None:
    await sent.town.revoke(sent.case_ref, sent.directive_ref)
    async with sent.town.session("accord_relay") as session:
        await table.withheld(session, rows := await outbox_rows(session, sent.ref))
        assert await disclosure.relayable(session, rows) == set()
        await session.commit()

    assert sent.trace()["state"] == "withheld"
    assert sent.steps() == [("withheld", "ledger", "deny, waits for the tree")]


async def test_a_dead_letter_is_traced_with_its_error_and_offset(sent: Sent) -> None:
    def failing(worker: Any) -> None:
        async def fail(_: UnitOfWork, __: SealedMessage) -> None:
            raise LookupError("Ana, 14 Bay Street")

        worker.on("accord.incident.reported.v1", fail)

    await Delivery(sent.town, "notifications", failing).hand([sent.record])

    (_, (step, place, note)) = sent.steps()
    assert (step, place) == ("dead-lettered", "notifications")
    assert note.startswith("failed, ")
    assert note.endswith(f"/LookupError, tries 1, offset {sent.record.offset} of to.harbor-house/0")
    assert "Bay Street" not in accord("dead-letters", "list", "--run", sent.run).output


async def test_a_trace_says_nothing_of_anybody(sent: Sent) -> None:
    await Delivery(sent.town, "exchange", listen).hand([sent.record])
    await sent.open("sam")
    secrets = [sent.case_ref, await sent.town.case_ref_of(sent.case_ref, "harbor-house"), sent.directive_ref]

    done = [accord("trace", sent.ref, "--run", sent.run, *form) for form in ((), ("--json",))]

    for result in done:
        assert not [word for word in (*map(str, secrets), "sam", "needs", "incident", "bay") if word in result.output]
    assert done[0].output.splitlines()[0] == f"{sent.ref}  to harbor-house: offered, no number yet"


async def test_that_somebody_traced_is_on_record(sent: Sent) -> None:
    before = operator_entries(sent)

    sent.trace()

    assert operator_entries(sent) == [*before, Act.LEDGER_READ]


async def test_an_unknown_message_is_a_clear_error(sent: Sent) -> None:
    unknown, malformed = (accord("trace", ref, "--run", sent.run) for ref in (uuid4(), "not-a-reference"))

    assert unknown.exit_code == 1
    assert "No message is known as" in unknown.output
    assert malformed.exit_code == 2


def test_the_owner_sees_no_offer_but_the_one_it_traces(town: Town) -> None:
    with psycopg.connect(town.database.url("accord_owner").replace("+psycopg", "")) as connection:
        row = connection.execute("SELECT count(*) FROM carrying.offer").fetchone()

    assert row == (0,)


async def outbox_rows(session: AsyncSession, ref: UUID) -> list[OutboxRow]:
    return [OutboxRow(*row) for row in await session.execute(WAITING, {"ref": ref})]


async def relay(sent: Sent) -> None:
    """Do in the database what the relay does when the broker has taken the message."""
    async with sent.town.session("accord_relay") as session:
        rows = await outbox_rows(session, sent.ref)
        await table.number(sent.town.engine("accord_relay"), rows)
        await table.relayed(session, rows)
        await session.commit()


def operator_entries(sent: Sent) -> list[Act]:
    with sent.town.database.superuser() as connection:
        rows: list[Any] = connection.execute(NEWEST).fetchall()
    entries = [read(bytes(header)) for (header,) in rows]
    return [entry.act for entry in entries if entry.actor == "operator" and entry.act is Act.LEDGER_READ]
