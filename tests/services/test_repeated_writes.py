"""Write, let the survivor say no, write again: on every route, nothing that was answered before is answered again."""

import importlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from runtime import disclosure
from runtime.http.idempotency import METHODS
from runtime.http.transactional_route import TransactionalRoute
from runtime.tasks import NewTask, open_task
from schemas.categories import DataCategory
from schemas.codes import Purpose, TaskReason
from services.exchange.consumers import listen
from tests.services.exchange.conftest import an_incident
from tests.services.referrals.conftest import a_referral
from tests.support.delivery import Delivery
from tests.support.town import Town
from tests.support.web import Web

SERVICES = ("intake", "consent", "law_enforcement_bridge", "referrals", "notifications", "exchange", "audit", "tasks")
EXPLAINED = {"method": "e_signed", "language": "es", "text_version": "2026-1", "explained_by": "ana"}
TAKES_PART = {"participation": "yes", "evidence": EXPLAINED}
ACCEPTED = {"advocate_name": "Sam"}


@dataclass(frozen=True)
class Write:
    """A write: by whom, where and of what; `case_ref` is where the survivor can shut its writer out."""

    person: str
    path: str
    body: Any
    case_ref: UUID | None = None
    match: str | None = None


@dataclass
class Shop:
    """Every service, served, with the town's people at each door."""

    town: Town
    web: Web
    apps: dict[str, Any] = field(default_factory=dict)

    async def ask(
        self, service: str, method: str, write: Write, key: str | None = None, *, person: str | None = None
    ) -> httpx.Response:
        optional = {"Idempotency-Key": key, "If-Match": write.match}
        headers = {name: value for name, value in optional.items() if value is not None}
        async with self.web.as_person(self.apps[service], person or write.person) as client:
            answer: httpx.Response = await client.request(method, write.path, json=write.body, headers=headers)
            return answer

    async def done(self, service: str, method: str, write: Write) -> Any:
        answer = await self.ask(service, method, write)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def released(self) -> UUID:
        """Open a case whose survivor lets the shelter know of its referrals."""
        case_ref = await self.town.open_case("bay-hotline")
        status = [DataCategory.REFERRAL_STATUS, DataCategory.NEEDS]
        await self.town.direct(case_ref, "harbor-house", Purpose.SHELTER, status)
        return case_ref

    def leaves(self) -> int:
        with self.town.database.superuser() as connection:
            row = connection.execute("SELECT count(*) FROM ledger.pending").fetchone()
        assert row is not None
        return int(str(row[0]))

    async def shut_out(self, person: str, case_ref: UUID) -> None:
        await self.town.direct(case_ref, None, None, effect="deny", excluded=person)


def later() -> str:
    return in_days(30)


def in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="seconds").replace("+00:00", "Z")


def a_permit() -> dict[str, Any]:
    terms = {"effect": "permit", "recipient": "harbor-house", "purpose": "shelter", "categories": ["needs"]}
    return terms | {"valid_until": later()}


# How each write is made ready, by the name of its endpoint.


async def open_case(shop: Shop) -> Write:
    return Write("ana", "/v1/cases", {})


async def report_incident(shop: Shop) -> Write:
    case_ref = await shop.town.open_case("bay-hotline")
    return Write("ana", f"/v1/cases/{case_ref}/incidents", {"narrative": "He came back."}, case_ref)


async def correct_incident(shop: Shop) -> Write:
    first = await report_incident(shop)
    incident = await shop.done("intake", "POST", first)
    return Write("ana", f"{first.path}/{incident['incident_ref']}/versions", {"narrative": "Twice."}, first.case_ref)


async def write_plan(shop: Shop) -> Write:
    case_ref = await shop.town.open_case("bay-hotline")
    return Write("ana", f"/v1/cases/{case_ref}/plans", {}, case_ref)


