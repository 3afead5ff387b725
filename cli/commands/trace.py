"""One message, followed from the outbox to whoever opened it."""

from __future__ import annotations

import json as text
from datetime import UTC
from typing import Annotated, Any
from uuid import UUID

import typer
from sqlalchemy import text as statement
from sqlalchemy.ext.asyncio import AsyncSession

from cli import town
from cli.commands.options import DEFAULT_RUN, Json, RunFolder
from cli.errors import SetupError
from cli.session import within
from kernel.ledger.entry import Act, Verdict
from runtime.ledger.message_entries import MessageEntry, entries_of
from runtime.ledger.pending_entries import append, leaf
from runtime.messaging import message_trace
from runtime.messaging.message_trace import MessageTrace, TraceStep

ROLE, LEDGER_ROLE = "accord_admin", "accord_audit"
NOW = statement("SELECT register.instant()")

MessageRef = Annotated[
    UUID, typer.Argument(metavar="MESSAGE_REF", help="as a log line, a dead letter or the inbox names it")
]


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command("trace")(trace)


def trace(ref: MessageRef, run: RunFolder = DEFAULT_RUN, json: Json = False) -> None:
    """Show where a message is and what became of it, never what it says or of whom; that it was asked is on record."""
    place = town.read(run)
    way = within(place, ROLE, lambda session: message_trace.trace(session, ref))
    if way is None:
        raise SetupError(f"No message is known as {ref}", "Name a message_ref; that of a dead letter is in its --json.")
    recipient = way.recipient
    entries = (
        [] if recipient is None else within(place, LEDGER_ROLE, lambda session: _looked_up(session, ref, recipient))
    )
    steps = sorted((*way.steps, *map(_ledger_step, entries)), key=lambda step: step.at)
    print(text.dumps(_document(ref, way, steps), indent=2) if json else "\n".join(_lines(ref, way, steps)))


async def _looked_up(session: AsyncSession, ref: UUID, recipient: str) -> list[MessageEntry]:
    """Return the message's lines, and put it on record that the operator read them."""
    entries = await entries_of(session, ref, recipient)
    at = await session.scalar(NOW)
    fields = {"at": at, "act": Act.LEDGER_READ, "actor": "operator", "agency": "operator"}
    await append(session, [leaf({"message_ref": str(ref)}, None, **fields, verdict=Verdict.PERMIT, sv=0)])
    await session.commit()
    return entries


def _ledger_step(entry: MessageEntry) -> TraceStep:
    place = "waits for the tree" if entry.index is None else f"entry {entry.index}"
    return TraceStep(entry.at, entry.act, "ledger", f"{entry.verdict}, {place}")


def _document(ref: UUID, way: MessageTrace, steps: list[TraceStep]) -> dict[str, Any]:
    return {
        "message_ref": str(ref),
        "recipient": way.recipient,
        "state": way.state,
        "number": way.number,
        "steps": [
            {"at": step.at.astimezone(UTC).isoformat(), "step": step.name, "place": step.place, "note": step.note}
            for step in steps
        ],
    }


def _lines(ref: UUID, way: MessageTrace, steps: list[TraceStep]) -> list[str]:
    number = "no number yet" if way.number is None else f"number {way.number} of its case"
    head = "offered by nobody here" if way.recipient is None else f"to {way.recipient}: {way.state}, {number}"
    rows = [
        f"{step.at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}Z  {step.name:14} {step.place:14} {step.note}".rstrip()
        for step in steps
    ]
    return [f"{ref}  {head}", *rows]
