"""The town that is listened to: who asks, what is sown, what was heard, and since when."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg
import pytest
from pydantic import BaseModel

from cli.run import ROOT
from devstack import stack
from devstack.ports import free_port
from devstack.processes import Program, environment
from devstack.story.speaker import Speaker
from runtime.settings import Settings
from schemas.town import Town
from tests.leaks.canaries import CanaryPool
from tests.leaks.canary_generator import Sower
from tests.leaks.capture import AnswerRecorder, Collector, collecting
from tests.leaks.contracts import Sown
from tests.leaks.search import Searcher
from tests.support.rounds import seed
from tests.support.shared_towns import a_town_of_its_own

# Why each of them opens what comes to them.
PEOPLE: Final[Mapping[str, str]] = {
    "ana": "advocacy",
    "mia": "advocacy",
    "sam": "shelter",
    "lee": "order_enforcement",
    "noor": "counselling",
    "jude": "legal_representation",
    "dr-lin": "medical_care",
    "cora": "coordination",
    "priya": "advocacy",
}


@dataclass
class Scene:
    """A running town, with ears at every wall."""

    stack: stack.Stack
    collector: Collector
    nursery: CanaryPool
    began: float
    recorder: AnswerRecorder = field(default_factory=AnswerRecorder)
    sown_facts: list[Sown] = field(default_factory=list)  # every contract, as it was said last
    done: set[tuple[str, str]] = field(default_factory=set)  # routes that took a body full of canaries
    asked_too: dict[str, str] = field(default_factory=dict)  # further addresses that descriptions are asked of
    printed_too: list[tuple[type[BaseModel], dict[str, Any]]] = field(default_factory=list)

    @property
    def town(self) -> Town:
        """Return where everything is."""
        return self.stack.town

    @property
    def folder(self) -> Path:
        """Return the run folder."""
        return self.stack.run.folder

    @cached_property
    def client(self) -> httpx.Client:
        """Return the client that all share; each answer is kept."""
        return self.recorder.client()

    @cached_property
    def people(self) -> dict[str, Speaker]:
        """Return the people of the town, each at their own system."""
        return {name: Speaker(self.town, name, purpose, self.client) for name, purpose in PEOPLE.items()}

    @cached_property
    def descriptions(self) -> dict[str, dict[str, Any]]:
        """Return the OpenAPI document that each service publishes."""
        files = (ROOT / "services").glob("*/openapi.json")
        return {file.parent.name: json.loads(file.read_text()) for file in sorted(files)}

    def searcher(self) -> Searcher:
        """Return a searcher for every canary that was made so far."""
        return Searcher.of(list(self.nursery.canaries.values()))

    def addresses(self) -> frozenset[str]:
        """Return every canary that is the address of a channel: what a provider must be told."""
        canaries = self.nursery.canaries.values()
        return frozenset(canary.text for canary in canaries if canary.place.endswith("channels.0.address"))

    def body(self, service: str, form: str, use: str = "told", **fixed: Any) -> dict[str, Any]:
        """Return a body of the form, full of canaries but for what is `fixed`; two underscores stand for a point."""
        document = self.descriptions[service]
        named = {name.replace("__", "."): value for name, value in fixed.items()}
        sower = Sower(document, self.nursery, use, f"{service} {form}", named)
        sown: dict[str, Any] = sower.sow(document["components"]["schemas"][form])
        return sown

    def does(self, who: str, service: str, route: str, body: Any = None, **headers: str) -> dict[str, Any]:
        """Send one request as a person; `route` is its method and its template with the references filled in."""
        method, path = route.split(" ")
        answer = self.people[who].does(service, method, path, body, **headers)
        if body:
            self.done.add((service, f"{method} {template_of(self.descriptions[service], path)}"))
        return answer

    @contextmanager
    def superuser(self) -> Iterator["psycopg.Connection[Any]"]:
        """Open a connection that nothing is forbidden to."""
        with psycopg.connect(self.stack.postgres.superuser_url("accord"), autocommit=True) as connection:
            yield connection

    def process(self, name: str, role: str, user: str, *arguments: str, payload: Any = None) -> int:
        """Run a module of this suite as a process of the product would run, to its end; `payload` is its standard
        input, as JSON."""
        program = Program(f"leaks-{name}", (f"tests.leaks.{name}", *arguments), f"accord_{role}", user, Settings)
        ports = {**self.stack.ports, program.name: free_port()}
        settings = environment(program, self.stack.run, ports, self.stack.postgres, self.stack.kafka)
        settings |= {"OTEL_EXPORTER_OTLP_ENDPOINT": self.collector.url, "PYTHONPATH": str(ROOT)}
        with self.stack.run.log(f"{program.name}-{'-'.join(arguments) or 'all'}").open("ab") as log:
            done = subprocess.run(
                [sys.executable, "-m", *program.command],
                input=json.dumps(payload).encode(),
                stdout=log,
                stderr=log,
                env=settings,
                cwd=ROOT,
                timeout=120,
                check=False,
            )
        return done.returncode


def template_of(description: Mapping[str, Any], path: str) -> str:
    """Return the template that a path was made of."""
    steps = path.partition("?")[0].split("/")
    for template in description["paths"]:
        template_steps = template.split("/")
        if len(template_steps) == len(steps) and all(
            a == b or a.startswith("{") for a, b in zip(template_steps, steps, strict=True)
        ):
            return str(template)
    raise LookupError(f"no route of this service is {path}")


def instant(days: float = 0) -> str:
    """Return an instant so many days from now."""
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


@contextmanager
def a_scene(folder: Path) -> Iterator[Scene]:
    """Start a town of its own, with servers of its own whose files can be read, and a collector for its telemetry."""
    began = time.time()
    with collecting() as collector, pytest.MonkeyPatch.context() as to_start:
        to_start.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        to_start.setenv("OTEL_METRIC_EXPORT_INTERVAL", "10000")  # else numbers come once a minute
        with a_town_of_its_own(folder) as started:
            to_start.undo()
            scene = Scene(started, collector, CanaryPool(random.Random(seed())), began)  # noqa: S311 - no secret
            try:
                yield scene
            finally:
                scene.client.close()


def owner_uid() -> int:
    """Return the id of the user who owns the town's files."""
    return os.geteuid()
