"""PostgreSQL and Kafka in containers, for whoever has a Docker engine: the same suites on images of their choice.

ACCORD_POSTGRES_IMAGE   postgres:18, or any image with PostgreSQL's programs and an account named postgres
ACCORD_KAFKA_IMAGE      apache/kafka:4.3.1, or any image with Java 17 and the broker's jars in /opt/kafka/libs

Both run with the settings files of the embedded ones; they are reached at another place, that is all.
"""

import contextlib
import os
import secrets
import string
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import psycopg
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from docker.errors import APIError, DockerException, ImageNotFound  # type: ignore[import-untyped]  # it ships no types
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient

from cli.errors import SetupError
from devstack import kafka as broker
from devstack import postgres as database
from devstack.kafka import Kafka
from devstack.ports import LOOPBACK
from devstack.postgres import Postgres

IMAGES = {"ACCORD_POSTGRES_IMAGE": "postgres:18", "ACCORD_KAFKA_IMAGE": "apache/kafka:4.3.1"}
WITHOUT = "Or run `make test`, which needs no containers."
DATABASE_PORT, BROKER_PORT = 5432, 9092
READY_WITHIN = 60.0
SHOWN_OF_A_LOG = 1_500
ENDED = "the server in the container ended with status"
GONE_ALREADY = (404, 409)  # not there, or on its way out

# The first line of its input is where it is reached from outside.  When its input ends, as it does with us, so does it.
TIED = f'read -r address; (sh /accord/serve "$address"; echo "{ENDED} $?") & exec cat > /dev/null'
SERVE_DATABASE = """
set -e
PATH="$PATH:$(echo /usr/lib/postgresql/*/bin)"
initdb --pgdata /tmp/data --username postgres --pwfile /accord/password --auth scram-sha-256 \\
  --encoding UTF8 --locale C.UTF-8
echo "include '/accord/accord.conf'" >> /tmp/data/postgresql.conf
echo "host all all all scram-sha-256" >> /tmp/data/pg_hba.conf
exec postgres -D /tmp/data -c listen_addresses='*'
"""
SERVE_BROKER = f"""
set -e
sed "s/ADDRESS/$1/" /accord/server.properties > /tmp/server.properties
run() {{ java {" ".join((*broker.MEMORY, *broker.LEAN, *broker.LOGGING))} -cp '/opt/kafka/libs/*' "$@"; }}
run kafka.tools.StorageTool format --standalone -t Accord_in_a_container_ -c /tmp/server.properties \\
  --add-scram "SCRAM-SHA-512=[name={broker.ADMIN_USER},password=$(cat /accord/password)]"
run kafka.Kafka /tmp/server.properties
"""
# The broker speaks to itself by a listener of its own: where others reach it is a port outside the container.
LISTENERS = """
listeners=SASL_PLAINTEXT://0.0.0.0:$broker_port,INSIDE://$host:9094,CONTROLLER://$host:$controller_port
advertised.listeners=SASL_PLAINTEXT://ADDRESS,INSIDE://$host:9094
listener.security.protocol.map=CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,INSIDE:SASL_PLAINTEXT
inter.broker.listener.name=INSIDE
listener.name.inside.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \
username="$admin_user" password="$admin_password";
"""

testcontainers_config.ryuk_disabled = True  # its reaper is one more image to have; the tie does what it is for


