"""An agency with ever so many open cases: one is told through the doors, the others are made of it in the database.

Rows of the copies have the shape and about the size of real ones, and each is decided, listed and counted like a real
one.  What is synthetic: bodies and wrapped keys are those of the one real case, so no copy opens; no copy has a leaf;
nicknames are sealed for the agency, each for its own case, by the product's own code.

What a case has: its releases to and from the partner, of which one in fifty ends within a week; the agency's own
record of an incident, and one of the partner's; a referral, sent or received, in a state by its number; an incident and
a plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import psycopg

from benchmarks.caseload import CATEGORIES, a_desk, an_incident
from benchmarks.setup import Ground
from runtime import disclosure
from runtime.auth.principal import Kind, Principal
from runtime.auth.scopes import scopes_of
from runtime.local_names import LocalNames
from runtime.register.enrolment import NewAgency, NewPerson, enrol_agency, enrol_person
from schemas.categories import DataCategory
from schemas.codes import AgencyKind, Purpose
from services.intake import nicknames
from tests.support.town import Town, all_purposes

PARTNER: Final = "harbor-house"
ROLES: Final = frozenset({"case_worker"})
OWN: Final = 40  # open cases that the one at the desk works on, however many the agency has
RELEASED: Final = (*CATEGORIES, DataCategory.REFERRAL_STATUS)

DELIVERED: Final = """
WITH moved AS (
    INSERT INTO exchange.message (message_ref, recipient, place, case_ref, type, sender, occurred_at, body)
    SELECT message_ref, recipient, row_number() OVER (ORDER BY id), key, type, sender, occurred_at, body
    FROM carrying.outbox WHERE recipient = %(agency)s RETURNING place
), emptied AS (DELETE FROM carrying.outbox)
INSERT INTO exchange.mailbox (agency_id, place) SELECT %(agency)s, max(place) FROM moved
"""
# Each statement goes on from what the one before it made; n numbers the copies, from 1.
MANY: Final = (
    """CREATE TEMPORARY TABLE model AS SELECT subject_id FROM register."case" WHERE case_ref = %(case_ref)s""",
    """CREATE TEMPORARY TABLE made AS WITH new AS (
        INSERT INTO register.subject (home_agency, sv, participation)
        SELECT s.home_agency, nextval('register.sv'), s.participation
        FROM register.subject AS s JOIN model USING (subject_id), generate_series(1, %(more)s) RETURNING subject_id, sv
    ) SELECT subject_id, sv, row_number() OVER (ORDER BY subject_id) AS n FROM new""",
    "ALTER TABLE made ADD PRIMARY KEY (subject_id)",
    "ANALYZE made",
    """INSERT INTO register."case" (subject_id, agency_id, wrapped_key)
    SELECT made.subject_id, c.agency_id, c.wrapped_key
    FROM register."case" AS c JOIN model USING (subject_id), made""",
    """CREATE TEMPORARY TABLE own AS SELECT made.*, mine.case_ref, theirs.case_ref AS partner_ref,
        now() - make_interval(mins => made.n::integer) AS at
    FROM made JOIN register."case" AS mine ON mine.subject_id = made.subject_id AND mine.agency_id = %(agency)s
    JOIN register."case" AS theirs ON theirs.subject_id = made.subject_id AND theirs.agency_id = %(partner)s""",
    "ALTER TABLE own ADD PRIMARY KEY (subject_id)",
    "ANALYZE own",
    """INSERT INTO register.directive (subject_id, custodian, recipient, effect, purpose, categories, valid_from,
        valid_until, state, taxonomy_version, drafted_by, drafted_at, signed_at, relayed, announced)
    SELECT made.subject_id, d.custodian, d.recipient, d.effect, d.purpose, d.categories, d.valid_from,
        d.valid_from + (1 + made.n %% 365) * interval '1 day', d.state, d.taxonomy_version, d.drafted_by,
        d.drafted_at, d.signed_at, true, true
    FROM register.directive AS d JOIN model USING (subject_id), made""",
    """INSERT INTO carrying.offer (message_ref, subject_id, custodian, recipient, case_ref, type, mask, party, sv,
        purposes, directives, wrapped_key, sequence, fact_ref, occurred_at, state)
    SELECT gen_random_uuid(), own.subject_id, o.custodian, o.recipient, own.case_ref, o.type, o.mask, o.party, own.sv,
        o.purposes, o.directives, o.wrapped_key, o.sequence, gen_random_uuid(), own.at, 'relayed'
    FROM carrying.offer AS o JOIN model USING (subject_id), own WHERE o.recipient = %(agency)s""",
    "ANALYZE carrying.offer",
    # Apart, as the statement that reads a body of the mailbox would pass by all that it has put there itself.
    """CREATE TEMPORARY TABLE bodies AS SELECT DISTINCT ON (sender) sender, body FROM exchange.message
    WHERE recipient = %(agency)s ORDER BY sender, place""",
    """INSERT INTO exchange.message (message_ref, recipient, place, case_ref, type, sender, occurred_at, body)
    SELECT o.message_ref, o.recipient, m.place + row_number() OVER (), o.case_ref, o.type, o.custodian,
        o.occurred_at, b.body
    FROM own JOIN carrying.offer AS o USING (subject_id) JOIN exchange.mailbox AS m ON m.agency_id = o.recipient
    JOIN bodies AS b ON b.sender = o.custodian WHERE o.recipient = %(agency)s""",
    """UPDATE exchange.mailbox SET place = (SELECT max(place) FROM exchange.message WHERE recipient = %(agency)s)
    WHERE agency_id = %(agency)s""",
    """INSERT INTO intake.case_file (case_ref, agency_id, channel, opened_by, opened_at)
    SELECT case_ref, %(agency)s, 'hotline', %(person)s, at FROM own""",
    """INSERT INTO intake.case_status (case_ref, agency_id, subject_id, assigned, changed_at)
    SELECT case_ref, %(agency)s, subject_id, n <= %(own)s OR n %% 10 > 0, at FROM own""",
    """INSERT INTO intake.case_assignment (case_ref, agency_id, person_ref)
    SELECT case_ref, %(agency)s, CASE WHEN n <= %(own)s THEN %(person)s ELSE %(colleague)s END
    FROM own WHERE n <= %(own)s OR n %% 10 > 0""",
    """INSERT INTO intake.incident (incident_ref, case_ref, agency_id, version, state, reported_at, changed_at)
    SELECT gen_random_uuid(), case_ref, %(agency)s, 1, 'recorded', at, at FROM own""",
    """INSERT INTO intake.plan (plan_ref, case_ref, agency_id, version, status, created_at, changed_at)
    SELECT gen_random_uuid(), case_ref, %(agency)s, 1, 'active', at, at FROM own""",
    # Of twenty two wait here and two at the partner, every other too long; eight are under way, and eight are closed.
    """INSERT INTO referrals.referral (referral_ref, subject_id, case_ref, sending_agency, receiving_agency,
        receiver_ref, kind, mode, service_code, priority, purpose, state, version, created_at, changed_at, answer_by,
        overdue_since, spoken_code, consent_sv, consent_until)
    SELECT gen_random_uuid(), subject_id, CASE WHEN n %% 2 = 0 THEN case_ref ELSE partner_ref END,
        CASE WHEN n %% 2 = 0 THEN %(agency)s ELSE %(partner)s END,
        CASE WHEN n %% 2 = 0 THEN %(partner)s ELSE %(agency)s END, gen_random_uuid(), 'service', 'live', 'shelter',
        (ARRAY['urgent', 'soon', 'day', 'routine'])[1 + n %% 4], 'shelter',
        (ARRAY['sent', 'sent', 'needs_info', 'needs_info', 'accepted', 'accepted', 'accepted', 'accepted',
            'in_progress', 'in_progress', 'in_progress', 'in_progress', 'completed', 'completed', 'completed',
            'completed', 'declined', 'declined', 'withdrawn', 'withdrawn'])[1 + n %% 20], 1, at, at,
        CASE WHEN n %% 40 < 2 THEN now() - interval '1 hour' WHEN n %% 20 < 4 THEN now() + (n %% 72) * interval '1 hour'
        END, CASE WHEN n %% 40 < 2 THEN now() END, 'amber acorn ' || subject_id, sv, now() + interval '300 days'
    FROM own""",
)
NICKNAMED: Final = """
UPDATE intake.case_status AS s SET nickname = n.sealed, nickname_index = n.index
FROM unnest(%(refs)s::uuid[], %(sealed)s::bytea[], %(indexes)s::bytea[]) AS n (case_ref, sealed, index)
WHERE s.case_ref = n.case_ref
"""
BATCH: Final = 10_000
EVERY: Final = 2  # of so many cases one has a nickname


@dataclass(frozen=True)
class Caseload:
    """An agency, somebody at its desk, and one of the cases that they work on."""

    size: int
    person: Principal
    case_ref: UUID


def a_caseload(ground: Ground, size: int) -> Caseload:
    """Take in an agency and let it have so many open cases."""
    agency_id = f"house-of-{size}"
    person = ground.runner.run(_begin(ground.town, agency_id))
    case_ref, names = ground.runner.run(_first_case(ground.town, agency_id, person.subject))
    params = {
        "agency": agency_id, "partner": PARTNER, "person": person.person_ref, "colleague": f"mia-{agency_id}",
        "own": OWN, "case_ref": case_ref, "more": size,
    }  # fmt: skip
    with ground.database.superuser() as connection:
        connection.execute(DELIVERED, params)
        with connection.transaction():
            for statement in MANY:
                connection.execute(statement, params)
        of_person = _name(connection, names)
        connection.execute("DROP TABLE model, made, own, bodies")
    return Caseload(size, person, of_person)


def settle(ground: Ground) -> None:
    """Let the server count what it has, and write it to disk, so that no page pays for the making of it."""
    with ground.database.superuser() as connection:
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


async def _begin(town: Town, agency_id: str) -> Principal:
    """Put the agency and its people on the register; return whoever is at the desk."""
    town.keys.create(agency_id)
    agency = NewAgency(agency_id, f"House of {agency_id}", AgencyKind.SHELTER, frozenset(), all_purposes())
    names = ("ana", "mia")
    people = [NewPerson(f"{name}-{agency_id}", agency_id, name.title(), tuple(ROLES), "none") for name in names]
    async with town.session("accord_admin") as session:
        await enrol_agency(session, agency, {"kty": "EC", "kid": agency_id})
        for person in people:
            await enrol_person(session, person)
        await session.commit()
    ref = people[0].person_ref
    return Principal(ref, agency_id, Kind.PERSON, ref, people[0].name, scopes_of(ROLES), ROLES)


async def _first_case(town: Town, agency_id: str, person_ref: str) -> tuple[UUID, LocalNames]:
    """Tell of one case through the doors, on both sides; return it, and the agency's names for its cases."""
    case_ref = await town.open_case(agency_id, PARTNER)
    partner_ref = await town.case_ref_of(case_ref, PARTNER)
    await town.direct(case_ref, PARTNER, Purpose.SHELTER, RELEASED)
    await town.direct(partner_ref, agency_id, Purpose.SHELTER, RELEASED)
    for custodian, ref, person in ((agency_id, case_ref, person_ref), (PARTNER, partner_ref, "sam")):
        async with a_desk(town, "accord_intake", custodian, person) as desk:
            await disclosure.offer(await desk.unit(), an_incident(ref))
            await desk.session.commit()
    async with town.unit("accord_intake", agency_id, person_ref) as unit:
        names = await nicknames.KEYS.names_to_write(unit)
        await unit.session.commit()
    return case_ref, names


def _name(connection: psycopg.Connection[Any], names: LocalNames) -> UUID:
    """Give every second case a nickname; return a case of whoever is at the desk."""
    refs: list[UUID] = [row[0] for row in connection.execute("SELECT case_ref FROM own ORDER BY n").fetchall()]
    named = refs[::EVERY]
    for begin in range(0, len(named), BATCH):
        batch = named[begin : begin + BATCH]
        words = [f"blue door {ref.hex[:6]}" for ref in batch]
        sealed = [names.seal(ref, name) for ref, name in zip(batch, words, strict=True)]
        indexes = [names.index(name) for name in words]
        connection.execute(NICKNAMED, {"refs": batch, "sealed": sealed, "indexes": indexes})
    return refs[0]
