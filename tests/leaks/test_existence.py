"""Absent, another's, not permitted, revoked, hidden from this very person: one answer, to the byte and in its time."""

import asyncio
import base64
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.leaks.denied_refs import closed
from tests.leaks.endpoints import Way, ways
from tests.leaks.existence import INSTANCE, Existing, absent, existing
from tests.leaks.timing_test import Asked, likelihood, times
from tests.support.rounds import form, proof, rounds, seed
from tests.support.town import Town
from tests.support.web import Web

# What would end what the others need; that they find what is there is seen by a body that they refuse.
ENDS = {
    "consent.choose_participation",
    "consent.record_death",
    "consent.stop_everything",
    "consent.stop_directive",
    "consent.draft_directive",
}
VERSIONS: Sequence[dict[str, str]] = ({}, {"If-Match": '"1"'}, {"If-Match": '"999"'})


@pytest.fixture(scope="module")
async def there(town: Town, web: Web) -> AsyncIterator[Existing]:
    async with existing(town, web) as made:
        yield made


@pytest.fixture(scope="module")
def all_ways(there: Existing) -> dict[str, Way]:
    return {way.name: way for way in ways(there.apps)}


@pytest.fixture
def chance() -> random.Random:
    return random.Random(seed())  # noqa: S311 - to be had again


def seen(answer: httpx.Response) -> tuple[int, dict[str, str], bytes]:
    """Return all that an answer says; in an application there is neither a date nor an id of the request."""
    body = answer.content if answer.status_code == 404 else INSTANCE.sub(b"urn:uuid:", answer.content)
    return answer.status_code, dict(answer.headers), body


async def ask(
    there: Existing, asker: str, way: Way, ref: UUID, headers: Mapping[str, str] | None = None, body: Any = None
) -> httpx.Response:
    return await there.ask(asker, way.service, way.method, way.path(ref), body or way.body, headers)


async def several(probe: Callable[[], Awaitable[None]]) -> None:
    """Probe eight at a time: an answer that there is nothing takes its time."""
    await asyncio.gather(*(probe() for _ in range(8)))


async def test_every_route_finds_what_is_there(there: Existing, all_ways: Mapping[str, Way]) -> None:
    """A probe that nobody's reference could answer, for its body or for its scope, would prove nothing."""
    named = there.named
    own = {"law_enforcement_bridge": ("lee", "open order"), "consent": ("ana", "open directive")}
    own |= {"referrals": ("sam", "open referral received"), "exchange": ("ana", "open message to bay-hotline")}
    own |= {"referrals.withdraw_referral": ("ana", "open referral")}
    status = {}
    # What a brake holds has no reference of its own: `test_m6_the_brake_is_nothing_to_another_agency` stands for it.
    for name, way in ((name, way) for name, way in all_ways.items() if "/braked-notices/" not in way.template):
        of_a_case = way.template.startswith("/v1/cases/")
        asker, thing = own.get(name) or (("ana", "open case") if of_a_case else own[way.service])
        path = way.path(named[thing])
        if name == "intake.correct_incident":
            path = way.path(named[thing], named["open incident"])
        body = way.body if name not in ENDS else "not what it takes"
        answer = await there.ask(asker, way.service, way.method, path, body, {"If-Match": '"999"'})
        status[name] = answer.status_code

    assert {name: code for name, code in status.items() if code in (403, 404)} == {}
    assert {name for name, code in status.items() if code == 422} == ENDS


async def test_what_is_anothers_is_answered_like_what_never_was(
    there: Existing, all_ways: Mapping[str, Way], chance: random.Random
) -> None:
    probes = [
        (asker.name, way, ref)
        for asker in there.askers.values()
        for way in all_ways.values()
        for ref in there.anothers(asker.agency)
    ]
    chance.shuffle(probes)
    left, status = iter(probes[: rounds(600, len(probes))]), Counter[int]()

    async def probe() -> None:
        for name, way, ref in left:
            headers = chance.choice(VERSIONS) if way.method != "GET" else {}
            theirs, none = [await ask(there, name, way, one, headers) for one in (ref, absent())]
            assert seen(theirs) == seen(none), f"{name} tells another's from none by {way.name}"
            status[theirs.status_code] += 1

    await several(probe)

    assert set(status) == {403, 404}
    assert status[404] > 300
    proof(
        "leaks",
        "existence of anothers",
        probes=status.total(),
        routes=len(all_ways),
        found_none=status[404],
        differing=0,
    )


