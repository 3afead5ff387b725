"""Each process of `accord up` is told what it needs, and no secret besides."""

from importlib import import_module
from pathlib import Path

import pytest

from cli.run import Run
from devstack.issuer.settings import IssuerSettings
from devstack.kafka import Kafka
from devstack.postgres import Postgres
from devstack.processes import PROGRAMS, Program, environment

OWN = {"DATABASE"}  # each holds the password of the process's own role
KEYRING, BROKER, FOLDER = {"KEYS"}, {"KAFKA_PASSWORD_FILE"}, {"RUN_DIR"}
LEDGER, PROMISES = {"LEDGER_KEY_FILE"}, {"PROMISE_KEY_FILE"}
SECRETS = OWN | KEYRING | BROKER | FOLDER | LEDGER | PROMISES
OWN_SECRETS = {
    "issuer": OWN | FOLDER,
    "intake": OWN | KEYRING,
    "consent": OWN | KEYRING,
    "law_enforcement_bridge": OWN | KEYRING,
    "referrals": OWN | KEYRING,
    "notifications": OWN | KEYRING,
    "exchange": OWN | KEYRING | PROMISES,
    "audit": OWN | KEYRING | LEDGER,
    "tasks": OWN | KEYRING,
    "dashboard": OWN | KEYRING,
    "exchange-worker": OWN | KEYRING | BROKER,
    "exchange-relay": OWN | BROKER,
    "notifications-worker": OWN | KEYRING | BROKER | FOLDER,
    "dashboard-worker": OWN | BROKER,
    "intake-worker": OWN | BROKER,
}


def environment_of(program: Program, folder: Path) -> dict[str, str]:
    run = Run(folder)
    run.make()
    ports = {other.name: 1024 + place for place, other in enumerate(PROGRAMS)}
    postgres = Postgres.at("postgresql://super:user@127.0.0.1:1/postgres")
    return environment(program, run, ports, postgres, Kafka.at("admin:word@127.0.0.1:1"))


def test_l7_the_list_names_every_process() -> None:
    assert set(OWN_SECRETS) == {program.name for program in PROGRAMS}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_l7_a_process_is_told_its_own_secrets_only(tmp_path: Path, program: Program) -> None:
    environment = environment_of(program, tmp_path)

    settings = {name.removeprefix("ACCORD_") for name in environment}
    assert settings & SECRETS == OWN_SECRETS[program.name]
    places = {name for name, value in environment.items() if str(tmp_path) in value}
    assert {name.removeprefix("ACCORD_") for name in places} == OWN_SECRETS[program.name] - OWN
    other_roles = {other.role for other in PROGRAMS} - {program.role}
    assert not [role for role in other_roles if any(f"//{role}:" in value for value in environment.values())]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_l7_a_process_reads_what_it_is_told(tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment_of(program, tmp_path).items():
        monkeypatch.setenv(name, value)
    module, *part = program.command
    reads = import_module(module).PARTS[part[0]] if part else IssuerSettings

    assert reads is program.settings
    assert {name for name in SECRETS if name.lower() in reads.model_fields} == OWN_SECRETS[program.name]
    reads()
