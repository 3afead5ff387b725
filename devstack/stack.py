"""One running product: its database, its broker and all its processes, kept alive together."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cli import town
from cli.errors import SetupError
from cli.run import ROOT, Run
from devstack import leftovers, provisioning
from devstack import ports as free
from devstack import process as child
from devstack.kafka import Kafka
from devstack.postgres import Postgres
from devstack.process import ChildProcess
from devstack.processes import PROGRAMS, Program, environment
from devstack.readiness import says_ready
from devstack.restart_backoff import RestartBackoff
from schemas.town import Process as TownProcess
from schemas.town import Town

READY_TIMEOUT_SECONDS = 180.0
Tell = Callable[[str], None]


def silent(_: str) -> None:
    """Tell nobody."""


@dataclass
class Stack:
    """The running processes. `town` says where; `stop` ends all of them; `keep_alive` restarts those that died."""

    run: Run
    postgres: Postgres
    kafka: Kafka
    ports: dict[str, int]
    town: Town
    spawn: child.Spawn = child.spawn
    running: dict[str, ChildProcess] = field(default_factory=dict)
    falls: dict[str, RestartBackoff] = field(default_factory=dict)
    restarts: Counter[str] = field(default_factory=Counter)

    @property
    def processes(self) -> dict[str, ChildProcess]:
        """Return all that is ours to watch; the operator's own servers are not."""
        servers = {"postgres": self.postgres.process, "kafka": self.kafka.process}
        return {name: process for name, process in servers.items() if process is not None} | self.running

    def launch(self, program: Program) -> None:
        """Start one process of the product behind its guard."""
        command = [sys.executable, "-m", *program.command]
        settings = environment(program, self.run, self.ports, self.postgres, self.kafka)
        log = self.run.log(program.name)
        self.running[program.name] = child.start(program.name, command, settings, log, folder=ROOT, by=self.spawn)

    def keep_alive(self, tell: Tell = silent) -> None:
        """Start again what ended by itself, later each time that it falls, and write down where it is now."""
        again = [name for name in self.processes if self._rises(name, tell)]
        if again:
            self.publish()

    def publish(self) -> None:
        """Write down where everything is, beside the agencies and people that were taken in meanwhile."""
        with self.run.changing():
            now = town.read(self.run.folder) if self.run.town_file.exists() else self.town
            described = provisioning.describe(self.run, self.ports, self.postgres, self.kafka)
            processes = {name: self._town_process(name, process) for name, process in self.processes.items()}
            agencies = {agency.id: agency for agency in (*self.town.agencies, *now.agencies)}
            people = {person.id: person for person in (*self.town.people, *now.people)}
            members = {"agencies": tuple(agencies.values()), "people": tuple(people.values())}
            self.town = described.model_copy(update={**members, "processes": processes})
            town.write(self.run, self.town)

    def stop(self) -> None:
        """End every process, then the broker and the database, in good order."""
        self._stop_programs()
        with ThreadPoolExecutor(max_workers=2) as pool:
            list(pool.map(lambda server: server.stop(), (self.kafka, self.postgres)))

    def wait_until_ready(self, tell: Tell = silent) -> None:
        """Wait until each process says it is ready, and publish it; raises `SetupError` naming the one that is not."""
        deadline = time.monotonic() + READY_TIMEOUT_SECONDS
        for program in PROGRAMS:
            while not self.ready(program.name):
                if time.monotonic() > deadline or not self.running[program.name].alive():
                    raise self._unready(program.name)
                time.sleep(0.1)
            tell(f"{program.name} is ready")
        self.publish()

    def ready(self, name: str) -> bool:
        """Tell whether a process says that it can do its work."""
        return says_ready(self._address(name)) and self.running[name].alive()

    def _unready(self, name: str) -> SetupError:
        process = self.running[name]
        if not process.alive() and not free.is_free(self.ports[name]):
            problem = f"{name} did not start: another program has taken its port {self.ports[name]}"
            return SetupError(problem, "Start it again: another port is chosen.")
        return SetupError(f"{name} is not ready: {process.last_words()}", f"See {process.log}.")

    def _rises(self, name: str, tell: Tell) -> bool:
        """Start a process again if it is down and due; tell whether it was started."""
        if self.processes[name].alive():
            return False
        falls = self.falls.setdefault(name, RestartBackoff(time.monotonic()))
        if not falls.due(time.monotonic()):
            return False
        try:
            self._start_again(name)
        except (SetupError, OSError) as obstacle:
            tell(f"{name} had ended and does not start again: {obstacle}")
            return False
        finally:
            falls.record_start(time.monotonic())
        self.restarts[name] += 1
        tell(f"{name} had ended; started again")
        return True

    def _start_again(self, name: str) -> None:
        self.processes[name].wait()  # it has ended; what tied it to us is let go
        before = self.postgres.port, self.kafka.bootstrap
        if name == "postgres":
            self.postgres = provisioning.start_postgres(self.run)
        elif name == "kafka":
            self.kafka = provisioning.start_kafka(self.run)
        else:
            self.launch(next(program for program in PROGRAMS if program.name == name))
        if before != (self.postgres.port, self.kafka.bootstrap):  # the port was taken, so nobody would find it
            self._stop_programs()
            for program in PROGRAMS:
                self.launch(program)

    def _stop_programs(self) -> None:
        with ThreadPoolExecutor(max_workers=16) as pool:
            list(pool.map(lambda process: process.stop(), self.running.values()))

    def _town_process(self, name: str, process: ChildProcess) -> TownProcess:
        return TownProcess(
            pid=process.pid,
            log=str(process.log),
            url=self._address(name) if name in self.running else None,
            restarts=self.restarts[name],
        )

    def _address(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"


@contextmanager
def running(
    folder: Path, tell: Tell = silent, *, spawn: child.Spawn = child.spawn, fixed_ports: bool = False
) -> Iterator[Stack]:
    """Start the whole product in `folder`, ready for use, and end all of it afterwards; `spawn` starts its processes.

    It listens on `fixed_ports`, or on ports that are free just now, so that many towns may run beside one another.
    Raises `SetupError` with the fix where something is missing, `InUse` where another process has the folder.
    """
    run = Run(folder)
    with run.locked() as hold:
        leftovers.until_ended(run)
        fixed = provisioning.fixed_ports(tell) if fixed_ports else None
        ports = provisioning.choose_ports(run, fixed)
        tell("starting PostgreSQL and Kafka")
        postgres, kafka = provisioning.start_servers(run, fixed)
        stack = Stack(run, postgres, kafka, ports, provisioning.describe(run, ports, postgres, kafka), spawn)
        try:
            tell("preparing tables, users and mailboxes")
            provisioning.prepare(run, postgres, kafka)
            stack.town = provisioning.restore_or_seed(run, stack.town)
            tell("starting the services")
            for program in PROGRAMS:
                stack.launch(program)
            stack.wait_until_ready(tell)
            hold.ready()
            yield stack
        finally:
            stack.stop()
