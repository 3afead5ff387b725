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
from tests.leaks.endpoints import Endpoint, endpoints_of
from tests.leaks.existence import INSTANCE, Existing, absent, existing
from tests.leaks.timing_test import TimedRequest, likelihood, times
from tests.support.rounds import form, proof, rounds, seed
from tests.support.town import Town
from tests.support.web import Web

# What would end what the others need; that they find what is there is seen by a body that they refuse.
# What is named by a case and by a reference of its own.
WITHIN_A_CASE = {"intake.correct_incident": "open incident"} | dict.fromkeys(
    ("intake.complete_screen", "intake.override_band", "intake.abandon_screen"), "open screen"
)
DEAD_LETTERS = ("exchange.retry_dead_letter", "exchange.end_dead_letter")
ENDS = {
    "consent.choose_participation",
    "consent.record_death",
    "consent.stop_everything",
    "consent.stop_directive",
    "consent.draft_directive",
}
VERSIONS: Sequence[dict[str, str]] = ({}, {"If-Match": '"1"'}, {"If-Match": '"999"'})


@pytest.fixture(scope="module")
async def full_town(town: Town, web: Web) -> AsyncIterator[Existing]:
    async with existing(town, web) as full_town:
        yield full_town


@pytest.fixture(scope="module")
def endpoints(full_town: Existing) -> dict[str, Endpoint]:
    return {endpoint.name: endpoint for endpoint in endpoints_of(full_town.apps)}


@pytest.fixture
def chance() -> random.Random:
    return random.Random(seed())  # noqa: S311 - to be had again


def comparable(answer: httpx.Response) -> tuple[int, dict[str, str], bytes]:
    """Return all that an answer says; in an application there is neither a date nor an id of the request."""
    body = answer.content if answer.status_code == 404 else INSTANCE.sub(b"urn:uuid:", answer.content)
    return answer.status_code, dict(answer.headers), body


async def ask(
    full_town: Existing,
    asker: str,
    endpoint: Endpoint,
    ref: UUID,
    headers: Mapping[str, str] | None = None,
    body: Any = None,
) -> httpx.Response:
    return await full_town.ask(
        asker, endpoint.service, endpoint.method, endpoint.path(ref), body or endpoint.body, headers
    )


async def several(probe: Callable[[], Awaitable[None]]) -> None:
    """Probe eight at a time: an answer that there is nothing takes its time."""
    await asyncio.gather(*(probe() for _ in range(8)))


async def test_every_route_finds_what_is_there(full_town: Existing, endpoints: Mapping[str, Endpoint]) -> None:
    """A probe that nobody's reference could answer, for its body or for its scope, would prove nothing."""
    named = full_town.named
    own = {"law_enforcement_bridge": ("lee", "open order"), "consent": ("ana", "open directive")}
    own |= {"referrals": ("sam", "open referral received"), "exchange": ("ana", "open message to bay-hotline")}
    own |= {"referrals.withdraw_referral": ("ana", "open referral"), "tasks": ("ana", "open task")}
    own |= {"consent.request_fields": ("sam", f"open case of {full_town.shelter}")}
    own |= {"consent.decline_fields": ("ana", "open request received")}
    own |= {"consent.withdraw_fields": ("sam", "open request sent")}
    own |= {"consent.acknowledge_ending": ("sam", "open ending received")}
    own |= dict.fromkeys(DEAD_LETTERS, ("priya", "dead letter of bay-hotline"))
    status = {}
    # What a brake holds has no reference of its own, and a person's is a word:
    # `test_m6_the_brake_is_nothing_to_another_agency` and `test_other_agencies_people_are_absent` stand for them.
    others = ("/braked-notices/", "/v1/people/")
    for name, endpoint in (
        (name, endpoint)
        for name, endpoint in endpoints.items()
        if not any(part in endpoint.template for part in others)
    ):
        of_a_case = endpoint.template.startswith("/v1/cases/")
        asker, ref_name = own.get(name) or (("ana", "open case") if of_a_case else own[endpoint.service])
        path = endpoint.path(named[ref_name])
        if name in WITHIN_A_CASE:
            path = endpoint.path(named[ref_name], named[WITHIN_A_CASE[name]])
        body = endpoint.body if name not in ENDS else "not what it takes"
        answer = await full_town.ask(asker, endpoint.service, endpoint.method, path, body, {"If-Match": '"999"'})
        status[name] = answer.status_code

    assert {name: code for name, code in status.items() if code in (403, 404)} == {}
    assert {name for name, code in status.items() if code == 422} == ENDS


