"""`town.json`: where everything is. Any client, script or test can work from it alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from cli.processes import DRIVER, KAFKA_USERS
from cli.run import Run
from infra.embedded.kafka import Kafka
from infra.embedded.postgres import Postgres
from runtime.database.roles import DATABASE, ROLES, SERVICES
from schemas.town import DatabasePlace, IssuerPlace, KafkaPlace, KafkaUser, Process, Town, TownAgency, TownPerson


class NoTown(Exception):
    """There is no running town in this folder."""


def describe(run: Run, ports: Mapping[str, int], postgres: Postgres, kafka: Kafka) -> Town:
    """Return the town of a run, before its agencies and people were taken in."""
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
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism="SCRAM-SHA-512",
            admin_user=kafka.admin_user,
            admin_password_file=str(run.secret_file("kafka-admin")),
            users=users,
        ),
        database=DatabasePlace(host=postgres.host, port=postgres.port, name=DATABASE, urls=urls),
        agencies=(),
        people=(),
        processes={},
    )


def write(run: Run, town: Town) -> None:
    """Write `town.json` whole: a reader never sees half of it."""
    fresh = run.town_file.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(town.model_dump_json(indent=2) + "\n")
    fresh.replace(run.town_file)


def read(folder: Path) -> Town:
    """Return the town of a run folder; raises `NoTown` where there is none."""
    try:
        text = (folder / "town.json").read_text()
    except OSError as missing:
        raise NoTown(f"There is no town in {folder}. Start one with `accord up`, or name its folder with --run.") from (
            missing
        )
    return Town.model_validate(json.loads(text))


def with_agency(town: Town, agency: TownAgency) -> Town:
    """Return the town with this agency in it, in place of one of the same id."""
    others = tuple(one for one in town.agencies if one.id != agency.id)
    return town.model_copy(update={"agencies": (*others, agency)})


def with_person(town: Town, person: TownPerson) -> Town:
    """Return the town with this person in it, in place of one of the same id."""
    others = tuple(one for one in town.people if one.id != person.id)
    return town.model_copy(update={"people": (*others, person)})


def with_process(town: Town, name: str, process: Process) -> Town:
    """Return the town with this process in it."""
    return town.model_copy(update={"processes": {**town.processes, name: process}})
