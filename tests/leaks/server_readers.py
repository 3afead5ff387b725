"""What the database, the broker and the command line tell, as bytes to look through."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource  # type: ignore[attr-defined]  # it is there

from cli.run import ROOT
from devstack.postgres import programs
from tests.leaks.scene import Scene
from tests.support.broker import administrator
from tests.support.waits import PATIENCE

Pieces = Iterator[tuple[str, bytes]]
TABLES = """
SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
ORDER BY schemaname, tablename
"""
SCHEMAS_WITH_OWN_SINKS = ("register", "carrying", "ledger", "dashboard")
OF_ACTIVITY = (
    "SELECT * FROM pg_stat_activity",
    "SELECT * FROM pg_stats WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    "SELECT * FROM pg_prepared_statements",
    "SELECT * FROM pg_proc WHERE pronamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')",
    "SELECT * FROM pg_description",
    "SELECT * FROM pg_settings",
    "SELECT * FROM pg_locks",
)
STATEMENTS = "SELECT count(*) FROM pg_extension WHERE extname = 'pg_stat_statements'"


def topics(scene: Scene) -> Pieces:
    """Yield names, partitions, settings and access rules."""
    admin = administrator(scene.stack.kafka)
    names = list(admin.list_topics(timeout=PATIENCE).topics)
    for name in names:
        yield "the name of a topic", name.encode() + b"\n"
    resources = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in names]
    for resource, future in admin.describe_configs(resources, request_timeout=PATIENCE).items():
        settings = {name: entry.value for name, entry in future.result().items()}
        yield resource.name, json.dumps(settings).encode()


def groups(scene: Scene) -> Pieces:
    """Yield the consumer groups, their states and their members."""
    admin: Any = administrator(scene.stack.kafka)
    listing = admin.list_consumer_groups(request_timeout=PATIENCE).result()
    names = [group.group_id for group in listing.valid]
    yield "groups", "\n".join(names).encode() + b"\n"
    for name, future in (admin.describe_consumer_groups(names) if names else {}).items():
        description = future.result()
        members = [
            (
                member.member_id,
                member.client_id,
                member.host,
                member.assignment and str(member.assignment.topic_partitions),
            )
            for member in description.members
        ]
        yield name, json.dumps([description.group_id, str(description.state), members]).encode()


def _messages(scene: Scene) -> list[Any]:
    kafka = scene.stack.kafka
    admin: AdminClient = administrator(kafka)
    reader = Consumer({**kafka.settings(), "group.id": "leaks.sweep", "enable.auto.commit": False})
    messages: list[Any] = []
    try:
        left: dict[tuple[str, int], int] = {}
        for topic, metadata in admin.list_topics(timeout=PATIENCE).topics.items():
            for partition in metadata.partitions if not topic.startswith("__") else ():
                low, high = reader.get_watermark_offsets(TopicPartition(topic, partition), timeout=PATIENCE)
                left |= {(topic, partition): high} if high > low else {}
        reader.assign([TopicPartition(*place, 0) for place in left])
        deadline = time.monotonic() + PATIENCE
        while left and time.monotonic() < deadline:
            for message in reader.consume(1_000, 0.5):
                assert message.error() is None
                messages.append(message)
                place = str(message.topic()), int(message.partition() or 0)
                if int(message.offset() or 0) + 1 >= left.get(place, 0):
                    left.pop(place, None)
        assert not left, f"not read to the end: {left}"
    finally:
        reader.close()
    return messages


def keys(scene: Scene) -> Pieces:
    for message in _messages(scene):
        yield message.topic(), (message.key() or b"") + b"\n"


def headers(scene: Scene) -> Pieces:
    for message in _messages(scene):
        lines = [name.encode() + b": " + (value or b"") for name, value in message.headers() or ()]
        yield message.topic(), b"\n".join(lines)


def bodies(scene: Scene) -> Pieces:
    for message in _messages(scene):
        yield message.topic(), message.value() or b""


def _copied(scene: Scene, query: str) -> bytes:
    copy = f"COPY ({query}) TO STDOUT".encode()
    with scene.superuser() as connection, connection.cursor() as cursor, cursor.copy(copy) as rows:
        return b"".join(bytes(row) for row in rows)


def _tables(scene: Scene, *names: str, other: bool = False) -> Pieces:
    with scene.superuser() as connection:
        tables = connection.execute(TABLES).fetchall()
    for schema, table in tables:
        named = schema in names or f"{schema}.{table}" in names
        if named != other:
            yield f"{schema}.{table}", _copied(scene, f'SELECT * FROM "{schema}"."{table}"')  # noqa: S608 - our names


def register(scene: Scene) -> Pieces:
    yield from _tables(scene, "register")


def carrying(scene: Scene) -> Pieces:
    yield from _tables(scene, "carrying.offer", "carrying.outbox", "carrying.inbox")


def parked(scene: Scene) -> Pieces:
    yield from _tables(scene, "carrying.parked")


def kept_answers(scene: Scene) -> Pieces:
    yield from _tables(scene, "carrying.idempotency")


def ledger(scene: Scene) -> Pieces:
    yield from _tables(scene, "ledger")


def sessions(scene: Scene) -> Pieces:
    yield from _tables(scene, "dashboard")


def services(scene: Scene) -> Pieces:
    yield from _tables(scene, *SCHEMAS_WITH_OWN_SINKS, other=True)


def dump(scene: Scene) -> Pieces:
    """Yield a dump of the database, as a backup holds it."""
    command = [str(programs() / "pg_dump"), scene.stack.postgres.superuser_url("accord")]
    yield "dump", subprocess.run(command, capture_output=True, check=True, env={"PATH": os.defpath}).stdout


def activity(scene: Scene) -> Pieces:
    """Yield the server's views of sessions and locks, and the values that its planner keeps."""
    with scene.superuser() as connection:
        connection.execute("ANALYZE")
        row = connection.execute(STATEMENTS).fetchone()
    more = ("SELECT * FROM pg_stat_statements",) if row and row[0] else ()
    for query in OF_ACTIVITY + more:
        yield query.split()[3], _copied(scene, query)


def command_line(scene: Scene) -> Pieces:
    """Yield the output of the operator's commands, and the record as it is exported."""
    with TemporaryDirectory(prefix="pytest-leaks-") as folder:
        exported = Path(folder) / "ledger.jsonl"
        commands = (
            ("dead-letters", "list", "--json"),
            ("ledger", "verify"),
            ("ledger", "export", str(exported)),
            ("agency", "list"),
            ("doctor",),
        )
        with ThreadPoolExecutor(max_workers=2) as pool:
            outputs = pool.map(lambda arguments: _accord(scene, *arguments), commands)
            yield from (
                (f"accord {' '.join(command[:2])}", text) for command, text in zip(commands, outputs, strict=True)
            )
        yield "the exported record", exported.read_bytes()


def _accord(scene: Scene, *arguments: str) -> bytes:
    run = () if arguments == ("doctor",) else ("--run", str(scene.folder))
    command = [sys.executable, "-m", "cli.main", *arguments, *run]
    done = subprocess.run(command, capture_output=True, check=False, cwd=ROOT)
    assert done.stdout, f"accord {arguments} said nothing"
    return done.stdout + done.stderr
