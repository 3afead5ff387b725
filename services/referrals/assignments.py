"""Who of the receiving agency answers a referral (ADR 0045): the agency's own row, which no other agency can read."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from runtime.auth.scopes import Scope, scopes_of
from runtime.disclosure.list_reads import DecidedBy
from services.referrals.domain import UNANSWERED, UNDER_WAY
from services.referrals.table import ASSIGNMENT, IS_LIVE, PERSON, ROWS


def answered_by(agency: str, person_ref: str | None) -> Any:
    """Return the condition that this person answers a row of the agency, or nobody who works there now."""
    assignments = _current(agency).where(ASSIGNMENT.c.receiver_ref == ROWS.c.receiver_ref)
    return (
        ~assignments.exists() if person_ref is None else assignments.where(PERSON.c.person_ref == person_ref).exists()
    )


async def person_answering(session: AsyncSession, agency: str, receiver_ref: UUID) -> str | None:
    """Return who answers the agency's referral; None where nobody does who works there now."""
    return (await people_answering(session, agency, [receiver_ref])).get(receiver_ref)


async def people_answering(session: AsyncSession, agency: str, refs: Collection[UUID]) -> dict[UUID, str]:
    """Return who answers each of the agency's referrals, by its own references; nobody who left is named."""
    if not refs:
        return {}
    query = _current(agency).where(ASSIGNMENT.c.receiver_ref.in_(refs))
    return {row.receiver_ref: row.person_ref for row in await session.execute(query)}


async def assign(session: AsyncSession, agency: str, receiver_ref: UUID, person_ref: str | None, at: datetime) -> None:
    """Let this person answer the agency's referral from now on in place of whoever did, or nobody."""
    own = (ASSIGNMENT.c.receiver_ref == receiver_ref, ASSIGNMENT.c.agency_id == agency)
    await session.execute(delete(ASSIGNMENT).where(*own))
    if person_ref is not None:
        row = {"receiver_ref": receiver_ref, "agency_id": agency, "person_ref": person_ref, "assigned_at": at}
        await session.execute(insert(ASSIGNMENT).values(row))


async def may_answer(session: AsyncSession, agency: str, person_ref: str) -> bool:
    """Tell whether this person works at the agency now, in a role that answers referrals."""
    query = select(PERSON.c.roles).where(PERSON.c.person_ref == person_ref, PERSON.c.agency_id == agency)
    roles = await session.scalar(query.where(PERSON.c.active))
    return Scope.REFERRALS_ANSWER in scopes_of(roles or ())


async def open_referrals(session: AsyncSession, agency: str, rows: int) -> list[tuple[str, DecidedBy]]:
    """Return who answers each of up to `rows` open referrals to the agency, and what decides whether it may be seen."""
    query = (
        select(PERSON.c.person_ref, ROWS.c.subject_id, ROWS.c.sending_agency, ROWS.c.purpose)
        .join_from(ASSIGNMENT, PERSON, _WORKS_THERE)
        .join(ROWS, ROWS.c.receiver_ref == ASSIGNMENT.c.receiver_ref)
        .where(ASSIGNMENT.c.agency_id == agency, IS_LIVE, ROWS.c.state.in_(UNANSWERED | UNDER_WAY))
        .limit(rows)
    )
    return [(person, (subject, sender, purpose)) for person, subject, sender, purpose in await session.execute(query)]


# Whoever left answers nothing more: what they had is nobody's.
_WORKS_THERE = (
    (PERSON.c.person_ref == ASSIGNMENT.c.person_ref) & (PERSON.c.agency_id == ASSIGNMENT.c.agency_id) & PERSON.c.active
)


def _current(agency: str) -> Any:
    return (
        select(ASSIGNMENT.c.receiver_ref, PERSON.c.person_ref)
        .join_from(ASSIGNMENT, PERSON, _WORKS_THERE)
        .where(ASSIGNMENT.c.agency_id == agency)
    )
