"""The running services against a pure oracle, both ways: nothing over-shared, nothing under-shared.

Whatever is granted, denied, stopped, expired by a moved clock, blocked, offered, offered again, held up in the
outbox, replayed from the first offset or read by a worker that was just restarted: each agency is shown exactly what
the survivor allows at that instant.
"""

import os
import signal
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from devstack import stack
from devstack.processes import PROGRAMS
from devstack.story.speaker import Speaker
from devstack.story.words import EXPLAINED
from schemas.categories import DataCategory
from schemas.codes import DirectiveEffect, Purpose
from schemas.taxonomy import paths_of
from tests.kernel.consent import reference
from tests.support.consent import TOWN, a_directive
from tests.support.fault_injection import replay_from_the_start, set_clock, superuser
from tests.support.oracle import HOME, Oracle
from tests.support.second_person import confirmed
from tests.support.shared_towns import clock_town
from tests.support.waits import PATIENCE

__all__ = ["clock_town"]  # a fixture is found by its name in this module

ROUNDS = int(os.environ.get("ACCORD_ROUNDS", "3"))
STEPS = 25
READERS = {
    "harbor-house": ("sam", [Purpose.SHELTER, Purpose.ADVOCACY]),
    "county-sheriff": ("lee", [Purpose.ORDER_ENFORCEMENT, Purpose.INVESTIGATION]),
    "riverside-legal": ("jude", [Purpose.LEGAL_REPRESENTATION]),
    "st-anne-hospital": ("dr-lin", [Purpose.MEDICAL_CARE]),
}
REQUESTABLE = [
    DataCategory.IDENTITY,
    DataCategory.NEEDS,
    DataCategory.CHILDREN,
    DataCategory.WEAPONS_RISK,
    DataCategory.INCIDENT_SUMMARY,
    DataCategory.INCIDENT_NARRATIVE,
    DataCategory.MEDICAL,
    DataCategory.LOCATION,
]
CONTENT: dict[DataCategory, dict[str, Any]] = {
    DataCategory.IDENTITY: {"given_name": "Marisol", "known_as": "Mari"},
    DataCategory.NEEDS: {"needs": ["shelter"]},
    DataCategory.CHILDREN: {"children_count": 2},
    DataCategory.WEAPONS_RISK: {"weapon_involved": "yes", "weapon_kinds": ["blade"]},
    DataCategory.INCIDENT_SUMMARY: {"channel": "hotline", "violence_types": ["threats"]},
    DataCategory.INCIDENT_NARRATIVE: {"narrative": "He came back."},
    DataCategory.MEDICAL: {"injuries": "a broken wrist", "strangulation": "no"},
    DataCategory.LOCATION: {"place": {"line_1": "12 Low Road", "city": "Fairview"}},
}
categories = st.lists(st.sampled_from(REQUESTABLE), min_size=1, max_size=4, unique=True)
agencies = st.sampled_from(sorted(READERS))