async def test_what_is_anothers_is_answered_like_what_never_was(
    full_town: Existing, endpoints: Mapping[str, Endpoint], chance: random.Random
) -> None:
    probes = [
        (asker.name, endpoint, ref)
        for asker in full_town.askers.values()
        for endpoint in endpoints.values()
        for ref in full_town.anothers(asker.agency)
    ]
    chance.shuffle(probes)
    left, status = iter(probes[: rounds(600, len(probes))]), Counter[int]()

    async def probe() -> None:
        for name, endpoint, ref in left:
            headers = chance.choice(VERSIONS) if endpoint.method != "GET" else {}
            foreign, missing = [
                await ask(full_town, name, endpoint, candidate, headers) for candidate in (ref, absent())
            ]
            assert comparable(foreign) == comparable(missing), f"{name} tells another's from none by {endpoint.name}"
            status[foreign.status_code] += 1

    await several(probe)

    assert set(status) == {403, 404}
    assert status[404] > 300
    proof(
        "leaks",
        "existence of anothers",
        probes=status.total(),
        routes=len(endpoints),
        found_none=status[404],
        differing=0,
    )


async def test_what_is_closed_is_answered_like_what_never_was(
    full_town: Existing, endpoints: Mapping[str, Endpoint]
) -> None:
    probes = Counter[str]()
    left = iter(list(closed(full_town)))

    async def probe() -> None:
        for denied in left:
            endpoint = endpoints[denied.route]
            for headers in VERSIONS if endpoint.method != "GET" else VERSIONS[:1]:
                shut, missing = [
                    await ask(full_town, denied.asker, endpoint, ref, headers, denied.body)
                    for ref in (denied.ref, absent())
                ]
                assert shut.status_code == 404, f"{denied.asker} finds what is {denied.why} by {denied.route}"
                assert comparable(shut) == comparable(missing), (
                    f"{denied.asker} tells what is {denied.why} from none by {denied.route}"
                )
                probes[denied.why.replace(" ", "_")] += 1

    await several(probe)

    assert set(probes) == {"revoked", "blocked", "another_purpose"}
    proof("leaks", "existence of what is closed", **probes, differing=0)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "DELETE", "PATCH", "GET", "POST", "PUT"])
async def test_a_method_that_is_not_offered_tells_nothing_either(
    full_town: Existing, endpoints: Mapping[str, Endpoint], method: str
) -> None:
    for endpoint in endpoints.values():
        for name in ("sam", "jude"):
            refs = (chosen(full_town, name), absent())
            answers = [await full_town.ask(name, endpoint.service, method, endpoint.path(ref)) for ref in refs]
            assert comparable(answers[0]) == comparable(answers[1]), f"{method} {endpoint.template}"


def chosen(full_town: Existing, asker: str) -> UUID:
    """Return something that is another agency's."""
    return full_town.anothers(full_town.askers[asker].agency)[0]


async def test_a_key_that_another_used_finds_nothing(full_town: Existing, endpoints: Mapping[str, Endpoint]) -> None:
    """The same Idempotency-Key for the same request, from another agency and from another person of the same."""
    case = full_town.named["open case"]
    endpoint = endpoints["intake.report_incident"]
    used, fresh = {"Idempotency-Key": "a-key-of-anas"}, {"Idempotency-Key": "a-key-of-nobodys"}
    assert (await ask(full_town, "ana", endpoint, case, used)).status_code == 201

    for name in ("sam", "jude", f"system of {full_town.shelter}"):
        for ref in (case, absent()):
            again, new = [await ask(full_town, name, endpoint, ref, key) for key in (used, fresh)]
            assert again.status_code == 404
            assert comparable(again) == comparable(new)


