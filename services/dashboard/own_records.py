"""What the agency wrote down itself in a case, opened in the name of whoever is at the desk: each look is on record."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from services.dashboard.desk import Desk
from services.dashboard.mail import case_file, openable_now
from services.dashboard.rows.record_rows import OpenedRecordListRow, OpenedRecordRow
from services.dashboard.service_client import Ask

MOST_AT_ONCE: Final = 100  # services.exchange.requests.MOST_AT_ONCE


async def open_own(desk: Desk, case_ref: UUID, subject: str) -> list[OpenedRecordRow]:
    """Open the agency's own records about a subject ("incident", "safety_plan"): the newest 100, oldest first.

    Raises `ServiceUnavailable` where the exchange is away.
    """
    own = [
        message.message_ref
        for message in await case_file(desk, case_ref)
        if message.sender == desk.visit.agency.agency_id and message.type.startswith(f"accord.{subject}.")
    ]
    newest = await openable_now(desk, own[-1]) if own else None
    if newest is None:
        return []
    body = {"purpose": newest.purposes[0], "message_refs": [str(ref) for ref in own[-MOST_AT_ONCE:]]}
    reply = await desk.ask(Ask("exchange", "/v1/openings", method="POST", body=body), OpenedRecordListRow)
    return list(reply.row.opened)
