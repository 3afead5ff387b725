"""Agencies as the decision needs them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.consent import Agency
from schemas.codes import AgencyFlag, AgencyKind, Purpose

AGENCY = text("SELECT kind, flags, purposes FROM register.agency WHERE agency_id = :agency_id AND active")
MAILBOXES = text("SELECT agency_id FROM register.agency WHERE active AND hosted ORDER BY agency_id")
KINDS: Final = frozenset(AgencyKind)
FLAGS: Final = frozenset(AgencyFlag)
PURPOSES: Final = frozenset(Purpose)
MAX_CACHED_AGENCIES: Final = 4096


def read_agency(agency_id: str, kind: str, flags: Iterable[str], purposes: Iterable[str]) -> Agency:
    """Return the agency of a row; a code that is not in our lists is dropped, so it can only close."""
    return _agency(agency_id, kind, tuple(flags), tuple(purposes))


# What a row says is the key, so a row that changed is another one: read for each case held, it took a third of a relay.
@lru_cache(MAX_CACHED_AGENCIES)
def _agency(agency_id: str, kind: str, flags: tuple[str, ...], purposes: tuple[str, ...]) -> Agency:
    return Agency(
        agency_id,
        AgencyKind(kind) if kind in KINDS else None,
        frozenset(AgencyFlag(flag) for flag in flags if flag in FLAGS),
        frozenset(Purpose(purpose) for purpose in purposes if purpose in PURPOSES),
    )


async def agency(session: AsyncSession, agency_id: str) -> Agency | None:
    """Return the active agency, or None."""
    row = (await session.execute(AGENCY, {"agency_id": agency_id})).one_or_none()
    return None if row is None else read_agency(agency_id, row.kind, row.flags, row.purposes)


async def agencies_with_mailboxes(session: AsyncSession) -> list[str]:
    """Return the ids of the active agencies whose mailbox the hosted services read, in order."""
    return list(await session.scalars(MAILBOXES))
