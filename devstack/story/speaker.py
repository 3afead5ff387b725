"""A person of the town with a client of their own: requests, and what they then see."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from cli.tokens import person_token
from schemas.town import Town, TownPerson

PATIENCE_SECONDS = 20.0


class Surprise(Exception):
    """A step of the story had another result than expected."""


@dataclass
class Speaker:
    """A person of the town, with a token of their own; `purpose` is why they open what they open."""

    town: Town
    person: str
    purpose: str
    client: httpx.Client = field(repr=False)
    token: str = field(default="", repr=False)
    had: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def agency(self) -> str:
        """Return the id of the agency where they work."""
        return self.member.agency

    @property
    def member(self) -> TownPerson:
        """Return the entry of this person in the town."""
        return next(entry for entry in self.town.people if entry.id == self.person)

    def ask(self, service: str, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """Send one request as this person and return the answer, whatever it is."""
        answer = self._request(service, method, path, body, headers)
        if answer.status_code == 401:  # a token lives for minutes
            self.token = ""
            answer = self._request(service, method, path, body, headers)
        return answer

    def _request(
        self, service: str, method: str, path: str, body: object, headers: Mapping[str, str]
    ) -> httpx.Response:
        self.token = self.token or person_token(self.town, self.person)
        url = self.town.services[service] + path  # type: ignore[index]  # the names are the town's own
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        authorised = {"Authorization": f"Bearer {self.token}"} | named
        return self.client.request(method, url, json=body, headers=authorised)

    def does(self, service: str, method: str, path: str, body: object = None, **headers: str) -> dict[str, Any]:
        """Send one request and return its JSON; raises `Surprise` where it is refused."""
        answer = self.ask(service, method, path, body, **headers)
        if answer.status_code >= 300:
            raise Surprise(f"{self.person}: {method} {path} was answered {answer.status_code} {answer.text}")
        content: dict[str, Any] = answer.json() if answer.content else {}
        etag = answer.headers.get("etag")
        return content | ({"etag": etag} if etag else {})

    def inbox(self) -> list[dict[str, Any]]:
        """Return the routing of all that this person could open now."""
        messages: list[dict[str, Any]] = []
        path = "/v1/inbox?limit=200"
        while True:
            page = self.does("exchange", "GET", path)
            messages += page["messages"]
            if len(page["messages"]) < 200:
                return messages
            path = f"/v1/inbox?limit=200&cursor={page['cursor']}"

    def sets_aside_what_is_there(self) -> None:
        """Skip the messages present now when waiting for new ones: the town may have run before."""
        self.had = frozenset(message["message_ref"] for message in self.inbox())

    def waits_for(self, type_name: str, routing: Mapping[str, Any] | None = None, *, count: int = 1) -> dict[str, Any]:
        """Return the newest message of a type once `count` of them are listed; raises `Surprise` if none come."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            fresh = [message for message in self.inbox() if message["message_ref"] not in self.had]
            matches = [message for message in fresh if message["type"] == type_name and _fits(message, routing)]
            if len(matches) >= count:
                return matches[-1]
            time.sleep(0.1)
        raise Surprise(f"{self.person} waited {PATIENCE_SECONDS:.0f} s for {type_name} and it did not come")

    def opens(self, message_ref: str, purpose: str = "") -> dict[str, Any] | None:
        """Open a message; None is the one answer for what is absent, not permitted or stopped."""
        body = {"purpose": purpose or self.purpose}
        answer = self.ask("exchange", "POST", f"/v1/messages/{message_ref}/opening", body)
        if answer.status_code == 404:
            return None
        if answer.status_code != 200:
            raise Surprise(f"{self.person}: an opening was answered {answer.status_code} {answer.text}")
        opened: dict[str, Any] = answer.json()
        return opened


def _fits(message: Mapping[str, Any], routing: Mapping[str, Any] | None) -> bool:
    return all(message[name] == value for name, value in (routing or {}).items())
