"""What is away is named, what was acknowledged is kept, and what waited arrives once: on a town of its own.

It has servers of its own as well, whatever the other suites use: they are killed here.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from devstack import stack
from devstack.story.record import whole
from devstack.story.speaker import Speaker
from devstack.story.words import EXPLAINED, in_days, now
from tests.devstack.watcher import comes_true
from tests.support.fork_server import forking
from tests.support.outsider import Outsider
from tests.support.second_person import confirmed
from tests.support.shared_towns import a_town_of_its_own

ROOT = Path(__file__).parents[2]
WAITING = """SELECT count(*) FROM carrying.outbox JOIN register."case" c USING (subject_id) WHERE c.case_ref = %s"""
AT_ONCE = 30.0  # seconds; on a quiet machine it is two or three
RECOVERED = 60.0


@dataclass
class Case:
    """A survivor whose hotline tells one agency of each incident; `children` numbers them."""

    started: stack.Stack
    client: httpx.Client
    ref: str
    incident_count: int = 0

    @property
    def ana(self) -> Speaker:
        return Speaker(self.started.town, "ana", "advocacy", self.client)

    def allows(self, recipient: str, purpose: str = "shelter") -> None:
        provision = {
            "effect": "permit",
            "recipient": recipient,
            "purpose": purpose,
            "categories": ["identity", "children"],
            "asked_one_by_one": ["identity", "children"],
            "valid_until": in_days(30),
        }
        ana = self.ana
        draft = ana.does("consent", "POST", f"/v1/cases/{self.ref}/directives", provision)
        signature = EXPLAINED | {"signed_at": now(), "signer_role": "survivor"}
        path = f"/v1/directives/{draft['directive_ref']}/signature"
        recorded = ana.does("consent", "POST", path, signature, If_Match=draft["etag"])
        confirmed(recorded, Speaker(self.started.town, "mia", "advocacy", self.client))

    def tells(self, ana: Speaker | None = None) -> httpx.Response:
        self.incident_count += 1
        body = {"channel": "hotline", "given_name": "Marisol", "children_count": self.incident_count}
        return (ana or self.ana).ask("intake", "POST", f"/v1/cases/{self.ref}/incidents", body)

    def incidents(self) -> list[str]:
        return [
            incident["incident_ref"]
            for incident in self.ana.does("intake", "GET", f"/v1/cases/{self.ref}")["incidents"]
        ]

    def waiting(self) -> int:
        with psycopg.connect(self.started.postgres.superuser_url("accord")) as connection:
            row = connection.execute(WAITING, [self.ref]).fetchone()
        assert row is not None
        return int(row[0])


@dataclass
class Shelter:
    """Sam at Harbor House, from a moment on."""

    sam: Speaker

    def __post_init__(self) -> None:
        self.sam.sets_aside_what_is_there()

    def arrivals(self) -> list[str]:
        """Return the incidents that arrived, in the order of the inbox, each as often as it is there."""
        fresh = [message for message in self.sam.inbox() if message["message_ref"] not in self.sam.had]
        return [message["message_ref"] for message in fresh if message["type"] == "accord.incident.reported.v1"]

    def reads(self) -> list[int]:
        """Open what arrived and return the numbers of the incidents."""
        opened = [self.sam.opens(ref) for ref in self.arrivals()]
        return [message["categories"]["children"]["children_count"] for message in opened if message is not None]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[stack.Stack]:
    folder = tmp_path_factory.mktemp("outages") / "town"
    with forking() as spawn, a_town_of_its_own(folder, spawn) as running:
        yield running


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30, trust_env=False) as http_client:
        yield http_client


@pytest.fixture
def case(started: stack.Stack, client: httpx.Client) -> Case:
    ana = Speaker(started.town, "ana", "advocacy", client)
    new_case = Case(started, client, ana.does("intake", "POST", "/v1/cases", {})["case_ref"])
    chosen = {"participation": "yes", "evidence": EXPLAINED}
    ana.does("consent", "PUT", f"/v1/cases/{new_case.ref}/participation", chosen)
    new_case.allows("harbor-house")
    return new_case


@pytest.fixture
def shelter(started: stack.Stack, client: httpx.Client, case: Case) -> Shelter:
    return Shelter(Speaker(started.town, "sam", "shelter", client))


@pytest.fixture(autouse=True)
def nothing_else_is_restarted(started: stack.Stack, request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever was away, the other processes outlive it and are well again by themselves."""
    before = {name: process.pid for name, process in started.running.items()}
    yield
    assert comes_true(lambda: all(started.ready(name) for name in started.running), RECOVERED)
    after = {name: process.pid for name, process in started.running.items()}
    restarted = {name for name, pid in after.items() if before[name] != pid}
    assert restarted == ({"exchange-worker"} if "dead" in request.node.name else set())


def missing(started: stack.Stack, name: str) -> list[str]:
    """Return what a process says it lacks."""
    answer = httpx.get(f"{started.town.processes[name].url}/readyz", timeout=5, trust_env=False)
    return [] if answer.status_code == 200 else [error["field"] for error in answer.json()["errors"]]


