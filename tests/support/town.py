"""A small town in the register: agencies that exist, people who work there, and units in their name."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from joserfc.jwk import ECKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from kernel.consent import Agency
from kernel.ledger.entry import Act
from runtime import register
from runtime.auth.principal import Kind
from runtime.database.engine import engine, sessions
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import audit_entries
from runtime.keyring import UnsafeLocalKeyring
from runtime.ledger.pending_entries import append
from runtime.register.enrolment import NewAgency, NewPerson, enrol_agency, enrol_person
from schemas.categories import DataCategory
from schemas.codes import AgencyFlag, AgencyKind, EndsWhen, Participation, Purpose, StartsWhen
from schemas.taxonomy import TAXONOMY_VERSION
from tests.support.database import Database

KINDS = {
    "bay-hotline": (AgencyKind.HOTLINE, {AgencyFlag.CONFIDENTIALITY_BOUND}),
    "harbor-house": (AgencyKind.SHELTER, {AgencyFlag.CONFIDENTIALITY_BOUND}),
    "county-sheriff": (AgencyKind.POLICE, set[AgencyFlag]()),
    "lantern-counselling": (AgencyKind.COUNSELLING, {AgencyFlag.PART2_PROGRAM}),
    "riverside-legal": (AgencyKind.LEGAL_AID, set[AgencyFlag]()),
    "county-cell": (AgencyKind.COORDINATION, set[AgencyFlag]()),
}
PEOPLE = {
    "ana": ("bay-hotline", ("advocate",)),
    "mia": ("bay-hotline", ("advocate",)),
    "priya": ("bay-hotline", ("privacy_officer",)),
    "olga": ("bay-hotline", ("administrator",)),
    "sam": ("harbor-house", ("case_worker",)),
    "lee": ("county-sheriff", ("liaison",)),
    "kim": ("county-sheriff", ("liaison",)),
    "noor": ("lantern-counselling", ("counsellor",)),
    "jude": ("riverside-legal", ("attorney",)),
    "cora": ("county-cell", ("coordinator",)),
}
DIRECTIVE = text("""
INSERT INTO register.directive (subject_id, custodian, recipient, effect, purpose, categories, only_fields,
    excluded_person_ref, excluded_agency, valid_from, valid_until, starts_when, ends_when, state, taxonomy_version,
    drafted_by, drafted_at, signed_at, announced)
VALUES (:subject_id, :custodian, :recipient, :effect, :purpose, :categories, :only_fields, :excluded_person_ref,
    (SELECT agency_id FROM register.person WHERE person_ref = :excluded_person_ref),
    :valid_from, :valid_until, :starts_when, :ends_when, 'active', :version, 'ana', :valid_from, :valid_from, true)
