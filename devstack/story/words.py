"""What the people of the story type: plainly fictional, and shaped as the contracts ask."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

EXPLAINED = {
    "method": "e_signed",
    "language": "es",
    "text_version": "2026-1",
    "explained_by": "ana",
}


def in_days(days: int) -> str:
    """Return the instant so many days from today, in UTC."""
    return f"{date.today() + timedelta(days=days)}T12:00:00Z"  # noqa: DTZ011 - a date of the demo, not a decision


def incident() -> dict[str, Any]:
    """Return what Marisol tells the hotline at two in the morning."""
    return {
        "channel": "hotline",
        "given_name": "Marisol",
        "known_as": "Mari",
        "language": "es",
        "needs": ["shelter", "interpreter", "childcare"],
        "children_count": 1,
        "channels": [
            {
                "kind": "voice",
                "address": "555-0142",
                "status": "safe",
                "voicemail_ok": "no",
                "windows": [
                    {
                        "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
                        "from_local": "10:00",
                        "until_local": "12:00",
                    }
                ],
                "time_zone": "America/Los_Angeles",
                "language": "es",
                "valid_until": in_days(30),
            }
        ],
        "code_word": "lemon tea",
        "violence_types": ["physical_assault", "threats"],
        "relationship": "XS",
        "minor_involved": "yes",
        "weapon_involved": "yes",
        "weapon_kinds": ["blade"],
        "firearm_access": "unknown",
        "narrative": "He waited outside and said that next time nobody would come in time.",
        "narrative_language": "es",
        "offender_name": "R. Calder",
    }


def plan(version: int) -> dict[str, Any]:
    """Return the safety plan; the second version says what the order is for."""
    first = {
        "threat_type": "intimate_partner",
        "goals": ["A safe bed tonight"],
        "next_review_on": in_days(7)[:10],
        "during_incident": "Out by the kitchen door, never through the hall.",
        "escape_code_word": "lemon tea",
        "contacts": [{"name": "Aunt Rosa", "relation": "aunt"}],
        "children_plan": "Leo goes to the neighbour first.",
    }
    if version == 1:
        return first
    return first | {"goals": ["A safe bed", "The order in the bag"], "protective_order_use": "Show it to any officer."}


def order(case_ref: str) -> dict[str, Any]:
    """Return the court's temporary order, as the liaison officer records it."""
    return {
        "case_ref": case_ref,
        "status": "temporary",
        "order_type": "ex_parte",
        "order_number": "26-PO-0117",
        "court_name": "Fairview County Court",
        "docket_number": "DV-2026-117",
        "issued_on": in_days(0)[:10],
        "expires_on": in_days(21)[:10],
        "expiry": "dated",
        "court_time_zone": "America/Los_Angeles",
        "conditions": [{"pco_code": "01"}, {"pco_code": "05"}],
        "respondents": [{"name": "R. Calder"}],
        "petitioner": {"given_name": "Marisol"},
    }


# recipient, purpose, categories: one provision each, as Marisol said it.
RELEASE = (
    ("harbor-house", "shelter", ["identity", "safe_contact", "needs", "children", "weapons_risk", "referral_status"]),
    ("county-sheriff", "order_enforcement", ["identity", "order_terms", "risk_result"]),
    (
        "riverside-legal",
        "legal_representation",
        ["identity", "incident_summary", "order_terms", "referral_status"],
    ),
)
REFUSED = ("lantern-counselling", "counselling", ["identity", "needs", "incident_summary"])


def now() -> str:
    """Return this instant in UTC; to the second, it would lie before what was denied in the same one."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
