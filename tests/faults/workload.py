"""What the clients do: survivors' lives as an advocate writes them down, and recipients who look, answer and record."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.faults.caller import Caller
from tests.faults.journal import Command

PERMITTED = {
    "harbor-house": ("shelter", ["identity", "needs", "children", "safe_contact", "plan_summary", "referral_status"]),
    "county-sheriff": ("order_enforcement", ["identity", "children", "weapons_risk"]),
    "riverside-legal": ("legal_representation", ["identity", "children", "incident_summary", "plan_summary"]),
}
EXPLAINED = {"method": "e_signed", "language": "es", "text_version": "2026-1", "explained_by": "ana"}
PHONE = {"by": "survivor", "channel": "phone"}
REFERRAL = "accord.referral.created.v1"


def instant(days: int = 0) -> str:
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


def incident(name: str, number: int) -> dict[str, Any]:
    """Return what the survivor tells; the name says in which command it was told."""
    every_day = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from_local": "00:00"}
    channel = {"kind": "sms", "address": "555-0142", "status": "safe", "time_zone": "UTC", "language": "en"}
    return {
        "given_name": name,
        "children_count": number,
        "needs": ["shelter"],
        "channels": [channel | {"windows": [every_day | {"until_local": "23:59"}], "valid_until": instant(30)}],
        "anytime_for": ["referral_answered"],
        "violence_types": ["threats"],
        "weapon_involved": "no",
    }


@dataclass
class Case:
    """A case as its advocate knows it; what is in doubt is left alone."""

    ref: str
    active: dict[str, str] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)
    incident_count: int = 0
    plan: int | None = 0


@dataclass
class Advocate:
    """Opens cases one after the other and writes each survivor's life down until it is time for the next."""

    caller: Caller
    chance: random.Random
    second: Caller

    def work(self) -> None:
        while not self.caller.stopping.is_set():
            opened = self.caller.command("case", "intake", "POST", "/v1/cases", {})
            if opened.outcome == "yes":
                self.live(Case(opened.answer["case_ref"]))

    def live(self, case: Case) -> None:
        chosen = {"participation": "yes", "evidence": EXPLAINED}
        path = f"/v1/cases/{case.ref}/participation"
        if self.caller.command("participation", "consent", "PUT", path, chosen, case=case.ref).outcome != "yes":
            return
        for recipient in PERMITTED:
            self.allow(case, recipient)
        self.tell(case)
        self.refer(case)
        steps: list[tuple[Callable[[Case], None], int]] = [
            (self.tell, 8), (self.write_plan, 3), (self.refer, 5), (self.stop_one, 3), (self.allow_again, 3),
            (self.deny, 1), (self.stop_everything, 1),
        ]  # fmt: skip
        for _ in range(self.chance.randint(8, 24)):
            if self.caller.stopping.wait(self.caller.pause):
                return
            (step,) = self.chance.choices([step for step, _ in steps], [weight for _, weight in steps])
            step(case)

    def allow(self, case: Case, recipient: str) -> None:
        purpose, categories = PERMITTED[recipient]
        provision = {"effect": "permit", "recipient": recipient, "purpose": purpose, "categories": categories}
        path = f"/v1/cases/{case.ref}/directives"
        body = provision | {"valid_until": instant(60), "asked_one_by_one": categories}
        draft = self.caller.command("draft", "consent", "POST", path, body, case=case.ref)
        if draft.outcome != "yes":
            return
        ref = draft.answer["directive_ref"]
        signature = EXPLAINED | {"signed_at": instant(), "signer_role": "survivor"}
        about = {"case": case.ref, "directive": ref, "provision": provision}
        path = f"/v1/directives/{ref}/signature"
        tag = draft.answer.get("etag", '"1"')
        signed = self.caller.command("signature", "consent", "POST", path, signature, if_match=tag, **about)
        if signed.outcome == "yes" and signed.answer["state"] == "awaiting_confirmation":
            signed = self._confirm(signed, about)
        if signed.outcome == "yes":
            case.active[recipient] = ref
        elif signed.outcome == "maybe":
            case.doubtful.add(ref)

    def _confirm(self, signed: Command, about: dict[str, Any]) -> Command:
        """Have what opens more than stood before confirmed by a second person."""
        path = f"/v1/directives/{about['directive']}/confirmation"
        tag = signed.answer["etag"]
        return self.second.command("confirmation", "consent", "POST", path, if_match=tag, **about)

    def allow_again(self, case: Case) -> None:
        closed = sorted(PERMITTED.keys() - case.active.keys())
        if closed:
            self.allow(case, self.chance.choice(closed))

    def tell(self, case: Case) -> None:
        case.incident_count += 1
        body = incident(f"M{uuid4().hex[:12]}", case.incident_count)
        self.caller.command("incident", "intake", "POST", f"/v1/cases/{case.ref}/incidents", body, case=case.ref)

    def write_plan(self, case: Case) -> None:
        if case.plan is None:
            return
        body = {"goals": ["A safe bed"], "next_review_on": instant(7)[:10]}
        tag: dict[str, Any] = {"if_match": f'"{case.plan}"'} if case.plan else {}
        path = f"/v1/cases/{case.ref}/plans"
        written = self.caller.command("plan", "intake", "POST", path, body, case=case.ref, **tag)
        case.plan = {"yes": written.answer.get("version"), "no": case.plan, "maybe": None}[written.outcome]

    def refer(self, case: Case) -> None:
        body = {"case_ref": case.ref, "to_agency_ref": "harbor-house", "mode": "live", "service_code": "shelter"}
        body |= {"priority": "urgent", "purpose": "shelter"}
        self.caller.command("referral", "referrals", "POST", "/v1/referrals", body, case=case.ref)

    def stop_one(self, case: Case) -> None:
        refs = sorted({*case.active.values(), *case.doubtful})
        if not refs:
            return
        ref = self.chance.choice(refs)
        path = f"/v1/directives/{ref}/revocation"
        stopped = self.caller.command("stop", "consent", "POST", path, PHONE, case=case.ref, directive=ref)
        self._over(case, stopped, {ref})

    def stop_everything(self, case: Case) -> None:
        path = f"/v1/cases/{case.ref}/revocation"
        stopped = self.caller.command("stop_all", "consent", "POST", path, PHONE, case=case.ref)
        self._over(case, stopped, set(case.active.values()))

    @staticmethod
    def _over(case: Case, stopped: Command, refs: set[str]) -> None:
        case.active = {name: ref for name, ref in case.active.items() if ref not in refs}
        case.doubtful = case.doubtful - refs if stopped.outcome == "yes" else case.doubtful | refs

    def deny(self, case: Case) -> None:
        recipient = self.chance.choice(sorted(PERMITTED))
        categories = [self.chance.choice(PERMITTED[recipient][1])]
        body = {"effect": "deny", "recipient": recipient, "categories": categories}
        self.caller.command("denial", "consent", "POST", f"/v1/cases/{case.ref}/directives", body, case=case.ref)


