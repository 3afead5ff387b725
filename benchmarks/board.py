"""Board: what a coordinator's page load costs with two thousand cases, against one with forty

Two coordination cells, each with a release for every case that it follows and with one referral in each. The dashboard,
referrals and the exchange run as they are run, and the board is asked for over HTTP, one load after the other: three
counts of referrals and one of messages, each decided case by case under the consent of now. The baseline is the board
of forty cases, in turns. A load leaves an entry for each list that it counts, in the first load of an hour alone.

What grows is the reading: a count reads the case and the purpose of each referral in the state asked for, and its
snapshot of consent, in two queries; a list's rows are read where somebody opens the list.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, Final

from benchmarks.api_requests import Client, Issuer, Request, an_issuer, serving
from benchmarks.measurement import Goal, Measured, Work, in_turns, keep, measured_text
from benchmarks.setup import Ground, a_ground
from kernel.consent import purposes_of
from runtime.auth.principal import Kind, Principal
from runtime.auth.scopes import scopes_of
from runtime.register.enrolment import NewAgency, NewPerson, enrol_agency, enrol_person
from schemas.categories import DataCategory
from schemas.codes import AgencyKind, Purpose
from tests.support.town import Town

FEW: Final = 40
MANY: Final = 2_040
CUSTODIAN: Final = "bay-hotline"
ROLES: Final = frozenset({"coordinator"})
LOADS: Final = 20  # in a round
REFERRALS: Final = """
INSERT INTO referrals.referral (referral_ref, subject_id, case_ref, sending_agency, receiving_agency, receiver_ref,
    kind, mode, service_code, priority, purpose, state, version, created_at, changed_at, consent_sv, consent_until)
SELECT gen_random_uuid(), c.subject_id, c.case_ref, c.agency_id, 'harbor-house', gen_random_uuid(), 'service', 'live',
    'shelter', 'day', 'shelter', CASE WHEN c.case_ref::text < '8' THEN 'sent' ELSE 'needs_info' END, 1,
    register.instant(), register.instant(), s.sv, register.instant() + interval '30 days'
FROM register."case" AS c JOIN register.subject AS s USING (subject_id) WHERE c.case_ref = ANY(%s)
"""
ENTRIES: Final = "SELECT (SELECT count(*) FROM ledger.pending) + (SELECT count(*) FROM ledger.leaf)"


async def a_cell(town: Town, name: str, cases: int) -> Principal:
    """Take in a coordination cell that follows so many cases, and return its coordinator."""
    town.keys.create(name)
    agency = NewAgency(name, name.title(), AgencyKind.COORDINATION, purposes=purposes_of(AgencyKind.COORDINATION))
    person = NewPerson(f"cora-of-{name}", name, "Cora", tuple(ROLES), "none")
    async with town.session("accord_admin") as session:
        await enrol_agency(session, agency, {"kty": "EC", "kid": name})
        await enrol_person(session, person)
        await session.commit()
    followed = [await town.open_case(CUSTODIAN) for _ in range(cases)]
    for case_ref in followed:
        await town.direct(case_ref, name, Purpose.COORDINATION, [DataCategory.REFERRAL_STATUS])
    with town.database.superuser() as connection:
        connection.execute(REFERRALS, [followed])
        connection.execute("ANALYZE")
    return Principal(person.person_ref, name, Kind.PERSON, person.person_ref, "Cora", scopes_of(ROLES), ROLES)


def entries(ground: Ground) -> int:
    """Return how many entries are on record."""
    with ground.database.superuser() as connection:
        row: Any = connection.execute(ENTRIES).fetchone()
    return int(row[0])


def loads(port: int, token: str) -> Work:
    """Return the work of loading somebody's board over and over."""
    client, board = Client(port), Request("GET", "/v1/board", token)

    def work(units: int) -> list[float]:
        return [client.ask(board)[0] for _ in range(units)]

    return work


UNASKED = tuple(
    f"{name}_url"
    for name in ("dashboard", "consent", "law_enforcement_bridge", "intake", "audit", "notifications", "tasks")
)


def serve(ground: Ground, issuer: Issuer, stack: ExitStack) -> int:
    """Run the dashboard and the services that a coordinator's board asks; return the dashboard's port."""
    ports: dict[str, Any] = {
        name: stack.enter_context(serving(ground, issuer, f"services.{name}.main", role=f"accord_{name}"))
        for name in ("referrals", "exchange")
    }
    places = {f"{name}_url": f"http://127.0.0.1:{port}" for name, port in ports.items()}
    unasked = dict.fromkeys(UNASKED, "http://127.0.0.1:1")
    dashboard = serving(ground, issuer, "services.dashboard.main", role="accord_dashboard", **places, **unasked)
    return stack.enter_context(dashboard)


def main() -> None:
    """Measure a board with forty cases and one with two thousand, in turns."""
    with a_ground() as ground, an_issuer() as issuer, ExitStack() as stack:
        few, many = (
            issuer.mint.access(ground.runner.run(a_cell(ground.town, name, cases)), "accord", 900)
            for name, cases in (("small-cell", FEW), ("large-cell", MANY))
        )
        port = serve(ground, issuer, stack)
        before = entries(ground)
        loads(port, many)(1)
        left = entries(ground) - before
        named = {f"a board of {FEW} cases": loads(port, few), f"a board of {MANY:,} cases": loads(port, many)}
        measured = in_turns(named, at_once=dict.fromkeys(named, LOADS))
    keep_figures(list(measured.values()), left)


def keep_figures(measured: Sequence[Measured], left: int) -> None:
    """Keep the figures."""
    few, many = measured
    compared = {candidate.name: measured_text(candidate) for candidate in (few, many)}
    value = many.percentile(50) / few.percentile(50)
    name = f"a coordinator's board of {MANY:,} cases"
    keep("board", name, value, f"x the time of {FEW}", Goal(1.5, at_most=True), many.spread, compared)
    keep("board", f"entries that the first load of {name} leaves", left, "entries", Goal(5, at_most=True))


if __name__ == "__main__":
    main()
