"""The run folder and its town.json, and what is refused before anything is started."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from cli import town
from cli.errors import SetupError
from cli.run import InUse, Run
from cli.show import show_town
from devstack import provisioning
from devstack.kafka import Kafka
from devstack.postgres import Postgres
from devstack.processes import PROGRAMS
from schemas.town import Town, TownAgency, TownPerson
from tests.support.run_folders import accord

ROOT = Path(__file__).parents[2]
OWN_DATABASE, OWN_KAFKA = "postgresql://postgres:pw@127.0.0.1:1/postgres", "admin:kafka-pw@127.0.0.1:1"
LONGEST = "x" * 40
A_HOLDER = """
import sys, pathlib
from cli.run import Run
with Run(pathlib.Path(sys.argv[1])).locked() as hold:
    hold.ready()
    print("held", flush=True)
    sys.stdin.read()
"""


def typed(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    """Type a command in a process of its own, as one that starts something needs it."""
    command = [sys.executable, "-m", "cli.main", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    new_run = Run(tmp_path / "run")
    new_run.make()
    return new_run


@pytest.fixture
def small_town(run: Run) -> Town:
    """A town with an agency and a person of the longest names, written down; nothing of it runs."""
    ports = {program.name: 20_000 + number for number, program in enumerate(PROGRAMS)}
    bare = provisioning.describe(run, ports, Postgres.at(OWN_DATABASE), Kafka.at(OWN_KAFKA))
    agency = TownAgency(
        id=LONGEST,
        name="X [House]",
        kind="shelter",
        client_id=LONGEST,
        key_file=str(run.folder / "key"),
        kafka_user=LONGEST,
        kafka_password_file=str(run.folder / "kafka"),
        mailbox=f"to.{LONGEST}",
    )
    passphrase = run.secret_file("person", size=9)
    person = TownPerson(
        id=LONGEST, name="X", agency=LONGEST, roles=("privacy_officer", "auditor"), passphrase_file=str(passphrase)
    )
    filled = bare.model_copy(update={"agencies": (agency,), "people": (person,)})
    town.write(run, filled)
    return filled


@pytest.fixture
def holder(run: Run) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the folder."""
    command = [sys.executable, "-c", A_HOLDER, str(run.folder)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as other:  # type: ignore[call-overload]
        assert other.stdout.readline() == "held\n"
        yield other
        other.kill()


def test_a_town_is_written_for_us_alone_and_as_its_schema_says(run: Run, small_town: Town) -> None:
    document = json.loads(run.town_file.read_text())

    jsonschema.validate(document, json.loads((ROOT / "schemas/published/town.json").read_text()))
    assert run.town_file.stat().st_mode & 0o777 == 0o600
    assert town.read(run.folder) == small_town


def test_no_secret_of_the_broker_or_of_a_person_stands_in_it(run: Run, small_town: Town) -> None:
    text = run.town_file.read_text()

    secrets = {file.name: file.read_text().strip() for file in (run.folder / "secrets").iterdir()}
    readable = {name for name, secret in secrets.items() if secret in text}
    assert len(secrets) > len(small_town.database.urls)
    assert readable == {f"database-{role}" for role in small_town.database.urls}


def test_a_reader_never_sees_half_of_a_town(run: Run, small_town: Town) -> None:
    longer = small_town.model_copy(update={"people": tuple(small_town.people * 200)})
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            town.write(run, longer)
            town.write(run, small_town)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        read = {len(town.read(run.folder).people) for _ in range(300)}
    finally:
        stop.set()
        writer.join()

    assert read <= {1, 200}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 2}'], ids=["empty", "half", "other", "newer"])
def test_what_is_not_a_town_is_told_so(run: Run, content: str) -> None:
    run.town_file.write_text(content)

    with pytest.raises(town.NoTown, match=r"town\.json is not a town's.*--run"):
        town.read(run.folder)


def test_a_folder_is_held_by_one(run: Run, holder: "subprocess.Popen[str]") -> None:
    with pytest.raises(InUse, match=f"{run.folder} is in use.*accord down"), run.locked():
        pass
    lock_owner = run.holder()

    assert lock_owner is not None
    assert (lock_owner.pid, lock_owner.ready) == (holder.pid, True)


