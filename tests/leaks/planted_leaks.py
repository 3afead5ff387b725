"""A leak of each kind, made on purpose in a controlled way: a sweep that does not find it is blind."""

import base64
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import psycopg
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]  # it is there
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from pydantic import BaseModel

from devstack.story.speaker import Speaker
from tests.leaks.capture import serving
from tests.leaks.scene import Scene
from tests.support.broker import administrator
from tests.support.waits import PATIENCE

Plant = Callable[[Scene, str], AbstractContextManager[None]]
TOPIC: Final = "planted"


class Careless(BaseModel):
    """A model as the library makes it: it shows what it holds."""

    word: str


def once(plant: Callable[[Scene, str], None]) -> Plant:
    """Return a plant that is there before the sweep and needs no care afterwards."""

    @contextmanager
    def planted(scene: Scene, word: str) -> Iterator[None]:
        plant(scene, word)
        yield

    return planted


def in_file(*place: str) -> Plant:
    """Return a plant that adds a line to a file of the run folder, and takes it back."""

    @contextmanager
    def planted(scene: Scene, word: str) -> Iterator[None]:
        file = scene.folder.joinpath(*place)
        before = file.stat().st_size if file.exists() else None
        with file.open("a") as opened:
            opened.write(f"{word}\n")
        yield
        if before is None:
            file.unlink()

    return planted


def in_a_log_line(scene: Scene, word: str) -> None:
    escaped = "".join(f"\\u{ord(character):04x}" for character in word)
    with (scene.folder / "logs" / "intake.log").open("a") as opened:
        opened.write(f'{{"event": "{escaped}"}}\n')


def in_a_row(statement: str, *values: Any) -> Plant:
    """Return a plant that runs one statement as the superuser; `%(word)s` is the word, `%(raw)s` its bytes."""

    def plant(scene: Scene, word: str) -> None:
        with scene.superuser() as connection:
            connection.execute(statement.encode(), {"word": word, "raw": word.encode(), "ref": uuid4()})

    return once(plant)