async def review_plan(shop: Shop) -> Write:
    writing = await write_plan(shop)
    await shop.done("intake", "POST", writing)
    body = {"review": {"held_on": "2026-03-01", "trigger": "asked"}}
    return Write("ana", f"{writing.path}/reviews", body, writing.case_ref, '"1"')


async def log_near_miss(shop: Shop) -> Write:
    case_ref = await shop.town.open_case("bay-hotline")
    return Write("ana", f"/v1/cases/{case_ref}/near-misses", {"worked": "The neighbour rang."}, case_ref)


async def start_screen(shop: Shop) -> Write:
    case_ref = await shop.town.open_case("bay-hotline")
    return Write("ana", f"/v1/cases/{case_ref}/risk-screens", {"instrument_id": "accord-first"}, case_ref)


async def complete_screen(shop: Shop) -> Write:
    starting = await start_screen(shop)
    ref = (await shop.done("intake", "POST", starting))["screen_ref"]
    answers = [{"code": f"b{number}", "answer": "no"} for number in range(1, 11)]
    return Write("ana", f"{starting.path}/{ref}/completion", {"answers": answers}, starting.case_ref, '"1"')


async def override_band(shop: Shop) -> Write:
    completion = await complete_screen(shop)
    await shop.done("intake", "POST", completion)
    body = {"override": {"band": "high", "reason": "He knows where she works."}}
    return Write("ana", completion.path.replace("completion", "override"), body, completion.case_ref, '"2"')


async def assign_case(shop: Shop) -> Write:
    case_ref = await shop.town.open_case("bay-hotline")
    return Write("ana", f"/v1/cases/{case_ref}/assignment", {"person_refs": ["ana"]}, case_ref, '"1"')


async def name_case(shop: Shop) -> Write:
    case_ref = await shop.town.open_case("bay-hotline")
    return Write("ana", f"/v1/cases/{case_ref}/nickname", {"nickname": "Blue door"}, case_ref, '"1"')


async def close_case(shop: Shop) -> Write:
    case_ref = await shop.town.open_case("bay-hotline")
    return Write("ana", f"/v1/cases/{case_ref}/closing", {"reason_code": "completed"}, case_ref, '"1"')


async def reopen_case(shop: Shop) -> Write:
    closing = await close_case(shop)
    await shop.done("intake", "POST", closing)
    return Write("ana", closing.path.replace("closing", "reopening"), None, closing.case_ref, '"2"')


async def choose_participation(shop: Shop) -> Write:
    case_ref = await shop.town.open_case("bay-hotline")
    return Write("ana", f"/v1/cases/{case_ref}/participation", TAKES_PART, case_ref)


async def correct_death(shop: Shop) -> Write:
    case_ref = await shop.town.open_case("bay-hotline")
    await shop.done("consent", "PUT", Write("ana", f"/v1/cases/{case_ref}/death", {"died_on": "2026-01-01"}, case_ref))
    return Write("ana", f"/v1/cases/{case_ref}/death/correction", None, case_ref)


async def confirm_correction(shop: Shop) -> Write:
    correction = await correct_death(shop)
    await shop.done("consent", "POST", correction)
    return Write("mia", correction.path.replace("correction", "confirmation"), None, correction.case_ref)


async def draft_directive(shop: Shop) -> Write:
    case_ref = await shop.town.open_case("bay-hotline")
    return Write("ana", f"/v1/cases/{case_ref}/directives", a_permit(), case_ref)


async def sign_directive(shop: Shop) -> Write:
    drafting = await draft_directive(shop)
    ref = (await shop.done("consent", "POST", drafting))["directive_ref"]
    return Write("ana", f"/v1/directives/{ref}/signature", signature(), drafting.case_ref, '"1"')


def signature() -> dict[str, Any]:
    at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return EXPLAINED | {"signed_at": at, "signer_role": "survivor"}


