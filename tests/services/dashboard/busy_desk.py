"""Agencies at work: one random act after another through the services, each as a person of theirs may do it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

import httpx

from devstack.story import words
from runtime import clock
from schemas.categories import DataCategory
from schemas.codes import AgencyKind, Purpose
from tests.services.dashboard.conftest import PLACES, Square

HOSTS: Final = {"referrals": "referrals_url", "exchange": "exchange_url", "consent": "consent_url"} | {
    "law_enforcement_bridge": "law_enforcement_bridge_url",
    "intake": "intake_url",
    "tasks": "tasks_url",
}
WHO: Final = (
    (AgencyKind.HOTLINE, "advocate"),
    (AgencyKind.SHELTER, "case_worker"),
    (AgencyKind.POLICE, "liaison"),
    (AgencyKind.COORDINATION, "coordinator"),
)
ANSWERS: Final[tuple[tuple[str, Any], ...]] = (
    ("acceptance", {"advocate_name": "Robin Vale"}),
    ("decline", {"reason_code": "no_capacity"}),
    ("question", None),
    ("start", None),
    ("completion", {"outcome_code": "service_received"}),
    ("contact-failure", {"contact_attempts": 2}),
)
ORDER_STEPS: Final[tuple[tuple[str, Any], ...]] = (
    ("issuance", {"status": "temporary"}),
    ("service", {"service_status": "in_hand"}),
    ("service", {"service_status": "served"}),
    ("service", {"service_status": "failed"}),
    ("end", {"end_reason": "vacated"}),
)

TASK_STEPS: Final[tuple[tuple[str, Any], ...]] = (
    ("claim", None),
    ("claim", None),
    ("flag", {"flagged": True}),
    ("assignment", {"person_ref": None}),
    ("snooze", {"until": words.in_days(2), "reason_code": "appointment_made"}),
    ("completion", {"outcome_code": "handled"}),
)


@dataclass
class Person:
    """Somebody who asks services in their own name."""

    agency: str
    token: str = field(repr=False)


@dataclass
class BusyDesk:
    """A hotline, a shelter, a police force and a coordination cell of this test's own, and what they did so far."""

    square: Square
    rng: Random
    hotline: Person
    shelter: Person
    police: Person
    cell: Person
    client: httpx.AsyncClient
    cases: list[str] = field(default_factory=list)

    @classmethod
    async def begun(cls, square: Square, rng: Random) -> "BusyDesk":
        hotline, shelter, police, cell = [await _person(square, kind, role) for kind, role in WHO]
        return cls(square, rng, hotline, shelter, police, cell, httpx.AsyncClient(transport=square.streets))

    async def ask(
        self, who: Person, service: str, path: str, method: str = "GET", body: Any = None, **headers: str
    ) -> httpx.Response:
        """Ask a service as this person; what is not possible as things stand is refused, and that is an answer too."""
        sent = {"Authorization": f"Bearer {who.token}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        answer = await self.client.request(method, PLACES[HOSTS[service]] + path, json=body, headers=sent)
        assert answer.status_code < 500, answer.text
        return answer

    async def act(self) -> str:
        """Do something at random; return the name of the service whose lists it changes."""
        acts: tuple[Callable[[], Awaitable[str]], ...] = (
            self._open_case, self._close_case, self._refer, self._refer, self._answer, self._answer, self._answer,
            self._read_mail, self._read_mail, self._draft, self._draft, self._sign, self._sign, self._stop,
            self._record_order, self._record_order, self._step, self._step, self._open_task, self._open_task,
            self._task_step, self._task_step,
        )  # fmt: skip
        return await self.rng.choice(acts)()

    async def _open_case(self) -> str:
        await self.ask(self.hotline, "intake", "/v1/cases", "POST", {})
        return "intake"

    async def _close_case(self) -> str:
        row = await self._row(self.hotline, "intake", "/v1/cases?state=open&assigned=me", "cases")
        if row is not None:
            case = await self.ask(self.hotline, "intake", f"/v1/cases/{row['case_ref']}")
            place = f"/v1/cases/{row['case_ref']}/closing"
            await self.ask(
                self.hotline,
                "intake",
                place,
                "POST",
                {"reason_code": "completed"},
                If_Match=case.headers.get("etag", ""),
            )
        return "intake"

    async def _case(self) -> str:
        """Return one of at most four cases, with releases for the shelter and the cell."""
        if len(self.cases) < 4:
            case_ref = await self.square.town.open_case(self.hotline.agency)
            permitted = [DataCategory.REFERRAL_STATUS]
            await self.square.town.direct(case_ref, self.shelter.agency, Purpose.SHELTER, permitted)
            await self.square.town.direct(case_ref, self.cell.agency, Purpose.COORDINATION, permitted)
            self.cases.append(str(case_ref))
        return self.rng.choice(self.cases)

    async def _refer(self) -> str:
        priority = self.rng.choice(("on_scene", "urgent", "soon", "day", "routine"))
        body = {"case_ref": await self._case(), "to_agency_ref": self.shelter.agency, "mode": "live"}
        body |= {"service_code": "shelter", "purpose": "shelter", "priority": priority}
        await self.ask(self.hotline, "referrals", "/v1/referrals", "POST", body)
        return "referrals"

    async def _answer(self) -> str:
        row = await self._row(self.shelter, "referrals", "/v1/referrals?direction=received&closed=false", "referrals")
        if row is not None:
            place = f"/v1/referrals/{row['referral_ref']}"
            etag = (await self.ask(self.shelter, "referrals", place)).headers.get("etag", "")
            step, body = self.rng.choice(ANSWERS)
            await self.ask(self.shelter, "referrals", f"{place}/{step}", "POST", body, If_Match=etag)
        return "referrals"

    async def _read_mail(self) -> str:
        who = self.rng.choice((self.hotline, self.shelter))
        await self.square.deliver(who.agency)
        row = await self._row(who, "exchange", "/v1/inbox", "messages")
        if row is not None:
            place = f"/v1/messages/{row['message_ref']}"
            if self.rng.random() < 0.5:
                await self.ask(who, "exchange", f"{place}/opening", "POST", {"purpose": "shelter"})
            else:
                await self.ask(who, "exchange", f"{place}/handling", "PUT", {"handled": self.rng.random() < 0.7})
        return "exchange"

    async def _draft(self) -> str:
        recipient = self.rng.choice(("harbor-house", "riverside-legal", "st-anne-hospital", "lantern-counselling"))
        terms: dict[str, Any] = {"effect": "deny", "recipient": recipient, "categories": ["location"]}
        if self.rng.random() < 0.8:
            purpose = {"harbor-house": "shelter", "riverside-legal": "legal_representation"}.get(
                recipient, "counselling"
            )
            days = self.rng.choice((3, 6, 40))
            terms = {"effect": "permit", "recipient": recipient, "purpose": purpose, "categories": ["referral_status"]}
            terms |= {"valid_until": words.in_days(days)}
        await self.ask(self.hotline, "consent", f"/v1/cases/{await self._case()}/directives", "POST", terms)
        return "consent"

    async def _sign(self) -> str:
        row = await self._row(self.hotline, "consent", "/v1/directives?state=draft", "directives")
        if row is not None:
            place = f"/v1/directives/{row['directive_ref']}"
            etag = (await self.ask(self.hotline, "consent", place)).headers.get("etag", "")
            signature = words.EXPLAINED | {"signed_at": words.now(), "signer_role": "survivor"}
            step, body = ("signature", signature) if self.rng.random() < 0.7 else ("refusal", None)
            await self.ask(self.hotline, "consent", f"{place}/{step}", "POST", body, If_Match=etag)
        return "consent"

    async def _stop(self) -> str:
        row = await self._row(self.hotline, "consent", "/v1/directives?state=active", "directives")
        if row is not None:
            await self.ask(self.hotline, "consent", f"/v1/directives/{row['directive_ref']}/revocation", "POST", None)
        return "consent"

    async def _open_task(self) -> str:
        hours = self.rng.choice((-1, 1, 30))
        case_ref = UUID(await self._case())
        await self.square.task(self.hotline.agency, case_ref, due_at=clock.utcnow() + timedelta(hours=hours))
        return "tasks"

    async def _task_step(self) -> str:
        row = await self._row(self.hotline, "tasks", "/v1/tasks", "tasks")
        if row is not None:
            step, body = self.rng.choice(TASK_STEPS)
            version = f'"{row["version"]}"'
            await self.ask(self.hotline, "tasks", f"/v1/tasks/{row['task_ref']}/{step}", "POST", body, If_Match=version)
        return "tasks"

    async def _record_order(self) -> str:
        status = self.rng.choice(("requested", "temporary", "final"))
        body = {"status": status, "respondents": [{"name": "R. Calder"}]}
        await self.ask(self.police, "law_enforcement_bridge", "/v1/orders", "POST", body)
        return "law_enforcement_bridge"

    async def _step(self) -> str:
        row = await self._row(self.police, "law_enforcement_bridge", "/v1/orders", "orders")
        if row is not None:
            place = f"/v1/orders/{row['order_ref']}"
            etag = (await self.ask(self.police, "law_enforcement_bridge", place)).headers.get("etag", "")
            step, body = self.rng.choice(ORDER_STEPS)
            await self.ask(self.police, "law_enforcement_bridge", f"{place}/{step}", "POST", body, If_Match=etag)
        return "law_enforcement_bridge"

    async def _row(self, who: Person, service: str, path: str, member: str) -> dict[str, Any] | None:
        rows = (await self.ask(who, service, path)).json()[member]
        return self.rng.choice(rows) if rows else None


async def _person(square: Square, kind: AgencyKind, role: str) -> Person:
    agency = await square.agency(kind)
    ref = await square.person(agency, role)
    return Person(agency, square.web.issuer.person(ref, agency=agency, roles=[role]))
