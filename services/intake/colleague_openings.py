"""A case on which colleagues work: whoever is none of them opens it by a step that says why, for a time (ADR 0044)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from runtime.auth.scopes import Scope
from runtime.database.unit_of_work import UnitOfWork
from services.intake.domain import CaseStepNotPossible

OPEN_FOR: Final = timedelta(hours=12)  # a shift
# Nobody's case is anybody's; a case of others is open to whoever stated a reason that still holds.
COLLEAGUES_ALONE = text("""
SELECT EXISTS (SELECT FROM intake.case_assignment WHERE case_ref = :case_ref AND agency_id = :agency)
    AND NOT EXISTS (SELECT FROM intake.case_assignment
        WHERE case_ref = :case_ref AND agency_id = :agency AND person_ref = :person_ref)
    AND NOT EXISTS (SELECT FROM intake.colleague_opening
        WHERE case_ref = :case_ref AND agency_id = :agency AND person_ref = :person_ref AND open_until > :at)
""")
OPEN = text("""
INSERT INTO intake.colleague_opening AS o (case_ref, agency_id, person_ref, open_until)
VALUES (:case_ref, :agency, :person_ref, :until)
ON CONFLICT (case_ref, person_ref) DO UPDATE SET open_until = greatest(o.open_until, EXCLUDED.open_until)
""")
FORGET = text("DELETE FROM intake.colleague_opening WHERE agency_id = :agency AND open_until <= :at")


async def require_open(unit: UnitOfWork, case_ref: UUID, at: datetime) -> None:
    """Refuse a case on which others work to a person who stated no reason; raises `CaseStepNotPossible`."""
    if await reason_needed(unit, case_ref, at):
        raise CaseStepNotPossible("colleagues_case")


async def reason_needed(unit: UnitOfWork, case_ref: UUID, at: datetime) -> bool:
    """Tell whether only others work on the case, and this person has stated no reason that still holds.

    A privacy officer needs none, nor does a system that asks for no person: each look is on record all the same.
    """
    if unit.person_ref is None or Scope.CONFLICTS_READ in unit.scopes:
        return False
    params = {"agency": unit.agency_id, "case_ref": case_ref, "person_ref": unit.person_ref, "at": at}
    return bool((await unit.session.execute(COLLEAGUES_ALONE, params)).scalar_one())


async def open_for_colleague(unit: UnitOfWork, case_ref: UUID, person_ref: str, at: datetime) -> datetime:
    """Let the person open the case from now on; return until when.  What is over is forgotten."""
    until = at + OPEN_FOR
    await unit.session.execute(FORGET, {"agency": unit.agency_id, "at": at})
    params = {"agency": unit.agency_id, "case_ref": case_ref, "person_ref": person_ref, "until": until}
    await unit.session.execute(OPEN, params)
    return until
