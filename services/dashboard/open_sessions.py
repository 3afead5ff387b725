"""Who is signed in: a person's own sessions, and those of the agency for its administrator; no row opens anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import audit_entries
from runtime.register.enrolment import PersonAct, Registrar, note_person
from services.dashboard.session_secret import SessionSecret

MOST_SHOWN: Final = 200
OPEN = """
SELECT s.session_ref, s.person_ref, p.name, s.began_at, s.seen_at, s.digest = :digest AS current
FROM dashboard.session AS s JOIN register.person AS p ON p.person_ref = s.person_ref AND p.agency_id = s.agency_id
WHERE s.agency_id = :agency AND p.active AND NOT dashboard.is_over(s.seen_at, s.ends_at)
"""
OF_AGENCY = text(OPEN + "ORDER BY p.name, s.person_ref, s.began_at DESC LIMIT :rows")
OF_PERSON = text(OPEN + "AND s.person_ref = :person_ref ORDER BY s.began_at DESC LIMIT :rows")
END_OWN = text("""
DELETE FROM dashboard.session WHERE session_ref = :session_ref AND agency_id = :agency AND person_ref = :person_ref
""")
END_OTHERS = text("""
DELETE FROM dashboard.session WHERE agency_id = :agency AND person_ref = :person_ref AND digest <> :digest
""")
END_COLLEAGUES = text("""
DELETE FROM dashboard.session WHERE session_ref = :session_ref AND agency_id = :agency RETURNING person_ref
""")
BEFORE = text("SELECT signed_in_before FROM dashboard.sign_in WHERE person_ref = :person_ref AND agency_id = :agency")


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that goes on; `current` is the one that asks."""

    session_ref: UUID
    person_ref: str
    person_name: str
    began_at: datetime
    seen_at: datetime
    current: bool


async def own_sessions(unit: UnitOfWork, secret: SessionSecret) -> list[OpenSession]:
    """Return the sessions of whoever asks, the newest first; `secret` is that of the one which asks."""
    params = {"agency": unit.agency_id, "person_ref": unit.person_ref, "digest": secret.digest, "rows": MOST_SHOWN}
    return [_open_session(row) for row in await unit.session.execute(OF_PERSON, params)]


async def agency_sessions(unit: UnitOfWork, secret: SessionSecret) -> list[OpenSession]:
    """Return the sessions of the agency's people, by name, up to 200."""
    params = {"agency": unit.agency_id, "digest": secret.digest, "rows": MOST_SHOWN}
    return [_open_session(row) for row in await unit.session.execute(OF_AGENCY, params)]


async def last_sign_in(session: AsyncSession, agency: str, person_ref: str) -> datetime | None:
    """Return when the person signed in before the newest time, or None where that was the first."""
    params = {"agency": agency, "person_ref": person_ref}
    before: datetime | None = (await session.execute(BEFORE, params)).scalar_one_or_none()
    return before


async def end_own_session(unit: UnitOfWork, session_ref: UUID) -> None:
    """End a session of whoever asks; anybody else's stays, and one that is over stays over."""
    params = {"agency": unit.agency_id, "person_ref": unit.person_ref, "session_ref": session_ref}
    await unit.session.execute(END_OWN, params)


async def end_other_sessions(unit: UnitOfWork, secret: SessionSecret) -> None:
    """End all sessions of whoever asks but the one that asks."""
    params = {"agency": unit.agency_id, "person_ref": unit.person_ref, "digest": secret.digest}
    await unit.session.execute(END_OTHERS, params)


async def end_colleagues_session(unit: UnitOfWork, session_ref: UUID) -> None:
    """End a session of somebody of the agency, which goes on record; one that is over stays over."""
    params = {"agency": unit.agency_id, "session_ref": session_ref}
    person_ref = (await unit.session.execute(END_COLLEAGUES, params)).scalar_one_or_none()
    if person_ref is not None:
        by = Registrar(unit.actor, (await audit_entries.resolve_actor(unit)).actor)
        await note_person(unit.session, unit.agency_id, person_ref, PersonAct.SESSION_ENDED, (), by)


def _open_session(row: Any) -> OpenSession:
    return OpenSession(row.session_ref, row.person_ref, row.name, row.began_at, row.seen_at, row.current)
