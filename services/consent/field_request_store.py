"""Requests for fields as both sides keep them; the reason is sealed under the custodian's case key."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from runtime.local_names import LocalNames
from schemas.categories import DataCategory
from schemas.codes import Purpose
from services.consent.domain.field_requests import FieldRequest, FieldRequestState

FIELDS = (
    "request_ref, asked_ref, custodian, requester, requested_by, purpose, categories, reason, state, version, "
    "requested_at, due_at, answered_at, evidence"
)
ADD = text("""
INSERT INTO consent.field_request (request_ref, asked_ref, subject_id, custodian, requester, requested_by, purpose,
    categories, reason, state, version, requested_at, due_at)
VALUES (:request_ref, :asked_ref, :subject_id, :custodian, :requester, :requested_by, :purpose, :categories, :reason,
    'open', 1, :requested_at, :due_at)
""")
OF_SUBJECT = text(f"""
SELECT {FIELDS} FROM consent.field_request WHERE subject_id = :subject_id AND :agency IN (custodian, requester)
ORDER BY requested_at, request_ref
""")  # noqa: S608 - a list of our own columns
NAMED = text(f"""
SELECT {FIELDS}, subject_id FROM consent.field_request
WHERE (request_ref = :ref AND custodian = :agency) OR (asked_ref = :ref AND requester = :agency)
""")  # noqa: S608 - as above
KEEP = text("""
UPDATE consent.field_request
SET state = :state, version = :version, answered_at = :answered_at, evidence = :evidence
WHERE request_ref = :request_ref
""")
LAPSE = text("""
UPDATE consent.field_request
SET state = 'lapsed', version = version + 1, answered_at = register.instant()
WHERE custodian = :agency AND state = 'open' AND due_at <= register.instant() RETURNING request_ref
""")
CASE_OF = text("""SELECT case_ref FROM register."case" WHERE subject_id = :subject_id AND agency_id = :agency""")


async def add(session: AsyncSession, subject_id: int, request: FieldRequest, sealing: LocalNames) -> None:
    """Keep a new request."""
    row = {
        "request_ref": request.request_ref,
        "asked_ref": request.asked_ref,
        "subject_id": subject_id,
        "custodian": request.custodian,
        "requester": request.requester,
        "requested_by": request.requested_by,
        "purpose": request.purpose,
        "categories": sorted(request.categories),
        "reason": sealing.seal(request.request_ref, request.reason),
        "requested_at": request.requested_at,
        "due_at": request.due_at,
    }
    await session.execute(ADD, row)


async def of_subject(
    session: AsyncSession, agency: str, subject_id: int, sealing: LocalNames | None = None
) -> list[FieldRequest]:
    """Return the requests about a subject of which the agency is a side, oldest first; the reasons with the key."""
    rows = await session.execute(OF_SUBJECT, {"agency": agency, "subject_id": subject_id})
    return [_request(row, sealing) for row in rows]


async def case_of(session: AsyncSession, agency: str, ref: UUID) -> UUID | None:
    """Return the agency's own case that a request is about; None where it is a side of no such request."""
    row = (await session.execute(NAMED, {"agency": agency, "ref": ref})).one_or_none()
    if row is None:
        return None
    case_ref: UUID | None = await session.scalar(CASE_OF, {"agency": agency, "subject_id": row.subject_id})
    return case_ref


async def named(session: AsyncSession, agency: str, ref: UUID) -> FieldRequest | None:
    """Return a request as one of its sides names it."""
    row = (await session.execute(NAMED, {"agency": agency, "ref": ref})).one_or_none()
    return None if row is None else _request(row, None)


async def keep(session: AsyncSession, request: FieldRequest) -> None:
    """Keep what became of a request."""
    row = {
        "request_ref": request.request_ref,
        "state": request.state,
        "version": request.version,
        "answered_at": request.answered_at,
        "evidence": None if request.evidence is None else Jsonb(dict(request.evidence)),
    }
    await session.execute(KEEP, row)


async def lapse(session: AsyncSession, agency: str) -> list[UUID]:
    """End what nobody answered in time; return which, as the custodian knows them."""
    return list(await session.scalars(LAPSE, {"agency": agency}))


def _request(row: Any, sealing: LocalNames | None) -> FieldRequest:
    answered_at: datetime | None = row.answered_at
    return FieldRequest(
        request_ref=row.request_ref,
        asked_ref=row.asked_ref,
        custodian=row.custodian,
        requester=row.requester,
        requested_by=row.requested_by,
        purpose=Purpose(row.purpose),
        categories=frozenset(map(DataCategory, row.categories)),
        state=FieldRequestState(row.state),
        version=row.version,
        requested_at=row.requested_at,
        due_at=row.due_at,
        answered_at=answered_at,
        evidence=row.evidence,
        reason="" if sealing is None else sealing.unseal(row.request_ref, bytes(row.reason)),
    )
