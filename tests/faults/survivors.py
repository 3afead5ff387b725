"""A survivor of the running town, what she allows and stops, and those who keep opening what they were sent."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

import httpx

from cli.tokens import NoToken, person_token, system_token
from devstack import stack
from devstack.story.speaker import Speaker
from devstack.story.words import EXPLAINED, in_days, now
from tests.support.fault_injection import superuser
from tests.support.second_person import confirmed
from tests.support.waits import PATIENCE

SHELTER, POLICE = "harbor-house", "county-sheriff"
ALLOWED = {SHELTER: ("shelter", ["identity", "needs", "children"]), POLICE: ("order_enforcement", ["identity"])}
INCIDENT = {"channel": "hotline", "given_name": "Marisol", "needs": ["shelter"], "children_count": 1}
STOP = {"by": "survivor", "channel": "phone"}
MESSAGES = """
SELECT m.recipient, m.message_ref FROM exchange.message AS m JOIN carrying.offer AS o USING (message_ref)
JOIN register."case" AS c ON c.subject_id = o.subject_id
WHERE c.case_ref = %s AND o.type = 'accord.incident.reported.v1' ORDER BY m.place
"""
# Every opening that found something to show by a directive, with the instant at which that was decided.
RELIED_ON = """
WITH leaves AS (SELECT convert_from(header, 'UTF8')::jsonb AS said FROM ledger.leaf
    UNION ALL SELECT convert_from(header, 'UTF8')::jsonb FROM ledger.pending)
SELECT count(*), count(*) FILTER (WHERE (said ->> 'at')::timestamptz > d.revoked_at)
FROM leaves CROSS JOIN LATERAL jsonb_array_elements_text(said -> 'directives') AS named (ref)
JOIN register.directive AS d ON d.directive_ref = named.ref::uuid
JOIN register."case" AS c ON c.subject_id = d.subject_id
WHERE c.case_ref = %s AND d.state = 'revoked' AND said ->> 'act' = 'opened' AND said ->> 'verdict' = 'permit'
"""


def waits_until(true: Callable[[], bool], why: str) -> None:
    """Wait for something that must come, however slow the machine."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"{why}: it did not come"
        time.sleep(0.002)


@dataclass
class Survivor:
    """One case of the hotline's, with a message to the shelter and one to the police."""

    started: stack.Stack
    ana: Speaker
    case_ref: str = ""
    permits: dict[str, str] = field(default_factory=dict)  # by recipient
    messages: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, started: stack.Stack, client: httpx.Client) -> Survivor:
        """Return a new survivor who takes part, allows what `ALLOWED` says, and of whom something was told."""
        survivor = cls(started, Speaker(started.town, "ana", "advocacy", client))
        survivor.case_ref = survivor.ana.does("intake", "POST", "/v1/cases", {})["case_ref"]
        survivor.takes_part("yes")
        survivor.allows(*ALLOWED)
        survivor.tells()
        waits_until(lambda: survivor.arrived() >= set(ALLOWED), "the messages")
        return survivor

    def takes_part(self, choice: str) -> None:
        """Say whether she takes part; a no closes everything."""
        chosen = {"participation": choice, "evidence": EXPLAINED}
        self.ana.does("consent", "PUT", f"/v1/cases/{self.case_ref}/participation", chosen)

    def allows(self, *recipients: str) -> None:
        """Sign a permit to each of these agencies."""
        for recipient in recipients:
            purpose, categories = ALLOWED[recipient]
            provision = {"effect": "permit", "recipient": recipient, "purpose": purpose, "categories": categories}
            draft = self.says(provision | {"valid_until": in_days(30)})
            signature = EXPLAINED | {"signed_at": now(), "signer_role": "survivor"}
            path = f"/v1/directives/{draft['directive_ref']}/signature"
            confirmed(self.ana.does("consent", "POST", path, signature, If_Match=draft["etag"]), self.mia)
            self.permits[recipient] = draft["directive_ref"]

    def says(self, provision: dict[str, Any]) -> dict[str, Any]:
        """Record what she wants permitted or denied."""
        return self.ana.does("consent", "POST", f"/v1/cases/{self.case_ref}/directives", provision)

    @property
    def mia(self) -> Speaker:
        """Return the second person of the hotline."""
        return Speaker(self.started.town, "mia", "advocacy", self.ana.client)

    def stops(self, directive_ref: str) -> None:
        """Stop one directive."""
        self.ana.does("consent", "POST", f"/v1/directives/{directive_ref}/revocation", STOP)

    def stops_everything(self) -> None:
        """Stop every permit in one step."""
        self.ana.does("consent", "POST", f"/v1/cases/{self.case_ref}/revocation", STOP)

    def lifts(self, directive_ref: str) -> None:
        """Lift a denial: she signs, and a second person of the hotline confirms it."""
        signature = EXPLAINED | {"signed_at": now(), "signer_role": "survivor"}
        path = f"/v1/directives/{directive_ref}/lifting"
        confirmed(self.ana.does("consent", "POST", path, signature, If_Match='"1"'), self.mia)

    def tells(self, **more: Any) -> None:
        """Tell the hotline something; agencies she named may open their part of it."""
        self.ana.does("intake", "POST", f"/v1/cases/{self.case_ref}/incidents", INCIDENT | more)

    def arrived(self) -> set[str]:
        """Return whose mailbox holds a message by now, and keep the newest of each."""
        self.messages = {row[0]: str(row[1]) for row in self.rows(MESSAGES, self.case_ref)}
        return set(self.messages)

    def late_leaves(self) -> tuple[int, int]:
        """Return how many openings the ledger has by what was revoked, and how many decided after that."""
        ((all_of_them, late),) = self.rows(RELIED_ON, self.case_ref)
        return all_of_them, late

    def rows(self, statement: str, *values: Any) -> list[Any]:
        """Read the database from outside."""
        with superuser(self.started) as connection:
            return connection.execute(statement, values).fetchall()