async def request_fields(shop: Shop) -> Write:
    case_ref = await shop.released()
    own = await shop.town.case_ref_of(case_ref, "harbor-house")
    body = {"custodian_ref": "bay-hotline", "purpose": "shelter", "categories": ["children"], "reason": "A cot."}
    return Write("sam", f"/v1/cases/{own}/field-requests", body, case_ref)


async def decline_fields(shop: Shop) -> Write:
    asking = await request_fields(shop)
    await shop.done("consent", "POST", asking)
    listing = Write("ana", f"/v1/cases/{asking.case_ref}/field-requests", None, asking.case_ref)
    (received,) = (await shop.done("consent", "GET", listing))["requests"]
    return Write("ana", f"/v1/field-requests/{received['request_ref']}/decline", {}, asking.case_ref, '"1"')


async def withdraw_fields(shop: Shop) -> Write:
    asking = await request_fields(shop)
    ref = (await shop.done("consent", "POST", asking))["request_ref"]
    return Write("sam", f"/v1/field-requests/{ref}/withdrawal", None, asking.case_ref, '"1"')


async def lift_denial(shop: Shop) -> Write:
    case_ref = await shop.town.open_case("bay-hotline")
    denial = {"effect": "deny", "recipient": "harbor-house", "categories": ["needs"]}
    ref = (await shop.done("consent", "POST", Write("ana", f"/v1/cases/{case_ref}/directives", denial, case_ref)))[
        "directive_ref"
    ]
    return Write("ana", f"/v1/directives/{ref}/lifting", signature(), case_ref, '"1"')


async def confirm_directive(shop: Shop) -> Write:
    lifting = await lift_denial(shop)
    await shop.done("consent", "POST", lifting)
    return Write("mia", lifting.path.replace("lifting", "confirmation"), None, lifting.case_ref, '"2"')


async def offer_message(shop: Shop) -> Write:
    case_ref = await shop.town.open_case("bay-hotline")
    async with shop.town.unit("accord_intake", "bay-hotline", "ana") as unit:
        await disclosure.offer(unit, an_incident(case_ref))
        await unit.session.commit()
    await Delivery(shop.town, "exchange", listen).deliver(case_ref, "bay-hotline")
    newest = "SELECT message_ref FROM exchange.message WHERE case_ref = %s ORDER BY place DESC LIMIT 1"
    with shop.town.database.superuser() as connection:
        row = connection.execute(newest, [case_ref]).fetchone()
    assert row is not None
    return Write("ana", f"/v1/messages/{row[0]}/offering", {}, case_ref)


async def record_order(shop: Shop) -> Write:
    case_ref = await shop.town.open_case("county-sheriff")
    return Write("lee", "/v1/orders", {"status": "temporary", "case_ref": str(case_ref)}, case_ref)


def a_step(*steps: tuple[str, Any]) -> Callable[[Shop], Awaitable[Write]]:
    """Return what makes the last of these steps with an order ready, the earlier ones being taken."""

    async def ready(shop: Shop) -> Write:
        recording = await record_order(shop)
        order = await shop.done("law_enforcement_bridge", "POST", recording)
        for name, body in steps:
            path = f"/v1/orders/{order['order_ref']}/{name}"
            write = Write("lee", path, body, recording.case_ref, f'"{order["version"]}"')
            if (name, body) != steps[-1]:
                order = await shop.done("law_enforcement_bridge", "POST", write)
        return write

    return ready


async def send_referral(shop: Shop) -> Write:
    case_ref = await shop.released()
    return Write("ana", "/v1/referrals", a_referral(case_ref), case_ref)


async def withdraw_referral(shop: Shop) -> Write:
    sending = await send_referral(shop)
    ref = (await shop.done("referrals", "POST", sending))["referral_ref"]
    return Write("ana", f"/v1/referrals/{ref}/withdrawal", {"reason_code": "sender"}, sending.case_ref)


async def assign_referral(shop: Shop) -> Write:
    answer = await an_answer(("acceptance", ACCEPTED))(shop)
    return Write("sam", answer.path.replace("acceptance", "assignment"), {"person_ref": "sam"}, answer.case_ref)


