"""Two worlds that differ only in what is hidden from an agency are the same to it, on every channel that it has."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from itertools import cycle, product
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from cli.tokens import person_token
from devstack import stack
from devstack.story.speaker import Speaker
from tests.leaks.agency_view import seen_by
from tests.leaks.endpoints import BODIES, QUERIES
from tests.leaks.existence import INSTANCE, SERVICES
from tests.leaks.normalise import Eyes
from tests.leaks.worlds import PURPOSES, World
from tests.support.fault_injection import superuser
from tests.support.rounds import proof
from tests.support.shared_towns import running, town

__all__ = ["running", "town"]  # fixtures are found by their names in this module

ROOT = Path(__file__).parents[2]
AT_ONCE = 8
REFERENCES = """
WITH mine AS (SELECT subject_id FROM register."case" WHERE case_ref = %(case_ref)s)
SELECT case_ref FROM register."case" WHERE subject_id IN (TABLE mine)
UNION SELECT message_ref FROM carrying.offer WHERE subject_id IN (TABLE mine)
UNION SELECT directive_ref FROM register.directive WHERE subject_id IN (TABLE mine)
UNION SELECT referral_ref FROM referrals.referral WHERE case_ref = %(case_ref)s
UNION SELECT receiver_ref FROM referrals.referral WHERE case_ref = %(case_ref)s AND receiver_ref IS NOT NULL
UNION SELECT incident_ref FROM intake.incident WHERE case_ref = %(case_ref)s
"""


@pytest.fixture(scope="module")
def worlds(running: stack.Stack) -> Iterator[list[World]]:
    """One world with little to hide, and one with much more."""
    with httpx.Client(timeout=30, trust_env=False) as client:
        worlds = [World(running, client, richer=richer) for richer in (False, True)]
        for world in worlds:
            world.settle()
        for world in worlds:
            world.tell()
        yield worlds


@pytest.mark.parametrize("role", PURPOSES)
def test_two_worlds_that_differ_in_hidden_facts_look_the_same(worlds: list[World], role: str) -> None:
    poor, rich = (seen_by(world, role) for world in worlds)

    assert list(poor) == list(rich)
    assert [
        difference(channel, poor[channel], rich[channel]) for channel in poor if poor[channel] != rich[channel]
    ] == []
    openings = sum('"categories":{"' in text for text in poor.values())
    letters = poor["mailbox"].count("\n") + 1
    assert openings > 0, "nothing was opened in either world"
    assert letters > 1
    proof("leaks", f"two worlds {role}", answers=len(poor) - 1, openings=openings, letters=letters, differing=0)


def difference(channel: str, first: str, second: str) -> str:
    """Return where two texts part, with a few words around."""
    at = next(
        (place for place, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
    )
    return f"{channel}: {first[max(0, at - 80) : at + 60]!r} | {second[max(0, at - 80) : at + 60]!r}"


def test_the_worlds_do_differ_to_whoever_may_see_it(worlds: list[World]) -> None:
    """The custodian reads what is hidden from the others: without that there were nothing to compare."""
    cases = [world.speakers["hotline"].does("intake", "GET", f"/v1/cases/{world.case_ref}") for world in worlds]
    poor, rich = ([incident["incident_ref"] for incident in case["incidents"]] for case in cases)

    assert (len(poor), len(rich)) == (2, 3)
    assert ("plan" in cases[0], "plan" in cases[1]) == (False, True)


def test_on_the_wire_anothers_reference_is_answered_as_absent(worlds: list[World]) -> None:
    """The same to the byte, headers in their order; only the date is left out, as the server's clock runs on."""
    poor, rich = worlds
    refs = references(rich)
    askers = [poor.asker(role, name) for role in ("shelter", "police") for name in (role, f"system of {role}")]
    for asker in askers:
        asker.token = asker.token or person_token(asker.town, asker.person)

    def told_apart(ref: UUID, asker: Speaker, route: tuple[str, str, str, Any]) -> str:
        service, method, template, body = route
        foreign, missing = [on_the_wire(asker, service, method, filled(template, at), body) for at in (ref, uuid4())]
        return "" if foreign == missing else f"{asker.person} tells another's from none by {method} {template}"

    requests = product(askers, list(routes_with_a_reference()))
    probes = [(ref, asker, route) for ref, (asker, route) in zip(cycle(refs), requests, strict=False)]
    with ThreadPoolExecutor(AT_ONCE) as pool:  # a refusal waits for its even instant: several wait together
        findings = [finding for finding in pool.map(lambda probe: told_apart(*probe), probes) if finding]

    assert findings == []
    assert len(probes) > 100
    proof("leaks", "existence on the wire", probes=len(probes), references=len(refs), differing=0)


def references(world: World) -> list[UUID]:
    """Return every reference that there is to something of a world, whosever it is."""
    with superuser(world.started) as connection:
        rows = connection.execute(REFERENCES, {"case_ref": world.case_ref}).fetchall()
    refs = [row[0] for row in rows]
    assert len(refs) > 20
    return refs


def routes_with_a_reference() -> Iterator[tuple[str, str, str, Any]]:
    """Yield every published route that takes a reference: its service, method, template and body."""
    for service in SERVICES:
        described = json.loads((ROOT / "services" / service / "openapi.json").read_text())
        for template, methods in described["paths"].items():
            for method, operation in methods.items():
                if "{" in template:
                    body = None if method == "get" else BODIES[operation["operationId"]]
                    query = QUERIES.get(operation["operationId"])
                    yield service, method.upper(), template + (f"?{query}" if query else ""), body


def filled(template: str, ref: UUID) -> str:
    return re.sub(r"{[a-z_]+}", str(ref), template)


def on_the_wire(asker: Speaker, service: str, method: str, path: str, body: Any) -> tuple[int, list[Any], bytes]:
    """Return status, headers and body as they came."""
    place = asker.town.services[service].removeprefix("http://")  # type: ignore[index]  # the names are the town's own
    with closing(HTTPConnection(place, timeout=20)) as line:
        headers = {"Authorization": f"Bearer {asker.token}", "Content-Type": "application/json"}
        line.request(method, path, None if body is None else json.dumps(body), headers)
        answer = line.getresponse()
        raw = answer.read()
        content = raw if answer.status == 404 else INSTANCE.sub(b"urn:uuid:", raw)
        return answer.status, [header for header in answer.getheaders() if header[0].lower() != "date"], content


def test_normalising_hides_only_names_references_and_instants() -> None:
    first, second = Eyes("aaaa"), Eyes("bbbb")
    ref, another = "0b1f0a7c-0000-4000-8000-000000000001", "0b1f0a7c-0000-4000-8000-000000000002"

    assert first.plain(f"shelter-aaaa {ref} {ref}") == second.plain(f"shelter-bbbb {another} {another}")
    assert first.plain("at 2026-11-21T02:10:00Z") == second.plain("at 2026-11-22T02:10:00.123+00:00")
    assert first.plain(f"{ref} {another}") != second.plain(f"{another} {another}")
    assert first.plain('"version":2') != second.plain('"version":3')
    assert first.plain("shelter") != second.plain("police")
