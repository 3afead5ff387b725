"""One running product: its database, its broker and all its processes, kept alive together."""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cli import enrolment, fixture, town
from cli.processes import DRIVER, KAFKA_USERS, PROGRAMS, Program, environment
from cli.run import ROOT, Run
from infra.embedded import ports as free
from infra.embedded import process as child
from infra.embedded.kafka import Kafka
from infra.embedded.postgres import Postgres
from infra.embedded.process import Process
from infra.embedded.unready import Unready
from kernel.ledger.note import new_keys
from runtime.bus import admin
from runtime.database import migrate, roles
from runtime.settings import KafkaProtocol
from schemas.town import Process as TownProcess
from schemas.town import Town

READY_WITHIN = 90.0
LEDGER_NAME = "accord.example/ledger"
Tell = Callable[[str], None]


@dataclass
class Stack:
    """What runs. `town` says where; `stop` ends all of it; `keep_alive` restarts what died."""

    run: Run
    postgres: Postgres
    kafka: Kafka
    ports: dict[str, int]
    town: Town
    running: dict[str, Process] = field(default_factory=dict)
    fallen: dict[str, tuple[int, float]] = field(default_factory=dict)

    def launch(self, program: Program) -> None:
        """Start one process of the product behind its guard."""
        command = [sys.executable, "-m", *program.command]
        settings = environment(program, self.run, self.ports, self.postgres, self.kafka)
        log = self.run.log(program.name)
        log.parent.mkdir(exist_ok=True)
        started = child.start(program.name, command, settings, log, folder=ROOT)
        self.running[program.name] = started
        self.town = town.with_process(self.town, program.name, TownProcess(pid=started.pid, log=str(log)))

    def keep_alive(self) -> list[str]:
        """Start again what ended by itself, later each time it falls; return the names."""
        again = []
        for program in PROGRAMS:
            if self.running[program.name].alive() or not self._is_due(program.name):
                continue
            self.launch(program)
            again.append(program.name)
        if again:
            town.write(self.run, self.town)
        return again

    def _is_due(self, name: str) -> bool:
        falls, due = self.fallen.get(name, (0, 0.0))
        now = time.monotonic()
        if due and now < due:
            return False
        self.fallen[name] = (falls + 1, now + min(0.5 * 2**falls, 10.0))
        return True

    def stop(self) -> None:
        """End every process, the broker and the database, in good order."""
        with ThreadPoolExecutor(max_workers=16) as pool:
            list(pool.map(lambda one: one.stop(), self.running.values()))
            list(pool.map(lambda one: one.stop(), (self.kafka, self.postgres)))

    def wait_until_ready(self, tell: Tell) -> None:
        """Wait until each process says it is ready; raises `Unready` naming the one that is not."""
        deadline = time.monotonic() + READY_WITHIN
        for program in PROGRAMS:
            while not self._ready(program.name):
                if time.monotonic() > deadline or not self.running[program.name].alive():
                    words = self.running[program.name].last_words()
                    raise Unready(f"{program.name} is not ready: {words}", f"See {self.run.log(program.name)}.")
                time.sleep(0.1)
            tell(f"{program.name} is ready")

    def _ready(self, name: str) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[name]}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return False


def _start_servers(run: Run) -> tuple[Postgres, Kafka]:
    """Start both at once, or take the operator's own."""
    import os  # the command line reads its own environment

    database, broker = os.environ.get("ACCORD_DATABASE"), os.environ.get("ACCORD_KAFKA")
    with ThreadPoolExecutor(max_workers=2) as pool:
        kafka = pool.submit(lambda: Kafka.at(broker) if broker else Kafka.start(run.folder / "kafka"))
        postgres = pool.submit(lambda: Postgres.at(database) if database else Postgres.start(run.folder / "postgres"))
        try:
            return postgres.result(), kafka.result()
        except BaseException:
            for started in (postgres, kafka):
                if started.exception() is None:
                    started.result().stop()
            raise


def _prepare(run: Run, postgres: Postgres, kafka: Kafka) -> None:
    """Make roles, tables, users and allowances; what is there stays."""
    passwords = {role: run.secret(f"database-{role}") for role in roles.ROLES}
    roles.create(postgres.superuser_url(), passwords)
    owner = postgres.url(roles.OWNER, passwords[roles.OWNER], roles.DATABASE, scheme=DRIVER)
    migrate.upgrade_all(owner)
    client = admin.connect(kafka.bootstrap, kafka.admin_user, kafka.admin_password, protocol=KafkaProtocol.PLAINTEXT)
    admin.prepare(client, {user: run.secret(f"kafka-{user}") for user in KAFKA_USERS})
    if not (run.folder / "secrets" / "ledger-key").exists():
        signing, verifying = new_keys(LEDGER_NAME)
        run.keep_secret("ledger-key", signing)
        (run.folder / "ledger.vkey").write_text(verifying + "\n")


def _ports(run: Run) -> dict[str, int]:
    """Return a port for each process, the same as in the run before where it is still free."""
    file = run.folder / "ports.json"
    kept = json.loads(file.read_text()) if file.exists() else {}
    chosen = {program.name: free.kept_port(kept.get(program.name)) for program in PROGRAMS}
    file.write_text(json.dumps(chosen, indent=2))
    return chosen


def _settle(stack: Stack) -> None:
    """Take in the agencies and people of the fixture, or keep those of the run before."""
    before = town.read(stack.run.folder) if stack.run.town_file.exists() else None
    if before is not None:
        kept = {"agencies": before.agencies, "people": before.people}
        stack.town = stack.town.model_copy(update=kept)
        return
    for agency in fixture.AGENCIES:
        stack.town = town.with_agency(stack.town, enrolment.add_agency(stack.run, stack.town, agency))
    for member in fixture.PEOPLE:
        stack.town = town.with_person(stack.town, enrolment.add_person(stack.run, stack.town, member))


@contextmanager
def running(folder: Path, tell: Tell = lambda _: None) -> Iterator[Stack]:
    """Start the whole product in `folder`, ready for use, and end all of it afterwards.

    Raises `Unready` with the fix where something is missing, `InUse` where another process has the folder.
    """
    run = Run(folder)
    with run.held():
        tell("starting PostgreSQL and Kafka")
        postgres, kafka = _start_servers(run)
        stack = None
        try:
            tell("preparing tables, users and mailboxes")
            _prepare(run, postgres, kafka)
            ports = _ports(run)
            stack = Stack(run, postgres, kafka, ports, town.describe(run, ports, postgres, kafka))
            _settle(stack)
            for program in PROGRAMS:
                stack.launch(program)
            stack.wait_until_ready(tell)
            town.write(run, stack.town)
            yield stack
        finally:
            if stack is None:
                kafka.stop()
                postgres.stop()
            else:
                stack.stop()
