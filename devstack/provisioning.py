"""Making a run ready for its processes: servers, tables, users, ports, agencies and people."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import psycopg
from alembic.util import CommandError
from confluent_kafka import KafkaException
from psycopg import sql
from sqlalchemy.exc import DBAPIError

from cli import enrolment, town
from cli.errors import SetupError
from cli.member import Member
from cli.run import OWN_DATABASE, OWN_KAFKA, Run, own_servers, write_whole
from devstack import ports as free
from devstack import seed_data
from devstack.kafka import Kafka
from devstack.postgres import Postgres
from devstack.processes import DRIVER, KAFKA_USERS, PROGRAMS
from kernel.ledger.note import new_keys
from runtime.database import migrate, roles
from runtime.database.roles import DATABASE, ROLES
from runtime.messaging import admin
from runtime.messaging.connection import MECHANISM
from runtime.register.enrolment import NewAgency
from runtime.settings import KafkaProtocol
from schemas.services import SERVICES
from schemas.town import DatabasePlace, IssuerPlace, KafkaPlace, KafkaUser, Town, TownAgency, TownPerson

MARKED = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
LEDGER_NAME = "accord.example/ledger"


def start_servers(run: Run, fixed: Mapping[str, int] | None = None) -> tuple[Postgres, Kafka]:
    """Start both at once, on `fixed` ports or free ones, or take the operator's own."""
    own = own_servers()
    # Before anything is started: an address may not be understood.
    own_postgres = Postgres.at(own[OWN_DATABASE]) if OWN_DATABASE in own else None
    own_kafka = Kafka.at(own[OWN_KAFKA]) if OWN_KAFKA in own else None
    with ThreadPoolExecutor(max_workers=2) as pool:
        kafka = pool.submit(lambda: own_kafka or start_kafka(run, fixed))
        postgres = pool.submit(lambda: own_postgres or start_postgres(run, fixed))
        try:
            return postgres.result(), kafka.result()
        except BaseException:
            for started in (postgres, kafka):
                if started.exception() is None:
                    started.result().stop()
            raise


def start_postgres(run: Run, fixed: Mapping[str, int] | None = None) -> Postgres:
    """Start the embedded PostgreSQL of the run, on its `fixed` port, the one it had or a free one."""
    return Postgres.start(run.folder / "postgres", fixed["postgres"] if fixed else None)


def start_kafka(run: Run, fixed: Mapping[str, int] | None = None) -> Kafka:
    """Start the embedded broker of the run, on its `fixed` ports, those it had or free ones."""
    named = {"broker": fixed["kafka"], "controller": fixed["kafka-controller"]} if fixed else None
    return Kafka.start(run.folder / "kafka", named=named)


def prepare(run: Run, postgres: Postgres, kafka: Kafka) -> None:
    """Make roles, tables, users and allowances; existing ones stay."""
    _keep_ledger_keys(run)
    try:
        _prepare_database(run, postgres)
    except (psycopg.Error, DBAPIError) as refusal:
        reason = str(refusal).partition("\n")[0]
        raise SetupError(f"The database refused: {reason}", f"{OWN_DATABASE} must name a superuser's URL.") from refusal
    except CommandError as refusal:
        fix = "Run the version of Accord that it was last used with, or a newer one."
        raise SetupError(f"The database is not of this version: {refusal}", fix) from refusal
    try:
        client = enrolment.administrator(kafka.bootstrap, kafka.admin_user, kafka.admin_password)
        admin.prepare(client, {user: run.secret(f"kafka-{user}") for user in KAFKA_USERS})
    except (KafkaException, admin.NotInForce) as refusal:
        raise SetupError(f"The broker refused: {refusal}", f"{OWN_KAFKA} must name a super user.") from refusal


def describe(run: Run, ports: Mapping[str, int], postgres: Postgres, kafka: Kafka) -> Town:
    """Return the town of a run, but for its agencies, its people and its processes."""
    issuer = f"http://127.0.0.1:{ports['issuer']}"
    run.keep_secret("kafka-admin", kafka.admin_password)
    urls = {role: postgres.url(role, run.secret(f"database-{role}"), DATABASE, scheme=DRIVER) for role in ROLES}
    users = {name: KafkaUser(user=name, password_file=str(run.secret_file(f"kafka-{name}"))) for name in KAFKA_USERS}
    return Town(
        profile="development",
        run=str(run.folder),
        services={name: f"http://127.0.0.1:{ports[name]}" for name in SERVICES},
        issuer=IssuerPlace(url=issuer, token_url=f"{issuer}/token", jwks_url=f"{issuer}/jwks.json"),
        kafka=KafkaPlace(
            bootstrap_servers=kafka.bootstrap,
            security_protocol=KafkaProtocol.PLAINTEXT,
            sasl_mechanism=MECHANISM,
            admin_user=kafka.admin_user,
            admin_password_file=str(run.secret_file("kafka-admin")),
            users=users,
        ),
        database=DatabasePlace(host=postgres.host, port=postgres.port, name=DATABASE, urls=urls),
        agencies=(),
        people=(),
        processes={},
    )


