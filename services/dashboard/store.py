"""The table of sessions. A session is found by the digest of its cookie; to any other it is not there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.dashboard.local_clock import LocalClock, zone_of

WALL = text("SELECT set_config('accord.session', encode(:digest, 'hex'), true)")
BEGIN = text("""
INSERT INTO dashboard.session (digest, agency_id, person_ref, sealed, began_at, seen_at, ends_at, token_until)
SELECT :digest, :agency, :person_ref, :sealed, now.at, now.at, now.at + interval '8 hours',
    now.at + make_interval(secs => :seconds)
FROM (SELECT register.instant() AS at) AS now
""")
AGENCY_WALL = text("SELECT set_config('accord.agency', :agency, true)")
SIGNED_IN = text("""
INSERT INTO dashboard.sign_in AS s (person_ref, agency_id, signed_in_at)
VALUES (:person_ref, :agency, register.instant())
ON CONFLICT (person_ref) DO UPDATE SET signed_in_before = s.signed_in_at, signed_in_at = EXCLUDED.signed_in_at
""")
GOES_ON = "digest = :digest AND NOT dashboard.is_over(seen_at, ends_at)"
STORED = """sealed, token_until <= register.instant() + interval '60 seconds' AS worn,
    CAST(extract(epoch FROM seen_at + interval '15 minutes' - register.instant()) AS integer) AS idle_left,
    CAST(extract(epoch FROM ends_at - register.instant()) AS integer) AS whole_left"""
TOUCH = text(f"""
UPDATE dashboard.session SET seen_at = CASE WHEN :used THEN register.instant() ELSE seen_at END
WHERE {GOES_ON} RETURNING {STORED}
""")  # noqa: S608 - texts of our own
LOOK = text(f"SELECT {STORED} FROM dashboard.session WHERE {GOES_ON}")  # noqa: S608 - as above
WHY_OVER = text("""
SELECT CASE WHEN ends_at <= register.instant() THEN 'ended' ELSE 'idle' END FROM dashboard.session
WHERE digest = :digest
""")
RENEW = text("""
UPDATE dashboard.session SET sealed = :sealed, token_until = register.instant() + make_interval(secs => :seconds)
WHERE digest = :digest
""")
END = text("DELETE FROM dashboard.session WHERE digest = :digest")
# One process at a time: two that sweep the same rows in different orders would wait for each other.
BROOM = text("SELECT carrying.lock_sweep('dashboard.session')")
OVER = text("""
DELETE FROM dashboard.session WHERE digest IN
    (SELECT digest FROM dashboard.session WHERE dashboard.is_over(seen_at, ends_at) LIMIT 200)
""")
AGENCY = text("""
SELECT a.name, a.time_zone, register.instant() AS at, COALESCE(f.place, 0) AS place
FROM register.agency AS a LEFT JOIN dashboard.feed AS f USING (agency_id) WHERE a.agency_id = :agency_id
""")
NAMES = text("SELECT agency_id, name FROM register.agency WHERE agency_id = ANY(:agency_ids)")


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """For how many seconds a session goes on: while nobody uses it, and in all."""

    idle: int
    whole: int


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session that goes on; `worn` when its token is about to run out, and then locked until the transaction ends."""

    sealed: bytes = field(repr=False)
    worn: bool
    left: TimeLeft


@dataclass(frozen=True, slots=True)
class AgencyNow:
    """An agency by its name, what its clock shows, and the place of the last change that it can see."""

    name: str
    clock: LocalClock
    place: int


@dataclass(frozen=True, slots=True)
class SignedInPerson:
    """Whose session it is."""

    agency_id: str
    person_ref: str


async def begin(session: AsyncSession, digest: bytes, person: SignedInPerson, sealed: bytes, seconds: int) -> None:
    """Keep a new session whose token is good for `seconds`, and clear away what is over."""
    await session.execute(WALL, {"digest": digest})
    if await session.scalar(BROOM):
        await session.execute(OVER)
    row = {"agency": person.agency_id, "person_ref": person.person_ref}
    await session.execute(AGENCY_WALL, {"agency": person.agency_id})
    await session.execute(BEGIN, row | {"digest": digest, "sealed": sealed, "seconds": seconds})
    await session.execute(SIGNED_IN, row)


async def touch(session: AsyncSession, digest: bytes, *, used: bool = True) -> StoredSession | None:
    """Return the session, its idle time beginning anew where it was `used`; None where it is over or never was.

    Open pages ask by themselves, hundreds at a time: for them nothing is written, unless the token is to be renewed.
    """
    await session.execute(WALL, {"digest": digest})
    row = None if used else (await session.execute(LOOK, {"digest": digest})).one_or_none()
    if used or (row is not None and row.worn):
        row = (await session.execute(TOUCH, {"digest": digest, "used": used})).one_or_none()
    return None if row is None else StoredSession(row.sealed, row.worn, TimeLeft(row.idle_left, row.whole_left))


async def why_over(session: AsyncSession, digest: bytes) -> str:
    """Return why a session that does not go on is over: "idle", "ended", or "out" where it is no longer known."""
    await session.execute(WALL, {"digest": digest})
    return await session.scalar(WHY_OVER, {"digest": digest}) or "out"


async def renew(session: AsyncSession, digest: bytes, sealed: bytes, seconds: int) -> None:
    """Keep new tokens for the session that `touch` returned."""
    await session.execute(RENEW, {"digest": digest, "sealed": sealed, "seconds": seconds})


async def end(session: AsyncSession, digest: bytes) -> None:
    """Forget a session; one that is not there stays forgotten."""
    await session.execute(WALL, {"digest": digest})
    await session.execute(END, {"digest": digest})


async def agency_now(session: AsyncSession, agency_id: str) -> AgencyNow:
    """Return the agency's name, and the database's present instant with the zone that the agency reads it in."""
    row = (await session.execute(AGENCY, {"agency_id": agency_id})).one()
    return AgencyNow(row.name, LocalClock(row.at, zone_of(row.time_zone)), row.place)


async def agency_names(session: AsyncSession, agency_ids: Collection[str]) -> dict[str, str]:
    """Return the names of these agencies by their ids; those that closed keep theirs."""
    rows = await session.execute(NAMES, {"agency_ids": sorted(agency_ids)})
    return {row.agency_id: row.name for row in rows}