def in_a_span(scene: Scene, word: str, headers: Mapping[str, str] | None = None) -> None:
    provider = TracerProvider()
    exporter = OTLPSpanExporter(endpoint=f"{scene.collector.url}/v1/traces", headers=dict(headers or {}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("planted").start_as_current_span("open", attributes={"planted": "" if headers else word}):
        pass
    provider.shutdown()


def in_a_number(scene: Scene, word: str) -> None:
    exporter = OTLPMetricExporter(endpoint=f"{scene.collector.url}/v1/metrics")
    provider = MeterProvider([PeriodicExportingMetricReader(exporter)])
    provider.get_meter("planted").create_counter("planted").add(1, {"planted": word})
    provider.shutdown()


def in_an_answer(status: int, body: str = "{}", **headers: str) -> Plant:
    """Return a plant that a real server answers with; `WORD` stands for the word."""

    @contextmanager
    def planted(scene: Scene, word: str) -> Iterator[None]:
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                raw = body.replace("WORD", word).encode()
                self.send_response(status)
                for name, value in headers.items():
                    coded = base64.urlsafe_b64encode(f"x{word}".encode()).decode().rstrip("=")
                    self.send_header(name.replace("_", "-"), value.replace("WORD", word).replace("CODED", coded))
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: Any) -> None:
                pass

        with serving(Answer) as url:
            scene.client.get(f"{url}/v1/things")
            scene.asked_too["planted"] = url
            yield
            del scene.asked_too["planted"]

    return planted


@contextmanager
def in_a_token(scene: Scene, word: str) -> Iterator[None]:
    payload = base64.urlsafe_b64encode(json.dumps({"sub": word}).encode()).decode().rstrip("=")
    scene.people["planted"] = Speaker(scene.town, "planted", "", scene.client, token=f"e30.{payload}.e30")
    yield
    del scene.people["planted"]


@contextmanager
def in_a_model(scene: Scene, word: str) -> Iterator[None]:
    scene.printed_too.append((Careless, {"word": word}))
    yield
    scene.printed_too.clear()


def a_topic(scene: Scene, name: str) -> None:
    admin = administrator(scene.stack.kafka)
    if name in admin.list_topics(timeout=15).topics:
        return
    for future in admin.create_topics([NewTopic(name, 1, 1)]).values():
        future.result()
    deadline = time.monotonic() + PATIENCE
    while name not in admin.list_topics(timeout=15).topics:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def in_a_letter(scene: Scene, **letter: Any) -> None:
    a_topic(scene, TOPIC)
    producer = Producer(scene.stack.kafka.settings())
    producer.produce(TOPIC, **{"value": b"", **letter})
    assert producer.flush(15) == 0


def in_a_group(scene: Scene, word: str) -> None:
    in_a_letter(scene)
    reader = Consumer({**scene.stack.kafka.settings(), "group.id": word})
    reader.commit(offsets=[TopicPartition(TOPIC, 0, 1)], asynchronous=False)
    reader.close()


@contextmanager
def in_a_session(scene: Scene, word: str) -> Iterator[None]:
    with psycopg.connect(scene.stack.postgres.superuser_url("accord"), application_name=word) as connection:
        connection.execute("SELECT 1")
        yield


def in_a_process(*, argument: bool) -> Plant:
    """Return a plant that a process of ours carries on its command line or in its environment."""

    @contextmanager
    def planted(_: Scene, word: str) -> Iterator[None]:
        command = [sys.executable, "-c", "import time; time.sleep(60)", *([word] if argument else ())]
        started = subprocess.Popen(command, env={} if argument else {"PLANTED": word})
        try:
            time.sleep(0.2)  # until it is itself, and no copy of us
            yield
        finally:
            started.kill()
            started.wait()

    return planted


@contextmanager
def in_a_temporary_file(_: Scene, word: str) -> Iterator[None]:
    with tempfile.NamedTemporaryFile(prefix="spool-") as spool:
        spool.write(word.encode())
        spool.flush()
        yield


@contextmanager
def in_a_notice(scene: Scene, word: str) -> Iterator[None]:
    file: Path = scene.folder / "notices" / f"{uuid4()}.json"
    file.write_text(json.dumps({"channel": "sms", "text": f"The order about {word} was served."}))
    yield
    file.unlink()


PARKED: Final = """
INSERT INTO carrying.parked (consumer, topic, partition, "offset", headers, key, body, reason, tries)
VALUES ('planted', %(word)s, 0, 0, '[]', null, '', 'failed', 1)
"""
IDEMPOTENCY_ROW: Final = """
INSERT INTO carrying.idempotency (agency_id, actor, route, key, body_digest, status)
VALUES ('county-cell', 'cora', 'planted', %(word)s, '', 200)
"""
SESSION: Final = """
INSERT INTO dashboard.session (digest, sealed, began_at, seen_at, ends_at, token_until, agency_id, person_ref)
VALUES (sha256(%(raw)s), %(raw)s, now(), now(), now(), now(), 'bay-hotline', 'ana')
"""
DIRECTIVE_WORD: Final = (
    "INSERT INTO consent.told (agency_id, directive_ref, word) VALUES ('county-cell', %(ref)s, %(word)s)"
)


def in_the_servers_log(scene: Scene, word: str) -> None:
    with scene.superuser() as connection:
        connection.execute("SELECT set_config('accord.planted', %s, false)", [word])
        connection.execute("DO $$ BEGIN RAISE LOG '%', current_setting('accord.planted'); END $$")


PLANTS: Final[Mapping[str, Plant]] = {
    "output of the APIs": in_file("logs", "intake.log"),
    "output of the workers": in_file("logs", "exchange-worker.log"),
    "output of the relay": in_file("logs", "exchange-relay.log"),
    "output of the issuer": in_file("logs", "issuer.log"),
    "output of processes that failed": in_file("logs", "leaks-planted.log"),
    "log lines, read as JSON": once(in_a_log_line),
    "log of PostgreSQL": once(in_the_servers_log),
    "log of Kafka": in_file("kafka", "kafka.log"),
    "spans": once(in_a_span),
    "metrics": once(in_a_number),
    "headers of telemetry": once(lambda scene, word: in_a_span(scene, word, {"x-planted": word})),
    "status lines and headers": in_an_answer(200, X_Planted="WORD"),
    "bodies of problems": in_an_answer(422, '{"errors": ["WORD"]}'),
    "answers that open nothing": in_an_answer(200, '{"name": "WORD"}'),
    "ETags, cursors and links": in_an_answer(200, ETag='"CODED"'),
    "tokens": in_a_token,
    "pages of the board": in_an_answer(200, "<p>WORD</p>", Content_Type="text/html"),
    "cookies": in_an_answer(200, Set_Cookie="planted=CODED; Path=/"),
    "API descriptions and health": in_an_answer(200, '{"openapi": "3.1.0", "x": "WORD"}'),
    "models printed and refused": in_a_model,
    "names and settings of topics": once(a_topic),
    "keys of messages": once(lambda scene, word: in_a_letter(scene, key=word.encode())),
    "headers of messages": once(lambda scene, word: in_a_letter(scene, headers=[("planted", word.encode())])),
    "bodies of messages": once(lambda scene, word: in_a_letter(scene, value=word.encode())),
    "consumer groups and offsets": once(in_a_group),
    "log segments": once(lambda scene, word: in_a_letter(scene, value=word.encode())),
    "register": in_a_row("UPDATE register.agency SET front_door = %(word)s WHERE agency_id = 'county-cell'"),
    "offers, outbox and inbox": in_a_row(
        "INSERT INTO carrying.inbox (consumer, message_ref) VALUES (%(word)s, %(ref)s)"
    ),
    "parked messages": in_a_row(PARKED),
    "kept answers": in_a_row(IDEMPOTENCY_ROW),
    "ledger": in_a_row("INSERT INTO ledger.node (level, index, hash) VALUES (99, 0, %(raw)s)"),
    "tables of the services": in_a_row(DIRECTIVE_WORD),
    "sessions of the board": in_a_row(SESSION),
    "dump": in_a_row(DIRECTIVE_WORD),
    "activity and statistics": in_a_session,
    "data files": in_a_row(DIRECTIVE_WORD),
    "write-ahead log": in_a_row("SELECT pg_logical_emit_message(true, 'planted', %(word)s::text)"),
    "command lines": in_a_process(argument=True),
    "environments": in_a_process(argument=False),
    "temporary files": in_a_temporary_file,
    "core files and crash reports": in_file("core.4242"),
    "run folder": in_file("left-behind.txt"),
    "notices": in_a_notice,
    "words of the command line": in_a_row(PARKED),
}
