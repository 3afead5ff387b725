"""The register of directives, read and written with the permission in the WHERE.

No row here holds a field of a contract: references, codes and instants only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.consent import Agency
from runtime import register
from runtime.register.directives import read_directive
from schemas.codes import EndsWhen, RevokedBy, StartsWhen
from services.consent.domain import (
    ConfirmationWait,
    DirectiveSummary,
    Party,
    PlannedRevocation,
    Provision,
    RevocationKind,
)

OWN_CASE = text('SELECT true FROM register."case" WHERE case_ref = :case_ref AND agency_id = :agency')
# The custodian reads its directives in every state.  Whoever drafted one for another custodian sees it while it
# is a draft or active: after that, refused and absent are one answer (R38).
READABLE = """
    d.custodian = :agency OR (g.agency_id = :agency AND d.state IN ('draft', 'awaiting_confirmation', 'active'))
"""
# Stopping is open to either side of a directive, and to a recipient by the reference it was told.
STOPPABLE = """
    d.custodian = :agency OR g.agency_id = :agency OR (d.recipient = :agency AND d.directive_ref =
        (SELECT k.directive_ref FROM consent.known_as AS k WHERE k.agency_id = :agency AND k.known_ref = :ref))
"""
PLACE = """
SELECT d.directive_ref, d.subject_id, d.custodian,
    (SELECT c.case_ref FROM register."case" AS c WHERE c.subject_id = d.subject_id ORDER BY c.agency_id LIMIT 1)
        AS case_ref
FROM register.directive AS d LEFT JOIN consent.drafting AS g USING (directive_ref)
WHERE d.directive_ref = COALESCE((SELECT k.directive_ref FROM consent.known_as AS k
    WHERE k.agency_id = :agency AND k.known_ref = :ref), :ref) AND ({permitted})
"""
READ_PLACE = text(PLACE.format(permitted=READABLE))
STOP_PLACE = text(PLACE.format(permitted=STOPPABLE))
PROVISIONS = text("""
SELECT d.*, COALESCE(g.agency_id, d.custodian) AS drafting_agency, w.since, w.recorded_by AS waiting_by,
    w.parties, w.signed_at AS waiting_signed_at, w.evidence AS waiting_evidence
FROM register.directive AS d LEFT JOIN consent.drafting AS g USING (directive_ref)
    LEFT JOIN consent.awaiting AS w ON w.about = d.directive_ref
WHERE d.subject_id = :subject_id ORDER BY d.drafted_at, d.directive_ref
""")
STANDING = text("""
SELECT directive_ref, custodian, recipient, effect, state, relayed, supersedes_ref FROM register.directive
WHERE subject_id = :subject_id ORDER BY directive_ref
""")
NEW = text("""
INSERT INTO register.directive (directive_ref, subject_id, custodian, recipient, excluded_person_ref, excluded_agency,
    effect, purpose, categories, excepted_fields, only_fields, valid_from, valid_until, starts_when, started_at,
    ends_when, basis, state, taxonomy_version, version, survives_death, supersedes_ref, adds_to_ref, drafted_by,
    drafted_at, evidence, signed_at, relayed)
VALUES (:directive_ref, :subject_id, :custodian, :recipient, :excluded_person_ref, :excluded_agency,
    :effect, :purpose, :categories, :excepted_fields, :only_fields, :valid_from, :valid_until, :starts_when,
    :started_at, :ends_when, :basis, :state, :taxonomy_version, :version, :survives_death, :supersedes_ref,
    :adds_to_ref, :drafted_by, :drafted_at, CAST(:evidence AS jsonb), :signed_at, :relayed)
""")
DRAFTED = text("INSERT INTO consent.drafting (directive_ref, agency_id) VALUES (:directive_ref, :agency)")
NEXT = text("""
UPDATE register.directive SET state = :state, version = :version, valid_from = :valid_from,
    valid_until = :valid_until, evidence = CAST(:evidence AS jsonb), signed_at = :signed_at, relayed = :relayed
WHERE directive_ref = :directive_ref
""")
REFUSE = text("""
UPDATE register.directive SET state = 'refused', refused_at = :at, version = version + 1
WHERE directive_ref = ANY(:refs)
""")
REVOKE = text("""
UPDATE register.directive SET state = 'revoked', revoked_at = :at, version = version + 1,
    revocation = CAST(:revocation AS jsonb),
    told_at = LEAST(CAST(CAST(:revocation AS jsonb) ->> 'told_at' AS timestamptz), :at)
