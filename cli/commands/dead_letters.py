"""What could not be handled and waits for a person's decision."""

from __future__ import annotations

import json as text
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
from runtime.ledger.pending_entries import append, leaf
from runtime.messaging import dead_letters

ROLE = "accord_admin"
LIST = statement("""
SELECT parked_ref, consumer, topic, message_ref, reason, error_id, tries, parked_at, resolution = 'retry' AS asked
FROM carrying.parked WHERE resolved_at IS NULL ORDER BY parked_at
""")
WAITS = statement(
    "SELECT register.instant() FROM carrying.parked WHERE parked_ref = :parked_ref AND resolved_at IS NULL"
)

Ref = Annotated[UUID, typer.Argument(metavar="REF", help="as `accord dead-letters list` shows it")]


def add(app: typer.Typer) -> None:
    """Add the commands."""
    dead_letters_app = typer.Typer(no_args_is_help=True, help="Messages that could not be handled.")
    dead_letters_app.command("list")(list_dead_letters)
    dead_letters_app.command("retry")(retry)
    app.add_typer(dead_letters_app, name="dead-letters")


def list_dead_letters(run: RunFolder = DEFAULT_RUN, json: Json = False) -> None:
    """List what waits, oldest first: where it came from and why it was set aside, never what it says."""
    rows = within(town.read(run), ROLE, _waiting)
    if json:
        print(text.dumps(rows, indent=2))
        return
    for row in rows:
        notes = (f"  {row['error_id']}" if row["error_id"] else "") + ("  will be tried again" if row["retry"] else "")
        place = f"{row['consumer']:20} {row['topic']:24}"
        print(f"{row['parked_ref']}  {place} {row['reason']:12} {row['tries']:3}  {row['parked_at']}{notes}")


def retry(ref: Ref, run: RunFolder = DEFAULT_RUN, json: Json = False) -> None:
    """Ask whoever parked it to try once more; consent is decided anew, and the asking is on record."""
    if not within(town.read(run), ROLE, lambda session: _ask(session, ref)):
        raise SetupError(f"Nothing is parked as {ref}", "See `accord dead-letters list`.")
    print(text.dumps({"parked_ref": str(ref), "retry": True}) if json else f"{ref} will be tried again in a moment")


async def _waiting(session: AsyncSession) -> list[dict[str, Any]]:
    return [
        {
            "parked_ref": str(row.parked_ref),
            "consumer": row.consumer,
            "topic": row.topic,
            "message_ref": None if row.message_ref is None else str(row.message_ref),
            "reason": row.reason,
            "error_id": row.error_id,
            "tries": row.tries,
            "parked_at": row.parked_at.isoformat(),
            "retry": bool(row.asked),
        }
        for row in await session.execute(LIST)
    ]


async def _ask(session: AsyncSession, ref: UUID) -> bool:
    at = await session.scalar(WAITS, {"parked_ref": ref})
    if at is None:
        return False
    await dead_letters.request_retry(session, ref)
    fields = {"at": at, "act": Act.ADMINISTERED, "actor": "operator", "agency": "operator"}
    await append(session, [leaf({"parked_ref": str(ref)}, None, **fields, verdict=Verdict.PERMIT, sv=0)])
    await session.commit()
    return True