def an_answer(*steps: tuple[str, Any]) -> Callable[[Shop], Awaitable[Write]]:
    """Return what makes the last of these answers to a referral ready, the earlier ones being given."""

    async def ready(shop: Shop) -> Write:
        sending = await send_referral(shop)
        sent = await shop.done("referrals", "POST", sending)
        query = "SELECT receiver_ref FROM referrals.referral WHERE referral_ref = %s"
        with shop.town.database.superuser() as connection:
            row = connection.execute(query, [sent["referral_ref"]]).fetchone()
        assert row is not None
        for version, (name, body) in enumerate(steps, start=1):
            write = Write("sam", f"/v1/referrals/{row[0]}/{name}", body, sending.case_ref, f'"{version}"')
            if version < len(steps):
                await shop.done("referrals", "POST", write)
        return write

    return ready


BRAKED = """
INSERT INTO notifications.notice
    (notice_ref, agency_id, case_ref, kind, cause_ref, source, state, reason, planned_at, planned_for)
VALUES (gen_random_uuid(), 'bay-hotline', %s, 'hearing_set', gen_random_uuid(), %s, 'held', 'brake', now(),
    now() + interval '1 day')
"""


def a_decision(act: str) -> Callable[[Shop], Awaitable[Write]]:
    """Return what makes a decision of one braked notice ready, on the news of an agency of its own."""

    async def ready(shop: Shop) -> Write:
        case_ref, source = await shop.town.open_case("bay-hotline"), f"police-{uuid4().hex[:8]}"
        with shop.town.database.superuser() as connection:
            connection.execute(BRAKED, [case_ref, source])
        path = f"/v1/braked-notices/{source}/hearing_set/{act}"
        return Write("ana", path, {"planned_until": later()}, case_ref)

    return ready


TASK_STEPS: dict[str, tuple[str, Any]] = {
    "claim_task": ("claim", None),
    "assign_task": ("assignment", {"person_ref": "mia"}),
    "snooze_task": ("snooze", {"reason_code": "survivor_asked"}),
    "flag_task": ("flag", {"flagged": True}),
    "complete_task": ("completion", {"outcome_code": "handled"}),
}


def a_task_step(operation: str) -> Callable[[Shop], Awaitable[Write]]:
    """Return what makes a step of a task ready."""
    name, body = TASK_STEPS[operation]

    async def ready(shop: Shop) -> Write:
        case_ref = await shop.town.open_case("bay-hotline")
        task = NewTask("bay-hotline", TaskReason.PLAN_REVIEW, uuid4(), datetime.now(UTC), case_ref)
        async with shop.town.unit("accord_intake", "bay-hotline") as unit:
            await open_task(unit.session, task)
            await unit.session.commit()
        with shop.town.database.superuser() as connection:
            row = connection.execute("SELECT task_ref FROM carrying.task WHERE cause_ref = %s", [task.cause_ref])
            path = f"/v1/tasks/{row.fetchone()[0]}"  # type: ignore[index]
        write = Write("ana", f"{path}/{name}", body, case_ref, '"1"')
        if name == "completion":
            await shop.done("tasks", "POST", Write("ana", f"{path}/claim", None, case_ref, '"1"'))
            return replace(write, match='"2"')
        return replace(write, body=body | {"until": in_days(3)}) if name == "snooze" else write

    return ready


