"""A town that has worked for years: a few cases told through the doors, and ever so many like them beside them.

The many are made in the database from one that is real: rows of the same shape and about the same size, none of which
opens.  Referrals of theirs are long answered, and their leaves are in the tree.
"""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
from fastapi import APIRouter

from runtime import disclosure
from schemas.categories import DataCategory
from schemas.codes import Purpose
from schemas.facts import IncidentReported
from services.audit.api import routes as audit
from services.consent.api import routes as consent
from services.exchange.api import routes as exchange
from services.intake.api import routes as intake
from services.referrals.api import routes as referrals
from tests.support.ledger import Log
from tests.support.town import Town
from tests.support.web import Web

SENDER, RECEIVER = "bay-hotline", "harbor-house"
RELEASED = (DataCategory.IDENTITY, DataCategory.NEEDS, DataCategory.REFERRAL_STATUS)
# What only waits: a queue, emptied by the relay or the sequencer, or rows that expire.  All else grows with the years.
QUEUES = ("carrying.outbox", "ledger.pending")
SMALL = (
    "register.agency", "register.person", "register.client", "ledger.head", "exchange.mailbox", "carrying.cursor_key",
    "intake.name_key",
)  # fmt: skip

DELIVERED = """
WITH moved AS (
    INSERT INTO exchange.message (message_ref, recipient, place, case_ref, type, sender, occurred_at, body)
    SELECT message_ref, recipient, row_number() OVER (ORDER BY id), key, type, sender, occurred_at, body
    FROM carrying.outbox WHERE recipient = %(receiver)s RETURNING place
)
INSERT INTO exchange.mailbox (agency_id, place) SELECT %(receiver)s, max(place) FROM moved
"""
REFERRED = """
INSERT INTO referrals.referral (referral_ref, subject_id, case_ref, sending_agency, receiving_agency, receiver_ref,
    kind, mode, service_code, priority, purpose, state, version, created_at, changed_at, consent_sv, consent_until)
SELECT gen_random_uuid(), c.subject_id, c.case_ref, %(sender)s, %(receiver)s, gen_random_uuid(), 'service', 'live',
    'shelter', 'day', 'shelter', 'sent', 1, now(), now(), s.sv, now() + interval '30 days'
FROM register."case" AS c JOIN register.subject AS s USING (subject_id)
WHERE c.agency_id = %(sender)s AND c.case_ref = ANY(%(refs)s)
"""
AT_THE_DESK = """
INSERT INTO intake.case_status (case_ref, agency_id, subject_id, assigned, changed_at)
SELECT c.case_ref, c.agency_id, c.subject_id, n %% 2 = 1, now()
FROM unnest(%(refs)s) WITH ORDINALITY AS r (case_ref, n) JOIN register."case" AS c USING (case_ref)
"""
WORKED_ON = """
INSERT INTO intake.case_assignment (case_ref, agency_id, person_ref)
SELECT case_ref, agency_id, 'ana' FROM intake.case_status WHERE assigned
"""
# Each statement goes on from what the one before it made.
MANY = (
    """CREATE TEMPORARY TABLE model AS SELECT subject_id FROM register."case" WHERE case_ref = %(case_ref)s""",
    """CREATE TEMPORARY TABLE made AS WITH new AS (
        INSERT INTO register.subject (home_agency, sv, participation)
        SELECT s.home_agency, s.sv, s.participation FROM register.subject AS s JOIN model USING (subject_id),
            generate_series(1, %(more)s) RETURNING subject_id
    ) SELECT subject_id, row_number() OVER (ORDER BY subject_id) AS n FROM new""",
    "ANALYZE made",
    """INSERT INTO register."case" (subject_id, agency_id, wrapped_key)
    SELECT made.subject_id, c.agency_id, c.wrapped_key
    FROM register."case" AS c JOIN model USING (subject_id), made""",
    """INSERT INTO register.directive (subject_id, custodian, recipient, effect, purpose, categories, valid_from,
        valid_until, state, taxonomy_version, drafted_by, drafted_at, relayed, announced)
    SELECT made.subject_id, d.custodian, d.recipient, d.effect, d.purpose, d.categories, d.valid_from,
        d.valid_until + interval '1 year', d.state, d.taxonomy_version, d.drafted_by, d.drafted_at, true, true
    FROM register.directive AS d JOIN model USING (subject_id), made""",
    """INSERT INTO carrying.offer (message_ref, subject_id, custodian, recipient, case_ref, type, mask, party, sv,
        purposes, directives, wrapped_key, sequence, fact_ref, occurred_at, state)
    SELECT gen_random_uuid(), made.subject_id, o.custodian, o.recipient, c.case_ref, o.type, o.mask, o.party, o.sv,
        o.purposes, o.directives, o.wrapped_key, o.sequence, gen_random_uuid(), o.occurred_at, 'relayed'
    FROM carrying.offer AS o JOIN model USING (subject_id), made JOIN register."case" AS c USING (subject_id)
    WHERE c.agency_id = o.recipient""",
    """INSERT INTO exchange.message (message_ref, recipient, place, case_ref, type, sender, occurred_at, body,
        opened_at)
    SELECT o.message_ref, o.recipient, m.place + made.n, o.case_ref, o.type, o.custodian, o.occurred_at, like_it.body,
        o.occurred_at
    FROM made JOIN carrying.offer AS o USING (subject_id) JOIN exchange.mailbox AS m ON m.agency_id = o.recipient,
        (SELECT body FROM exchange.message WHERE recipient = %(receiver)s LIMIT 1) AS like_it""",
    "UPDATE exchange.mailbox SET place = place + %(more)s WHERE agency_id = %(receiver)s",
    """INSERT INTO referrals.referral (referral_ref, subject_id, case_ref, sending_agency, receiving_agency,
        receiver_ref, kind, mode, service_code, priority, purpose, state, version, created_at, changed_at, consent_sv,
        consent_until)
    SELECT gen_random_uuid(), made.subject_id, c.case_ref, r.sending_agency, r.receiving_agency, gen_random_uuid(),
        r.kind, r.mode, r.service_code, r.priority, r.purpose, 'completed', 4,
        r.created_at - made.n * interval '1 minute', r.changed_at, r.consent_sv, r.consent_until
    FROM referrals.referral AS r JOIN model USING (subject_id), made JOIN register."case" AS c USING (subject_id)
    WHERE c.agency_id = r.sending_agency""",
    """INSERT INTO referrals.assignment (receiver_ref, agency_id, person_ref, assigned_at)
    SELECT r.receiver_ref, r.receiving_agency, 'ruth', r.changed_at
    FROM referrals.referral AS r JOIN made USING (subject_id)""",
    """INSERT INTO ledger.leaf (index, number, header, hash, salt, detail, subject, integrated_at)
    SELECT (SELECT max(index) FROM ledger.leaf) + row_number() OVER (),
        nextval(pg_get_serial_sequence('ledger.pending', 'id')), l.header, l.hash, l.salt, l.detail, s.pseudonym,
        l.integrated_at
    FROM model JOIN register.subject AS like_it USING (subject_id) JOIN ledger.leaf AS l
        ON l.subject = like_it.pseudonym, made JOIN register.subject AS s ON s.subject_id = made.subject_id""",
    """INSERT INTO intake.case_status (case_ref, agency_id, subject_id, state, reason_code, assigned, changed_at,
        nickname, nickname_index)
    SELECT c.case_ref, c.agency_id, c.subject_id, 'closed', 'completed', true,
        s.changed_at - made.n * interval '1 minute', uuid_send(gen_random_uuid()), uuid_send(gen_random_uuid())
    FROM intake.case_status AS s JOIN model USING (subject_id), made JOIN register."case" AS c USING (subject_id)
    WHERE c.agency_id = s.agency_id""",
    """INSERT INTO intake.case_assignment (case_ref, agency_id, person_ref)
    SELECT s.case_ref, s.agency_id, 'mia' FROM intake.case_status AS s JOIN made USING (subject_id)""",
    """INSERT INTO intake.case_file (case_ref, agency_id, opened_by, opened_at)
    SELECT s.case_ref, s.agency_id, 'mia', s.changed_at FROM intake.case_status AS s JOIN made USING (subject_id)""",
    """INSERT INTO intake.plan (plan_ref, case_ref, agency_id, version, status, created_at, changed_at)
    SELECT gen_random_uuid(), s.case_ref, s.agency_id, 1, 'active', s.changed_at, s.changed_at
    FROM intake.case_status AS s JOIN made USING (subject_id)""",
    """INSERT INTO intake.incident (incident_ref, case_ref, agency_id, version, state, reported_at, changed_at)
    SELECT gen_random_uuid(), s.case_ref, s.agency_id, 1, 'recorded', s.changed_at, s.changed_at
    FROM intake.case_status AS s JOIN made USING (subject_id)""",
    """INSERT INTO carrying.listed (agency_id, actor, list, since, seen)
    SELECT %(receiver)s, 'ruth', 'referrals', date_trunc('day', now(), 'UTC'), uuid_send(gen_random_uuid())
    FROM generate_series(1, %(more)s)""",
    """INSERT INTO ledger.published (size, published_at) SELECT n, now() FROM generate_series(1, %(more)s) AS n
    ON CONFLICT DO NOTHING""",
    "DROP TABLE model, made",
)