class World:
    """The town under test, with an outside checker's reach: its processes, its clock, its broker."""

    def __init__(self, started: stack.Stack, client: httpx.Client) -> None:
        self.stack = started
        self.people = {
            name: Speaker(started.town, name, "advocacy", client)
            for name in ("ana", "mia", "sam", "lee", "kim", "jude", "dr-lin")
        }
        self.hours = 0

    @property
    def superuser(self) -> "psycopg.Connection[tuple[Any, ...]]":
        return superuser(self.stack)

    def now(self) -> datetime:
        with self.superuser as connection:
            row = connection.execute("SELECT register.instant()").fetchone()
        assert row is not None
        at: datetime = row[0]
        return at

    def move_clock(self, hours: int) -> None:
        self.hours += hours
        set_clock(self.stack, self.hours)

    def messages_to(self, case_ref: str, agency: str) -> list[str]:
        """Return every message ever offered to an agency of this case, from the database: listed or not."""
        with self.superuser as connection:
            rows = connection.execute(
                'SELECT o.message_ref FROM carrying.offer o JOIN register."case" c USING (subject_id) '
                "WHERE c.case_ref = %s AND o.recipient = %s AND o.type LIKE 'accord.incident%%' ORDER BY o.occurred_at",
                [case_ref, agency],
            ).fetchall()
        return [str(row[0]) for row in rows]

    def carried(self, message_ref: str) -> tuple[str, ...]:
        """Return the paths that a message carries, from the row of its offer."""
        with self.superuser as connection:
            row = connection.execute("SELECT mask FROM carrying.offer WHERE message_ref = %s", [message_ref]).fetchone()
        assert row is not None
        return paths_of(int.from_bytes(row[0], "big"))

    def waiting(self, case_ref: str) -> int:
        with self.superuser as connection:
            row = connection.execute(
                'SELECT count(*) FROM carrying.outbox JOIN register."case" c USING (subject_id) WHERE c.case_ref = %s',
                [case_ref],
            ).fetchone()
        assert row is not None
        return int(row[0])

    def signal_relay(self, number: int) -> None:
        os.kill(self.stack.running["exchange-relay"].pid, number)

    def restart_worker(self) -> None:
        program = next(program for program in PROGRAMS if program.name == "exchange-worker")
        self.stack.running[program.name].stop()
        self.stack.launch(program)
        self.stack.wait_until_ready(lambda _: None)


