"""Whether two sets of times can be told apart: the two-sample Kolmogorov-Smirnov test, and how to take the times."""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI


def distance(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the greatest distance between two empirical distributions."""
    steps = sorted([(value, 1 / len(first)) for value in first] + [(value, -1 / len(second)) for value in second])
    height, greatest = 0.0, 0.0
    for number, (value, step) in enumerate(steps):
        height += step
        if number + 1 == len(steps) or steps[number + 1][0] != value:  # ties count together
            greatest = max(greatest, abs(height))
    return greatest


def likelihood(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the p-value: how likely so great a distance is, were both drawn from one distribution.

    Kolmogorov's series, with the correction for finite samples of Stephens (1970).
    """
    size = math.sqrt(len(first) * len(second) / (len(first) + len(second)))
    scaled = (size + 0.12 + 0.11 / size) * distance(first, second)
    if scaled < 0.2:
        return 1.0
    series: float = sum((-1) ** (k - 1) * math.exp(-2 * (k * scaled) ** 2) for k in range(1, 101))
    return min(1.0, max(0.0, 2 * series))


@dataclass(frozen=True)
class TimedRequest:
    """One request as it goes straight to an application: no client between, whose time would blur the answer's."""

    app: FastAPI
    method: str
    path: str
    token: Callable[[], str]
    body: Mapping[str, Any] | None = None
    delay: float = 0.0  # seconds before the answer, planted to see whether they are found

    async def time(self) -> float:
        """Return how long the answer took, which must be that there is nothing."""
        raw = b"" if self.body is None else json.dumps(self.body).encode()
        headers = [(b"host", b"service.test"), (b"authorization", f"Bearer {self.token()}".encode())]
        if self.body is not None:
            headers += [(b"content-type", b"application/json"), (b"content-length", str(len(raw)).encode())]
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": self.path,
            "raw_path": self.path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("service.test", 80),
        }
        status = 0

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": raw, "more_body": False}

        async def send(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)

        began = time.perf_counter()
        await self.app(scope, receive, send)
        if self.delay:
            until = time.perf_counter() + self.delay
            while time.perf_counter() < until:
                pass
        took = time.perf_counter() - began
        assert status == 404, f"{self.method} {self.path} was answered {status}"
        return took


async def times(
    classes: Mapping[str, Sequence[TimedRequest]], count: int, chance: random.Random
) -> dict[str, list[float]]:
    """Take the times of `count` requests of each class, interleaved, so that what drifts drifts for all.

    One at a time: what waits for another's turn would say how long that took.
    """
    turns = [name for name in classes for _ in range(count)]
    chance.shuffle(turns)
    took: dict[str, list[float]] = {name: [] for name in classes}
    for name in turns:
        took[name].append(await chance.choice(classes[name]).time())
    return took