class Unanswered(Exception):
    """The connection ended before any of the answer came."""


@dataclass(frozen=True)
class Look:
    """One opening, as whoever asked saw it: which categories were shown, and between which instants."""

    began: float
    ended: float
    status: int
    categories: frozenset[str]


@dataclass
class Opener:
    """Somebody who opens one message over and over, without pause."""

    started: stack.Stack
    who: str
    agency: str
    service: str  # the address of an exchange: there may be two
    together: bool = False  # by the route for several messages at once
    looks: list[Look] = field(default_factory=list)
    message_ref: str = ""
    _token: str = ""

    def looks_at(self, survivor: Survivor) -> None:
        """Open this survivor's message from now on."""
        self.message_ref = survivor.messages[self.agency]
        self.looks = []

    def open(self, line: HTTPConnection) -> Look:
        """Open the message once."""
        purpose = {"purpose": ALLOWED[self.agency][0]}
        ref = self.message_ref
        body = purpose | {"message_refs": [ref]} if self.together else purpose
        path = "/v1/openings" if self.together else f"/v1/messages/{ref}/opening"
        self._token = self._token or self._new_token()
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        began = time.monotonic()
        try:
            line.request("POST", path, json.dumps(body), headers)
            answer = line.getresponse()
        except ConnectionError as lost:
            line.close()  # it is opened anew with the next look
            raise Unanswered from lost
        content = answer.read()
        ended = time.monotonic()
        if answer.status == 401:
            self._token = ""
        return Look(began, ended, answer.status, shown_by(answer.status, content))

    def opens_once(self) -> Look:
        """Open the message once, on a connection of its own."""
        with closing(HTTPConnection(self.service.removeprefix("http://"), timeout=60)) as line:
            return self.open(line)

    def _new_token(self) -> str:
        town = self.started.town
        return system_token(town, self.who) if self.who == self.agency else person_token(town, self.who)

    def newest(self) -> Look | None:
        """Return the look that ended last."""
        return self.looks[-1] if self.looks else None


def shown_by(status: int, answer: bytes) -> frozenset[str]:
    """Return the categories of which an answer shows a field."""
    if status != 200:
        assert b"categories" not in answer
        return frozenset()
    body = json.loads(answer)
    opened = body.get("opened", [body])
    return frozenset(category for message in opened for category, fields in message["categories"].items() if fields)


@dataclass
class Opening:
    """Openers at work, each looking again as soon as it has its answer, whenever the gate is open."""

    openers: Sequence[Opener]
    gate: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    unanswered: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def without_pause(self) -> Iterator[None]:
        """Let them look while the block runs."""
        self.gate.set()
        try:
            yield
        finally:
            self.gate.clear()

    def goes_on(self) -> bool:
        """Return true; raises what ended the work of an opener, who would never be seen to look again."""
        for work in self.works:
            if work.done():
                work.result()
        return True

    def _go_on(self, opener: Opener) -> None:
        with closing(HTTPConnection(opener.service.removeprefix("http://"), timeout=60)) as line:
            while not self.over.is_set():
                if self.gate.wait(0.05):
                    try:
                        opener.looks.append(opener.open(line))
                    except (Unanswered, NoToken) as lost:  # nothing was shown: whoever asks, asks again
                        self.unanswered[type(lost.__cause__ or lost).__name__] += 1

    def __enter__(self) -> Opening:
        self.pool = ThreadPoolExecutor(len(self.openers))
        self.works = [self.pool.submit(self._go_on, opener) for opener in self.openers]
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.pool.shutdown()
        self.goes_on()
