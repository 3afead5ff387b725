"""Carrying a plan out: everybody at their own system, several at once, never more than one client may."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from devstack.story.speaker import Speaker, Surprise
from devstack.town_life import forms
from devstack.town_life.parties import HOMES, RECEIVERS
from devstack.town_life.people import AT_ONCE, TownPeople, listed_referrals
from devstack.town_life.steps import PlannedCase, PlannedOrder, PlannedReferral, PlannedRelease, ReleaseFate
from schemas.codes import Participation, ReferralMode, ReferralState, WithdrawReason
from schemas.town import Town

PATIENCE_SECONDS: Final = 60.0  # for what workers and clocks bring by themselves, on a machine that has other work
# How many of the messages that came from other agencies each of them opens; Ana opens the answers to her referrals.
OPENED: Final = {"ana": 15, "sam": 20, "noor": 10, "jude": 8, "dr-lin": 8, "lee": 8}
ANSWERS: Final = {
    ReferralState.NEEDS_INFO: ("question",),
    ReferralState.ACCEPTED: ("acceptance",),
    ReferralState.IN_PROGRESS: ("acceptance", "start"),
    ReferralState.DECLINED: ("decline",),
    ReferralState.COMPLETED: ("acceptance", "start", "completion"),
    ReferralState.COULD_NOT_CONTACT: ("acceptance", "contact-failure"),
}
Advance = Callable[[], None]
SentAt = tuple[str, str]  # by which agency, and at which instant: both sides of a referral know these two


@dataclass
class OpenedCase:
    """A case as its agency now has it: its reference, its releases, and what was sent from it."""

    planned: PlannedCase
    case_ref: str
    directives: dict[str, str] = field(default_factory=dict)
    sent: list[tuple[PlannedReferral, dict[str, Any]]] = field(default_factory=list)


def step_count(cases: Sequence[PlannedCase]) -> int:
    """Return how often `carry_out` says that it has come further."""
    return len(cases) + sum(len(case.referrals) for case in cases) + len(OPENED)


def carry_out(town: Town, cases: Sequence[PlannedCase], advance: Advance) -> None:
    """Do all that the plan says, calling `advance` after each step; raises `Surprise` where the town refuses one."""
    limits = httpx.Limits(max_keepalive_connections=AT_ONCE * len(town.services))
    with httpx.Client(timeout=30, trust_env=False, limits=limits) as client, ThreadPoolExecutor(AT_ONCE) as pool:
        people = TownPeople(town, client)
        opened = _all(pool.map(lambda case: _open_case(people, case), cases), advance)
        received = dict(pair for pairs in pool.map(lambda name: _received(people, name), RECEIVERS) for pair in pairs)
        sent = [(case, planned, answer) for case in opened for planned, answer in case.sent]
        _all(pool.map(lambda entry: _to_its_state(people, received, *entry), sent), advance)
        _all(pool.map(lambda entry: _open_messages(people, *entry), OPENED.items()), advance)


def has_life(town: Town, cases: Sequence[PlannedCase]) -> bool:
    """Tell whether such a plan was carried out already, judged by the case list of its first author."""
    with httpx.Client(timeout=30, trust_env=False) as client:
        ana = TownPeople(town, client).named("ana")
        sent = ana.does("referrals", "GET", "/v1/referrals/count?direction=sent")["count"]
    return bool(sent >= sum(len(case.referrals) for case in cases if HOMES[case.author] == ana.agency))


def _all(results: Iterable[Any], advance: Advance) -> list[Any]:
    done = []
    for result in results:
        done.append(result)
        advance()
    return done


def _open_case(people: TownPeople, planned: PlannedCase) -> OpenedCase:
    """Open the case, and do all in it that its own agency does."""
    author, notes = people.named(planned.author), planned.notes
    case_ref = str(author.does("intake", "POST", "/v1/cases", {"channel": notes.channel})["case_ref"])
    case = OpenedCase(planned, case_ref)
    if planned.participation is not Participation.NOT_ASKED:
        answer = forms.choice(planned.author, notes, planned.participation)
        author.does("consent", "PUT", f"/v1/cases/{case_ref}/participation", answer)
    for release in planned.releases:
        directive_ref = _write_release(author, case, release)
        case.directives.setdefault(release.recipient, directive_ref)
    _write_notes(author, case)
    for number, order in enumerate(planned.orders, planned.number * 10):
        _record_order(author, case, number, order)
    for referral in planned.referrals:
        form = forms.referral(case_ref, notes, referral)
        case.sent.append((referral, author.does("referrals", "POST", "/v1/referrals", form)))
    return case


def _write_notes(author: Speaker, case: OpenedCase) -> None:
    path, notes = f"/v1/cases/{case.case_ref}", case.planned.notes
    if notes.nickname:
        version = author.does("intake", "GET", path)["version"]
        nickname = {"nickname": notes.nickname}
        author.does("intake", "PUT", f"{path}/nickname", nickname, If_Match=f'"{version}"')
    if notes.incident:
        author.does("intake", "POST", f"{path}/incidents", forms.incident(notes))
    headers: dict[str, str] = {}
    for version in range(1, notes.plan_versions + 1):
        written = author.does("intake", "POST", f"{path}/plans", forms.safety_plan(notes, version), **headers)
        headers = {"If_Match": written["etag"]}


def _write_release(author: Speaker, case: OpenedCase, release: PlannedRelease) -> str:
    form = forms.directive(release)
    draft = author.does("consent", "POST", f"/v1/cases/{case.case_ref}/directives", form)
    path, version = f"/v1/directives/{draft['directive_ref']}", draft["etag"]
    if release.fate is ReleaseFate.REFUSED:
        author.does("consent", "POST", f"{path}/refusal", If_Match=version)
    elif release.fate not in (ReleaseFate.DRAFT, ReleaseFate.DENIED):
        evidence = forms.signature(author.person, case.planned.notes)
        author.does("consent", "POST", f"{path}/signature", evidence, If_Match=version)
    return str(draft["directive_ref"])


def _record_order(recorder: Speaker, case: OpenedCase, number: int, planned: PlannedOrder) -> None:
    form = forms.order(case.case_ref, number, planned, case.planned.notes)
    order = recorder.does("law_enforcement_bridge", "POST", "/v1/orders", form)
    for event in planned.events:
        path = f"/v1/orders/{order['order_ref']}/{forms.ORDER_ROUTES[event]}"
        body = forms.order_event(event)
        order = recorder.does("law_enforcement_bridge", "POST", path, body, If_Match=order["etag"])


def _received(people: TownPeople, agency: str) -> list[tuple[SentAt, dict[str, Any]]]:
    """Return the referrals that an agency has not answered, each by who sent it and when."""
    receiver = people.named(RECEIVERS[agency])
    referrals = listed_referrals(receiver, "direction=received&state=sent")
    return [((row["from_agency_ref"], row["created_at"]), row) for row in referrals]


def _to_its_state(
    people: TownPeople,
    received: dict[SentAt, dict[str, Any]],
    case: OpenedCase,
    planned: PlannedReferral,
    sent: dict[str, Any],
) -> None:
    """Take a referral to the state that is planned: the receiver answers it, or the sender calls it back."""
    author = people.named(case.planned.author)
    if planned.answered_by is not None:
        _assign(people, received[author.agency, sent["created_at"]], planned)
    if planned.reason is WithdrawReason.CONSENT_ENDED:
        _answer(people, received[author.agency, sent["created_at"]], planned, ("acceptance",))
        _stop(author, case.directives[planned.receiver], sent["referral_ref"])
    elif planned.state is ReferralState.WITHDRAWN:
        path = f"/v1/referrals/{sent['referral_ref']}/withdrawal"
        author.does("referrals", "POST", path, {"reason_code": planned.reason})
    elif planned.mode is ReferralMode.LIVE and planned.state in ANSWERS:
        _answer(people, received[author.agency, sent["created_at"]], planned, ANSWERS[planned.state])


def _assign(people: TownPeople, row: dict[str, Any], planned: PlannedReferral) -> None:
    path = f"/v1/referrals/{row['referral_ref']}/assignment"
    form = {"person_ref": planned.answered_by, "instead_of": None}
    people.named(RECEIVERS[planned.receiver]).does("referrals", "PUT", path, form)


def _answer(people: TownPeople, row: dict[str, Any], planned: PlannedReferral, steps: Iterable[str]) -> None:
    receiver = people.named(RECEIVERS[planned.receiver])
    bodies = forms.answers(planned, receiver.member.name)
    version = f'"{row["version"]}"'
    for step in steps:
        path = f"/v1/referrals/{row['referral_ref']}/{step}"
        version = receiver.does("referrals", "POST", path, bodies[step], If_Match=version)["etag"]


def _stop(author: Speaker, directive_ref: str, referral_ref: str) -> None:
    """End the release by telephone, and see the referral that relied on it withdrawn by itself."""
    word = {"by": "survivor", "channel": "phone"}
    author.does("consent", "POST", f"/v1/directives/{directive_ref}/revocation", word)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if author.does("referrals", "GET", f"/v1/referrals/{referral_ref}")["status"] == ReferralState.WITHDRAWN:
            return
        time.sleep(0.2)
    raise Surprise(f"a referral stood {PATIENCE_SECONDS:.0f} s after its release was stopped")


def _open_messages(people: TownPeople, person: str, count: int) -> None:
    """Open as many messages as planned of those that tell of other agencies' doing."""
    reader = people.named(person)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        refs = [message["message_ref"] for message in reader.inbox() if _is_news(message, reader.agency)]
        if len(refs) >= count:
            form = {"purpose": reader.purpose, "message_refs": refs[:count]}
            reader.does("exchange", "POST", "/v1/openings", form)
            return
        time.sleep(0.2)
    raise Surprise(f"{person} waited {PATIENCE_SECONDS:.0f} s for {count} messages")


def _is_news(message: dict[str, Any], agency: str) -> bool:
    """Tell whether a message came from elsewhere, or says what became of the agency's own referral."""
    own_referral = message["type"].startswith("accord.referral.") and not message["type"].endswith(".created.v1")
    return message["sender"] != agency or own_referral