def test_a_killed_holder_holds_nothing_whatever_it_left_behind(run: Run, holder: "subprocess.Popen[str]") -> None:
    holder.kill()
    holder.wait()

    assert run.holder() is None
    assert (run.folder / "lock").read_text() == f"{holder.pid} ready\n"
    with run.locked():
        lock_owner = run.holder()
    assert lock_owner is not None
    assert (lock_owner.pid, lock_owner.ready) == (os.getpid(), False)


def test_down_ends_a_holder_and_says_when_there_is_none(
    run: Run, small_town: Town, holder: "subprocess.Popen[str]"
) -> None:
    ended = accord("down", "--run", run.folder)
    again = accord("down", "--run", run.folder)

    assert (ended.exit_code, ended.output) == (0, f"ended; its data stays in {run.folder}\n")
    assert (again.exit_code, again.output) == (0, f"nothing runs in {run.folder}\n")
    assert holder.wait(5) == -signal.SIGTERM


def test_a_folder_that_holds_other_things_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").touch()
    tmp_path.chmod(0o750)

    done = [typed("up", *how, "--run", tmp_path) for how in ((), ("--detach",))]

    assert [result.returncode for result in done] == [1, 1]
    assert all("holds other things than a run" in result.stderr for result in done)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]
    assert tmp_path.stat().st_mode & 0o777 == 0o750


def test_a_secret_is_made_once_and_for_us_alone(run: Run) -> None:
    first, again = run.secret("one"), run.secret("one")

    assert first == again
    assert len(first) >= 32
    assert run.secret_file("one").stat().st_mode & 0o777 == 0o600


def test_a_port_is_kept_unless_somebody_else_has_taken_it(run: Run) -> None:
    before = provisioning.choose_ports(run)
    with socket.create_server(("127.0.0.1", before["audit"])):
        meanwhile = provisioning.choose_ports(run)

    assert {name for name, port in meanwhile.items() if before[name] != port} == {"audit"}
    assert provisioning.choose_ports(run) == meanwhile


