"""What the people of the town type: each part of a plan as the body of a request, its dates counted from today."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from devstack.story.words import now
from devstack.town_life.steps import CaseNotes, PlannedOrder, PlannedReferral, PlannedRelease, ReleaseFate
from devstack.town_life.words import FAMILY_NAME, OFFENDER
from schemas.categories import DataCategory
from schemas.codes import OrderExpiry, OrderStatus, ReferralMode

NEEDS: Final = ("shelter", "childcare", "legal", "transport", "interpreter")
TEXT_VERSION: Final = "2026-1"
ZONE: Final = "America/Los_Angeles"
# Each step of a service, a violation, a hearing and an end: where it is posted, and what is said of it.
ORDER_ROUTES: Final = {
    "in_hand": "service",
    "failed": "service",
    "served": "service",
    "violation": "violation",
    "hearing": "hearing",
    "end": "end",
}


def in_days(days: int) -> str:
    """Return noon in UTC so many days from today: one day ahead is never past, and six are never seven."""
    return f"{(datetime.now(UTC) + timedelta(days=days)).date()}T12:00:00Z"


def choice(author: str, notes: CaseNotes, participation: str) -> dict[str, Any]:
    """Return whether the survivor takes part, and how that was explained."""
    return {"participation": participation, "evidence": _explained(author, notes.language)}


def incident(notes: CaseNotes) -> dict[str, Any]:
    """Return what the survivor tells."""
    return _survivor(notes) | {
        "channel": notes.channel,
        "occurred_on": in_days(-notes.children - 1)[:10],
        "violence_types": ["threats", "stalking"] if notes.children else ["psychological_emotional_abuse"],
        "relationship": "XS",
        "weapon_involved": "unknown",
        "narrative": notes.narrative,
        "narrative_language": notes.language,
        "offender_name": OFFENDER,
    }


def safety_plan(notes: CaseNotes, version: int) -> dict[str, Any]:
    """Return a version of the survivor's safety plan."""
    first = {
        "threat_type": "intimate_partner",
        "goals": [notes.goal],
        "next_review_on": in_days(1 + 3 * notes.children)[:10],
        "escape_code_word": notes.code_word,
    }
    return first if version == 1 else first | {"technology": "A new number, and the old telephone left at work."}


def directive(release: PlannedRelease) -> dict[str, Any]:
    """Return a release, or a denial, as it is written down."""
    if release.fate is ReleaseFate.DENIED:
        return {"effect": "deny", "recipient": release.recipient, "categories": list(DataCategory)}
    return {
        "effect": "permit",
        "recipient": release.recipient,
        "purpose": release.purpose,
        "categories": list(release.categories),
        "valid_until": in_days(release.days),
    }


def signature(author: str, notes: CaseNotes) -> dict[str, Any]:
    """Return what evidences that the survivor signed, as of now."""
    return _explained(author, notes.language) | {"signed_at": now(), "signer_role": "survivor"}


def referral(case_ref: str, notes: CaseNotes, planned: PlannedReferral) -> dict[str, Any]:
    """Return a referral; one that is only logged says nothing of the survivor to anybody."""
    form = {
        "case_ref": case_ref,
        "to_agency_ref": planned.receiver,
        "mode": planned.mode,
        "kind": planned.kind,
        "service_code": planned.service,
        "priority": planned.priority,
    }
    if planned.mode is ReferralMode.LOGGED:
        return form
    return form | _survivor(notes) | {"purpose": planned.purpose}


def answers(planned: PlannedReferral, advocate: str) -> dict[str, dict[str, Any] | None]:
    """Return the bodies of a receiver's answers, by the last segment of the route."""
    return {
        "acceptance": {"advocate_name": advocate, "first_meeting_on": in_days(2)[:10], "warm_handoff": "offered"},
        "question": None,
        "start": None,
        "decline": {"reason_code": planned.reason},
        "completion": {"outcome_code": planned.outcome},
        "contact-failure": {"contact_attempts": 3},
    }


def order(case_ref: str, number: int, planned: PlannedOrder, notes: CaseNotes) -> dict[str, Any]:
    """Return the court's paper, as far as it is known when it comes in."""
    form = {
        "case_ref": case_ref,
        "status": planned.recorded,
        "order_type": planned.order_type,
        "docket_number": f"EX-{number:03}",
        "requested_on": in_days(-9)[:10],
        "respondents": [{"name": OFFENDER}],
        "petitioner": {"given_name": notes.name, "family_name": FAMILY_NAME},
    }
    if planned.recorded is OrderStatus.REQUESTED:
        return form
    days = 21 if planned.recorded is OrderStatus.TEMPORARY else 365
    return form | {
        "order_number": f"EX-PO-{number:04}",
        "court_name": "Example County Court",
        "court_time_zone": ZONE,
        "issued_on": in_days(-2)[:10],
        "expires_on": in_days(days)[:10],
        "expiry": OrderExpiry.DATED,
        "conditions": [{"pco_code": "01"}, {"pco_code": "05"}],
    }


def order_event(event: str) -> dict[str, Any]:
    """Return what is recorded of an order when `event` happens to it."""
    bodies: dict[str, dict[str, Any]] = {
        "in_hand": {"service_status": "in_hand"},
        "failed": {"service_status": "failed", "failure_reason": "not_found", "attempts": [in_days(-1)[:10]]},
        "served": {"service_status": "served", "served_at": in_days(-1)},
        "violation": {"violated_on": in_days(-1)[:10], "violated_conditions": ["05"]},
        "hearing": {"hearing_at": in_days(6)},
        "end": {"end_reason": "dismissed"},
    }
    return bodies[event]


def _explained(author: str, language: str) -> dict[str, Any]:
    return {"method": "e_signed", "language": language, "text_version": TEXT_VERSION, "explained_by": author}


def _survivor(notes: CaseNotes) -> dict[str, Any]:
    channel = {
        "kind": "voice",
        "address": notes.telephone,
        "status": "safe",
        "voicemail_ok": "no",
        "language": notes.language,
        "time_zone": ZONE,
        "valid_until": in_days(30),
        "windows": [{"days": ["mon", "wed", "fri"], "from_local": "10:00", "until_local": "12:00"}],
    }
    return {
        "given_name": notes.name,
        "family_name": FAMILY_NAME,
        "language": notes.language,
        "needs": list(NEEDS[: 2 + notes.children]),
        "children_count": notes.children,
        "channels": [channel],
        "code_word": notes.code_word,
    }