@dataclass
class Grown:
    """A town with cases told for real, to which others are added."""

    town: Town
    refs: list[UUID] = field(default_factory=list)  # the sender's, of the real ones
    receiver_refs: list[UUID] = field(default_factory=list)  # the same cases, as the receiver refers to them
    messages: list[UUID] = field(default_factory=list)

    async def begin(self, cases: int) -> None:
        """Tell of so many cases through the doors, deliver, refer, and take all leaves into the tree."""
        for _ in range(cases):
            case_ref = await self.town.open_case(SENDER)
            await self.town.direct(case_ref, RECEIVER, Purpose.SHELTER, RELEASED)
            self.refs.append(case_ref)
            self.receiver_refs.append(await self.town.case_ref_of(case_ref, RECEIVER))
        async with self.town.unit("accord_intake", SENDER, "ana") as unit:
            await disclosure.offer_many(unit, [_incident(case_ref) for case_ref in self.refs])
            await unit.session.commit()
        with self.town.database.superuser() as connection:
            params = {"sender": SENDER, "receiver": RECEIVER, "refs": self.refs}
            connection.execute(DELIVERED, params)
            for statement in (REFERRED, AT_THE_DESK, WORKED_ON):
                connection.execute(statement, params if "%(" in statement else None)
            connection.execute("TRUNCATE carrying.outbox")
            listed: list[Any] = connection.execute(
                "SELECT message_ref FROM exchange.message WHERE recipient = %s ORDER BY place", [RECEIVER]
            ).fetchall()
        self.messages = [row[0] for row in listed]
        await Log(self.town.database).sequence()  # type: ignore[arg-type]

    def add(self, more: int) -> None:
        """Add so many cases like the first one, and let the server count what it has."""
        with self.town.database.superuser() as connection:
            add(connection, self.refs[0], more)


