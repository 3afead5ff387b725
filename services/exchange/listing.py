"""What a person may see listed: pages of what could be opened now, and no trace of the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from runtime import disclosure
from runtime.unit import Unit
from services.exchange import store
from services.exchange.store import Listed

LEAST: Final = 100  # a mailbox may hide thousands of messages before the next visible one


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the messages of a mailbox, in their order, and whether more follow."""

    messages: Sequence[Listed]
    more: bool


async def page(unit: Unit, after: int, limit: int, case_ref: UUID | None = None) -> Page:
    """Return up to `limit` messages behind the place `after`, having looked one further to tell whether more are."""
    found: list[Listed] = []
    at_once = max(limit + 1, LEAST)
    while len(found) <= limit:
        rows = await store.messages_after(unit.session, unit.agency_id, after, at_once, case_ref)
        found += await _visible(unit, rows)
        if len(rows) < at_once:
            break
        after = rows[-1].place
    return Page(found[:limit], len(found) > limit)


async def shows_anything(unit: Unit, case_ref: UUID) -> bool:
    """Tell whether the person could open any message of the case."""
    return bool((await page(unit, 0, 1, case_ref)).messages)


async def _visible(unit: Unit, rows: Sequence[Listed]) -> list[Listed]:
    # A list shows no field, so it holds nobody longer than it takes to decide: held to its end, a long list would
    # hold each subject of the mailbox, out of the order in which all others take them, and revocations would wait.
    held = await unit.session.begin_nested()
    visible = await disclosure.visible(unit, [row.message_ref for row in rows])
    await held.rollback()
    return [replace(row, fact_ref=visible[row.message_ref]) for row in rows if row.message_ref in visible]
