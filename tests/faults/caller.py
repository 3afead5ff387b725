"""A person of the town at their own system: each try of each request is written down before the next begins."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from tests.faults.journal import Command, Journal, Try

PATIENCE = 8.0  # seconds for one answer
TRIES = 12
PURPOSES = {"sam": "shelter", "lee": "order_enforcement", "jude": "legal_representation", "ana": "advocacy"}


@dataclass
class Caller:
    """A person of the town with a token, whose every try is written down."""

    town: dict[str, Any]
    who: str
    journal: Journal
    stopping: threading.Event
    pause: float  # seconds between two commands
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=PATIENCE, trust_env=False))
    token: str = ""

    @property
    def agency(self) -> str:
        return str(next(person["agency"] for person in self.town["people"] if person["id"] == self.who))

    @property
    def purpose(self) -> str:
        return PURPOSES[self.who]

    def command(
        self, does: str, service: str, method: str, path: str, body: object = None, *, once: bool = False, **more: Any
    ) -> Command:
        """Repeat a command under one key until its outcome is clear; `once` is for what is decided anew each time."""
        ref, tries = str(uuid4()), list[Try]()
        headers = {} if once else {"Idempotency-Key": ref}
        if "if_match" in more:
            headers["If-Match"] = more.pop("if_match")
        params = {"path": path} | (body if isinstance(body, dict) else {}) | more
        while True:
            tries.append(self._try(ref, does, f"{self.town['services'][service]}{path}", method, body, headers, params))
            clear = tries[-1].outcome == "yes" or (tries[-1].outcome == "no" and tries[-1].reached)
            if not clear:
                time.sleep(min(1.5, 0.1 * 2 ** len(tries)))
            if clear or once or len(tries) == TRIES:
                return Command(tuple(tries))

    def _try(
        self, ref: str, does: str, url: str, method: str, body: object, headers: dict[str, str], params: dict[str, Any]
    ) -> Try:
        while True:
            self._sign_in()
            began, status, reached, answer = time.time(), 0, True, dict[str, Any]()
            try:
                response = self.client.request(
                    method, url, json=body, headers=headers | {"Authorization": f"Bearer {self.token}"}
                )
                status, answer = response.status_code, _answer_of(response)
            except httpx.ConnectError:
                reached = False
            except httpx.HTTPError:
                pass
            if status != 401:
                break
            self.token = ""
        tried = Try(ref, does, self.who, self.agency, began, time.time(), status, reached, params, answer)
        self.journal.write(tried)
        return tried

    def _sign_in(self) -> None:
        while not self.token:
            person = next(person for person in self.town["people"] if person["id"] == self.who)
            form = {"grant_type": "password", "username": self.who}
            form["password"] = Path(person["passphrase_file"]).read_text().strip()
            try:
                response = self.client.post(self.town["issuer"]["token_url"], data=form)
                self.token = response.json().get("access_token", "")
            except (httpx.HTTPError, ValueError):
                pass
            if not self.token:
                time.sleep(0.3)


def _answer_of(response: httpx.Response) -> dict[str, Any]:
    etag = {"etag": response.headers["etag"]} if "etag" in response.headers else {}
    try:
        content = response.json() if response.content else {}
    except ValueError:
        content = {"text": response.text}
    return dict(content) | etag