def add(connection: "psycopg.Connection[Any]", case_ref: UUID, more: int) -> None:
    """Add so many cases like this one, in one commit; see `Grown.add`."""
    params = {"case_ref": case_ref, "more": more, "receiver": RECEIVER}
    with connection.transaction():
        for statement in MANY:
            connection.execute(statement, params if "%(" in statement else None)
    connection.execute("VACUUM (ANALYZE)")


def _incident(case_ref: UUID) -> IncidentReported:
    fields = {"incident_ref": uuid4(), "version": 1, "reported_at": "2026-11-21T02:10:00Z"}
    return IncidentReported(case_ref=case_ref, given_name="Marisol", needs=["shelter"], **fields)


@dataclass
class Day:
    """What people of the town ask for all day, over the edge of each service."""

    grown: Grown
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)
    number: int = 0

    async def begin(self, stack: AsyncExitStack) -> None:
        """Serve the routes of `REQUESTS`, until the stack ends."""
        web = Web(self.grown.town)
        routers: dict[str, Sequence[APIRouter]] = {
            "exchange": [exchange],
            "referrals": referrals,
            "consent": [consent],
            "audit": audit,
            "intake": intake,
        }
        for service, served in routers.items():
            app = await stack.enter_async_context(web.serving(service, served))
            for person in ("sam", "ana", "priya"):
                client = await stack.enter_async_context(web.as_person(app, person))
                self.clients[f"{person} {service}"] = client

    async def ask(self, view: str) -> None:
        """Send the requests of one view; fails unless each is answered and the first of them shows something."""
        self.number += 1
        number = self.number % len(self.grown.refs)
        for index, (who, method, path) in enumerate(REQUESTS[view]):
            place = path.format(
                message=self.grown.messages[number],
                case=self.grown.refs[number],
                theirs=self.grown.receiver_refs[number],
            )
            body = BODIES.get(path.rpartition("/")[2]) if method == "POST" else None
            answer = await self.clients[who].request(method, place, json=body)
            assert answer.status_code == 200, answer.text
            assert index or any(answer.json().values()), f"{view} shows nothing"