async def test_what_is_closed_is_answered_like_what_never_was(there: Existing, all_ways: Mapping[str, Way]) -> None:
    asked = Counter[str]()
    left = iter(list(closed(there)))

    async def probe() -> None:
        for one in left:
            way = all_ways[one.route]
            for headers in VERSIONS if way.method != "GET" else VERSIONS[:1]:
                shut, none = [await ask(there, one.asker, way, ref, headers, one.body) for ref in (one.ref, absent())]
                assert shut.status_code == 404, f"{one.asker} finds what is {one.why} by {one.route}"
                assert seen(shut) == seen(none), f"{one.asker} tells what is {one.why} from none by {one.route}"
                asked[one.why.replace(" ", "_")] += 1

    await several(probe)

    assert set(asked) == {"revoked", "blocked", "another_purpose"}
    proof("leaks", "existence of what is closed", **asked, differing=0)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "DELETE", "PATCH", "GET", "POST", "PUT"])
async def test_a_method_that_is_not_offered_tells_nothing_either(
    there: Existing, all_ways: Mapping[str, Way], method: str
) -> None:
    for way in all_ways.values():
        for name in ("sam", "jude"):
            refs = (chosen(there, name), absent())
            both = [await there.ask(name, way.service, method, way.path(ref)) for ref in refs]
            assert seen(both[0]) == seen(both[1]), f"{method} {way.template}"


def chosen(there: Existing, asker: str) -> UUID:
    """Return something that is another agency's."""
    return there.anothers(there.askers[asker].agency)[0]


async def test_a_key_that_another_used_finds_nothing(there: Existing, all_ways: Mapping[str, Way]) -> None:
    """The same Idempotency-Key for the same request, from another agency and from another person of the same."""
    case = there.named["open case"]
    way = all_ways["intake.report_incident"]
    used, fresh = {"Idempotency-Key": "a-key-of-anas"}, {"Idempotency-Key": "a-key-of-nobodys"}
    assert (await ask(there, "ana", way, case, used)).status_code == 201

    for name in ("sam", "jude", f"system of {there.shelter}"):
        for ref in (case, absent()):
            again, new = [await ask(there, name, way, ref, key) for key in (used, fresh)]
            assert again.status_code == 404
            assert seen(again) == seen(new)


async def test_a_reference_within_a_request_tells_nothing_either(there: Existing) -> None:
    """Named in a body, in a query or in a cursor: another's and none are one answer there, too."""
    case, mine = there.named["open case"], there.named[f"open case of {there.shelter}"]
    permit: dict[str, Any] = {"effect": "permit", "recipient": "riverside-legal", "purpose": "legal_representation"}
    permit |= {"categories": ["needs"], "valid_until": "2027-01-01T00:00:00Z"}
    sent = {"case_ref": str(mine), "to_agency_ref": "riverside-legal", "mode": "logged"}
    sent |= {"service_code": "shelter", "priority": "urgent"}
    asked: list[tuple[str, str, str, Any]] = [
        ("exchange", "POST", "/v1/openings", lambda ref: {"purpose": "shelter", "message_refs": [str(ref)]}),
        ("consent", "POST", f"/v1/cases/{mine}/directives", lambda ref: permit | {"supersedes_ref": str(ref)}),
        ("consent", "POST", f"/v1/cases/{mine}/directives", lambda ref: permit | {"adds_to_ref": str(ref)}),
        ("referrals", "POST", "/v1/referrals", lambda ref: sent | {"follows_ref": str(ref)}),
        ("referrals", "POST", "/v1/referrals", lambda ref: sent | {"case_ref": str(ref)}),
        ("law_enforcement_bridge", "POST", "/v1/orders", lambda ref: {"status": "temporary", "case_ref": str(ref)}),
    ]
    assert case != mine
    for service, method, path, body in asked:
        asker = "lee" if service == "law_enforcement_bridge" else "sam"
        none = await there.ask(asker, service, method, path, body(absent()))
        for ref in there.anothers(there.askers[asker].agency):
            theirs = await there.ask(asker, service, method, path, body(ref))
            assert seen(theirs) == seen(none), f"{path} {theirs.status_code} {none.status_code}"
    queries = [
        ("consent", f"/v1/cases/{mine}/preview?recipient=riverside-legal&purpose=legal_representation&draft="),
        ("exchange", "/v1/inbox?cursor="),
    ]
    for service, path in queries:
        written = cursor if service == "exchange" else str
        none = await there.ask("sam", service, "GET", path + written(absent()))
        for ref in there.anothers(there.shelter):
            theirs = await there.ask("sam", service, "GET", path + written(ref))
            assert seen(theirs) == seen(none), f"{path} {theirs.status_code} {none.status_code}"


