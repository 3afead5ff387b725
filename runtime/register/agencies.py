"""Agencies as the decision needs them."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.consent import Agency
from schemas.codes import AgencyFlag, AgencyKind, Purpose

ONE = text("SELECT kind, flags, purposes FROM register.agency WHERE agency_id = :agency_id AND active")
MAILBOXES = text("SELECT agency_id FROM register.agency WHERE active AND hosted ORDER BY agency_id")


def read_agency(agency_id: str, kind: str, flags: Iterable[str], purposes: Iterable[str]) -> Agency:
    """Return the agency of a row; a code that is not in our lists is dropped, so it can only close."""
    return Agency(
        agency_id,
        AgencyKind(kind) if kind in set(AgencyKind) else None,
        frozenset(AgencyFlag(flag) for flag in flags if flag in set(AgencyFlag)),
        frozenset(Purpose(purpose) for purpose in purposes if purpose in set(Purpose)),
    )


async def agency(session: AsyncSession, agency_id: str) -> Agency | None:
    """Return the active agency, or None."""
    row = (await session.execute(ONE, {"agency_id": agency_id})).one_or_none()
    return None if row is None else read_agency(agency_id, row.kind, row.flags, row.purposes)


async def agencies_with_mailboxes(session: AsyncSession) -> list[str]:
    """Return the ids of the active agencies whose mailbox the hosted services read, in order."""
    return list(await session.scalars(MAILBOXES))
