"""Stops that are recorded one after the other, each on a connection of its own, with the time each took."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from cli.tokens import person_token
from devstack.story.speaker import Speaker
from devstack.story.words import EXPLAINED
from schemas.town import Town

ROOT = Path(__file__).parents[2]
SERVED = {place.parent.name for place in (ROOT / "services").glob("*/openapi.json")}
ATTACKER = "lee"
STOP_SECONDS = 10.0  # after which a stop is given up and counted as that long


@dataclass
class Stopper:
    """Ana, who opened a case whose survivor says stop."""

    url: str
    token: str = field(repr=False)

    @classmethod
    def beginning(cls, town: Town, client: httpx.Client) -> Stopper:
        """Open a case that takes part."""
        ana = Speaker(town, "ana", "advocacy", client)
        case_ref = ana.does("intake", "POST", "/v1/cases", {})["case_ref"]
        ana.does(
            "consent", "PUT", f"/v1/cases/{case_ref}/participation", {"participation": "yes", "evidence": EXPLAINED}
        )
        return cls(f"{town.services['consent']}/v1/cases/{case_ref}/revocation", ana.token)

    def stop(self) -> float:
        """Return how long one stop took, until it was answered 200; a refusal is tried again and counts on."""
        began = time.monotonic()
        while time.monotonic() - began < STOP_SECONDS:
            try:
                status, body = self._ask()
            except (OSError, HTTPException):
                continue
            if status == 200:
                return time.monotonic() - began
            assert status in (429, 503), body
            time.sleep(0.05)
        return STOP_SECONDS

    def _ask(self) -> tuple[int, bytes]:
        place = urlsplit(self.url)
        connection = HTTPConnection(str(place.hostname), place.port, timeout=STOP_SECONDS)
        try:
            connection.request("POST", place.path, headers={"Authorization": f"Bearer {self.token}"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def stops(self, count: int) -> list[float]:
        """Return how long each of so many stops took, the quickest first."""
        took = []
        for _ in range(count):
            took.append(self.stop())
            time.sleep(0.02)
        return sorted(took)


@contextmanager
def attacked(town: Town, name: str) -> Iterator[None]:
    """Have the services attacked by a process of its own, with the token of somebody who may not do much there."""
    addresses = ",".join(
        f"{service}:{urlsplit(url).port}" for service, url in town.services.items() if service in SERVED
    )
    command = [sys.executable, "-m", "tests.adversary.attacks", name, addresses, person_token(town, ATTACKER)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as attacker:
        try:
            if attacker.stdout is None or attacker.stdout.readline() != "begun\n":
                raise ChildProcessError("the attack did not begin")
            time.sleep(1.0)
            yield
            if attacker.poll() is not None:
                raise ChildProcessError("the attack ended by itself")
        finally:
            attacker.kill()


def quantile(took: list[float], part: float) -> float:
    """Return the time that `part` of all took at most."""
    return took[max(0, math.ceil(part * len(took)) - 1)]