RETURNING directive_ref
""")
REVOKE = text("UPDATE register.directive SET state = 'revoked' WHERE directive_ref = :ref")
PARTICIPATION = text("UPDATE register.subject SET participation = :word WHERE subject_id = :subject_id")


@dataclass
class Town:
    """The register, its keys, and whoever a test speaks for."""

    database: Database
    keys: UnsafeLocalKeyring
    engines: dict[str, AsyncEngine] = field(default_factory=dict)
    systems: dict[str, ECKey] = field(default_factory=dict)  # by agency: what its records system signs with

    def engine(self, role: str) -> AsyncEngine:
        """Return the engine of a database role, kept for the town's life."""
        if role not in self.engines:
            self.engines[role] = engine(self.database.url(role), pool_size=8)
        return self.engines[role]

    @asynccontextmanager
    async def session(self, role: str) -> AsyncIterator[AsyncSession]:
        """Open a session as a role of the database."""
        async with sessions(self.engine(role))() as session:
            yield session

    @asynccontextmanager
    async def unit(self, role: str, agency_id: str, person: str | None = None) -> AsyncIterator[UnitOfWork]:
        """Open a unit of work for somebody of the town, as the edge would; the test commits."""
        async with self.session(role) as session:
            await session.execute(text("SELECT set_config('accord.agency', :a, true)"), {"a": agency_id})
            agency = await register.agency(session, agency_id)
            assert agency is not None
            actor = person or f"system:{agency_id}"
            kind = Kind.SYSTEM if person is None else Kind.PERSON
            yield UnitOfWork(session, agency, actor, self.keys, kind, person_ref=person, person_name=person or "")

    def system_key(self, agency_id: str) -> ECKey:
        """Return the private key of an agency's records system, made when it is first asked for."""
        if agency_id not in self.systems:
            self.systems[agency_id] = ECKey.generate_key("P-256", private=True)
            self.systems[agency_id].ensure_kid()
        return self.systems[agency_id]

    async def open_case(self, agency_id: str = "bay-hotline", *others: str) -> UUID:
        """Open a case that takes part, known to `others` as well; return the opener's reference."""
        async with self.unit("accord_intake", agency_id) as unit:
            case_ref = await register.open_case(unit.session, unit.keys, agency_id)
            await unit.session.commit()
        await self.take_part(case_ref, *others)
        return case_ref

    async def take_part(self, case_ref: UUID, *others: str) -> None:
        """Let the survivor of a case take part, as she said, and other agencies know the case."""
        async with self.session("accord_consent") as session:
            subject = await register.lock_exclusive(session, case_ref)
            assert subject is not None
            for other in others:
                await register.join_case(session, subject.subject_id, other)
            await session.execute(PARTICIPATION, {"word": Participation.YES, "subject_id": subject.subject_id})
            await register.raise_version(session, subject.subject_id)
            await session.commit()

    async def direct(
        self,
        case_ref: UUID,
        recipient: str | None,
        purpose: Purpose | None,
        categories: Sequence[DataCategory] = (),
        *,
        effect: str = "permit",
        days: float = 30,
        only_fields: Sequence[str] = (),
        excluded: str | None = None,
        starts_when: StartsWhen | None = None,
        ends_when: EndsWhen | None = None,
    ) -> UUID:
        """Put a directive in force, as the consent service does: exclusive lock, row, version, leaf, commit."""
        async with self.session("accord_consent") as session:
            subject = await register.lock_exclusive(session, case_ref)
            custodian = None if subject is None else subject.case(case_ref)
            assert subject is not None
            assert custodian is not None
            if recipient is not None:
                await register.join_case(session, subject.subject_id, recipient)
            row = {
                "subject_id": subject.subject_id,
                "custodian": custodian.agency.agency_id,
                "recipient": recipient,
                "effect": effect,
                "purpose": purpose,
                "categories": list(categories),
                "only_fields": list(only_fields),
                "excluded_person_ref": excluded,
                "valid_from": subject.at,
                "valid_until": None if effect == "deny" else subject.at + timedelta(days=days),
                "starts_when": starts_when,
                "ends_when": ends_when,
                "version": TAXONOMY_VERSION,
            }
            ref: UUID = (await session.execute(DIRECTIVE, row)).scalar_one()
            await register.raise_version(session, subject.subject_id)
            by = audit_entries.ActorPseudonyms("consent", custodian.pseudonym)
            act, reason = (Act.CHANGED, "denied") if effect == "deny" else (Act.GRANTED, None)
            fields: Any = {"custodian": custodian, "categories": tuple(categories), "directives": (str(ref),)}
            await append(session, [audit_entries.act_entry(act, by, subject, **fields, purpose=purpose, reason=reason)])
            await session.commit()
        return ref

    async def revoke(self, case_ref: UUID, directive_ref: UUID) -> None:
        """Revoke a directive, as the consent service does."""
        async with self.session("accord_consent") as session:
            subject = await register.lock_exclusive(session, case_ref)
            assert subject is not None
            await session.execute(REVOKE, {"ref": directive_ref})
            await register.raise_version(session, subject.subject_id)
            custodian = subject.case(case_ref)
            assert custodian is not None
            by = audit_entries.ActorPseudonyms("consent", custodian.pseudonym)
            entry = audit_entries.act_entry(
                Act.REVOKED, by, subject, custodian=custodian, directives=(str(directive_ref),)
            )
            await append(session, [entry])
            await session.commit()

    async def case_ref_of(self, case_ref: UUID, agency_id: str) -> UUID:
        """Return another agency's own reference to the same case."""
        async with self.session("accord_intake") as session:
            subject = await register.lock_shared(session, case_ref)
        assert subject is not None
        return subject.cases[agency_id].case_ref


def all_purposes() -> frozenset[Purpose]:
    """Return every purpose that some agency may be registered for."""
    return frozenset(Purpose)


@asynccontextmanager
async def a_town(database: Database, folder: Path) -> AsyncIterator[Town]:
    """Put the town's agencies, people and keys on the register, and end its connections in the end."""
    keys = UnsafeLocalKeyring(folder / "keys", production=False)
    town = Town(database, keys)
    async with town.session("accord_admin") as session:
        for agency_id, (kind, flags) in KINDS.items():
            keys.create(agency_id)
            agency = NewAgency(agency_id, agency_id.title(), kind, frozenset(flags), all_purposes())
            await enrol_agency(session, agency, town.system_key(agency_id).as_dict(private=False))
        for person_ref, (agency_id, roles) in PEOPLE.items():
            await enrol_person(session, NewPerson(person_ref, agency_id, person_ref.title(), roles))
        await session.commit()
    yield town
    for bound in town.engines.values():
        await bound.dispose()


@pytest.fixture(scope="session")
async def town(database: Database, run_folder: Path) -> AsyncIterator[Town]:
    """The town that all tests share; each opens cases of its own."""
    async with a_town(database, run_folder) as built:
        yield built


def agency_of(agency_id: str) -> Agency:
    """Return an agency of the town as the decision knows it."""
    kind, flags = KINDS[agency_id]
    return Agency(agency_id, kind, frozenset(flags), all_purposes())