async def test_a_reference_within_a_request_tells_nothing_either(full_town: Existing) -> None:
    """Named in a body, in a query or in a cursor: another's and none are one answer there, too."""
    case, own_case = full_town.named["open case"], full_town.named[f"open case of {full_town.shelter}"]
    permit: dict[str, Any] = {"effect": "permit", "recipient": "riverside-legal", "purpose": "legal_representation"}
    permit |= {"categories": ["needs"], "valid_until": "2027-01-01T00:00:00Z"}
    sent = {"case_ref": str(own_case), "to_agency_ref": "riverside-legal", "mode": "logged"}
    sent |= {"service_code": "shelter", "priority": "urgent"}
    requests: list[tuple[str, str, str, Any]] = [
        ("exchange", "POST", "/v1/openings", lambda ref: {"purpose": "shelter", "message_refs": [str(ref)]}),
        ("consent", "POST", f"/v1/cases/{own_case}/directives", lambda ref: permit | {"supersedes_ref": str(ref)}),
        ("consent", "POST", f"/v1/cases/{own_case}/directives", lambda ref: permit | {"adds_to_ref": str(ref)}),
        ("referrals", "POST", "/v1/referrals", lambda ref: sent | {"follows_ref": str(ref)}),
        ("referrals", "POST", "/v1/referrals", lambda ref: sent | {"case_ref": str(ref)}),
        ("law_enforcement_bridge", "POST", "/v1/orders", lambda ref: {"status": "temporary", "case_ref": str(ref)}),
    ]
    assert case != own_case
    for service, method, path, body in requests:
        asker = "lee" if service == "law_enforcement_bridge" else "sam"
        missing = await full_town.ask(asker, service, method, path, body(absent()))
        for ref in full_town.anothers(full_town.askers[asker].agency):
            foreign = await full_town.ask(asker, service, method, path, body(ref))
            assert comparable(foreign) == comparable(missing), f"{path} {foreign.status_code} {missing.status_code}"
    queries = [
        ("consent", f"/v1/cases/{own_case}/preview?recipient=riverside-legal&purpose=legal_representation&draft="),
        ("exchange", "/v1/inbox?cursor="),
    ]
    for service, path in queries:
        written = cursor if service == "exchange" else str
        missing = await full_town.ask("sam", service, "GET", path + written(absent()))
        for ref in full_town.anothers(full_town.shelter):
            foreign = await full_town.ask("sam", service, "GET", path + written(ref))
            assert comparable(foreign) == comparable(missing), f"{path} {foreign.status_code} {missing.status_code}"


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


def classes(full_town: Existing, endpoint: Endpoint, asker: str, anothers: str) -> dict[str, list[TimedRequest]]:
    """Return requests of each class for one asker by one route: what never was, another's, each own that is shut."""
    app, who = full_town.apps[endpoint.service], full_town.askers[asker]

    def request(ref: UUID, body: Any = None, delay: float = 0.0) -> TimedRequest:
        return TimedRequest(app, endpoint.method, endpoint.path(ref), lambda: who.token, body or endpoint.body, delay)

    requests = {"absent": [request(absent()) for _ in range(50)], "another's": [request(full_town.named[anothers])]}
    requests["planted"] = [request(absent(), delay=PLANTED) for _ in range(50)]
    for denied in closed(full_town):
        if (denied.asker, denied.route) == (asker, endpoint.name):
            requests.setdefault(denied.why, []).append(request(denied.ref, denied.body))
    return requests


@pytest.mark.parametrize(("asker", "route", "anothers"), DRAWN, ids=lambda value: value)
async def test_no_answer_tells_by_its_time_whether_there_is_anything(
    full_town: Existing, endpoints: Mapping[str, Endpoint], chance: random.Random, asker: str, route: str, anothers: str
) -> None:
    """The times of each class are those of what never was; the same test finds a delay that was planted.

    What chance alone does once in a hundred runs is measured anew, with more tries: a real difference only grows.
    """
    all_classes = classes(full_town, endpoints[route], asker, anothers)
    await times(all_classes, 10, chance)
    count = rounds(25, 5000)
    likely = await likelihoods(all_classes, count, chance)
    for _ in range(3):  # the busier the machine, the more it takes to see as sharply
        if likely["planted"] < LEAST / 10 and not suspects(likely):
            break
        count *= 2
        likely = await likelihoods(all_classes, count, chance)

    planted = likely["planted"]
    assert planted < LEAST, f"the test is blind: a delay of {PLANTED * 1000} ms went unseen (p = {planted:.3f})"
    assert suspects(likely) == {}, "told apart by their time alone"
    least = min(p for name, p in likely.items() if name != "planted")
    figures: dict[str, int | float | str] = {"each": count, "classes": len(likely), "planted_ms": PLANTED * 1000}
    figures |= {"least_p": round(least, 4), "planted_p": f"{planted:.1e}"}
    proof("leaks", f"existence in time {route} {asker}", **figures)


async def likelihoods(
    all_classes: Mapping[str, Sequence[TimedRequest]], count: int, chance: random.Random
) -> dict[str, float]:
    """Return how likely the times of each class are, were they those of what never was."""
    took = await times(all_classes, count, chance)
    return {name: likelihood(took["absent"], took[name]) for name in took if name != "absent"}


def suspects(likely: Mapping[str, float]) -> dict[str, float]:
    """Return the classes that are told apart, the more pairs are compared the less easily (Bonferroni)."""
    pairs = len(likely) - 1
    return {name: round(p, 6) for name, p in likely.items() if name != "planted" and p < LEAST / pairs}