BODIES = {"opening": {"purpose": "shelter"}, "search": {"nickname": "blue door"}}
LATEST = "?limit=50"
REQUESTS: dict[str, list[tuple[str, str, str]]] = {
    "opening": [("sam exchange", "POST", "/v1/messages/{message}/opening")],
    "inbox page": [("sam exchange", "GET", "/v1/inbox" + LATEST)],
    "mail queue": [("sam exchange", "GET", f"/v1/inbox{LATEST}&queue={queue}") for queue in ("unread", "opened")],
    "referral list": [
        ("sam referrals", "GET", f"/v1/referrals{LATEST}&direction=received&closed={closed}&order={order}")
        for closed, order in (("false", "deadline"), ("true", "changed"))
    ],
    "case file": [("sam exchange", "GET", "/v1/cases/{theirs}/messages")],
    "board": [  # what the tiles of a case worker ask for
        ("sam referrals", "GET", "/v1/referrals?direction=received&state=sent&limit=200"),
        ("sam referrals", "GET", "/v1/referrals?direction=received&overdue=true&limit=200"),
        ("ana referrals", "GET", "/v1/referrals?direction=sent&overdue=true&limit=200"),
        ("ana referrals", "GET", "/v1/referrals?direction=sent&state=needs_info&limit=200"),
        ("ana consent", "GET", "/v1/directives?ending_within_days=7"),
    ],
    "case list": [
        ("ana intake", "GET", "/v1/cases?limit=200"),
        ("ana intake", "GET", "/v1/cases?state=open&limit=200"),
        ("ana intake", "GET", "/v1/cases?assigned=me&limit=200"),
        ("ana intake", "GET", "/v1/cases?assigned=nobody&limit=200"),
        ("ana intake", "GET", "/v1/cases?assigned=anybody&state=open&limit=200"),
        ("ana intake", "POST", "/v1/cases/search"),
        ("ana intake", "GET", "/v1/cases/count?state=open"),
    ],
    "releases": [
        *(
            ("ana consent", "GET", f"/v1/directives?state={state}&limit=200")
            for state in ("active", "draft", "expired")
        ),
        *(("ana consent", "GET", f"/v1/directives?state={state}") for state in ("revoked", "refused", "denial")),
        ("ana consent", "GET", "/v1/directives/count?state=active"),
    ],
    "accounting": [("priya audit", "GET", "/v1/cases/{case}/accounting")],
}