class Tied(DockerContainer):
    """A container that lives as long as this process, however that ends, and leaves nothing behind."""

    def __init__(self, image: str, port: int, files: Mapping[str, str], **how: Any) -> None:
        tied: dict[str, Any] = {"entrypoint": ["sh", "-c", TIED], "stdin_open": True, "auto_remove": True}
        super().__init__(os.environ.get(image) or IMAGES[image], ports=[port], **tied, **how)
        self.port = port
        self.tie: Any = None
        for name, text in files.items():
            self.with_copy_into_container(text.encode(), f"/accord/{name}")

    def start(self) -> Self:
        """Start the container and return; it is ready when `until` says so."""
        super().start()
        self.tie = self.get_docker_client().client.api.attach_socket(self.get_container_id(), {"stdin": 1, "stream": 1})
        self.tie._sock.sendall(f"{self.address}\n".encode())
        return self

    def stop(self, force: bool = True, delete_volume: bool = True) -> None:
        """Remove the container; a container that is gone already is no fault."""
        try:
            super().stop(force, delete_volume)
        except APIError as refusal:
            if refusal.status_code not in GONE_ALREADY:
                raise
        finally:
            if self.tie is not None:
                self.tie._sock.close()
                self.tie.close()
            self.get_docker_client().client.close()

    @property
    def address(self) -> str:
        """Return where it is reached, as host:port."""
        host = self.get_container_host_ip().replace("localhost", LOOPBACK)  # it may have two ports by the one name
        return f"{host}:{self.get_exposed_port(self.port)}"

    def until(self, claim: Callable[[], object], refusals: type[Exception]) -> None:
        """Wait until `claim` is granted; raises `SetupError` with what the server said if it never is."""
        deadline = time.monotonic() + READY_WITHIN
        while True:
            try:
                claim()
            except refusals as refusal:
                log = b"\n".join(self.get_logs()).decode(errors="replace")
                if ENDED in log or time.monotonic() > deadline:
                    message = f"{self.image} did not start: {refusal} {log[-SHOWN_OF_A_LOG:].strip()}"
                    raise SetupError(message, "Is it an image as CONTRIBUTING.md describes it?") from refusal
                time.sleep(0.1)
            else:
                return


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL in a container of its own."""
    with _postgres() as started:
        yield started()


@contextlib.contextmanager
def kafka() -> Iterator[Kafka]:
    """Run a broker in a container of its own."""
    with _kafka() as started:
        yield started()


@contextlib.contextmanager
def for_a_town() -> Iterator[dict[str, str]]:
    """Run both, started at once, and yield the settings that name them to a town."""
    with _postgres() as database_started, _kafka() as broker_started:
        database_server, broker_server = database_started(), broker_started()
        yield {
            "ACCORD_DATABASE": database_server.superuser_url(),
            "ACCORD_KAFKA": f"{broker_server.admin_user}:{broker_server.admin_password}@{broker_server.bootstrap}",
        }


def examine() -> None:
    """Have an engine that answers, with both images, fetched if need be; raises `SetupError` with the fix."""
    for variable in ("ACCORD_DATABASE", "ACCORD_KAFKA"):
        if os.environ.get(variable):
            raise SetupError(f"Containers are asked for, and {variable} names a server too", "Unset one of the two.")
    try:
        client = DockerClient().client
        client.ping()
    except (DockerException, OSError) as refusal:
        fix = f"Start Docker, or name its socket in DOCKER_HOST. {WITHOUT}"
        raise SetupError(f"No Docker engine answers: {refusal}", fix) from refusal
    with contextlib.closing(client):
        for variable, usual in IMAGES.items():
            image = os.environ.get(variable) or usual
            try:
                _have(client, image)
            except (DockerException, OSError) as refusal:
                fix = f"Name one that this engine has or may fetch in {variable}: CONTRIBUTING.md says how. {WITHOUT}"
                raise SetupError(f"The image {image} is not to be had: {refusal}", fix) from refusal


def _have(client: Any, image: str) -> None:
    try:
        client.images.get(image)
    except ImageNotFound:
        client.images.pull(image)


@contextlib.contextmanager
def _postgres() -> Iterator[Callable[[], Postgres]]:
    password = secrets.token_urlsafe(24)
    settings = database.SETTINGS.read_text()
    files = {"serve": SERVE_DATABASE, "password": password, "accord.conf": settings}
    with Tied("ACCORD_POSTGRES_IMAGE", DATABASE_PORT, files, user="postgres", shm_size="256m") as container:
        url = f"postgresql://{database.SUPERUSER}:{password}@{container.address}/postgres"

        def started() -> Postgres:
            container.until(lambda: psycopg.connect(url, connect_timeout=2).close(), psycopg.OperationalError)
            return Postgres.at(url)

        yield started


@contextlib.contextmanager
def _kafka() -> Iterator[Callable[[], Kafka]]:
    password = secrets.token_urlsafe(24)
    properties = string.Template(broker.PROPERTIES.read_text() + LISTENERS).substitute(
        host=LOOPBACK,
        broker_port=BROKER_PORT,
        controller_port=9093,
        data="/tmp/data",  # noqa: S108 - in the container, which nobody else lives in
        admin_user=broker.ADMIN_USER,
        admin_password=password,
    )
    files = {"serve": SERVE_BROKER, "password": password, "server.properties": properties}
    with Tied("ACCORD_KAFKA_IMAGE", BROKER_PORT, files) as container:
        server = Kafka.at(f"{broker.ADMIN_USER}:{password}@{container.address}")

        def started() -> Kafka:
            client = AdminClient({**server.settings(), "log_level": 0})
            container.until(lambda: client.list_topics(timeout=1), KafkaException)
            return server

        yield started