def cursor(ref: UUID) -> str:
    return base64.urlsafe_b64encode(json.dumps([str(ref)]).encode()).rstrip(b"=").decode()


# Whose time is taken: who asks, by which route, and something of its kind that is another's.
TIMED = (
    ("sam", "exchange.open_message", "open message to bay-hotline"),
    ("sam", "exchange.read_case", "open case"),
    ("sam", "referrals.read_referral", "open referral"),
    ("sam", "referrals.accept_referral", "open referral"),
    ("kim", "law_enforcement_bridge.read_order", "order of legal aid"),
    ("ana", "intake.read_case", "case of the open order"),
    ("ana", "consent.read_directive", "case of the open order"),
    ("ana", "audit.read_accounting", "case of the open order"),
    ("ana", "notifications.read_notices", "case of the open order"),
)
OTHERS = min(rounds(1, 8), len(TIMED) - 1)  # of which chance draws so many for a run; openings are timed always
DRAWN = (TIMED[0], *random.Random(seed()).sample(TIMED[1:], OTHERS))  # noqa: S311 - to be had again
PLANTED = 0.0003 if form() == "long" else 0.0006  # seconds; half of it takes four times as many tries to see
LEAST = 0.01  # how likely a difference by chance must be at least


def classes(there: Existing, way: Way, asker: str, anothers: str) -> dict[str, list[Asked]]:
    """Return requests of each class for one asker by one route: what never was, another's, each own that is shut."""
    app, who = there.apps[way.service], there.askers[asker]

    def asked(ref: UUID, body: Any = None, delay: float = 0.0) -> Asked:
        return Asked(app, way.method, way.path(ref), lambda: who.token, body or way.body, delay)

    made = {"absent": [asked(absent()) for _ in range(50)], "another's": [asked(there.named[anothers])]}
    made["planted"] = [asked(absent(), delay=PLANTED) for _ in range(50)]
    for one in closed(there):
        if (one.asker, one.route) == (asker, way.name):
            made.setdefault(one.why, []).append(asked(one.ref, one.body))
    return made


@pytest.mark.parametrize(("asker", "route", "anothers"), DRAWN, ids=lambda said: said)
async def test_no_answer_tells_by_its_time_whether_there_is_anything(
    there: Existing, all_ways: Mapping[str, Way], chance: random.Random, asker: str, route: str, anothers: str
) -> None:
    """The times of each class are those of what never was; the same test finds a delay that was planted.

    What chance alone does once in a hundred runs is measured anew, with more tries: a real difference only grows.
    """
    all_classes = classes(there, all_ways[route], asker, anothers)
    await times(all_classes, 10, chance)
    each = rounds(25, 5000)
    likely = await likelihoods(all_classes, each, chance)
    for _ in range(3):  # the busier the machine, the more it takes to see as sharply
        if likely["planted"] < LEAST / 10 and not suspects(likely):
            break
        each *= 2
        likely = await likelihoods(all_classes, each, chance)

    planted = likely["planted"]
    assert planted < LEAST, f"the test is blind: a delay of {PLANTED * 1000} ms went unseen (p = {planted:.3f})"
    assert suspects(likely) == {}, "told apart by their time alone"
    least = min(p for name, p in likely.items() if name != "planted")
    figures: dict[str, int | float | str] = {"each": each, "classes": len(likely), "planted_ms": PLANTED * 1000}
    figures |= {"least_p": round(least, 4), "planted_p": f"{planted:.1e}"}
    proof("leaks", f"existence in time {route} {asker}", **figures)


async def likelihoods(all_classes: Mapping[str, Sequence[Asked]], each: int, chance: random.Random) -> dict[str, float]:
    """Return how likely the times of each class are, were they those of what never was."""
    took = await times(all_classes, each, chance)
    return {name: likelihood(took["absent"], took[name]) for name in took if name != "absent"}


def suspects(likely: Mapping[str, float]) -> dict[str, float]:
    """Return the classes that are told apart, the more pairs are compared the less easily (Bonferroni)."""
    pairs = len(likely) - 1
    return {name: round(p, 6) for name, p in likely.items() if name != "planted" and p < LEAST / pairs}
