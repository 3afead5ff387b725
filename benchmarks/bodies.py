"""Bodies: how long the worst body that each route takes holds the loop, on which stops are answered too

Every service in one process, as the fuzzers run them, and for each operation that takes a body the largest that its
router lets in: as many numbers as may be, objects within objects, one text of escapes, and each list of its own form
filled with what does not belong there. What is measured is the longest single step of the loop until the answer: the
parser's, the form's, or that of the answer which names each wrong field. The baseline is the same operation's longest
step with an empty object.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from benchmarks.measurement import Goal, keep, percentile
from benchmarks.setup import a_folder
from devstack.postgres import Postgres
from runtime.http import body
from schemas.strict_json import MAX_ELEMENTS
from services.consent.api.permissions import routes as consent
from services.intake.api.case_routes import routes as intake
from services.law_enforcement_bridge.api import write_routes
from tests.fuzz.all_services import Street, a_street
from tests.fuzz.valid_requests import Good, filled
from tests.support.rounds import rounds

SERVICES: Final = Path(__file__).parents[1] / "services"
NAMES: Final = ("intake", "consent", "law_enforcement_bridge", "referrals", "notifications", "exchange")
ELEMENTS: Final = MAX_ELEMENTS - 10
TIMES: Final = rounds(5, 20)  # that each body is sent


@dataclass
class Longest:
    """The longest step of a loop since it was last asked for."""

    thread: int | None
    seconds: float = 0.0

    def acquire(self) -> float:
        """Return it, and begin anew."""
        longest, self.seconds = self.seconds, 0.0
        return longest


@contextmanager
def watched(street: Street) -> Iterator[Longest]:
    """Time each step of the street's loop."""
    longest, run = Longest(None), asyncio.Handle._run
    street.loop.call_soon_threadsafe(lambda: setattr(longest, "thread", threading.get_ident()))

    def timed(handle: asyncio.Handle) -> None:
        began = time.perf_counter()
        run(handle)
        if threading.get_ident() == longest.thread:
            longest.seconds = max(longest.seconds, time.perf_counter() - began)

    asyncio.Handle._run = timed  # type: ignore[method-assign,assignment]
    try:
        yield longest
    finally:
        asyncio.Handle._run = run  # type: ignore[method-assign]


def limits() -> dict[str, int]:
    """Return how many bytes each service's largest router takes."""
    return dict.fromkeys(NAMES, body.LIMIT) | {
        "intake": intake.route_class.most_bytes,  # type: ignore[attr-defined]
        "consent": consent.route_class.most_bytes,  # type: ignore[attr-defined]
        "law_enforcement_bridge": write_routes.routes.route_class.most_bytes,  # type: ignore[attr-defined]
    }


def worst(most: int, form: dict[str, Any]) -> Iterator[bytes]:
    """Yield the worst bodies of up to so many bytes for a form."""
    texts = '{"x":"' + "\\u00e9" * ((most - 16) // 6) + '"}'
    deep = '{"x":[' + ",".join(['{"y":{}}'] * (ELEMENTS // 4)) + "]}"
    bodies = [json.dumps({"x": [1] * ELEMENTS}), texts, deep]
    for name, schema in form.get("properties", {}).items():
        if "array" in json.dumps(schema):
            bodies.append(json.dumps({name: ["z"] * ELEMENTS}))
            bodies.append(json.dumps({name: [{"z": 1}] * (ELEMENTS // 2)}))
    yield from (body.encode() for body in bodies if len(body) <= most)


def forms() -> Iterator[tuple[str, str, str, str, dict[str, Any]]]:
    """Yield each operation that takes a body: service, method, path, name and form."""
    for service in NAMES:
        described = json.loads((SERVICES / service / "openapi.json").read_text())
        for path, item in described["paths"].items():
            for method, operation in item.items():
                content = operation.get("requestBody", {}).get("content", {}).get("application/json")
                if content is not None:
                    ref = content["schema"].get("$ref", "").rpartition("/")[2]
                    form = described["components"]["schemas"].get(ref, content["schema"])
                    yield service, method.upper(), path, operation["operationId"], form


def main() -> None:
    """Send the worst bodies to every operation that takes one."""
    with a_folder() as folder:
        server = Postgres.start(folder / "postgres")
        try:
            with a_street(server, folder) as street, httpx.Client(timeout=30, trust_env=False) as client:
                measured = measure(street, client)
        finally:
            server.stop()
    keep_figures(measured)


def measure(street: Street, client: httpx.Client) -> dict[str, tuple[list[float], list[float]]]:
    """Return the longest steps of each operation, with an empty object and with the worst bodies, in seconds."""
    stock, most = filled(street, 1), limits()
    measured: dict[str, tuple[list[float], list[float]]] = {}
    with watched(street) as longest:
        for service, method, path, name, form in forms():
            good = next(candidate for candidate in stock[name] if path.count("{") == len(candidate.path))
            measured[name] = tuple(
                [step(client, street, longest, (service, method, path), good, content) for content in bodies]
                for bodies in ([b"{}"], list(worst(most[service], form)))
            )  # type: ignore[assignment]  # two
    return measured


def step(
    client: httpx.Client, street: Street, longest: Longest, route: tuple[str, str, str], good: Good, content: bytes
) -> float:
    """Return the longest step that a body takes by itself: the least of several tries, as others use the machine."""
    durations = []
    for _ in range(TIMES):
        longest.acquire()
        send(client, street, *route, good, content)
        durations.append(longest.acquire())
    return min(durations)


def send(
    client: httpx.Client, street: Street, service: str, method: str, path: str, good: Good, content: bytes
) -> None:
    """Send a body as somebody who may, and expect a refusal."""
    headers = {"Authorization": f"Bearer {street.token(good.who)}", "Content-Type": "application/json", **good.headers}
    answer = client.request(
        method, street.addresses[service] + path.format(**good.path), content=content, headers=headers
    )
    if answer.status_code >= 500:
        raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text[:200]}")


def keep_figures(measured: dict[str, tuple[list[float], list[float]]]) -> None:
    """Keep the longest step of all, and its operation."""
    name = max(measured, key=lambda operation: max(measured[operation][1]))
    every = [step for _, steps in measured.values() for step in steps]
    least = [step for steps, _ in measured.values() for step in steps]
    compared = {
        f"{len(steps)} {label}": f"p50 {percentile(steps, 50) * 1e3:.2f} p99 {percentile(steps, 99) * 1e3:.2f} ms"
        for label, steps in (("worst bodies", every), ("empty objects", least))
    }
    goal = Goal(10, at_most=True)
    keep("bodies", "longest step of the loop for a body", max(every) * 1e3, "ms", goal, 0.0, compared, longest_of=name)


if __name__ == "__main__":
    main()