WHERE directive_ref = ANY(:refs)
""")
PARTICIPATION = text("UPDATE register.subject SET participation = :word WHERE subject_id = :subject_id")
DEATH = text("UPDATE register.subject SET deceased_on = :died_on WHERE subject_id = :subject_id")
DECEASED = text("SELECT deceased_on FROM register.subject WHERE subject_id = :subject_id")
CHOICE = text("""
INSERT INTO consent.choice (case_ref, agency_id, participation, evidence, recorded_by, recorded_at)
VALUES (:case_ref, :agency, :word, CAST(:evidence AS jsonb), :by, :at)
""")
PARTIES = text(
    "SELECT agency_id, name, address, front_door, kind, profile FROM register.agency WHERE agency_id = ANY(:ids)"
)
# The server ends a holder within 25 s, whatever it does: a stop waits for that, and does not fail.  The limit of the
# whole transaction runs already, and only one that was taken away can be set anew.
WAIT_LONGER = text("""
SELECT set_config('lock_timeout', '30s', true), set_config('statement_timeout', '45s', true),
    set_config('transaction_timeout', '0', true), set_config('transaction_timeout', '60s', true)
""")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a directive is: enough to hold its subject."""

    directive_ref: UUID
    subject_id: int
    custodian: str
    case_ref: UUID


async def is_own_case(session: AsyncSession, agency: str, case_ref: UUID) -> bool:
    """Tell whether the agency has a case of this reference; asked before any lock is taken."""
    return bool(await session.scalar(OWN_CASE, {"agency": agency, "case_ref": case_ref}))


async def wait_longer(session: AsyncSession) -> None:
    """Let this transaction wait for the subject longer than others may hold it."""
    await session.execute(WAIT_LONGER)


async def readable(session: AsyncSession, agency: str, ref: UUID) -> Place | None:
    """Return where the directive is if the agency may read it; to any other it is absent."""
    return await _place(session, READ_PLACE, agency, ref)


async def stoppable(session: AsyncSession, agency: str, ref: UUID) -> Place | None:
    """Return where the directive is if the agency is a side of it; to any other it is absent."""
    return await _place(session, STOP_PLACE, agency, ref)


async def provisions(session: AsyncSession, subject_id: int) -> tuple[tuple[Provision, ...], int]:
    """Return the subject's provisions that can be read, and how many cannot."""
    rows = (await session.execute(PROVISIONS, {"subject_id": subject_id})).mappings().all()
    parsed = [provision for provision in map(_provision, rows) if provision is not None]
    return tuple(parsed), len(rows) - len(parsed)


async def standing(session: AsyncSession, subject_id: int) -> tuple[DirectiveSummary, ...]:
    """Return the summary of every directive of the subject, readable or not."""
    return tuple(DirectiveSummary(*row) for row in await session.execute(STANDING, {"subject_id": subject_id}))


async def add(session: AsyncSession, subject_id: int, new: Provision) -> None:
    """Put a new provision on the register."""
    await session.execute(NEW, _row(new) | {"subject_id": subject_id})
    await session.execute(DRAFTED, {"directive_ref": new.ref, "agency": new.drafting_agency})


async def keep(session: AsyncSession, changed: Provision) -> None:
    """Keep the next state of a provision; what it says besides its period never changes."""
    await session.execute(NEXT, _row(changed))


async def end(
    session: AsyncSession, ended: Sequence[PlannedRevocation], at: datetime, revocation: Mapping[str, str | None]
) -> None:
    """Refuse the drafts and revoke the rest of `ended`."""
    refused = [planned.standing.ref for planned in ended if planned.stop is RevocationKind.REFUSE]
    revoked = [planned.standing.ref for planned in ended if planned.stop is RevocationKind.REVOKE]
    if refused:
        await session.execute(REFUSE, {"refs": refused, "at": at})
    if revoked:
        revocation_json = json.dumps({name: value for name, value in revocation.items() if value is not None})
        await session.execute(REVOKE, {"refs": revoked, "at": at, "revocation": revocation_json})


def how_ended(
    by: RevokedBy, channel: str | None, recorded_by: str | None, told_at: datetime | None = None
) -> dict[str, str | None]:
    """Return what is kept of a revocation: whose decision, over which channel, who recorded it, when it was said."""
    earlier = {} if told_at is None else {"told_at": told_at.isoformat()}
    return {"by": by, "channel": channel, "recorded_by": recorded_by} | earlier