def test_your_own_servers_are_taken_and_none_is_started(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORD_DATABASE", OWN_DATABASE)
    monkeypatch.setenv("ACCORD_KAFKA", OWN_KAFKA)

    postgres, kafka = provisioning.start_servers(run)

    assert (postgres.port, postgres.process) == (1, None)
    assert (kafka.bootstrap, kafka.process) == ("127.0.0.1:1", None)
    with pytest.raises(SetupError, match=r"The database refused.*ACCORD_DATABASE must name a superuser's URL"):
        provisioning.prepare(run, postgres, kafka)


AN_AGENCY = ("--name", "Oak House", "--kind", "shelter")
A_PERSON = ("--name", "Olga", "--agency", LONGEST, "--role", "case_worker")


@pytest.mark.parametrize(
    "words",
    [
        ("agency", "add", "../oak", *AN_AGENCY),
        ("agency", "add", "-oak", *AN_AGENCY),
        ("agency", "add", "Oak", *AN_AGENCY),
        ("agency", "add", "x" * 41, *AN_AGENCY),
        ("agency", "add", "relay", *AN_AGENCY),
        ("agency", "add", "law-enforcement-bridge", *AN_AGENCY),
        ("agency", "add", "oak", "--name", "Oak", "--kind", "castle"),
        ("agency", "add", "oak", *AN_AGENCY, "--time-zone", "America/Fairview"),
        ("agency", "add", "oak", "--name", "Oak", "--kind", "police", "--purpose", "shelter"),
        ("agency", "add", "oak", "--name", "Oak\u202e", "--kind", "shelter"),
        ("agency", "add", "oak", "--name", " ", "--kind", "shelter"),
        ("agency", "add", "oak", "--name", "x" * 121, "--kind", "shelter"),
        ("agency", "add", "oak", *AN_AGENCY, "--flag", "none_such"),
        ("person", "add", "../olga", *A_PERSON),
        ("person", "add", "olga", *A_PERSON, "--role", "system"),
        ("person", "add", "olga", *A_PERSON, "--role", "queen"),
        ("person", "add", "olga", "--name", "Olga", "--agency", LONGEST),
        ("token",),
        ("token", "--person", "ana", "--system", "oak"),
        ("open", "none-such"),
        ("logs", "none-such"),
        ("none-such",),
    ],
    ids=" ".join,
)
def test_a_wrong_use_is_two_and_changes_nothing(run: Run, small_town: Town, words: tuple[str, ...]) -> None:
    before = sorted(run.folder.rglob("*"))

    done = accord(*words, *(("--run", run.folder) if len(words) > 1 else ()))

    assert done.exit_code == 2
    assert "Error" in done.output
    assert sorted(run.folder.rglob("*")) == before
    assert town.read(run.folder) == small_town


@pytest.mark.parametrize(
    ("words", "fix"),
    [
        (("agency", "add", "oak", *AN_AGENCY), "accord up --run"),
        (("person", "add", "olga", *A_PERSON), "accord up --run"),
        (("token", "--person", LONGEST), "accord up --run"),
        (("token", "--person", "nobody"), "accord person list"),
        (("token", "--system", "nobody"), "accord agency list"),
        (("db", "migrate"), "accord up"),
        (("dead-letters", "list"), "accord up"),
        (("ledger", "export", "/dev/null"), "accord up"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else "",
)
def test_where_nothing_runs_it_says_how_to_start_it(
    run: Run, small_town: Town, words: tuple[str, ...], fix: str
) -> None:
    done = accord(*words, "--run", run.folder)

    assert done.exit_code == 1
    assert done.output.startswith("accord: ")
    assert fix in done.output.splitlines()[1]


@pytest.mark.parametrize(
    "words",
    [
        *(("down",), ("status",), ("logs",), ("open", "--print")),
        *(("token", "--person", "ana"), ("env",), ("agency", "list"), ("agency", "add", "oak", *AN_AGENCY)),
    ],
    ids=" ".join,
)
def test_a_folder_that_never_was_a_run_is_named_and_not_made(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = accord(*words, "--run", tmp_path / "none")

    assert done.exit_code == 1
    assert done.output.startswith(f"accord: There is no town in {tmp_path / 'none'}\n  Start one with `accord up`")
    assert not (tmp_path / "none").exists()


def test_every_list_is_one_json_document(run: Run, small_town: Town) -> None:
    results = [accord(*words, "--json", "--run", run.folder) for words in (("agency", "list"), ("person", "list"))]
    places = json.loads(accord("env", "--json", "--run", run.folder).output)

    assert [[entry["id"] for entry in json.loads(listed.output)] for listed in results] == [[LONGEST], [LONGEST]]
    assert places["LAW_ENFORCEMENT_BRIDGE"] == small_town.services["law_enforcement_bridge"]
    assert f"export INTAKE={small_town.services['intake']}\n" in accord("env", "--run", run.folder).output


def test_a_table_shows_each_passphrase_whole(run: Run, small_town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    show_town(small_town, json=False)

    output = capsys.readouterr().out
    assert run.secret("person") in output
    assert all(url in output for url in small_town.services.values())
    assert max(map(len, output.splitlines()[:-1])) <= 80


def test_the_doctor_is_told_of_your_own_servers(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORD_DATABASE", OWN_DATABASE)
    monkeypatch.setenv("ACCORD_KAFKA", OWN_KAFKA)

    done = accord("doctor", "--json", "--run", run.folder)

    findings = {finding["name"]: finding for finding in json.loads(done.output)}
    assert done.exit_code == 1
    assert {name for name, finding in findings.items() if not finding["ok"]} >= {"database", "broker"}
    assert all(finding["fix"] for finding in findings.values() if not finding["ok"])
    assert "pw@" not in done.output


def test_an_address_that_is_none_is_told_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORD_DATABASE", "postgresql://u:p@host:port/postgres")

    for words in (("doctor",), ("up", "--detach")):
        done = typed(*words, "--run", run.folder)
        assert done.returncode == 1
        assert "ACCORD_DATABASE" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words", [("down",), ("env",), ("logs",), ("open",), ("token", "--person", "ana")], ids=" ".join
)
def test_frequent_commands_import_nothing_that_starts_servers(tmp_path: Path, words: tuple[str, ...]) -> None:
    script = """
import atexit, sys
from cli.main import main
heavy = ("sqlalchemy", "alembic", "psycopg", "confluent_kafka", "fastapi", "joserfc")
atexit.register(lambda: print([name for name in heavy if name in sys.modules]))
main()
"""
    command = [sys.executable, "-c", script, *words, "--run", str(tmp_path / "none")]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (1, "[]\n")
    assert "Traceback" not in done.stderr
