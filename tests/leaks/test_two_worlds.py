"""Two worlds that differ only in what is hidden from an agency are the same to it, on every channel that it has."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from cli import stack
from cli.story.speaker import Speaker
from cli.tokens import person_token
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
        made = [World(running, client, richer=richer) for richer in (False, True)]
        for world in made:
            world.settle()
        for world in made:
            world.tell()
        yield made


@pytest.mark.parametrize("role", PURPOSES)
def test_an_agency_sees_no_difference_between_two_worlds_that_differ_in_what_is_hidden(
    worlds: list[World], role: str
) -> None:
    poor, rich = (seen_by(world, role) for world in worlds)

    assert list(poor) == list(rich)
    assert [
        difference(channel, poor[channel], rich[channel]) for channel in poor if poor[channel] != rich[channel]
    ] == []
    shown = sum('"categories":{"' in text for text in poor.values())
    letters = poor["mailbox"].count("\n") + 1
    assert shown > 0, "nothing was opened in either world"
    assert letters > 1
    proof("leaks", f"two worlds {role}", answers=len(poor) - 1, openings=shown, letters=letters, differing=0)


def difference(channel: str, one: str, other: str) -> str:
    """Return where two texts part, with a few words around."""
    at = next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    return f"{channel}: {one[max(0, at - 80) : at + 60]!r} | {other[max(0, at - 80) : at + 60]!r}"


def test_the_worlds_do_differ_to_whoever_may_see_it(worlds: list[World]) -> None:
    """The custodian reads what is hidden from the others: without that there were nothing to compare."""
    cases = [world.speakers["hotline"].does("intake", "GET", f"/v1/cases/{world.case_ref}") for world in worlds]
    poor, rich = ([one["incident_ref"] for one in case["incidents"]] for case in cases)

    assert (len(poor), len(rich)) == (2, 3)
    assert ("plan" in cases[0], "plan" in cases[1]) == (False, True)


def test_on_the_wire_too_what_is_anothers_is_answered_like_what_never_was(worlds: list[World]) -> None:
    """The same to the byte, headers in their order; only the date is left out, as the server's clock runs on."""
    poor, rich = worlds
    theirs = references(rich)
    asked = 0
    for role in ("shelter", "police"):
        for name in (role, f"system of {role}"):
            asker = poor.asker(role, name)
            for service, method, template, body in routes_with_a_reference():
                ref = theirs[asked % len(theirs)]
                one, other = [on_the_wire(asker, service, method, filled(template, at), body) for at in (ref, uuid4())]
                assert one == other, f"{name} tells another's from none by {method} {template}"
                asked += 1

    assert asked > 100
    proof("leaks", "existence on the wire", probes=asked, references=len(theirs), differing=0)


def references(world: World) -> list[UUID]:
    """Return every reference that there is to something of a world, whosever it is."""
    with superuser(world.started) as connection:
        rows = connection.execute(REFERENCES, {"case_ref": world.case_ref}).fetchall()
    found = [row[0] for row in rows]
    assert len(found) > 20
    return found


def routes_with_a_reference() -> Iterator[tuple[str, str, str, Any]]:
    """Yield what the published descriptions of the services offer for one thing."""
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
    asker.token = asker.token or person_token(asker.town, asker.person)
    place = asker.town.services[service].removeprefix("http://")  # type: ignore[index]  # the names are the town's own
    with closing(HTTPConnection(place, timeout=20)) as line:
        headers = {"Authorization": f"Bearer {asker.token}", "Content-Type": "application/json"}
        line.request(method, path, None if body is None else json.dumps(body), headers)
        answer = line.getresponse()
        said = answer.read()
        shown = said if answer.status == 404 else INSTANCE.sub(b"urn:uuid:", said)
        return answer.status, [one for one in answer.getheaders() if one[0].lower() != "date"], shown


def test_what_is_made_plain_hides_no_difference_but_names_references_and_instants() -> None:
    one, other = Eyes("aaaa"), Eyes("bbbb")
    ref, another = "0b1f0a7c-0000-4000-8000-000000000001", "0b1f0a7c-0000-4000-8000-000000000002"

    assert one.plain(f"shelter-aaaa {ref} {ref}") == other.plain(f"shelter-bbbb {another} {another}")
    assert one.plain("at 2026-11-21T02:10:00Z") == other.plain("at 2026-11-22T02:10:00.123+00:00")
    assert one.plain(f"{ref} {another}") != other.plain(f"{another} {another}")
    assert one.plain('"version":2') != other.plain('"version":3')
    assert one.plain("shelter") != other.plain("police")