async def participate(session: AsyncSession, subject_id: int, participation: str) -> None:
    """Set whether the subject takes part."""
    await session.execute(PARTICIPATION, {"subject_id": subject_id, "word": participation})


async def die(session: AsyncSession, subject_id: int, died_on: date | None) -> None:
    """Record a death, or that there was none."""
    await session.execute(DEATH, {"subject_id": subject_id, "died_on": died_on})


async def died_on(session: AsyncSession, subject_id: int) -> date | None:
    """Return the day of a death that is on record."""
    day: date | None = await session.scalar(DECEASED, {"subject_id": subject_id})
    return day


async def is_deceased(session: AsyncSession, subject_id: int) -> bool:
    """Tell whether a death is on record."""
    return await died_on(session, subject_id) is not None


async def choose(
    session: AsyncSession, agency: str, case_ref: UUID, choice: str, evidence: Mapping[str, Any], by: str, at: datetime
) -> None:
    """Keep how a choice about taking part was made."""
    row = {"agency": agency, "case_ref": case_ref, "word": choice, "by": by, "at": at, "evidence": json.dumps(evidence)}
    await session.execute(CHOICE, row)


async def agencies(session: AsyncSession, names: Iterable[str | None]) -> dict[str, Agency]:
    """Return the active agencies among `names`."""
    by_name = {name: await register.agency(session, name) for name in sorted({name for name in names if name})}
    return {name: agency for name, agency in by_name.items() if agency is not None}


async def parties(session: AsyncSession, names: Iterable[str | None]) -> dict[str, Party]:
    """Return the agencies as a receipt names them."""
    rows = await session.execute(PARTIES, {"ids": [name for name in names if name is not None]})
    return {row.agency_id: Party(*row) for row in rows}


async def _place(session: AsyncSession, query: Any, agency: str, ref: UUID) -> Place | None:
    row = (await session.execute(query, {"agency": agency, "ref": ref})).one_or_none()
    return None if row is None else Place(row.directive_ref, row.subject_id, row.custodian, row.case_ref)


def _provision(row: RowMapping) -> Provision | None:
    try:
        return Provision(
            directive=read_directive(dict(row)),
            drafted_by=row["drafted_by"],
            drafting_agency=row["drafting_agency"],
            drafted_at=row["drafted_at"],
            version=row["version"],
            starts_when=None if row["starts_when"] is None else StartsWhen(row["starts_when"]),
            **{name: row[name] for name in ("started_at", "ended_at")},
            ends_when=None if row["ends_when"] is None else EndsWhen(row["ends_when"]),
            supersedes_ref=row["supersedes_ref"],
            adds_to_ref=row["adds_to_ref"],
            evidence=row["evidence"],
            signed_at=row["signed_at"],
            refused_at=row["refused_at"],
            revoked_at=row["revoked_at"],
            relayed=row["relayed"],
            waiting=_waiting(row),
        )
    except (ValueError, TypeError):
        return None


def _waiting(row: RowMapping) -> ConfirmationWait | None:
    if row["since"] is None:
        return None
    return ConfirmationWait(
        since=row["since"],
        recorded_by=row["waiting_by"],
        parties=frozenset(row["parties"]),
        signed_at=row["waiting_signed_at"],
        evidence=row["waiting_evidence"],
    )


def _row(provision: Provision) -> dict[str, Any]:
    directive = provision.directive
    return {
        "directive_ref": provision.ref,
        "custodian": directive.custodian,
        "recipient": directive.recipient,
        "excluded_person_ref": directive.excluded_person_ref,
        "excluded_agency": directive.excluded_agency,
        "effect": directive.effect,
        "purpose": directive.purpose,
        "categories": sorted(directive.categories),
        "excepted_fields": sorted(directive.excepted_fields),
        "only_fields": sorted(directive.only_fields),
        "valid_from": directive.valid_from,
        "valid_until": directive.valid_until,
        "starts_when": provision.starts_when,
        "started_at": provision.started_at,
        "ends_when": provision.ends_when,
        "basis": directive.basis,
        "state": directive.state,
        "taxonomy_version": directive.taxonomy_version,
        "version": provision.version,
        "survives_death": directive.survives_death,
        "supersedes_ref": provision.supersedes_ref,
        "adds_to_ref": provision.adds_to_ref,
        "drafted_by": provision.drafted_by,
        "drafted_at": provision.drafted_at,
        "evidence": None if provision.evidence is None else json.dumps(dict(provision.evidence)),
        "signed_at": provision.signed_at,
        "relayed": provision.relayed,
    }
