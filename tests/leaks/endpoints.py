"""Every route that takes a reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from fastapi.routing import APIRoute

EXPLAINED = {"method": "e_signed", "language": "es", "text_version": "2026-1", "explained_by": "ana"}
SIGNED = EXPLAINED | {"signed_at": "2026-11-20T12:00:00Z", "signer_role": "survivor"}
# A body that each write takes: what is not valid is refused before anything is looked for.
BODIES: Mapping[str, dict[str, Any] | None] = {
    "choose_participation": {"participation": "no"},
    "record_death": {"died_on": "2026-11-01"},
    "draft_directive": {"effect": "deny", "recipient": "riverside-legal", "categories": ["medical"]},
    "exclude_person": {"person_ref": "nobody-at-all"},
    "set_roles": {"roles": ["auditor"]},
    "confirm_person": None,
    "take_out_person": None,
    "compare_agencies": {
        "considered": [{"recipient": "riverside-legal", "purpose": "legal_representation", "categories": ["needs"]}]
    },
    "stop_everything": None,
    "sign_directive": SIGNED,
    "refuse_directive": None,
    "lift_denial": SIGNED,
    "confirm_directive": None,
    "correct_death": None,
    "confirm_correction": None,
    "stop_directive": None,
    "open_message": {"purpose": "shelter"},
    "handle_message": {"handled": True},
    "offer_message": {},
    "retry_dead_letter": None,
    "end_dead_letter": None,
    "report_incident": {"needs": ["shelter"]},
    "correct_incident": {"needs": ["shelter"]},
    "assign_case": {"person_refs": []},
    "name_case": {"nickname": "Blue door"},
    "open_colleagues_case": {"reason_code": "covering"},
    "close_case": {"reason_code": "completed"},
    "reopen_case": None,
    "request_fields": {
        "custodian_ref": "bay-hotline",
        "purpose": "shelter",
        "categories": ["children"],
        "reason": "She needs a cot",
    },
    "decline_fields": {"channel": "voice"},
    "withdraw_fields": None,
    "acknowledge_ending": None,
    "review_plan": {"review": {"held_on": "2026-03-01", "trigger": "asked"}},
    "log_near_miss": {"what_happened": "He stood at the gate"},
    "start_screen": {"instrument_id": "accord-first"},
    "complete_screen": {"answers": []},
    "override_band": {"override": {"band": "high", "reason": "He knows where she works"}},
    "abandon_screen": None,
    "certify_person": {"certified_until": "2099-01-01"},
    "write_plan": {"threat_type": "intimate_partner", "goals": ["A safe bed"]},
    "issue_order": {"status": "temporary"},
    "modify_order": {"modification": "clerical"},
    "serve_order": {"service_status": "in_hand"},
    "set_hearing": {"hearing_at": "2026-12-01T09:00:00Z"},
    "note_violation": {},
    "end_order": {"end_reason": "dismissed"},
    "assign_referral": {"person_ref": "sam"},
    "withdraw_referral": {"reason_code": "sender"},
    "accept_referral": {"advocate_name": "Sam"},
    "decline_referral": {"reason_code": "no_capacity"},
    "ask_for_more": None,
    "begin_referral": None,
    "complete_referral": {"outcome_code": "got_help"},
    "fail_contact": {"contact_attempts": 2},
    "release_braked": {"planned_until": "2026-12-01T09:00:00Z"},
    "claim_task": None,
    "assign_task": {"person_ref": None},
    "snooze_task": {"until": "2099-01-01T09:00:00Z", "reason_code": "not_safe_now"},
    "flag_task": {"flagged": True},
    "complete_task": {"outcome_code": "handled"},
    "drop_braked": {"planned_until": "2026-12-01T09:00:00Z"},
}
QUERIES = {"preview_case": "recipient=riverside-legal&purpose=legal_representation"}


@dataclass(frozen=True)
class Endpoint:
    """One route that takes a reference."""

    service: str
    route: str
    method: str
    template: str

    @property
    def name(self) -> str:
        """Return the name by which it is told from the routes of other services."""
        return f"{self.service}.{self.route}"

    def path(self, *refs: UUID) -> str:
        """Return the address for references, the last one given standing for all that follow."""
        names = [part[1:-1] for part in self.template.split("/") if part.startswith("{")]
        filled = dict(zip(names, [*refs, *[refs[-1]] * len(names)], strict=False))
        query = QUERIES.get(self.route)
        return self.template.format(**filled) + (f"?{query}" if query else "")

    @property
    def body(self) -> dict[str, Any] | None:
        """Return a valid body; a write that is not among `BODIES` is a new one, and is to be added."""
        return None if self.method == "GET" else BODIES[self.route]


def endpoints_of(apps: Mapping[str, FastAPI]) -> Iterator[Endpoint]:
    """Yield every route of these services that takes a reference."""
    for service, app in apps.items():
        for route in routes_of(app):
            if "{" in route.path:
                yield Endpoint(service, route.name, min(route.methods or ()), route.path)


def routes_of(app: FastAPI) -> Iterator[APIRoute]:
    """Yield the routes, those of included routers as well."""
    waiting = list(app.routes)
    while waiting:
        route = waiting.pop(0)
        if isinstance(route, APIRoute):
            yield route
        else:
            inner = getattr(route, "original_router", None) or getattr(route, "router", None)
            waiting += list(getattr(inner, "routes", []))