IN_HAND = {"service_status": "in_hand"}
COMPLETED = {"outcome_code": "got_help"}
# Of the agency's people: nobody is shut out of them by a survivor (tests/services/intake/test_people.py repeats one).
OF_NO_CASE = {"add_person", "set_roles", "take_out_person", "confirm_person", "write_duty_roster"}
# A row that is shut out is absent in the answer: tests/services/tasks/test_api.py repeats one.
OF_SEVERAL = {"assign_tasks", "snooze_tasks", "flag_tasks"}
READY: dict[str, Callable[[Shop], Awaitable[Write]]] = {
    "open_case": open_case,
    "report_incident": report_incident,
    "correct_incident": correct_incident,
    "write_plan": write_plan,
    "review_plan": review_plan,
    "log_near_miss": log_near_miss,
    "start_screen": start_screen,
    "complete_screen": complete_screen,
    "override_band": override_band,
    "assign_case": assign_case,
    "name_case": name_case,
    "close_case": close_case,
    "reopen_case": reopen_case,
    "choose_participation": choose_participation,
    "correct_death": correct_death,
    "confirm_correction": confirm_correction,
    "draft_directive": draft_directive,
    "sign_directive": sign_directive,
    "lift_denial": lift_denial,
    "request_fields": request_fields,
    "decline_fields": decline_fields,
    "withdraw_fields": withdraw_fields,
    "confirm_directive": confirm_directive,
    "offer_message": offer_message,
    "record_order": record_order,
    "issue_order": a_step(("issuance", {"status": "final", "expiry": "none"})),
    "modify_order": a_step(("modification", {"modification": "terms", "brady": "yes"})),
    "serve_order": a_step(("service", IN_HAND)),
    "set_hearing": a_step(("hearing", {"hearing_at": "2026-12-24T09:00:00Z"})),
    "note_violation": a_step(("violation", {})),
    "end_order": a_step(("end", {"end_reason": "dismissed"})),
    "send_referral": send_referral,
    "withdraw_referral": withdraw_referral,
    "assign_referral": assign_referral,
    "accept_referral": an_answer(("acceptance", ACCEPTED)),
    "decline_referral": an_answer(("decline", {"reason_code": "no_capacity"})),
    "ask_for_more": an_answer(("question", None)),
    "begin_referral": an_answer(("acceptance", ACCEPTED), ("start", None)),
    "complete_referral": an_answer(("acceptance", ACCEPTED), ("start", None), ("completion", COMPLETED)),
    "release_braked": a_decision("release"),
    "drop_braked": a_decision("drop"),
    "fail_contact": an_answer(("acceptance", ACCEPTED), ("contact-failure", {"contact_attempts": 3})),
    **{operation: a_task_step(operation) for operation in TASK_STEPS},
}


def writes() -> Iterator[tuple[str, TransactionalRoute]]:
    """Yield every write of every service."""
    for service in SERVICES:
        routes = importlib.import_module(f"services.{service}.api").routes
        for router in routes if isinstance(routes, tuple) else (routes,):
            for route in router.routes:
                if isinstance(route, TransactionalRoute) and route.methods and route.methods & METHODS:
                    yield service, route


KEEPING = {route.name: (service, route) for service, route in writes() if route.repeat_policy.again is not None}


@pytest.fixture(scope="module")
async def shop(town: Town, web: Web) -> AsyncIterator[Shop]:
    new_shop = Shop(town, web)
    async with AsyncExitStack() as stack:
        for service in {service for service, _ in KEEPING.values()}:
            routes = importlib.import_module(f"services.{service}.api").routes
            routers = routes if isinstance(routes, tuple) else (routes,)
            new_shop.apps[service] = await stack.enter_async_context(web.serving(service, routers))
        yield new_shop


def test_h2_every_write_that_is_not_done_each_time_is_tried_here() -> None:
    assert set(KEEPING) == set(READY) | OF_NO_CASE | OF_SEVERAL


def test_h3_every_stop_is_done_each_time() -> None:
    always = {route.name for _, route in writes() if route.repeat_policy.is_stop({})}
    by_body = {route.name for _, route in writes() if route.repeat_policy.closes is not None} - always

    assert always == {"stop_everything", "stop_directive", "refuse_directive", "record_death", "exclude_person"}
    assert by_body == {"choose_participation", "draft_directive"}
    assert KEEPING["choose_participation"][1].repeat_policy.is_stop({"participation": "no"})
    assert KEEPING["draft_directive"][1].repeat_policy.is_stop({"effect": "deny"})


