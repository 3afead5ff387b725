"""What is an asker's own agency's and yet closed to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.leaks.existence import Existing


@dataclass(frozen=True)
class Closed:
    """A thing of an asker's own agency that is closed to them, and why."""

    asker: str
    why: str
    route: str
    ref: UUID
    body: dict[str, Any] | None = None


ANSWERS = tuple(
    f"referrals.{name}"
    for name in (
        "accept_referral",
        "decline_referral",
        "ask_for_more",
        "begin_referral",
        "complete_referral",
        "fail_contact",
        "assign_referral",
    )
)
TASKS = ("read_task", "claim_task", "assign_task", "snooze_task", "flag_task", "complete_task")
ORDERS = ("read_order", "issue_order", "modify_order", "serve_order", "set_hearing", "note_violation", "end_order")
DIRECTIVES = ("read_directive", "read_receipt", "stop_directive", "refuse_directive", "sign_directive")
CASES = (
    "audit.read_accounting",
    "notifications.read_notices",
    "intake.read_case",
    "intake.report_incident",
    "intake.write_plan",
    "intake.review_plan",
    "intake.log_near_miss",
    "intake.list_near_misses",
    "intake.start_screen",
    "intake.list_screens",
    "intake.read_opening_step",
    "intake.assign_case",
    "intake.name_case",
    "intake.close_case",
    "intake.reopen_case",
    "consent.choose_participation",
    "consent.record_death",
    "consent.draft_directive",
    "consent.list_directives",
    "consent.list_field_requests",
    "consent.list_acknowledgements",
    "consent.preview_case",
    "consent.compare_agencies",
    "consent.stop_everything",
)


def closed(full_town: Existing) -> Iterator[Closed]:
    """Yield all that is an asker's own agency's and yet closed to them."""
    yield from _closed_to_all(full_town)
    yield from _closed_to_one(full_town)


def _closed_to_all(full_town: Existing) -> Iterator[Closed]:
    shelter, named = full_town.shelter, full_town.named
    for asker in ("sam", f"system of {shelter}"):
        message = named[f"revoked message to {shelter}"]
        yield Closed(asker, "revoked", "exchange.open_message", message)
        yield Closed(asker, "revoked", "exchange.offer_message", message)
        yield Closed(asker, "revoked", "exchange.read_case", named[f"revoked case of {shelter}"])
        yield Closed(asker, "revoked", "consent.request_fields", named[f"revoked case of {shelter}"])
        other = {"purpose": "advocacy"}
        yield Closed(asker, "another purpose", "exchange.open_message", named[f"open message to {shelter}"], other)
        for route in ("referrals.read_referral", *ANSWERS):
            yield Closed(asker, "revoked", route, named["revoked referral received"])
    for route in TASKS:
        yield Closed("sam", "revoked", f"tasks.{route}", named["revoked task received"])


def _closed_to_one(full_town: Existing) -> Iterator[Closed]:
    shelter, police, named = full_town.shelter, full_town.police, full_town.named
    yield Closed("sam", "blocked", "exchange.open_message", named[f"hidden message to {shelter}"])
    yield Closed("sam", "blocked", "exchange.read_case", named[f"hidden case of {shelter}"])
    yield Closed("sam", "blocked", "consent.request_fields", named[f"hidden case of {shelter}"])
    yield Closed("sam", "blocked", "consent.list_field_requests", named[f"hidden case of {shelter}"])
    yield Closed("sam", "blocked", "consent.list_acknowledgements", named[f"hidden case of {shelter}"])
    yield Closed("sam", "blocked", "consent.acknowledge_ending", named["hidden ending received"])
    for route in ("referrals.read_referral", *ANSWERS):
        yield Closed("sam", "blocked", route, named["hidden referral received"])
    enforcement = {"purpose": "order_enforcement"}
    yield Closed("kim", "blocked", "exchange.open_message", named[f"hidden message to {police}"], enforcement)
    for route in ORDERS:
        yield Closed("kim", "blocked", f"law_enforcement_bridge.{route}", named["hidden order"])
    for route in CASES:
        yield Closed("ana", "blocked", route, named["hidden case"])
    for route in TASKS:
        yield Closed("ana", "blocked", f"tasks.{route}", named["hidden task"])
        yield Closed("sam", "blocked", f"tasks.{route}", named["hidden task received"])
    for route in DIRECTIVES:
        yield Closed("ana", "blocked", f"consent.{route}", named["hidden directive"])
    for route in ("referrals.read_referral", "referrals.withdraw_referral"):
        yield Closed("ana", "blocked", route, named["hidden referral"])
    for route in ("exchange.open_message", "exchange.offer_message"):
        yield Closed("ana", "blocked", route, named["hidden message to bay-hotline"])
