"""A town of the faults' own with clients at work, and how it is healed, drained and judged."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg

from devstack.processes import PROGRAMS
from devstack.stack import Stack
from devstack.story.speaker import Speaker
from tests.faults import checker, external_state, journal
from tests.faults.checker import Finding
from tests.faults.external_state import HOME, Outside, Row
from tests.faults.journal import Command

ROOT = Path(__file__).parents[2]
HISTORIES = ROOT / ".run" / "faults"
HEALED_WITHIN, DRAINED_WITHIN = 90.0, 90.0
AT_WORK = 200  # requests, after which every client has signed in and there is something to look at
READERS = {"bay-hotline": "ana", "harbor-house": "sam", "county-sheriff": "lee", "riverside-legal": "jude"}
# Each of `CONSUMERS` has handled what was relayed.
QUIET = """
SELECT (SELECT count(*) FROM carrying.outbox), (SELECT count(*) FROM ledger.pending),
    (SELECT count(*) FROM carrying.offer WHERE state = 'offered'),
    (SELECT count(*) FROM carrying.offer o WHERE state = 'relayed' AND %s > (
        SELECT count(*) FROM carrying.inbox i WHERE i.message_ref = o.message_ref)),
    (SELECT count(*) FROM referrals.agencies_to_review()),
    (SELECT count(*) FROM notifications.due WHERE due_at <= register.instant())
"""

# What a sender has at this moment is left to it: waiting for several, in whatever order, the two would lock each other.
LAPSED = """
UPDATE notifications.due SET due_at = register.instant() WHERE notice_ref IN (
    SELECT notice_ref FROM notifications.due ORDER BY notice_ref FOR UPDATE SKIP LOCKED)
"""


@dataclass
class Place:
    """The town, and the journals of all who were clients of it."""

    started: Stack
    folder: Path
    journals: list[Path] = field(default_factory=list)

    @contextmanager
    def clients(self, seed: int, pause: float) -> Iterator[None]:
        """Let clients act, in a process of their own that nobody kills, as long as the block lasts.

        Each waits `pause` seconds between two commands: what a process has to do shares the cores with them.
        """
        file = self.folder / f"journal-{len(self.journals)}.jsonl"
        self.journals.append(file)
        command = [sys.executable, "-m", "tests.faults.clients", str(self.started.run.town_file), str(file)]
        command += [str(seed), str(pause)]
        with (self.folder / "clients.log").open("ab") as log:
            acting = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=log, stderr=log)
        try:
            assert _comes(lambda: file.exists() and file.read_bytes().count(b"\n") > AT_WORK, HEALED_WITHIN), "no work"
            yield
            assert acting.poll() is None, "the clients ended by themselves"
        finally:
            assert acting.stdin is not None
            acting.stdin.close()
            acting.wait(150)
        assert acting.returncode == 0, (self.folder / "clients.log").read_text()[-2000:]
        assert not (self.folder / "clients.log").read_text(), "a client failed"

    def commands(self) -> list[Command]:
        """Return what every client ever asked of this town."""
        return journal.read(*self.journals)

    def drain(self) -> tuple[list[Finding], float]:
        """Wait until all are well and nothing is left to do; that it takes longer than it may is a finding (I9)."""
        began = time.monotonic()
        healed = _comes(lambda: all(self.started.ready(program.name) for program in PROGRAMS), HEALED_WITHIN)
        quiet = healed and _comes(lambda: self.left() == 0 and _later(self.left) == 0, DRAINED_WITHIN)
        unready = [program.name for program in PROGRAMS if not self.started.ready(program.name)]
        findings = [] if quiet else [Finding("I9", f"not ready: {unready}; left to do: {self.counts()}")]
        return findings, time.monotonic() - began

    def counts(self) -> tuple[int, ...]:
        """Return what is left to do, of each kind."""
        with psycopg.connect(self._database, connect_timeout=5) as connection:
            row = connection.execute(QUIET, [len(checker.CONSUMERS)]).fetchone()
        assert row is not None
        return tuple(int(count) for count in row)

    def left(self) -> int:
        return sum(self.counts())

    def lapse(self) -> None:
        """Let the minute pass for which a sender has a notice to itself."""
        with psycopg.connect(self._database, connect_timeout=5) as connection:
            connection.execute(LAPSED)

    def look(self) -> Outside:
        """Fetch all that can be seen from outside."""
        listed = {agency: self._inbox(person) for agency, person in READERS.items()}
        outside = Outside(external_state.rows(self._database), listed=listed)
        agencies = sorted({row["agency_id"] for row in outside["agencies"]})
        kafka = self.started.kafka.settings() | {"auto.offset.reset": "earliest"}
        outside.mailboxes = external_state.mailboxes(kafka, agencies)
        outside.shown_incidents = self._incidents(
            row["case_ref"] for row in outside["cases"] if row["agency_id"] == HOME
        )
        outside.handed_on = external_state.handed_on(self.started.run.folder)
        outside.vkey = (self.started.run.folder / "ledger.vkey").read_text().strip()
        return outside

    def judged(self) -> list[Finding]:
        """Return all that does not hold of this town's whole life; its history is kept then, to be judged again."""
        outside = self.look()
        findings = checker.judge(self.commands(), outside)
        if findings:
            folder = HISTORIES / self.folder.name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "outside.pickle").write_bytes(pickle.dumps(outside))
            for file in self.journals:
                shutil.copy(file, folder)
        return findings

    @property
    def _database(self) -> str:
        return self.started.postgres.superuser_url("accord")

    def _inbox(self, person: str) -> list[Row]:
        messages, path, began = list[Row](), "/v1/inbox?limit=200", time.time()
        with self._as(person) as speaker:
            while True:
                page = _seen(speaker, "exchange", path)
                messages += [message | {"listed_at": began} for message in page["messages"]]
                if len(page["messages"]) < 200:
                    return messages
                path = f"/v1/inbox?limit=200&cursor={page['cursor']}"

    def _incidents(self, cases: Iterator[str]) -> dict[str, set[str]]:
        with self._as("ana") as ana:
            return {case: _incident_refs(_seen(ana, "intake", f"/v1/cases/{case}")) for case in cases}

    @contextmanager
    def _as(self, person: str) -> Iterator[Speaker]:
        with httpx.Client(timeout=30, trust_env=False) as client:
            yield Speaker(self.started.town, person, "", client)


def _seen(speaker: Speaker, service: str, path: str) -> dict[str, Any]:
    """Return what a person is shown; 503 right after the kills is a time to ask again, as it is for any client."""
    until = time.monotonic() + HEALED_WITHIN
    while (answer := speaker.ask(service, "GET", path)).status_code == 503 and time.monotonic() < until:
        time.sleep(0.2)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def _incident_refs(case: dict[str, Any]) -> set[str]:
    return {incident["incident_ref"] for incident in case["incidents"]}


def _later(claim: Any) -> Any:
    time.sleep(2.5)  # the clock of referrals comes round every two seconds
    return claim()


def _comes(claim: Any, within: float) -> bool:
    deadline = time.monotonic() + within
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True