@dataclass
class Recipient:
    """Reads the inbox and opens what is there, once and again, alone and in batches, and what is not there."""

    caller: Caller
    chance: random.Random
    cursor: str | None = None
    messages: list[dict[str, Any]] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)
    orders: dict[str, str] = field(default_factory=dict)

    def work(self) -> None:
        while not self.caller.stopping.wait(self.caller.pause):
            self.look_into_the_inbox()
            for _ in range(self.chance.randint(2, 6)):
                if self.caller.stopping.wait(self.caller.pause):
                    return
                (act,) = self.chance.choices(
                    [self.open_newest, self.open_any, self.open_many, self.open_nothing, self.record], [6, 5, 2, 1, 1]
                )
                act()

    def look_into_the_inbox(self) -> None:
        behind = "" if self.cursor is None else f"&cursor={self.cursor}"
        page = self.caller.command("list", "exchange", "GET", f"/v1/inbox?limit=50{behind}", once=True)
        if page.outcome == "yes":
            self.messages += page.answer["messages"]
            self.cursor = page.answer["cursor"]
            for message in page.answer["messages"]:
                if message["type"] == REFERRAL:
                    self.open_one(message)  # somebody waits for the answer

    def open_newest(self) -> None:
        if self.messages:
            self.open_one(self.chance.choice(self.messages[-8:]))

    def open_any(self) -> None:
        if self.messages:
            self.open_one(self.chance.choice(self.messages))

    def open_one(self, message: dict[str, Any]) -> None:
        ref, body = message["message_ref"], {"purpose": self.caller.purpose}
        path = f"/v1/messages/{ref}/opening"
        opened = self.caller.command("opening", "exchange", "POST", path, body, once=True, messages=[ref])
        status = opened.answer.get("categories", {}).get("referral_status", {})
        if opened.answer.get("type") == REFERRAL and self.caller.agency == status.get("to_agency_ref"):
            self.accept(status["referral_ref"])

    def open_many(self) -> None:
        refs = [message["message_ref"] for message in self.chance.sample(self.messages, min(5, len(self.messages)))]
        if refs:
            body = {"purpose": self.caller.purpose, "message_refs": refs}
            self.caller.command("opening", "exchange", "POST", "/v1/openings", body, once=True, messages=refs)

    def open_nothing(self) -> None:
        ref, body = str(uuid4()), {"purpose": self.caller.purpose}
        path = f"/v1/messages/{ref}/opening"
        self.caller.command("opening", "exchange", "POST", path, body, once=True, messages=[ref])

    def accept(self, ref: str) -> None:
        if ref in self.answered:
            return
        self.answered.add(ref)
        body, path = {"advocate_name": "Sam Okoye"}, f"/v1/referrals/{ref}/acceptance"
        self.caller.command("acceptance", "referrals", "POST", path, body, if_match='"1"', referral=ref)

    def record(self) -> None:
        if self.caller.agency != "county-sheriff" or not self.messages:
            return
        case_ref = self.chance.choice(self.messages)["case_ref"]
        service = "law_enforcement_bridge"
        if case_ref in self.orders:
            ref = self.orders[case_ref]
            body, path = {"service_status": "in_hand"}, f"/v1/orders/{ref}/service"
            if ref not in self.answered:
                self.caller.command("service", service, "POST", path, body, if_match='"1"', order=ref)
            self.answered.add(ref)
            return
        body = {"case_ref": case_ref, "status": "temporary", "order_type": "ex_parte"}
        recorded = self.caller.command("order", service, "POST", "/v1/orders", body)
        if recorded.outcome == "yes":
            self.orders[case_ref] = recorded.answer["order_ref"]