def test_after_a_broker_outage_mail_arrives_once_and_in_order(
    started: stack.Stack, case: Case, shelter: Shelter
) -> None:
    """Work goes on while the broker is away, and the messages that waited arrive once and in order."""
    case.tells()
    assert comes_true(lambda: len(shelter.arrivals()) == 1, AT_ONCE)

    started.kafka.kill()
    answers = [case.tells().status_code for _ in range(3)]
    named = comes_true(
        lambda: all(missing(started, name) == ["broker"] for name in ("exchange-relay", "exchange-worker")), AT_ONCE
    )
    waiting, read = case.waiting(), shelter.reads()
    started.keep_alive()

    assert answers == [201, 201, 201]
    assert named
    assert (waiting >= 3, read) == (True, [1])
    assert comes_true(lambda: len(shelter.arrivals()) >= 4 and not case.waiting(), RECOVERED)
    assert shelter.reads() == [1, 2, 3, 4]


@contextmanager
def stalled(started: stack.Stack) -> Iterator[None]:
    """Let the exchange's worker stand still, as on a machine that swaps."""
    pid = started.running["exchange-worker"].pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def dead(started: stack.Stack) -> Iterator[None]:
    """Let the exchange's worker be killed, and started again by whoever looks after it."""
    started.running["exchange-worker"].kill()
    yield
    started.keep_alive()


@pytest.mark.parametrize("away", [stalled, dead], ids=["stalled", "dead"])
def test_after_a_worker_outage_mail_arrives_once_and_in_order(
    started: stack.Stack, case: Case, shelter: Shelter, away: Any
) -> None:
    """Work goes on while the worker is away, and the messages that waited arrive once and in order."""
    with away(started):
        answers = [case.tells().status_code for _ in range(3)]
        sent = comes_true(lambda: case.waiting() == 0, AT_ONCE)
        ready, arrivals = started.ready("exchange-worker"), shelter.arrivals()

    assert answers == [201, 201, 201]
    assert sent
    assert (ready, arrivals) == (False, [])
    assert comes_true(lambda: len(shelter.arrivals()) >= 3, RECOVERED)
    assert shelter.reads() == [1, 2, 3]


def test_a_killed_database_recovers_with_all_acknowledged_work(
    started: stack.Stack, case: Case, shelter: Shelter
) -> None:
    ana, acknowledged, stop = case.ana, list[str](), threading.Event()

    def write() -> None:
        while not stop.is_set():
            answer = case.tells(ana)
            if answer.status_code == 201:
                acknowledged.append(answer.json()["incident_ref"])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert comes_true(lambda: len(acknowledged) > 5, AT_ONCE)
        started.postgres.kill()
    finally:
        stop.set()
        writer.join()
    away = [case.tells(ana), shelter.sam.ask("exchange", "GET", "/v1/inbox")]
    named = comes_true(lambda: missing(started, "intake") == ["database"], AT_ONCE)
    started.keep_alive()

    assert [(answer.status_code, answer.headers["content-type"]) for answer in away] == [
        (503, "application/problem+json")
    ] * 2
    assert all(int(answer.headers["retry-after"]) > 0 for answer in away)
    assert named
    assert comes_true(lambda: all(started.ready(name) for name in started.running), RECOVERED)
    assert set(acknowledged) <= set(case.incidents())
    assert comes_true(lambda: len(shelter.arrivals()) == len(case.incidents()), RECOVERED)
    assert whole(started.town)


def test_an_agency_added_at_run_time_gets_mail_in_seconds(started: stack.Stack, case: Case) -> None:
    before = started.run.town_file.read_text()
    command = [sys.executable, "-m", "cli.main", "agency", "add", "elm-house", "--name", "Elm House"]
    command += ["--kind", "shelter", "--run", started.town.run]
    began = time.monotonic()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)

    case.allows("elm-house")
    case.tells()
    elm = Outsider(started.run.town_file, "elm-house")
    _, message = elm.mail("first", 2)  # the release itself comes before what it releases
    ref = message["headers"]["ce_id"]
    assert comes_true(lambda: elm.opens(ref, "shelter").status_code == 200, AT_ONCE)
    opened = elm.opens(ref, "shelter").json()

    assert time.monotonic() - began < AT_ONCE
    assert opened["categories"] == {"identity": {"given_name": "Marisol"}, "children": {"children_count": 1}}
    assert b"Marisol" not in message["body"]
    assert (message["key"], elm.agency["mailbox"]) == (opened["case_ref"], "to.elm-house")
    assert elm.town["processes"] == started.town.model_dump(mode="json")["processes"]
    assert '"elm-house"' not in before


def test_a_client_of_an_agencys_own_reads_on_where_it_stopped(started: stack.Stack, case: Case) -> None:
    hospital = Outsider(started.run.town_file, "st-anne-hospital")
    case.allows("st-anne-hospital", "emergency_safety")
    case.tells()
    granted, first = hospital.mail("records", 2)

    case.tells()
    (second,) = hospital.mail("records", 1)

    headers = [message["headers"] for message in (granted, first, second)]
    reported = "accord.incident.reported.v1"
    assert [header["ce_type"] for header in headers] == ["accord.consent.granted.v1", reported, reported]
    assert {header["ce_source"] for header in headers} == {"/agencies/bay-hotline"}
    assert len({header["ce_id"] for header in headers}) == 3
    assert {message["key"] for message in (granted, first, second)} == {headers[0]["ce_subject"]}
    assert comes_true(lambda: hospital.opens(headers[2]["ce_id"], "emergency_safety").status_code == 200, AT_ONCE)
    assert hospital.opens(headers[2]["ce_id"], "medical_care").status_code == 404
