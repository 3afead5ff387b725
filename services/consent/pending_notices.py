"""What has to be told of an agency's directives by now, and what was."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.consent import store
from services.consent.domain import Provision


class ConsentNoticeKind(StrEnum):
    """What is told of a directive, once each."""

    GRANTED = "granted"
    ENDED = "ended"
    ENDS_IN_A_WEEK = "ends_in_a_week"
    ENDS_IN_A_DAY = "ends_in_a_day"
    UNTOLD = "untold"


# Set for the transaction: the clock reads and writes as the agency whose directives they are.
CUSTODIANS = text("SELECT agency_id FROM register.agency WHERE active ORDER BY agency_id")
# The instant is read once, in a subquery: asked row by row it would forbid the index over ends.  What cannot be told
# just now is left out, or it would fill the limit and stand before all else for ever.  To whom must be told to stop is
# told first.
STANDS = """
FROM register.directive AS d
JOIN register."case" AS c ON c.subject_id = d.subject_id AND c.agency_id = d.custodian
JOIN register.subject AS s ON s.subject_id = d.subject_id
WHERE d.custodian = :agency AND d.effect = 'permit' AND d.state = 'active' AND d.ended_at IS NULL
    AND d.valid_until > (SELECT register.instant()) AND s.participation = 'yes'
    AND (s.deceased_on IS NULL OR d.survives_death)
"""
# A directive no longer than the notice would be said to end the moment it began.
ENDS = """
SELECT d.directive_ref, c.case_ref, '{word}' {stands}
    AND d.valid_until > (SELECT register.instant()) + interval '{least}'
    AND d.valid_until <= (SELECT register.instant()) + interval '{most}'
    AND d.valid_until - d.valid_from > interval '{most}' AND NOT EXISTS (
        SELECT FROM consent.told AS t
        WHERE t.agency_id = :agency AND t.directive_ref = d.directive_ref AND t.word = '{word}')
"""
DUE = text(f"""
SELECT u.directive_ref, c.case_ref, 'untold' AS word FROM consent.untold AS u
    JOIN register.directive AS d USING (directive_ref)
    JOIN register."case" AS c ON c.subject_id = d.subject_id AND c.agency_id = :agency
    WHERE u.agency_id = :agency
UNION ALL SELECT d.directive_ref, c.case_ref, 'granted' {STANDS} AND NOT d.announced
    AND d.valid_from <= (SELECT register.instant()) AND (d.starts_when IS NULL OR d.started_at IS NOT NULL)
UNION ALL SELECT d.directive_ref, c.case_ref, 'ended' FROM register.directive AS d
    JOIN register."case" AS c ON c.subject_id = d.subject_id AND c.agency_id = d.custodian
    WHERE d.custodian = :agency AND d.effect = 'permit' AND d.state = 'active' AND d.ended_at IS NOT NULL
    AND NOT d.announced
UNION ALL {ENDS.format(word="ends_in_a_week", stands=STANDS, least="1 day", most="7 days")}
UNION ALL {ENDS.format(word="ends_in_a_day", stands=STANDS, least="0 days", most="1 day")}
LIMIT 500
""")  # noqa: S608 - statements of our own
ANNOUNCE = text("""
UPDATE register.directive SET announced = true WHERE directive_ref = :ref AND NOT announced RETURNING true
""")
TAKE = text("""
INSERT INTO consent.told (agency_id, directive_ref, word) VALUES (:agency, :ref, :word)
ON CONFLICT DO NOTHING RETURNING true
""")

KNOWN_AS = text("""
INSERT INTO consent.known_as (agency_id, known_ref, directive_ref) VALUES (:agency, :known_ref, :directive_ref)
ON CONFLICT DO NOTHING
""")
UNTOLD = text("""
INSERT INTO consent.untold (directive_ref, agency_id) VALUES (:directive_ref, :agency) ON CONFLICT DO NOTHING
""")
UNTOLD_OF = text("""
DELETE FROM consent.untold AS u USING register.directive AS d
WHERE d.directive_ref = u.directive_ref AND d.subject_id = :subject_id AND u.agency_id = :agency
RETURNING u.directive_ref
""")


@dataclass(frozen=True, slots=True)
class PendingNotice:
    """A notice to tell, and the custodian's case it is about."""

    directive_ref: UUID
    case_ref: UUID
    kind: ConsentNoticeKind


async def custodians(session: AsyncSession) -> list[str]:
    """Return the agencies whose directives may have something due."""
    return list(await session.scalars(CUSTODIANS))


async def of_agency(session: AsyncSession, agency: str) -> list[PendingNotice]:
    """Return what is due to be told of the agency's own directives."""
    rows = await session.execute(DUE, {"agency": agency})
    return [PendingNotice(row.directive_ref, row.case_ref, ConsentNoticeKind(row.word)) for row in rows]


async def take(session: AsyncSession, agency: str, ref: UUID, kind: ConsentNoticeKind) -> bool:
    """Claim the notice for this transaction; tell whether no other has."""
    if kind in (ConsentNoticeKind.GRANTED, ConsentNoticeKind.ENDED):
        return await announce(session, ref)
    return bool(await session.scalar(TAKE, {"agency": agency, "ref": ref, "word": kind}))


async def announce(session: AsyncSession, ref: UUID) -> bool:
    """Note that a grant, or its end, is told of, with this transaction; tell whether it was not before."""
    return bool(await session.scalar(ANNOUNCE, {"ref": ref}))


async def remember_alias(session: AsyncSession, agency: str, known_ref: UUID, directive_ref: UUID) -> None:
    """Remember the reference by which a recipient was told of a directive."""
    row = {"agency": agency, "known_ref": known_ref, "directive_ref": directive_ref}
    await session.execute(KNOWN_AS, row)


async def defer_notice(session: AsyncSession, custodian: str, directive_ref: UUID) -> None:
    """Note that a directive is closed, or closed in part, and its parties have not been told yet."""
    await session.execute(UNTOLD, {"agency": custodian, "directive_ref": directive_ref})


async def take_deferred(session: AsyncSession, custodian: str, subject_id: int) -> set[UUID]:
    """Take the directives of which the parties have not been told."""
    return set(await session.scalars(UNTOLD_OF, {"agency": custodian, "subject_id": subject_id}))


async def provision(session: AsyncSession, subject_id: int, ref: UUID) -> Provision | None:
    """Return the provision, read under the subject's lock; None if it cannot be read, with nothing to tell."""
    provisions, _ = await store.provisions(session, subject_id)
    return next((candidate for candidate in provisions if candidate.ref == ref), None)
