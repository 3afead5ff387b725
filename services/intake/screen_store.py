"""Risk screens by their own agency. The result is sealed under the agency's key; no row says what was answered."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from runtime.database.unit_of_work import UnitOfWork
from runtime.local_names import LocalNames
from schemas.codes import Band, RiskChange, TriggeredBy
from services.intake.domain import EarlierScreen, RiskScreen, ScreenState
from services.intake.domain.risk_screens import IDLE_AT_MOST
from services.intake.nicknames import KEYS

FIELDS = (
    "screen_ref, case_ref, instrument_id, instrument_version, state, version, started_by, started_at, changed_at, "
    "completed_at, valid_until, result"
)
# A screen that nobody completed within a day is abandoned: it is found no more, and the next start forgets it.
SCREENS = text(f"""
SELECT {FIELDS} FROM intake.risk_screen
WHERE case_ref = :case_ref AND agency_id = :agency AND (state <> 'started' OR started_at >= :started_since)
ORDER BY started_at DESC, screen_ref
""")  # noqa: S608 - a list of our own columns
SCREEN = text(f"""
SELECT {FIELDS} FROM intake.risk_screen
WHERE screen_ref = :ref AND case_ref = :case_ref AND agency_id = :agency
    AND (state <> 'started' OR started_at >= :started_since) FOR UPDATE
""")  # noqa: S608 - as above
LAST = text(f"""
SELECT {FIELDS} FROM intake.risk_screen
WHERE case_ref = :case_ref AND agency_id = :agency AND instrument_id = :instrument_id AND state = 'completed'
FOR UPDATE
""")  # noqa: S608 - as above
ADD = text("""
INSERT INTO intake.risk_screen
    (screen_ref, case_ref, agency_id, instrument_id, instrument_version, state, version, started_by, started_at,
    changed_at)
VALUES (:ref, :case_ref, :agency, :instrument_id, :instrument_version, :state, :version, :started_by, :started_at,
    :changed_at)
""")
KEEP = text("""
UPDATE intake.risk_screen SET state = :state, version = :version, changed_at = :changed_at,
    completed_at = :completed_at, valid_until = :valid_until, result = :result
WHERE screen_ref = :ref AND agency_id = :agency
""")
SUPERSEDE = text("""
UPDATE intake.risk_screen SET state = 'superseded', version = version + 1, changed_at = :at
WHERE screen_ref = :ref AND agency_id = :agency
""")
FORGET = text("DELETE FROM intake.risk_screen WHERE screen_ref = :ref AND agency_id = :agency AND state = 'started'")
FORGET_IDLE = text("""
DELETE FROM intake.risk_screen WHERE agency_id = :agency AND state = 'started' AND started_at < :started_since
""")
CERTIFIED = text("""
SELECT EXISTS (SELECT FROM intake.certification WHERE agency_id = :agency AND person_ref = :person_ref
    AND instrument_id = :instrument_id AND certified_until >= :today)
""")
CERTIFICATIONS = text("""
SELECT instrument_id, certified_until FROM intake.certification
WHERE agency_id = :agency AND person_ref = :person_ref ORDER BY instrument_id
""")
CERTIFY = text("""
INSERT INTO intake.certification (agency_id, person_ref, instrument_id, certified_until)
VALUES (:agency, :person_ref, :instrument_id, :until)
ON CONFLICT (agency_id, person_ref, instrument_id) DO UPDATE SET certified_until = EXCLUDED.certified_until
""")


async def screens_of(unit: UnitOfWork, case_ref: UUID, at: datetime) -> list[RiskScreen]:
    """Return the agency's own screens in a case, the newest first; the caller may see their bands."""
    rows = (await unit.session.execute(SCREENS, _of_case(unit, case_ref, at))).all()
    names = await KEYS.names(unit) if rows else None
    return [_screen(row, names) for row in rows]


async def screen_to_change(unit: UnitOfWork, case_ref: UUID, ref: UUID, at: datetime) -> RiskScreen | None:
    """Return the agency's own screen, held until the end; an abandoned one is absent."""
    row = (await unit.session.execute(SCREEN, _of_case(unit, case_ref, at) | {"ref": ref})).one_or_none()
    return None if row is None else _screen(row, await KEYS.names(unit))


