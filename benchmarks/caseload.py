"""What is offered and opened here: an incident of eight categories, of a case that four agencies may see part of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from kernel.consent import Agency
from runtime import disclosure, register
from runtime.database.hot_path import fetch_all
from runtime.database.unit_of_work import UnitOfWork
from schemas.categories import DataCategory
from schemas.codes import Purpose
from schemas.facts import IncidentReported
from tests.support.town import Town

CUSTODIAN: Final = "bay-hotline"
RECIPIENTS: Final = {
    "harbor-house": Purpose.SHELTER,
    "county-sheriff": Purpose.ORDER_ENFORCEMENT,
    "lantern-counselling": Purpose.COUNSELLING,
    "riverside-legal": Purpose.LEGAL_REPRESENTATION,
}
CATEGORIES: Final = (
    DataCategory.IDENTITY,
    DataCategory.SAFE_CONTACT,
    DataCategory.DEMOGRAPHICS,
    DataCategory.INCIDENT_SUMMARY,
    DataCategory.INCIDENT_NARRATIVE,
    DataCategory.WEAPONS_RISK,
    DataCategory.CHILDREN,
    DataCategory.NEEDS,
)
WALL: Final = "SELECT set_config('accord.agency', %s, true)"


def an_incident(case_ref: UUID) -> IncidentReported:
    """Return a report of about a kilobyte, in eight categories."""
    return IncidentReported(
        case_ref=case_ref,
        incident_ref=uuid4(),
        version=1,
        reported_at="2026-11-21T02:10:00Z",
        occurred_on="2026-11-20",
        violence_types=["physical_assault", "threats"],
        injury_level="minor",
        given_name="Marisol",
        code_word="blue door",
        do_not_contact=False,
        language="es",
        interpreter="yes",
        age_band="25_59",
        weapon_involved="yes",
        children_count=1,
        needs=["shelter", "interpreter", "pet_care"],
        narrative="He said he would come back. " * 12,
    )


async def a_case(town: Town, recipients: dict[str, Purpose] | None = None) -> UUID:
    """Open a case of the custodian, and let each recipient see the eight categories as far as its kind may."""
    case_ref = await town.open_case(CUSTODIAN)
    for agency_id, purpose in (RECIPIENTS if recipients is None else recipients).items():
        await town.direct(case_ref, agency_id, purpose, CATEGORIES)
    return case_ref


@dataclass(frozen=True)
class Desk:
    """Somebody of an agency on one connection, who does one thing after another."""

    town: Town
    session: AsyncSession
    agency: Agency
    person: str | None

    async def unit(self) -> UnitOfWork:
        """Begin a unit of work behind the agency's wall; whoever asked for it commits."""
        await fetch_all(self.session, WALL, self.agency.agency_id)
        return self.unwalled()

    def unwalled(self) -> UnitOfWork:
        """Begin a unit of work that reads nothing which lies behind a wall."""
        actor = self.person or f"system:{self.agency.agency_id}"
        return UnitOfWork(self.session, self.agency, actor, self.town.keys, person_ref=self.person)


@asynccontextmanager
async def a_desk(town: Town, role: str, agency_id: str, person: str | None = None) -> AsyncIterator[Desk]:
    """Hold one connection of a database role for a person of an agency."""
    async with (
        town.engine(role).connect() as connection,
        AsyncSession(bind=connection, expire_on_commit=False) as session,
    ):
        agency = await register.agency(session, agency_id)
        await session.rollback()
        assert agency is not None
        yield Desk(town, session, agency, person)


@dataclass(frozen=True)
class Mail:
    """A sealed message that lies in a mailbox of the exchange."""

    case_ref: UUID  # as its custodian knows it
    message_ref: UUID


DELIVER: Final = """
INSERT INTO exchange.message (message_ref, recipient, place, case_ref, type, sender, occurred_at, body)
SELECT message_ref, recipient, id, key, type, sender, occurred_at, body FROM carrying.outbox WHERE recipient = %s
RETURNING message_ref, (SELECT c.case_ref FROM carrying.offer AS o
    JOIN register."case" AS c ON c.subject_id = o.subject_id AND c.agency_id = o.custodian
    WHERE o.message_ref = message.message_ref)
"""


async def a_mailbox(town: Town, agency_id: str, cases: int) -> list[Mail]:
    """Offer an incident of each of so many cases to an agency, and put what it may have into its mailbox."""
    refs = [await a_case(town, {agency_id: RECIPIENTS[agency_id]}) for _ in range(cases)]
    async with a_desk(town, "accord_intake", CUSTODIAN, "ana") as desk:
        await disclosure.offer_many(desk.unwalled(), [an_incident(ref) for ref in refs])
        await desk.session.commit()
    with town.database.superuser() as connection:
        delivered: list[Any] = connection.execute(DELIVER, [agency_id]).fetchall()
    return [Mail(case_ref, message_ref) for message_ref, case_ref in delivered]
