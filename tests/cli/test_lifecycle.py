"""One town from its start to its end, as a person at a terminal has it: started, added to, killed, come back, ended."""

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import psutil
import pytest

from cli import town
from cli.backlog import last_checkpoint
from devstack.status import town_status
from devstack.town_life.counts import list_counts, referral_counts
from devstack.town_life.parties import HOMES, RECEIVERS
from devstack.town_life.plan import SEED, plan
from devstack.town_life.runner import has_life
from devstack.town_life.steps import ReleaseFate
from runtime.messaging.quotas import AGENCY, Administrator
from runtime.settings import KafkaProtocol
from schemas.codes import OrderStatus, ReferralMode, ReferralState, WithdrawReason
from tests.devstack.watcher import comes_true, is_gone, runs
from tests.support.broker import quotas_of

ROOT = Path(__file__).parents[2]
ACCORD = Path(sys.executable).with_name("accord")
OWN = ("ACCORD_DATABASE", "ACCORD_KAFKA")
# A proxy that does not answer: what runs on this machine is reached without one.
PROXY = {"http_proxy": "http://127.0.0.1:9", "all_proxy": "http://127.0.0.1:9"}
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in OWN} | PROXY
LATER = ("oak-house", "elm-police", "ash-clinic")


@dataclass
class Place:
    """A run folder, and the commands typed at it."""

    folder: Path
    printed: str = ""
    environment: dict[str, str] = field(default_factory=lambda: ENVIRONMENT, repr=False)

    def starting(self, *words: str) -> "subprocess.Popen[str]":
        """Begin a command, somewhere else than in the tree."""
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        command = [str(ACCORD), *words, "--run", str(self.folder)]
        return subprocess.Popen(command, cwd=self.folder.parent, env=self.environment, **pipes)

    def accord(self, *words: str) -> "subprocess.CompletedProcess[str]":
        with self.starting(*words) as child:
            output, errors = child.communicate(timeout=240)
        assert "Traceback" not in errors
        return subprocess.CompletedProcess(words, child.returncode, output, errors)

    @property
    def town(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / "town.json").read_text())
        return document

    def pids(self) -> dict[str, int]:
        return {name: process["pid"] for name, process in self.town["processes"].items()}

    def ids(self, kind: str) -> list[str]:
        return [entry["id"] for entry in self.town[kind]]

    def asks(self, service: str, path: str, *who: str, **more: Any) -> httpx.Response:
        return self.bears(service, path, self.accord("token", *who).stdout.strip(), **more)

    def bears(self, service: str, path: str, token: str, **more: Any) -> httpx.Response:
        with httpx.Client(trust_env=False, headers={"Authorization": f"Bearer {token}"}, timeout=20) as client:
            return client.request(more.pop("method", "GET"), self.town["services"][service] + path, **more)

    def open_to_others(self, file: Path) -> bool:
        paths = [path for path in (file, *file.parents) if self.folder in path.parents]
        return all(path.stat().st_mode & 0o077 for path in paths)

    def everything(self) -> list[int]:
        """Return whatever runs for this folder: its command, its environment or its log says so."""
        pids = []
        for process in psutil.process_iter():
            try:
                words = [*process.cmdline(), *process.environ().values(), *(file.path for file in process.open_files())]
                alive = process.status() != psutil.STATUS_ZOMBIE
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue  # it ended while it was looked at
            if alive and any(str(self.folder) in word for word in words):
                pids.append(process.pid)
        return pids


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The one town of this module, started in the background."""
    place = Place(tmp_path_factory.mktemp("lifecycle") / "town")
    try:
        started = place.accord("up", "--detach", "--json")
        assert started.returncode == 0, started.stderr
        place.printed = started.stdout
        yield place
    finally:
        place.accord("down")
        assert comes_true(lambda: not place.everything())


@pytest.fixture(scope="module")
def case_ref(up: Place) -> str:
    """A case that was opened before anything was killed."""
    opened = up.asks("intake", "/v1/cases", "--person", "ana", method="POST", json={})
    assert opened.status_code == 201
    return str(opened.json()["case_ref"])


@pytest.fixture(scope="module")
def later(up: Place) -> dict[str, int]:
    """Three agencies taken in at once and a person, while everything runs; return what ran before."""
    before = up.pids()
    kinds = ("shelter", "police", "hospital")
    added = [
        up.starting("agency", "add", agency_id, "--name", agency_id, "--kind", kind)
        for agency_id, kind in zip(LATER, kinds, strict=True)
    ]
    for child in added:
        assert child.communicate(timeout=60)[1] == ""
    assert (
        up.accord("person", "add", "ilse", "--name", "Ilse", "--agency", LATER[0], "--role", "advocate").returncode == 0
    )
    return before


@pytest.fixture(scope="module")
def killed(up: Place, later: dict[str, int], case_ref: str) -> list[int]:
    """Kill the one process that keeps all others, and return all that ran."""
    holder = int((up.folder / "lock").read_text().split()[0])
    family = {*up.everything(), *(child.pid for child in psutil.Process(holder).children(recursive=True))}
    os.kill(holder, signal.SIGKILL)
    return sorted(family)


def test_what_up_prints_is_where_everything_is(up: Place) -> None:
    printed = json.loads(up.printed)

    assert printed == up.town
    jsonschema.validate(printed, json.loads((ROOT / "schemas/published/town.json").read_text()))
    assert all(runs(pid) for pid in up.pids().values())
    urls = {name: process["url"] for name, process in printed["processes"].items()}
    assert {name for name, url in urls.items() if url is None} == {"postgres", "kafka"}
    answers = {name: httpx.get(f"{url}/readyz", trust_env=False) for name, url in urls.items() if url is not None}
    assert {name for name, answer in answers.items() if answer.status_code != 200} == set()


def test_the_status_of_a_running_town_is_ready(up: Place) -> None:
    assert comes_true(lambda: last_checkpoint(town.read(up.folder)) is not None, 30)
    done = up.accord("status", "--json")

    document = json.loads(done.stdout)
    assert (done.returncode, document["ready"]) == (0, True)
    assert {process["name"]: process["pid"] for process in document["processes"]} == up.pids()
    assert {process["restarts"] for process in document["processes"]} == {0}
    ports = {process["name"]: process["port"] for process in document["processes"]}
    urls = {name: process["url"] for name, process in up.town["processes"].items() if process["url"]}
    assert {name: f"http://127.0.0.1:{ports[name]}" for name in urls} == urls
    assert set(document["consumer_lag"]) == {"exchange", "notifications", "dashboard", "intake"}
    assert document["dead_letters"] == 0
    assert document["checkpoint"]["entries"] > 0
    assert document["checkpoint"]["age_seconds"] >= 0


def test_a_process_that_does_not_answer_is_not_ready(up: Place) -> None:
    pid = up.pids()["dashboard"]
    os.kill(pid, signal.SIGSTOP)
    try:
        done = up.accord("status")
    finally:
        os.kill(pid, signal.SIGCONT)

    assert done.returncode == 1
    assert re.findall(r"(\S+) +│.*│ not ready", done.stdout) == ["dashboard"]
    assert f"Not ready: see `accord logs --run {up.folder}`." in done.stdout.replace("\n", " ")


def test_the_logs_of_all_processes_are_merged_and_followed(up: Place) -> None:
    merged = [json.loads(line) for line in up.accord("logs", "--json", "-n", "200").stdout.splitlines()]
    with up.starting("logs", "intake", "--follow", "-n", "1") as follower:
        assert follower.stdout is not None
        assert '"service": "intake"' in follower.stdout.readline()
        httpx.get(f"{up.town['services']['intake']}/readyz", trust_env=False)
        assert '"route": "/readyz"' in follower.stdout.readline()
        follower.send_signal(signal.SIGINT)
        _, errors = follower.communicate(timeout=20)

    instants = [line["at"] for line in merged]
    assert instants == sorted(instants)
    assert len({line["process"] for line in merged}) > 2
    assert (follower.returncode, errors) == (0, "")


def test_the_board_is_at_the_address_that_open_prints(up: Place) -> None:
    board, issuer = (up.accord("open", *page, "--print").stdout.strip() for page in ((), ("issuer",)))

    assert httpx.get(board, trust_env=False, follow_redirects=True).status_code == 200
    assert httpx.get(issuer, trust_env=False).json()["issuer"] == up.town["issuer"]["url"]


def test_no_secret_stands_where_others_can_read_it(up: Place) -> None:
    secrets = [file.read_text().strip() for file in (up.folder / "secrets").iterdir()]
    inside = [file for file in up.folder.rglob("*") if file.is_file() and up.open_to_others(file)]
    leaking = [file for file in inside if any(secret in file.read_text(errors="replace") for secret in secrets)]

    assert up.folder / "ledger.vkey" in inside
    assert leaking == []


@pytest.mark.parametrize("words", [("up",), ("up", "--detach"), ("demo", "--once")], ids=" ".join)
def test_a_folder_in_use_is_refused_and_left_running(up: Place, words: tuple[str, ...]) -> None:
    before = up.town

    done = up.accord(*words)

    assert done.returncode == 1
    assert f"{up.folder} is in use by another run\n  End it with `accord down --run {up.folder}`" in done.stderr
    assert up.town == before


def test_agencies_added_at_once_all_appear_without_a_restart(up: Place, later: dict[str, int]) -> None:
    assert set(up.ids("agencies")) > set(LATER)
    assert up.pids() == later
    for who in (("--system", LATER[0]), ("--system", LATER[2]), ("--person", "ilse")):
        answer = up.asks("exchange", "/v1/inbox", *who)
        assert (answer.status_code, answer.json()["messages"]) == (200, [])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("agency", "add", LATER[0], "--name", "Again", "--kind", "police"), "is in this town already"),
        (("agency", "add", "harbor-house", "--name", "Again", "--kind", "police"), "is in this town already"),
        (
            ("person", "add", "ana", "--name", "A", "--agency", LATER[0], "--role", "advocate"),
            "is in this town already",
        ),
        (("person", "add", "zoe", "--name", "Zoe", "--agency", "nowhere", "--role", "advocate"), "no agency nowhere"),
    ],
    ids=lambda words: " ".join(words[:3]) if isinstance(words, tuple) else "",
)
def test_who_is_there_already_is_not_taken_in(
    up: Place, later: dict[str, int], words: tuple[str, ...], says: str
) -> None:
    before = up.town

    done = up.accord(*words)

    assert done.returncode == 1
    assert says in done.stderr
    assert up.town == before


def test_l12_d18_people_and_agencies_are_taken_out(up: Place, later: dict[str, int], case_ref: str) -> None:
    named = ("--name", "Pia", "--agency", LATER[0], "--role", "advocate")
    assert up.accord("person", "add", "pia", *named).returncode == 0
    assert up.asks("exchange", "/v1/inbox", "--person", "pia").status_code == 200
    pia, system = (up.accord("token", *who).stdout.strip() for who in (("--person", "pia"), ("--system", LATER[1])))

    removed = up.accord("person", "remove", LATER[0], "pia")
    home = up.accord("agency", "close", "bay-hotline")
    closed = up.accord("agency", "close", LATER[1])

    assert (removed.returncode, closed.returncode, home.returncode) == (0, 0, 1)
    assert "bay-hotline is home of" in home.stderr
    assert "--yes" in home.stderr
    assert [up.bears("exchange", "/v1/inbox", token).status_code for token in (pia, system)] == [401, 401]
    assert up.accord("token", "--system", LATER[1]).returncode == 1
    assert up.accord("person", "remove", LATER[0], "pia").returncode == 1
    inactive = [entry["id"] for kind in ("agencies", "people") for entry in up.town[kind] if not entry["active"]]
    assert inactive == [LATER[1], "pia"]
    assert "(inactive)" in up.accord("agency", "list").stdout
    assert up.pids() == later
    place = up.town["kafka"]
    password = Path(place["admin_password_file"]).read_text().strip()
    broker = Administrator(place["bootstrap_servers"], place["admin_user"], password, KafkaProtocol.PLAINTEXT)
    assert [quotas_of(broker, agency_id) for agency_id in LATER] == [AGENCY, {}, AGENCY]


@pytest.mark.parametrize("victims", [("intake", "exchange-worker"), ("postgres",)], ids=" ".join)
def test_what_dies_is_started_again_and_nobody_is_forgotten(
    up: Place, later: dict[str, int], victims: tuple[str, ...]
) -> None:
    before = up.town
    for name in victims:
        os.kill(before["processes"][name]["pid"], signal.SIGKILL)

    assert comes_true(lambda: all(up.pids()[name] != before["processes"][name]["pid"] for name in victims), 30)
    assert up.town | {"processes": {}} == before | {"processes": {}}
    assert {name for name, pid in up.pids().items() if pid != before["processes"][name]["pid"]} == set(victims)
    urls = [process["url"] for process in up.town["processes"].values() if process["url"]]
    assert comes_true(lambda: all(well(url) for url in urls), 30)
    restarts = {process.name: process.restarts for process in town_status(up.folder).processes}
    assert all(restarts[name] == 1 for name in victims)


def test_a_database_of_another_run_is_left_as_it_is(up: Place, tmp_path: Path) -> None:
    """Its keys are in another folder: with new passwords and new keys it would be of use to neither."""
    database, kafka = up.town["database"], up.town["kafka"]
    password, admin = (up.folder / "postgres/password").read_text(), Path(kafka["admin_password_file"]).read_text()
    own = (
        f"postgresql://postgres:{password.strip()}@127.0.0.1:{database['port']}/postgres",
        f"{kafka['admin_user']}:{admin.strip()}@{kafka['bootstrap_servers']}",
    )
    other = Place(tmp_path / "other", environment=ENVIRONMENT | dict(zip(OWN, own, strict=True)))

    done = other.accord("up", "--detach")

    assert done.returncode == 1
    assert "belongs to another run\n  Name that run's folder with --run" in done.stderr
    assert not other.everything()
    assert up.asks("exchange", "/v1/inbox", "--person", "sam").status_code == 200


def test_nothing_outlives_what_was_killed(up: Place, killed: list[int]) -> None:
    assert len(killed) > 2 * len(up.pids())
    assert all(is_gone(pid, 30) for pid in killed)
    assert up.everything() == []


def test_where_all_was_killed_it_says_so_and_how_to_go_on(up: Place, killed: list[int]) -> None:
    token, down = up.accord("token", "--person", "ana"), up.accord("down")

    assert (token.returncode, token.stdout) == (1, "")
    assert "The issuer does not answer\n  Start the town with `accord up" in token.stderr
    assert (down.returncode, down.stdout) == (0, f"nothing runs in {up.folder}\n")
    status = up.accord("status")
    assert (status.returncode, status.stdout) == (1, "")
    assert f"Nothing runs in {up.folder}\n  Start the town with `accord up" in status.stderr
    assert up.accord("logs", "intake", "-n", "1").stdout.startswith('{"at": ')


@dataclass
class DemoRun:
    """What was seen of a demo in the restored town, while it ran and when it had ended."""

    before: dict[str, Any]
    after: dict[str, Any]
    output: str
    progress: str
    status: int
    answers: tuple[int, int]
    survivors: list[int]
    referrals: dict[ReferralState, int]
    lists: dict[str, dict[str, int]]
    withdrawn: list[dict[str, Any]]


@pytest.fixture(scope="module")
def demo(up: Place, killed: list[int], case_ref: str) -> DemoRun:
    """The one demo of all suites that lets the town live: the others tell the story alone."""
    before = up.town
    with up.starting("demo", "--json") as child:
        assert child.stdout is not None
        output = "".join(iter(child.stdout.readline, "}\n")) + "}"
        after, now = up.town, town.read(up.folder)
        case = up.asks("intake", f"/v1/cases/{case_ref}", "--person", "ana")
        inbox = up.asks("exchange", "/v1/inbox", "--person", "ilse")
        withdrawn = up.asks("referrals", "/v1/referrals?direction=sent&state=withdrawn", "--person", "ana").json()
        assert has_life(now, plan(SEED))
        counts = referral_counts(now), list_counts(now)
        family = up.everything()
        child.send_signal(signal.SIGINT)
        _, progress = child.communicate(timeout=90)
    answers, survivors = (case.status_code, inbox.status_code), [pid for pid in family if runs(pid)]
    return DemoRun(
        before, after, output, progress, child.returncode, answers, survivors, *counts, withdrawn["referrals"]
    )


def test_a_killed_town_is_restored_runs_the_demo_and_shuts_down(demo: DemoRun) -> None:
    assert json.loads(demo.output) == demo.after
    assert demo.after | {"processes": {}} == demo.before | {"processes": {}}
    assert demo.answers == (200, 200)
    assert "Everything in the story held." in demo.progress
    assert "the first page answers" in demo.progress
    assert "otherwise" not in demo.progress
    assert demo.status == 0
    assert not demo.survivors


def test_after_the_demo_the_town_has_what_its_plan_says(demo: DemoRun) -> None:
    sent = [(case, referral) for case in plan(SEED) for referral in case.referrals]
    live = [(case, referral) for case, referral in sent if referral.mode is ReferralMode.LIVE]
    planned = Counter(referral.state for _, referral in sent) + Counter({ReferralState.WITHDRAWN: 1})  # the story's own
    to_answer = Counter(referral.receiver for _, referral in live if referral.state is ReferralState.SENT)
    questions = Counter(HOMES[case.author] for case, sent in live if sent.state is ReferralState.NEEDS_INFO)
    followed = Counter(referral.state for case, referral in live if case.coordinated)

    assert demo.referrals == planned
    for person in RECEIVERS.values():
        lists, agency = demo.lists[person], HOMES[person]
        assert (lists["to answer"], lists["questions"]) == (to_answer[agency], questions[agency])
        assert lists["ending in 7 days"] == ending_soon(agency)
        assert lists["orders to serve"] == unserved(agency)
    cora = demo.lists["cora"]
    assert (cora["to answer"], cora["questions"]) == (followed[ReferralState.SENT], followed[ReferralState.NEEDS_INFO])
    stopped = [referral for referral in demo.withdrawn if referral["reason_code"] == WithdrawReason.CONSENT_ENDED]
    assert len(stopped) == 2  # one in the story, one in the plan


def ending_soon(agency: str) -> int:
    releases = [release for case in plan(SEED) if HOMES[case.author] == agency for release in case.releases]
    return sum(release.fate is ReleaseFate.SIGNED and release.days < 7 for release in releases)


def unserved(agency: str) -> int:
    orders = [order for case in plan(SEED) if HOMES[case.author] == agency for order in case.orders]
    in_force = [order for order in orders if order.status in (OrderStatus.TEMPORARY, OrderStatus.FINAL)]
    return sum("served" not in order.events for order in in_force)


def test_a_start_that_is_broken_off_leaves_nothing(tmp_path: Path) -> None:
    command = [str(ACCORD), "demo"]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=tmp_path, env=ENVIRONMENT, **pipes) as demo:
        assert demo.stderr is not None
        assert "starting PostgreSQL and Kafka" in demo.stderr.readline()
        (place,) = (Place(folder) for folder in (ROOT / ".run").glob("demo-*") if held_by(folder, demo.pid))
        assert comes_true(lambda: len(place.everything()) > 2)
        demo.send_signal(signal.SIGTERM)
        output, errors = demo.communicate(timeout=60)

    assert (demo.returncode, output, errors) == (1, "", "accord: ended before it was done, as asked\n")
    assert place.everything() == []
    assert not place.folder.exists()


def well(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def held_by(folder: Path, pid: int) -> bool:
    try:
        return (folder / "lock").read_text().startswith(f"{pid} ")
    except FileNotFoundError:
        return False
