"""What the agency wrote down itself in a case, opened in the name of whoever is at the desk: each look is on record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from runtime.http.problems import Absent
from services.dashboard.desk import Desk
from services.dashboard.domain import Query
from services.dashboard.rows.record_rows import (
    OpenedRecordListRow,
    OpenedRecordRow,
    RecordListRow,
    RecordPurposesRow,
    RecordRow,
)
from services.dashboard.service_client import Ask

MOST_AT_ONCE: Final = 100  # services.exchange.requests.MOST_AT_ONCE
PAGE: Final = (("limit", "200"),)


async def records_of(desk: Desk, case_ref: UUID) -> list[RecordRow]:
    """Return the routing of every record of a case that this person may see now, in the order of the file."""
    records: list[RecordRow] = []
    query: Query = PAGE
    while True:
        try:
            reply = await desk.read("exchange", f"/v1/cases/{case_ref}/messages", RecordListRow, query)
        except Absent:  # a case of which nothing can be seen has no file
            return records
        records += reply.row.messages
        if reply.cursor is None:
            return records
        query = (*PAGE, ("cursor", reply.cursor))


async def open_own(desk: Desk, case_ref: UUID, subject: str) -> list[OpenedRecordRow]:
    """Open the agency's own records about a subject ("incident", "safety_plan"): the newest 100, oldest first."""
    own = [
        record
        for record in await records_of(desk, case_ref)
        if record.sender == desk.visit.agency.agency_id and record.type.startswith(f"accord.{subject}.")
    ]
    refs = [record.message_ref for record in own][-MOST_AT_ONCE:]
    purpose = await _purpose(desk, refs)
    if purpose is None:
        return []
    body = {"purpose": purpose, "message_refs": [str(ref) for ref in refs]}
    reply = await desk.ask(Ask("exchange", "/v1/openings", method="POST", body=body), OpenedRecordListRow)
    return list(reply.row.opened)


async def _purpose(desk: Desk, refs: Sequence[UUID]) -> str | None:
    """Return a purpose for which the newest of these records can be opened, or None."""
    if not refs:
        return None
    try:
        reply = await desk.read("exchange", f"/v1/messages/{refs[-1]}/purposes", RecordPurposesRow)
    except Absent:
        return None
    return next(iter(reply.row.purposes), None)
