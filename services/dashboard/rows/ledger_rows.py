"""What pages read of audit's answers: lines of the ledger, their proofs, and what a check came to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from services.dashboard.code_words import words
from services.dashboard.domain import case_code
from services.dashboard.language import mark
from services.dashboard.rows.service_row import ServiceRow

# What was done, as a reader who has never heard of a ledger says it.
ACT_WORDS: Final[Mapping[str, str]] = {
    "offered": mark("Offered"),
    "opened": mark("Opened"),
    "consulted": mark("Seen in a list"),
    "refused": mark("Refused"),
    "not_sent": mark("Not sent"),
    "withheld": mark("Kept back on its way"),
    "delivered": mark("Delivered"),
    "parked": mark("Set aside"),
    "granted": mark("Release given"),
    "changed": mark("Changed"),
    "revoked": mark("Release stopped"),
    "refusal_recorded": mark("Refusal recorded"),
    "compelled": mark("Compelled"),
    "emergency_opened": mark("Opened in an emergency"),
    "reviewed": mark("Reviewed"),
    "exported": mark("Ledger exported"),
    "ledger_read": mark("Ledger read"),
    "verified": mark("Ledger checked"),
    "key_used": mark("Key used"),
    "shredded": mark("Erased"),
    "retained": mark("Kept longer"),
    "administered": mark("Administered"),
    "padding": mark("Padding"),
}
SYSTEM: Final = mark("records system")
PROGRAMS: Final[Mapping[str, str]] = {
    "system:notifications": mark("Notices, by themselves"),
    "relay": mark("Carrier of messages"),
}
ERASED: Final = mark("no longer registered")


class LedgerAgencyRow(ServiceRow):
    """An agency by the name under which the register knows it."""

    id: str
    name: str


class LedgerActorRow(ServiceRow):
    """Whoever acted."""

    kind: str
    ref: str | None = None
    name: str | None = None
    agency_id: str | None = None

    @property
    def words(self) -> str:
        """Return the name, and what a program of ours does in place of its own."""
        return PROGRAMS.get(self.name or "", self.name or "")

    @property
    def note(self) -> str:
        """Return what is said beside the name, or in place of it."""
        return {"system": SYSTEM, "erased": ERASED}.get(self.kind, "")


class LedgerEntryRow(ServiceRow):
    """One line of the ledger, or of an accounting."""

    index: int | None
    leaf: str
    at: datetime
    act: str
    verdict: str
    agency: LedgerAgencyRow | None
    who: LedgerActorRow
    type: str | None = None
    categories: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    purpose: str | None = None
    basis: str | None = None
    reason: str | None = None
    case_ref: UUID | None = None
    after_stop: bool = False

    @property
    def what(self) -> str:
        """Return what was done, in words."""
        return ACT_WORDS.get(self.act, words(self.act))

    @property
    def is_offer(self) -> bool:
        """Tell whether the agency is the one to which something was, or was not, offered."""
        return self.act in ("offered", "not_sent", "withheld", "delivered")

    @property
    def denied(self) -> bool:
        """Tell whether nothing was let through."""
        return self.verdict == "deny"

    @property
    def code(self) -> str:
        """Return what staff call the case, empty where the line is about none."""
        return "" if self.case_ref is None else case_code(self.case_ref)


class LedgerListRow(ServiceRow):
    """One page of the ledger; the first says how long the list is."""

    entries: tuple[LedgerEntryRow, ...]
    count: int | None = None
    whole: bool | None = None


class ProvenEntryRow(ServiceRow):
    """One line with its receipt."""

    entry: LedgerEntryRow
    header: str
    proof: str
    size: int
    holds: bool


class FindingRow(ServiceRow):
    """What is wrong with the ledger, in words of the verifier."""

    fault: str
    index: int
    says: str


class VerificationRow(ServiceRow):
    """What a check of a stretch of the ledger came to."""

    whole: bool
    start: int
    until: int
    checkpoints: int
    findings: tuple[FindingRow, ...]


class FreshnessRow(ServiceRow):
    """How far the published ledger reaches, and what waits for it."""

    size: int
    published_at: datetime | None
    waiting: int
    waiting_since: datetime | None
    at: datetime
