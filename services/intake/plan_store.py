"""Safety plans and near misses by their own agency. No row says what was told."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.codes import PlanStatus
from services.intake.domain import NearMiss, Plan

PLAN = """
SELECT plan_ref, case_ref, version, status, created_at, changed_at, reviewed_at FROM intake.plan
WHERE case_ref = :case_ref AND agency_id = :agency ORDER BY status, changed_at DESC LIMIT 1
"""
READ_PLAN = text(PLAN)
HOLD_PLAN = text(PLAN + " FOR UPDATE")
NEW_PLAN = text("""
INSERT INTO intake.plan (plan_ref, case_ref, agency_id, version, status, created_at, changed_at)
VALUES (:plan_ref, :case_ref, :agency, :version, :status, :created_at, :changed_at)
ON CONFLICT DO NOTHING RETURNING plan_ref
""")
NEXT_PLAN = text("""
UPDATE intake.plan SET version = :version, status = :status, changed_at = :changed_at, reviewed_at = :reviewed_at
WHERE plan_ref = :plan_ref AND agency_id = :agency
""")
NEXT_TURN = text("""
UPDATE intake.plan SET review_turn = review_turn + 1 WHERE plan_ref = :plan_ref AND agency_id = :agency
RETURNING version + review_turn AS turn
""")
DAY_BEGINS = text("""
SELECT CAST(:day AS timestamp) AT TIME ZONE time_zone FROM register.agency WHERE agency_id = :agency
""")
DAY_ENDS = text("""
SELECT (date_trunc('day', CAST(:at AS timestamptz) AT TIME ZONE time_zone) + interval '1 day') AT TIME ZONE time_zone
FROM register.agency WHERE agency_id = :agency
""")
NEW_NEAR_MISS = text("""
INSERT INTO intake.near_miss (near_miss_ref, case_ref, agency_id, logged_at)
VALUES (:near_miss_ref, :case_ref, :agency, :logged_at)
""")
NEAR_MISSES = text("""
SELECT near_miss_ref, case_ref, logged_at, reviewed_at FROM intake.near_miss
WHERE case_ref = :case_ref AND agency_id = :agency ORDER BY logged_at, near_miss_ref
""")
COUNT_NEAR_MISSES = text("SELECT count(*) FROM intake.near_miss WHERE case_ref = :case_ref AND agency_id = :agency")
REVIEW_NEAR_MISSES = text("""
UPDATE intake.near_miss SET reviewed_at = :at
WHERE case_ref = :case_ref AND agency_id = :agency AND reviewed_at IS NULL
""")


async def plan_of(session: AsyncSession, agency: str, case_ref: UUID, *, to_change: bool = False) -> Plan | None:
    """Return the agency's plan in the case: the one in use, else the one closed last."""
    query = HOLD_PLAN if to_change else READ_PLAN
    row = (await session.execute(query, {"agency": agency, "case_ref": case_ref})).one_or_none()
    if row is None:
        return None
    status = PlanStatus(row.status)
    return Plan(row.plan_ref, row.case_ref, row.version, status, row.created_at, row.changed_at, row.reviewed_at)


async def add_plan(session: AsyncSession, agency: str, plan: Plan) -> bool:
    """Put a new plan in the case; tell whether no other was begun at the same time."""
    return (await session.execute(NEW_PLAN, _of_plan(agency, plan))).one_or_none() is not None


async def keep_plan(session: AsyncSession, agency: str, plan: Plan) -> None:
    """Keep a plan as it stands now: its next version, or that it was reviewed."""
    await session.execute(NEXT_PLAN, _of_plan(agency, plan))


async def next_turn(session: AsyncSession, agency: str, plan_ref: UUID) -> int:
    """Return the number of the next task about a plan: each time that it is to be reviewed is one of its own."""
    return int(await session.scalar(NEXT_TURN, {"agency": agency, "plan_ref": plan_ref}) or 0)


async def day_begins(session: AsyncSession, agency: str, day: date) -> datetime:
    """Return the instant at which a day begins where the agency's people live."""
    begins: datetime = (await session.execute(DAY_BEGINS, {"agency": agency, "day": day})).scalar_one()
    return begins


async def day_ends(session: AsyncSession, agency: str, at: datetime) -> datetime:
    """Return the instant at which the day of `at` is over where the agency's people live."""
    ends: datetime = (await session.execute(DAY_ENDS, {"agency": agency, "at": at})).scalar_one()
    return ends


async def add_near_miss(session: AsyncSession, agency: str, near_miss: NearMiss) -> None:
    """Put a new near miss in the case."""
    row = {"near_miss_ref": near_miss.near_miss_ref, "case_ref": near_miss.case_ref, "logged_at": near_miss.logged_at}
    await session.execute(NEW_NEAR_MISS, row | {"agency": agency})


async def near_misses_of(session: AsyncSession, agency: str, case_ref: UUID) -> list[NearMiss]:
    """Return the agency's own near misses of a case, oldest first."""
    rows = await session.execute(NEAR_MISSES, {"agency": agency, "case_ref": case_ref})
    return [NearMiss(row.near_miss_ref, row.case_ref, row.logged_at, row.reviewed_at) for row in rows]


async def count_near_misses(session: AsyncSession, agency: str, case_ref: UUID) -> int:
    """Return how many near misses of a case the agency logged."""
    return int(await session.scalar(COUNT_NEAR_MISSES, {"agency": agency, "case_ref": case_ref}) or 0)


async def review_near_misses(session: AsyncSession, agency: str, case_ref: UUID, at: datetime) -> None:
    """Note that the plan was looked at again after every near miss of the case that was logged so far."""
    await session.execute(REVIEW_NEAR_MISSES, {"agency": agency, "case_ref": case_ref, "at": at})


def _of_plan(agency: str, plan: Plan) -> dict[str, Any]:
    return {
        "agency": agency,
        "plan_ref": plan.plan_ref,
        "case_ref": plan.case_ref,
        "version": plan.version,
        "status": plan.status,
        "created_at": plan.created_at,
        "changed_at": plan.changed_at,
        "reviewed_at": plan.reviewed_at,
    }