async def last_completed(unit: UnitOfWork, case_ref: UUID, instrument_id: str) -> RiskScreen | None:
    """Return the screen of this instrument that stands in the case, held until the end."""
    params = {"agency": unit.agency_id, "case_ref": case_ref, "instrument_id": instrument_id}
    row = (await unit.session.execute(LAST, params)).one_or_none()
    return None if row is None else _screen(row, await KEYS.names(unit))


def as_earlier(screen: RiskScreen | None) -> EarlierScreen | None:
    """Return what the next screen is held against: nothing where the last one was incomplete."""
    if screen is None or screen.band is None or screen.completed_at is None or not screen.is_complete:
        return None
    return EarlierScreen(screen.band, screen.completed_at)


async def add(unit: UnitOfWork, screen: RiskScreen) -> None:
    """Put a started screen in the case, and forget those that were abandoned."""
    at = screen.started_at
    await unit.session.execute(FORGET_IDLE, {"agency": unit.agency_id, "started_since": at - IDLE_AT_MOST})
    row = _row(unit.agency_id, screen)
    await unit.session.execute(ADD, row)


async def keep(unit: UnitOfWork, screen: RiskScreen) -> None:
    """Keep the next version of a screen that has a result, the result sealed."""
    names = await KEYS.names_to_write(unit)
    result = json.dumps({"band": screen.band, "triggered_by": screen.triggered_by, "change": screen.change})
    await unit.session.execute(KEEP, _row(unit.agency_id, screen) | {"result": names.seal(screen.screen_ref, result)})


async def supersede(session: AsyncSession, agency: str, ref: UUID, at: datetime) -> None:
    """Let a later screen of the instrument stand in the place of this one."""
    await session.execute(SUPERSEDE, {"agency": agency, "ref": ref, "at": at})


async def forget(session: AsyncSession, agency: str, ref: UUID) -> None:
    """Forget a started screen: it keeps nothing."""
    await session.execute(FORGET, {"agency": agency, "ref": ref})


async def is_certified(session: AsyncSession, agency: str, person_ref: str, instrument_id: str, today: date) -> bool:
    """Tell whether the agency has noted that the person may use the instrument today."""
    params = {"agency": agency, "person_ref": person_ref, "instrument_id": instrument_id, "today": today}
    return bool((await session.execute(CERTIFIED, params)).scalar_one())


async def certifications_of(session: AsyncSession, agency: str, person_ref: str) -> list[tuple[str, date]]:
    """Return the instruments for which the person was ever certified, each with its last day."""
    rows = await session.execute(CERTIFICATIONS, {"agency": agency, "person_ref": person_ref})
    return [(row.instrument_id, row.certified_until) for row in rows]


async def certify(session: AsyncSession, agency: str, person_ref: str, instrument_id: str, until: date) -> None:
    """Note until when the person is certified for the instrument, in place of what was noted."""
    params = {"agency": agency, "person_ref": person_ref, "instrument_id": instrument_id, "until": until}
    await session.execute(CERTIFY, params)


def _of_case(unit: UnitOfWork, case_ref: UUID, at: datetime) -> dict[str, object]:
    return {"agency": unit.agency_id, "case_ref": case_ref, "started_since": at - IDLE_AT_MOST}


def _screen(row: Any, names: LocalNames | None) -> RiskScreen:
    sealed = None if row.result is None or names is None else names.unseal(row.screen_ref, bytes(row.result))
    result = {} if sealed is None else json.loads(sealed)
    return RiskScreen(
        screen_ref=row.screen_ref,
        case_ref=row.case_ref,
        instrument_id=row.instrument_id,
        instrument_version=row.instrument_version,
        state=ScreenState(row.state),
        version=row.version,
        started_by=row.started_by,
        started_at=row.started_at,
        changed_at=row.changed_at,
        completed_at=row.completed_at,
        valid_until=row.valid_until,
        band=Band(result["band"]) if result else None,
        triggered_by=tuple(map(TriggeredBy, result["triggered_by"])) if result else (),
        change=RiskChange(result["change"]) if result and result["change"] else None,
    )


def _row(agency: str, screen: RiskScreen) -> dict[str, object]:
    return {
        "agency": agency,
        "ref": screen.screen_ref,
        "case_ref": screen.case_ref,
        "instrument_id": screen.instrument_id,
        "instrument_version": screen.instrument_version,
        "state": screen.state,
        "version": screen.version,
        "started_by": screen.started_by,
        "started_at": screen.started_at,
        "changed_at": screen.changed_at,
        "completed_at": screen.completed_at,
        "valid_until": screen.valid_until,
    }