@pytest.mark.parametrize("name", READY)
async def test_h2_write_shut_out_write_again(shop: Shop, name: str) -> None:
    service, route = KEEPING[name]
    method = next(iter(route.methods or ()))
    write, key = await READY[name](shop), uuid4().hex

    first = await shop.ask(service, method, write, key)
    again = await shop.ask(service, method, write, key)
    case_ref = write.case_ref or UUID(first.json()["case_ref"])
    await shop.shut_out(write.person, case_ref)
    before = shop.leaves()
    shut_out = await shop.ask(service, method, write, key)

    assert (first.status_code, again.status_code) == (route.status_code or 200, route.status_code or 200), first.text
    assert again.content == first.content
    assert {name: again.headers.get(name) for name in ("location", "etag")} == {
        name: first.headers.get(name) for name in ("location", "etag")
    }
    assert (shut_out.status_code, shut_out.json()["code"]) == (404, "absent")
    assert shop.leaves() > before


async def test_h2_an_answer_is_cut_anew(shop: Shop) -> None:
    """A release that is narrowed to nothing of a referral closes what the acceptance answered."""
    write, key = await READY["accept_referral"](shop), uuid4().hex
    first = await shop.ask("referrals", "POST", write, key)
    assert write.case_ref is not None
    await shop.town.direct(write.case_ref, "harbor-house", None, [DataCategory.REFERRAL_STATUS], effect="deny")

    again = await shop.ask("referrals", "POST", write, key)

    assert (first.status_code, first.json()["status"]) == (200, "accepted")
    assert again.status_code == 404


async def test_h3_a_stop_under_a_used_key_stops(shop: Shop) -> None:
    case_ref = await shop.town.open_case("bay-hotline")
    stop, ended = Write("ana", f"/v1/cases/{case_ref}/revocation", None, case_ref), []
    for _ in range(2):
        await shop.town.direct(case_ref, "harbor-house", Purpose.SHELTER, [DataCategory.NEEDS])
        ended.append((await shop.ask("consent", "POST", stop, "stop")).json()["ended"])

    assert [len(refs) for refs in ended] == [1, 1]
    assert ended[0] != ended[1]


async def test_h3_a_denial_and_a_no_under_a_used_key(shop: Shop) -> None:
    case_ref = await shop.town.open_case("bay-hotline")
    denial = {"effect": "deny", "recipient": "harbor-house", "categories": ["needs"]}
    deny = Write("ana", f"/v1/cases/{case_ref}/directives", denial)
    no = Write("ana", f"/v1/cases/{case_ref}/participation", {"participation": "no"})
    yes = Write("ana", f"/v1/cases/{case_ref}/participation", TAKES_PART)

    denied = [await shop.ask("consent", "POST", deny, "one") for _ in range(2)]
    chosen = [(await shop.ask("consent", "PUT", write, "one")).status_code for write in (no, yes, no)]
    with shop.town.database.superuser() as connection:
        query = """SELECT s.participation FROM register.subject AS s JOIN register."case" AS c USING (subject_id)
            WHERE c.case_ref = %s"""
        row = connection.execute(query, [case_ref]).fetchone()

    assert [answer.status_code for answer in denied] == [201, 201]
    assert chosen == [200, 200, 200]
    assert row == ("no",)


async def test_h3_a_refusal_said_again_is_the_same_no(shop: Shop) -> None:
    drafting = await draft_directive(shop)
    ref = (await shop.done("consent", "POST", drafting))["directive_ref"]
    refusal = Write("ana", f"/v1/directives/{ref}/refusal", {}, drafting.case_ref, '"1"')

    answers = [await shop.ask("consent", "POST", refusal, "one") for _ in range(2)]

    assert [(answer.status_code, answer.json()["state"]) for answer in answers] == [(200, "refused")] * 2
