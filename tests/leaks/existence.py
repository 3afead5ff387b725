"""What there is in the town, and whose it is."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from secrets import token_hex
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from sqlalchemy import text

from runtime.messaging.dead_letters import DeadLetterReason, RawRecord, put
from runtime.register.enrolment import NewAgency, NewPerson, enrol_agency, enrol_person
from runtime.tasks import NewTask, open_task
from schemas.categories import DataCategory
from schemas.codes import AgencyKind, Purpose, TaskReason
from services.audit.api import routes as audit
from services.consent.api import routes as consent
from services.exchange.api import routes as exchange
from services.exchange.carriage_routes import routes as carriage
from services.exchange.consumers import listen
from services.intake.api import routes as intake
from services.law_enforcement_bridge.api import routes as bridge
from services.notifications.api import routes as notifications
from services.referrals.api import routes as referrals
from services.tasks.api import routes as tasks
from tests.leaks.endpoints import EXPLAINED
from tests.support.delivery import Delivery
from tests.support.town import Town, all_purposes
from tests.support.web import Web

# What every other problem is told by, so that it can be talked about; an absent one has none of its own.
INSTANCE = re.compile(rb"urn:uuid:[0-9a-f-]{36}")
RELAYED = text("UPDATE register.directive SET relayed = true WHERE directive_ref = :ref")
WAITING = text("SELECT message_ref FROM carrying.outbox WHERE key = :key AND recipient = :to ORDER BY id")
SERVICES: Mapping[str, Sequence[Any]] = {
    "intake": intake,
    "consent": [consent],
    "law_enforcement_bridge": bridge,
    "referrals": referrals,
    "notifications": [notifications],
    "exchange": [exchange, carriage],
    "audit": audit,
    "tasks": tasks,
}


RENEWED = 240  # seconds; the long form outlives a token, and a system's is good for 300


@dataclass
class Asker:
    """A person or a system, and who signs its tokens."""

    name: str
    agency: str
    sign: Callable[[], str]
    _token: str = ""
    _signed_at: float = -RENEWED

    @property
    def token(self) -> str:
        """Return a token that is good for a while yet."""
        if time.monotonic() - self._signed_at >= RENEWED:
            self._token, self._signed_at = self.sign(), time.monotonic()
        return self._token


@dataclass
class Existing:
    """A town with one of everything: whose each thing is, and which own things are closed to whom."""

    town: Town
    web: Web
    apps: dict[str, FastAPI]
    shelter: str = field(default_factory=lambda: f"shelter-{token_hex(4)}")
    police: str = field(default_factory=lambda: f"police-{token_hex(4)}")
    refs: dict[str, set[UUID]] = field(default_factory=dict)  # by the agency whose reference it is
    named: dict[str, UUID] = field(default_factory=dict)
    askers: dict[str, Asker] = field(default_factory=dict)
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    def keep(self, agency: str, name: str, ref: UUID | str) -> UUID:
        """Keep a reference under a name, as one of an agency's."""
        self.named[name] = UUID(str(ref))
        self.refs.setdefault(agency, set()).add(self.named[name])
        return self.named[name]

    def anothers(self, agency: str) -> list[UUID]:
        """Return every reference that is not this agency's own."""
        own = self.refs.get(agency, set())
        return sorted(set().union(*self.refs.values()) - own)

    async def does(self, asker: str, service: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Do something that must succeed, and return what was answered."""
        answer = await self.ask(asker, service, method, path, body, headers)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else {}

    async def ask(
        self,
        asker: str,
        service: str,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send one request and return the answer, whatever it is."""
        named = {"Authorization": f"Bearer {self.askers[asker].token}"} | dict(headers or {})
        return await self.clients[service].request(method, path, json=body, headers=named)


@asynccontextmanager
async def existing(town: Town, web: Web) -> AsyncIterator[Existing]:
    """Serve every service, and put one of everything into the town."""
    async with AsyncExitStack() as stack:
        apps = {name: await stack.enter_async_context(web.serving(name, routers)) for name, routers in SERVICES.items()}
        full_town = Existing(town, web, apps)
        for name, app in apps.items():
            full_town.clients[name] = await stack.enter_async_context(web.asking(app))
        await _enrol(full_town)
        await _tell(full_town)
        await _refer(full_town)
        await _record(full_town)
        await _set_aside(full_town)
        await _make_due(full_town)
        yield full_town


async def _enrol(full_town: Existing) -> None:
    people = {
        "sam": (full_town.shelter, "case_worker"),
        "lee": (full_town.police, "liaison"),
        "kim": (full_town.police, "liaison"),
    }
    async with full_town.town.session("accord_admin") as session:
        for agency, kind in ((full_town.shelter, AgencyKind.SHELTER), (full_town.police, AgencyKind.POLICE)):
            full_town.town.keys.create(agency)
            new = NewAgency(agency, agency.title(), kind, purposes=all_purposes())
            await enrol_agency(session, new, {"kty": "EC", "kid": agency})
        for name, (agency, role) in people.items():
            await enrol_person(session, NewPerson(f"{name}-{agency}", agency, name.title(), (role,)))
        await session.commit()
    issuer = full_town.web.issuer
    askers = [
        Asker(name, agency, partial(issuer.person, f"{name}-{agency}", agency=agency, roles=[role]))
        for name, (agency, role) in people.items()
    ]
    askers += [Asker(name, "bay-hotline", partial(issuer.person, name)) for name in ("ana", "priya")]
    askers.append(Asker("jude", "riverside-legal", partial(issuer.person, "jude")))
    for agency in (full_town.shelter, full_town.police, "bay-hotline", "riverside-legal"):
        askers.append(Asker(f"system of {agency}", agency, partial(issuer.system, agency)))
    full_town.askers |= {asker.name: asker for asker in askers}


async def _tell(full_town: Existing) -> None:
    """Put a case with an incident, a plan, a release and its messages; and one whose survivor hides from Ana."""
    town = full_town.town
    delivery = Delivery(town, "exchange", listen)
    for prefix in ("open", "revoked", "hidden"):
        opened = await full_town.does("ana", "intake", "POST", "/v1/cases", {})
        case = full_town.keep("bay-hotline", f"{prefix} case", opened["case_ref"])
        participation = {"participation": "yes", "evidence": EXPLAINED}
        await full_town.does("ana", "consent", "PUT", f"/v1/cases/{case}/participation", participation)
        allowed = [DataCategory.REFERRAL_STATUS, DataCategory.NEEDS]
        shelter = await town.direct(case, full_town.shelter, Purpose.SHELTER, allowed)
        police = await town.direct(case, full_town.police, Purpose.ORDER_ENFORCEMENT, [DataCategory.IDENTITY])
        full_town.keep("bay-hotline", f"{prefix} directive", shelter)
        full_town.keep("bay-hotline", f"{prefix} directive to the police", police)
        incident_body = {"given_name": "Marisol", "needs": ["shelter"], "narrative": "He came back."}
        incident = await full_town.does("ana", "intake", "POST", f"/v1/cases/{case}/incidents", incident_body)
        full_town.keep("bay-hotline", f"{prefix} incident", incident["incident_ref"])
        instrument = {"instrument_id": "accord-first"}
        screen = await full_town.does("ana", "intake", "POST", f"/v1/cases/{case}/risk-screens", instrument)
        full_town.keep("bay-hotline", f"{prefix} screen", screen["screen_ref"])
        plan = {"threat_type": "intimate_partner", "goals": ["A safe bed"]}
        await full_town.does("ana", "intake", "POST", f"/v1/cases/{case}/plans", plan)
        await _ask_for_more(full_town, prefix, case)
        for agency in ("bay-hotline", full_town.shelter, full_town.police):
            await delivery.deliver(case, agency)
            full_town.keep(agency, f"{prefix} case of {agency}", await town.case_ref_of(case, agency))
            for ref in await _messages(town, case, agency):
                full_town.keep(agency, f"{prefix} message to {agency}", ref)
        await _end_release(full_town, prefix, case)


async def _ask_for_more(full_town: Existing, prefix: str, case: UUID) -> None:
    """Have the shelter ask about a case; each side knows what was asked by a reference of its own."""
    own = await full_town.town.case_ref_of(case, full_town.shelter)
    body = {"custodian_ref": "bay-hotline", "purpose": "shelter", "categories": ["children"], "reason": "A cot"}
    request = await full_town.does("sam", "consent", "POST", f"/v1/cases/{own}/field-requests", body)
    full_town.keep(full_town.shelter, f"{prefix} request sent", request["request_ref"])
    received = await full_town.does("ana", "consent", "GET", f"/v1/cases/{case}/field-requests")
    full_town.keep("bay-hotline", f"{prefix} request received", received["requests"][0]["request_ref"])


async def _end_release(full_town: Existing, prefix: str, case: UUID) -> None:
    """Stop another release to the shelter under which something was relayed, which the shelter is to acknowledge."""
    town = full_town.town
    release = await town.direct(case, full_town.shelter, Purpose.ADVOCACY, [DataCategory.NEEDS])
    async with town.session("accord_relay") as session:
        await session.execute(RELAYED, {"ref": release})
        await session.commit()
    await full_town.does("ana", "consent", "POST", f"/v1/directives/{release}/revocation", {})
    own = await town.case_ref_of(case, full_town.shelter)
    received = await full_town.does("sam", "consent", "GET", f"/v1/cases/{own}/acknowledgements")
    full_town.keep(full_town.shelter, f"{prefix} ending received", received["acknowledgements"][0]["directive_ref"])


async def _messages(town: Town, case: UUID, agency: str) -> list[UUID]:
    agency_case_ref = await town.case_ref_of(case, agency)
    async with town.session("accord_relay") as session:
        return list(await session.scalars(WAITING, {"key": agency_case_ref, "to": agency}))


async def _refer(full_town: Existing) -> None:
    """Put a referral of the hotline's to the shelter for each case."""
    for prefix in ("open", "revoked", "hidden"):
        referral = {
            "case_ref": str(full_town.named[f"{prefix} case"]),
            "to_agency_ref": full_town.shelter,
            "mode": "live",
            "service_code": "shelter",
            "priority": "urgent",
            "purpose": "shelter",
        }
        sent = await full_town.does("ana", "referrals", "POST", "/v1/referrals", referral)
        full_town.keep("bay-hotline", f"{prefix} referral", sent["referral_ref"])
        received = await full_town.does("sam", "referrals", "GET", "/v1/referrals?direction=received&limit=200")
        full_town.keep(full_town.shelter, f"{prefix} referral received", received["referrals"][-1]["referral_ref"])


async def _record(full_town: Existing) -> None:
    """Put orders of the police's, one of them hidden from Kim; and take back and hide what is to be closed."""
    town = full_town.town
    for prefix in ("open", "hidden"):
        order = await full_town.does("lee", "law_enforcement_bridge", "POST", "/v1/orders", {"status": "temporary"})
        full_town.keep(full_town.police, f"{prefix} order", order["order_ref"])
        full_town.keep(full_town.police, f"case of the {prefix} order", order["case_ref"])
    order = await full_town.does("jude", "law_enforcement_bridge", "POST", "/v1/orders", {"status": "temporary"})
    full_town.keep("riverside-legal", "order of legal aid", order["order_ref"])
    kim = f"kim-{full_town.police}"
    await town.direct(full_town.named["case of the hidden order"], None, None, effect="deny", excluded=kim)
    for name in ("revoked directive", "revoked directive to the police"):
        await town.revoke(full_town.named["revoked case"], full_town.named[name])
    for hidden_from in ("ana", kim, f"sam-{full_town.shelter}"):
        await town.direct(full_town.named["hidden case"], None, None, effect="deny", excluded=hidden_from)


async def _set_aside(full_town: Existing) -> None:
    """Set a message aside in the mailbox of the hotline, and one in the shelter's."""
    for agency in ("bay-hotline", full_town.shelter):
        received = RawRecord(f"to.{agency}", 0, 0, b"key", (), token_hex(8).encode())
        async with full_town.town.session("accord_exchange") as session:
            ref = await put(session, "exchange", received, DeadLetterReason.FAILED, tries=5, message_ref=None)
            await session.commit()
        full_town.keep(agency, f"dead letter of {agency}", ref)


async def _make_due(full_town: Existing) -> None:
    """Make a task of the hotline's and one of the shelter's for the referral of each case."""
    due_at = datetime(2099, 1, 1, tzinfo=UTC)
    for prefix in ("open", "revoked", "hidden"):
        case = full_town.named[f"{prefix} case"]
        own = NewTask("bay-hotline", TaskReason.REFERRAL_OVERDUE, uuid4(), due_at, case)
        received = replace(own, agency_id=full_town.shelter, cause_ref=uuid4(), custodian="bay-hotline")
        received = replace(received, purpose=Purpose.SHELTER)
        for name, task in ((f"{prefix} task", own), (f"{prefix} task received", received)):
            async with full_town.town.unit("accord_referrals", "bay-hotline") as unit:
                assert await open_task(unit.session, task)
                await unit.session.commit()
            with full_town.town.database.superuser() as connection:
                query = "SELECT task_ref FROM carrying.task WHERE cause_ref = %s"
                row = connection.execute(query, [task.cause_ref]).fetchone()
            assert row is not None
            full_town.keep(task.agency_id, name, str(row[0]))


def absent() -> UUID:
    """Return a reference that leads nowhere."""
    return uuid4()
