"""Conditions of directives: met by a fact, in the transaction in which the fact is recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kernel.consent import ConsentTable, compile_table
from runtime.database.hot_path import fetch_all
from runtime.register.directives import active_rows, read_directive
from runtime.register.subjects import Subject

# See 0018_conditions.py: these set an instant, raise the version and do nothing else.
END = "SELECT met, giver, receiver FROM register.end_when_met(%s, %s, %s, %s)"
START = "SELECT met, giver, receiver FROM register.start_when_met(%s, %s, %s, %s)"


class AffectedDirective(NamedTuple):
    """A directive whose condition was met just now."""

    directive_ref: UUID
    custodian: str
    recipient: str


async def end_when_met(
    session: AsyncSession, subject_id: int, side: str, other: str | None, condition: str
) -> list[AffectedDirective]:
    """End the active permits that were to end with `condition`, between `side` and `other` in either direction.

    `other` None means whoever is on the other side.  The caller holds the subject exclusive.
    """
    return [AffectedDirective(*row) for row in await fetch_all(session, END, subject_id, side, other, str(condition))]


async def start_when_met(
    session: AsyncSession, subject_id: int, custodian: str, recipient: str, condition: str
) -> list[AffectedDirective]:
    """Start the signed permits of `custodian` to `recipient` that wait for `condition`.

    The caller holds the subject exclusive.
    """
    return [
        AffectedDirective(*row)
        for row in await fetch_all(session, START, subject_id, custodian, recipient, str(condition))
    ]


async def table_once_started(session: AsyncSession, subject: Subject) -> ConsentTable:
    """Return the consent of a held subject as it would be if nothing waited for a condition any more."""
    directives = []
    for row in (await active_rows(session, [subject.subject_id]))[subject.subject_id]:
        try:
            directives.append(replace(read_directive(row), started=True))
        except (ValueError, TypeError):  # counted in the table of now, whose counts are taken over
            continue
    return compile_table(
        directives,
        sv=subject.sv,
        participating=subject.table.participating,
        unreadable_denials=subject.table.unreadable_denials,
        unreadable_grants=subject.table.unreadable_grants,
    )