def restore_or_seed(run: Run, bare: Town) -> Town:
    """Return the town with the agencies and people of the run before, or else those of the fixture.

    Whom the register or the broker does not know is taken in: either may be another server than last time.
    """
    before = town.read(run.folder) if run.town_file.exists() else None
    if before is None:
        agencies = enrolment.add_agencies(run, bare, seed_data.AGENCIES)
        people = enrolment.add_people(run, bare, seed_data.PEOPLE)
        return bare.model_copy(update={"agencies": agencies, "people": people})
    enrolled = enrolment.enrolled_ids(bare)
    enrolment.add_agencies(
        run,
        bare,
        [_as_new(agency) for agency in before.agencies if agency.active and agency.id not in enrolled.agencies],
    )
    enrolment.add_people(
        run,
        bare,
        [_as_member(person) for person in before.people if person.active and person.id not in enrolled.people],
    )
    return bare.model_copy(update={"agencies": before.agencies, "people": before.people})


def fixed_ports(tell: Callable[[str], None]) -> dict[str, int]:
    """Return the fixed port of each part that is started here, the operator's own servers not being asked about."""
    own = own_servers()
    elsewhere = {"postgres"} if OWN_DATABASE in own else set()
    elsewhere |= {"kafka", "kafka-controller"} if OWN_KAFKA in own else set()
    return free.fixed_ports([name for name in free.FIXED if name not in elsewhere], tell)


def choose_ports(run: Run, fixed: Mapping[str, int] | None = None) -> dict[str, int]:
    """Return a port for each process: its `fixed` one, or the same as in the run before where it is still free."""
    file = run.folder / "ports.json"
    stored = fixed or (json.loads(file.read_text()) if file.exists() else {})
    chosen = {program.name: free.kept_port(stored.get(program.name)) for program in PROGRAMS}
    write_whole(file, json.dumps(chosen, indent=2))
    return chosen


def _keep_ledger_keys(run: Run) -> None:
    """Make what the ledger's heads, and the promises of who opens, are signed with; the public keys lie in the run."""
    for secret, public, name in (
        ("ledger-key", "ledger.vkey", LEDGER_NAME),
        ("promise-key", "promise.vkey", f"{LEDGER_NAME}/promise"),
    ):
        if not (run.folder / "secrets" / secret).exists():
            signing, verifying = new_keys(name)
            # The public one first: whoever is interrupted in between makes both anew.
            (run.folder / public).write_text(verifying + "\n")
            run.keep_secret(secret, signing)


def _prepare_database(run: Run, postgres: Postgres) -> None:
    passwords = {role: run.secret(f"database-{role}") for role in ROLES}
    mark = f"accord run {run.secret('mark')}"
    with psycopg.connect(postgres.superuser_url(), autocommit=True) as connection:
        _refuse_anothers(connection, mark)
        roles.create(postgres.superuser_url(), passwords)
        named = sql.Identifier(DATABASE), sql.Literal(mark)
        connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(*named))
    migrate.upgrade_all(postgres.url(roles.OWNER, passwords[roles.OWNER], DATABASE, scheme=DRIVER))


def _refuse_anothers(connection: psycopg.Connection[tuple[Any, ...]], mark: str) -> None:
    """Refuse the database of another run: its keys are in that run's folder, so nothing in it could be opened."""
    row = connection.execute(MARKED, [DATABASE]).fetchone()
    if row is not None and row[0] not in (None, mark):
        fix = f"Name that run's folder with --run, another server in {OWN_DATABASE}, or drop the database {DATABASE}."
        raise SetupError(f"The database {DATABASE} on that server belongs to another run", fix)


def _as_new(agency: TownAgency) -> NewAgency:
    from_fixture = next((candidate for candidate in seed_data.AGENCIES if candidate.agency_id == agency.id), None)
    flags, purposes = frozenset(agency.flags), frozenset(agency.purposes)
    new_agency = from_fixture or NewAgency(agency.id, agency.name, agency.kind, flags, purposes)
    return replace(new_agency, profile=agency.profile)


def _as_member(person: TownPerson) -> Member:
    return Member(person.id, person.agency, person.name, person.roles)