class ConsentMachine(RuleBasedStateMachine):
    """One survivor, four agencies, and everything that may happen between them."""

    world: World

    @initialize()
    def open_a_case(self) -> None:
        self.oracle = Oracle()
        self.paused = False
        self.disturbed = 0
        opened = self.ana.does("intake", "POST", "/v1/cases", {})
        self.case_ref: str = opened["case_ref"]
        self.take_part("yes")

    def teardown(self) -> None:
        if self.paused:
            self.world.signal_relay(signal.SIGCONT)

    @property
    def ana(self) -> Speaker:
        return self.world.people["ana"]

    def take_part(self, choice: str) -> None:
        chosen = {"participation": choice, "evidence": EXPLAINED}
        self.ana.does("consent", "PUT", f"/v1/cases/{self.case_ref}/participation", chosen)

    @rule(agency=agencies, requested=categories, days=st.integers(1, 40), purpose=st.integers(0, 1))
    def grant(self, agency: str, requested: list[DataCategory], days: int, purpose: int) -> None:
        at = self.world.now()
        chosen_purpose = READERS[agency][1][purpose % len(READERS[agency][1])]
        requested = grantable(agency, chosen_purpose, requested)
        if not requested:
            return
        until = at + timedelta(days=days)
        others = [ref for ref in self.oracle.permits() if self._is_about(ref, agency, chosen_purpose, at)]
        provision = self._provision("permit", agency, chosen_purpose, requested) | {"valid_until": instant(until)}
        provision["asked_one_by_one"] = requested
        if others:
            provision["adds_to_ref"] = str(others[-1])
        draft = self.ana.does("consent", "POST", f"/v1/cases/{self.case_ref}/directives", provision)
        signature = EXPLAINED | {"signed_at": instant(at), "signer_role": "survivor"}
        path = f"/v1/directives/{draft['directive_ref']}/signature"
        recorded = self.ana.does("consent", "POST", path, signature, If_Match=draft["etag"])
        confirmed(recorded, self.world.people["mia"])
        self._record(draft, DirectiveEffect.PERMIT, agency, chosen_purpose, requested, at, until)

    @rule(agency=agencies, requested=categories, every_purpose=st.booleans())
    def deny(self, agency: str, requested: list[DataCategory], every_purpose: bool) -> None:
        at = self.world.now()
        purpose = None if every_purpose else READERS[agency][1][0]
        provision = self._provision("deny", agency, purpose, requested)
        directive = self.ana.does("consent", "POST", f"/v1/cases/{self.case_ref}/directives", provision)
        self._record(directive, DirectiveEffect.DENY, agency, purpose, requested, at, None)

    @precondition(lambda self: self.oracle.permits())
    @rule(choice=st.integers(0, 100))
    def stop_one(self, choice: int) -> None:
        permits = self.oracle.permits()
        ref = permits[choice % len(permits)]
        self.ana.does("consent", "POST", f"/v1/directives/{ref}/revocation", {"by": "survivor", "channel": "phone"})
        self.oracle.stop(ref)

    @precondition(lambda self: self.oracle.permits())
    @rule()
    def stop_everything(self) -> None:
        self.ana.does(
            "consent", "POST", f"/v1/cases/{self.case_ref}/revocation", {"by": "survivor", "channel": "phone"}
        )
        for ref in self.oracle.permits():
            self.oracle.stop(ref)

    @rule()
    def block_an_officer(self) -> None:
        provision = {"effect": "deny", "excluded_person_ref": "kim", "excluded_agency_ref": "county-sheriff"}
        self.ana.does("consent", "POST", f"/v1/cases/{self.case_ref}/directives", provision)
        self.oracle.blocked.add("kim")

    @rule(hours=st.sampled_from([30, 60, 200]))
    def let_time_pass(self, hours: int) -> None:
        self.world.move_clock(hours)

    @rule(reported=categories)
    def report(self, reported: list[DataCategory]) -> None:
        before = len(self.world.messages_to(self.case_ref, HOME))
        body = {name: value for category in reported for name, value in CONTENT[category].items()}
        at = self.world.now()
        self.ana.does("intake", "POST", f"/v1/cases/{self.case_ref}/incidents", body)
        own = self.world.messages_to(self.case_ref, HOME)[before]
        content = dict.fromkeys(self.world.carried(own)) if self.paused else self._own_content(own)
        self.oracle.offered(own, content, at, relayed=not self.paused)

    @precondition(lambda self: self.oracle.copies and not self.paused)
    @rule(choice=st.integers(0, 100))
    def offer_again(self, choice: int) -> None:
        refs = sorted(self.oracle.copies)
        own = refs[choice % len(refs)]
        content = self._own_content(own)
        self.ana.does("exchange", "POST", f"/v1/messages/{own}/offering", {})
        self.oracle.offered(own, content, self.world.now(), relayed=True)

    @precondition(lambda self: not self.paused)
    @rule()
    def hold_up_the_relay(self) -> None:
        self._drained()
        self.world.signal_relay(signal.SIGSTOP)
        self.paused = True

    @precondition(lambda self: self.paused)
    @rule()
    def let_the_relay_go_on(self) -> None:
        self.world.signal_relay(signal.SIGCONT)
        self.paused = False
        self._drained()
        for own, copies in self.oracle.copies.items():
            content = self._own_content(own)
            for copy in copies:
                copy.content = {path: content[path] for path in copy.content}
        self.oracle.relay(self.world.now())

    @precondition(lambda self: self.disturbed < 1 and not self.paused)
    @rule(from_the_start=st.booleans())
    def disturb_the_worker(self, from_the_start: bool) -> None:
        self.disturbed += 1
        if from_the_start:
            replay_from_the_start(self.world.stack)
        else:
            self.world.restart_worker()

    @invariant()
    def everyone_is_shown_exactly_what_is_allowed(self) -> None:
        if not hasattr(self, "case_ref"):
            return
        for agency, (person, purposes) in READERS.items():
            for purpose in purposes:
                self._look(agency, person, purpose)
        self._look("county-sheriff", "kim", Purpose.ORDER_ENFORCEMENT)

    def _look(self, agency: str, person: str, purpose: Purpose) -> None:
        refs = self.world.messages_to(self.case_ref, agency)
        deadline = time.monotonic() + PATIENCE
        expected: list[dict[str, Any]] = []
        while True:
            expected = self.oracle.sees(agency, person, purpose, self.world.now())
            actual = [self._content(message) for message in self._opened(person, refs, purpose)] if refs else []
            if same(actual, expected) or time.monotonic() > deadline:
                break
            assert not over(actual, expected), f"{person} is shown more than is allowed for {purpose}"
            time.sleep(0.1)  # on its way: a message may come late, never wrongly
        assert same(actual, expected), f"{person} for {purpose}: shown {paths(actual)}, allowed {paths(expected)}"

    def _opened(self, person: str, refs: list[str], purpose: Purpose) -> list[dict[str, Any]]:
        body = {"purpose": purpose, "message_refs": refs[-100:]}
        opened: list[dict[str, Any]] = self.world.people[person].does("exchange", "POST", "/v1/openings", body)[
            "opened"
        ]
        return opened

    def _own_content(self, own: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            opened = self.ana.opens(own)
            if opened is not None:
                return self._content(opened)
            time.sleep(0.05)
        raise AssertionError("the custodian could not open its own fact")

    @staticmethod
    def _content(opened: dict[str, Any]) -> dict[str, Any]:
        return {
            f"{category}.{name}": value
            for category, part in opened["categories"].items()
            for name, value in part.items()
        }

    def _drained(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while self.world.waiting(self.case_ref):
            assert time.monotonic() < deadline, "the outbox did not drain"
            time.sleep(0.05)

    def _is_about(self, ref: UUID, agency: str, purpose: Purpose, at: datetime) -> bool:
        directive = self.oracle.directives[ref]
        return (directive.recipient, directive.purpose) == (agency, purpose) and reference.lasts(directive, at)

    @staticmethod
    def _provision(effect: str, agency: str, purpose: Purpose | None, requested: list[DataCategory]) -> dict[str, Any]:
        stated = {} if purpose is None else {"purpose": purpose}
        return {"effect": effect, "recipient": agency, "categories": requested} | stated

    def _record(
        self,
        directive: dict[str, Any],
        effect: DirectiveEffect,
        agency: str,
        purpose: Purpose | None,
        requested: list[DataCategory],
        at: datetime,
        until: datetime | None,
    ) -> None:
        terms = {"recipient": agency, "purpose": purpose, "valid_from": at, "valid_until": until}
        self.oracle.say(a_directive(effect, *requested, directive_ref=UUID(directive["directive_ref"]), **terms))


def grantable(agency: str, purpose: Purpose, requested: list[DataCategory]) -> list[DataCategory]:
    """Return what this kind of agency may be granted at all; to ask for more is refused when it is drafted."""
    allowed = {path.split(".")[0] for path in reference.allowed(TOWN[agency].kind, purpose)}
    return [category for category in requested if category in allowed]


def instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def paths(contents: list[dict[str, Any]]) -> list[list[str]]:
    return sorted(sorted(content) for content in contents)


def same(actual: list[dict[str, Any]], expected: list[dict[str, Any]]) -> bool:
    """Tell whether the same paths are shown, message by message, with the same values but for renamed references."""
    return paths(actual) == paths(expected) and not wrong_values(actual, expected)


def wrong_values(actual: list[dict[str, Any]], expected: list[dict[str, Any]]) -> bool:
    expected_pairs = {(path, repr(value)) for content in expected for path, value in content.items()}
    pairs = [(path, repr(value)) for content in actual for path, value in content.items()]
    return any(pair not in expected_pairs and not pair[0].endswith("_ref") for pair in pairs)


def over(actual: list[dict[str, Any]], expected: list[dict[str, Any]]) -> bool:
    allowed = {path for content in expected for path in content}
    return any(path not in allowed for content in actual for path in content)


@pytest.fixture(scope="module")
def world(clock_town: stack.Stack) -> Iterator[World]:
    """The town whose clock is moved; it is put right again for the suite that shares it."""
    with httpx.Client(timeout=30, trust_env=False) as client:
        yield World(clock_town, client)
    set_clock(clock_town, 0)


def test_everyone_is_shown_exactly_what_the_survivor_allows(world: World) -> None:
    ConsentMachine.world = world
    run_state_machine_as_test(
        ConsentMachine,
        settings=settings(
            max_examples=ROUNDS,
            stateful_step_count=STEPS,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],  # no shrinking and no memory: the world outside keeps what was done to it
            database=None,
        ),
    )
