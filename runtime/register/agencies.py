"""Agencies as the decision needs them."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.consent import Agency
from schemas.codes import AgencyFlag, AgencyKind, Purpose

ONE = text("SELECT kind, flags, purposes FROM register.agency WHERE agency_id = :agency_id AND active")
_KINDS: dict[str, AgencyKind] = {kind.value: kind for kind in AgencyKind}
_FLAGS: dict[str, AgencyFlag] = {flag.value: flag for flag in AgencyFlag}
_PURPOSES: dict[str, Purpose] = {purpose.value: purpose for purpose in Purpose}
MAILBOXES = text("SELECT agency_id FROM register.agency WHERE active AND hosted ORDER BY agency_id")


def read_agency(agency_id: str, kind: str, flags: Iterable[str], purposes: Iterable[str]) -> Agency:
    """Return the agency of a row; a code that is not in our lists is dropped, so it can only close."""
    return Agency(
        agency_id,
        _KINDS.get(kind),
        frozenset(_FLAGS[flag] for flag in flags if flag in _FLAGS),
        frozenset(_PURPOSES[purpose] for purpose in purposes if purpose in _PURPOSES),
    )


async def agency(session: AsyncSession, agency_id: str) -> Agency | None:
    """Return the active agency, or None."""
    row = (await session.execute(ONE, {"agency_id": agency_id})).one_or_none()
    return None if row is None else read_agency(agency_id, row.kind, row.flags, row.purposes)


async def agencies_with_mailboxes(session: AsyncSession) -> list[str]:
    """Return the ids of the active agencies whose mailbox the hosted services read, in order."""
    return list(await session.scalars(MAILBOXES))
