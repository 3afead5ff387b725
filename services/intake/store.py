"""Cases and incidents by their own agency. No row says what was told."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from runtime.database import hot_path
from services.intake.domain import Incident, IncidentState

OPEN_FILE = text("""
INSERT INTO intake.case_file (case_ref, agency_id, channel, opened_by, opened_at)
VALUES (:case_ref, :agency, :channel, :by, :at)
""")
FILE = text("SELECT channel, opened_at FROM intake.case_file WHERE case_ref = :case_ref AND agency_id = :agency")
INCIDENT_FIELDS = "incident_ref, case_ref, version, state, reported_at, changed_at"
INCIDENTS = text(
    f"SELECT {INCIDENT_FIELDS} FROM intake.incident "  # noqa: S608 - a list of our own columns
    "WHERE case_ref = :case_ref AND agency_id = :agency ORDER BY reported_at, incident_ref"
)
INCIDENT = text(
    f"SELECT {INCIDENT_FIELDS} FROM intake.incident "  # noqa: S608 - as above
    "WHERE incident_ref = :ref AND case_ref = :case_ref AND agency_id = :agency FOR UPDATE"
)
LATEST_REPORT = """
SELECT reported_at FROM intake.incident WHERE case_ref = %s AND agency_id = %s ORDER BY reported_at DESC LIMIT 1
"""
NEW_INCIDENT = """
INSERT INTO intake.incident (incident_ref, case_ref, agency_id, version, state, reported_at, changed_at)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
NEXT_INCIDENT = text("""
UPDATE intake.incident SET version = :version, state = :state, changed_at = :changed_at
WHERE incident_ref = :incident_ref AND agency_id = :agency
""")


async def open_file(
    session: AsyncSession, agency: str, case_ref: UUID, channel: str | None, by: str, at: datetime
) -> None:
    """Note when, by whom and over which channel the case was opened."""
    row = {"agency": agency, "case_ref": case_ref, "channel": channel, "by": by, "at": at}
    await session.execute(OPEN_FILE, row)


async def file_of(session: AsyncSession, agency: str, case_ref: UUID) -> tuple[str | None, datetime] | None:
    """Return channel and opening of a case that the agency opened; of one it was joined to, None."""
    row = (await session.execute(FILE, {"agency": agency, "case_ref": case_ref})).one_or_none()
    return None if row is None else (row.channel, row.opened_at)


async def incidents_of(session: AsyncSession, agency: str, case_ref: UUID) -> list[Incident]:
    """Return the agency's own incidents of a case, oldest first."""
    rows = await session.execute(INCIDENTS, {"agency": agency, "case_ref": case_ref})
    return [_incident(row) for row in rows]


async def latest_report(session: AsyncSession, agency: str, case_ref: UUID) -> datetime | None:
    """Return when the agency's newest incident of a case was reported, or None where there is none."""
    rows = await hot_path.fetch_all(session, LATEST_REPORT, case_ref, agency)
    return rows[0][0] if rows else None


async def incident_to_change(session: AsyncSession, agency: str, case_ref: UUID, ref: UUID) -> Incident | None:
    """Return the agency's own incident, held until the end; to any other agency it is absent."""
    row = (await session.execute(INCIDENT, {"agency": agency, "case_ref": case_ref, "ref": ref})).one_or_none()
    return None if row is None else _incident(row)


async def add_incident(session: AsyncSession, agency: str, incident: Incident) -> None:
    """Put a new incident in the case."""
    key = incident.incident_ref, incident.case_ref, agency
    fields = incident.version, incident.state.value, incident.reported_at, incident.changed_at
    await hot_path.execute(session, NEW_INCIDENT, *key, *fields)


async def keep_incident(session: AsyncSession, agency: str, incident: Incident) -> None:
    """Keep the next version of an incident."""
    await session.execute(NEXT_INCIDENT, _of_incident(agency, incident))


def _incident(row: Any) -> Incident:
    state = IncidentState(row.state)
    return Incident(row.incident_ref, row.case_ref, row.version, state, row.reported_at, row.changed_at)


def _of_incident(agency: str, incident: Incident) -> dict[str, object]:
    return {
        "agency": agency,
        "incident_ref": incident.incident_ref,
        "case_ref": incident.case_ref,
        "version": incident.version,
        "state": incident.state,
        "reported_at": incident.reported_at,
        "changed_at": incident.changed_at,
    }
