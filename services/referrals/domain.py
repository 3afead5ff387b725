"""What a referral may become: the sender's record, with the receiver's answers written to it.

Every step returns the referral as it now is and the fact that makes it known.  A final state stays final: sending
elsewhere is a new referral that names the old one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from schemas.codes import (
    ConflictCheck,
    DeclineReason,
    OutcomeCode,
    Priority,
    Purpose,
    ReferralKind,
    ReferralMode,
    ReferralState,
    ServiceCode,
    WithdrawReason,
)
from schemas.facts.categorised import Categorised
from schemas.facts.referral import (
    AcceptanceBlock,
    CompletionBlock,
    ContactFailureBlock,
    DeclineBlock,
    ReferralAccepted,
    ReferralBlock,
    ReferralCompleted,
    ReferralConflictChecked,
    ReferralContactFailed,
    ReferralCreated,
    ReferralDeclined,
    ReferralFact,
    ReferralInfoRequested,
    ReferralInProgress,
    ReferralOverdue,
    ReferralWithdrawn,
    WithdrawalBlock,
)

UNANSWERED: Final = frozenset({ReferralState.SENT, ReferralState.NEEDS_INFO})
UNDER_WAY: Final = frozenset({ReferralState.ACCEPTED, ReferralState.IN_PROGRESS})
OPEN: Final = UNANSWERED | UNDER_WAY | {ReferralState.DRAFT}
FINAL: Final = frozenset(ReferralState) - OPEN

ANSWER_WITHIN: Final[Mapping[Priority, timedelta]] = {
    Priority.ON_SCENE: timedelta(minutes=15),
    Priority.URGENT: timedelta(hours=1),
    Priority.SOON: timedelta(hours=3),
    Priority.DAY: timedelta(hours=24),
    Priority.ROUTINE: timedelta(hours=72),
}
# A question to the survivor lapses then, and silence is no; until then the clock stands still.
QUESTION_LAPSES_AFTER: Final = timedelta(hours=72)

F = TypeVar("F", bound=ReferralFact)


class NotOpen(Exception):
    """In its present state the referral cannot take this step."""


class AssignedMeanwhile(Exception):
    """Somebody else answers the referral by now than whoever was to be replaced."""


class SelfReferral(Exception):
    """An agency sends no referral to itself."""


class NotSent(Exception):
    """A logged referral was sent to nobody: nobody can follow it up."""


@dataclass(frozen=True, slots=True)
class Referral:
    """A referral as this service keeps it: references, states and instants; what was told lies sealed."""

    referral_ref: UUID
    case_ref: UUID  # the sender's own
    sending_agency: str
    receiving_agency: str
    receiver_ref: UUID | None  # by which the receiver knows it; a logged one is known to no receiver
    kind: ReferralKind
    mode: ReferralMode
    service_code: ServiceCode
    priority: Priority
    purpose: Purpose | None
    state: ReferralState
    version: int
    created_at: datetime
    changed_at: datetime
    answer_by: datetime | None
    overdue_since: datetime | None = None
    follows_ref: UUID | None = None
    conflict_check: ConflictCheck | None = None
    reason_code: str | None = None  # why it was declined, or why withdrawn: two lists that are never merged
    outcome_code: OutcomeCode | None = None
    spoken_code: str | None = None  # the same for both sides, and derived from nothing


def send(
    form: ReferralBlock,
    *,
    referral_ref: UUID,
    case_ref: UUID,
    purpose: Purpose | None,
    sender: str,
    receiver_ref: UUID,
    now: datetime,
    spoken_code: str,
    conflict_check: ConflictCheck | None = None,
) -> tuple[Referral, ReferralCreated]:
    """Return the referral that `form` asks for, sent at `now`, and its fact.

    A logged referral was given to the survivor by word of mouth: it waits for no answer.
    """
    if form.to_agency_ref == sender:
        raise SelfReferral
    live = form.mode is ReferralMode.LIVE
    referral = Referral(
        referral_ref=referral_ref,
        case_ref=case_ref,
        sending_agency=sender,
        receiving_agency=form.to_agency_ref,
        receiver_ref=receiver_ref if live else None,
        kind=form.kind,
        mode=form.mode,
        service_code=form.service_code,
        priority=form.priority,
        purpose=purpose,
        state=ReferralState.SENT,
        version=1,
        created_at=now,
        changed_at=now,
        answer_by=now + ANSWER_WITHIN[form.priority] if live else None,
        follows_ref=form.follows_ref,
        conflict_check=conflict_check,
        spoken_code=spoken_code,
    )
    set_here = {"answer_by": referral.answer_by, "created_at": now, "conflict_check": conflict_check}
    return referral, ReferralCreated(**(form.values_for(ReferralCreated) | _routing(referral) | set_here))


def recode(referral: Referral, fact: ReferralCreated, spoken_code: str) -> tuple[Referral, ReferralCreated]:
    """Return a referral that was not sent yet, and its fact, with another spoken code."""
    return replace(referral, spoken_code=spoken_code), fact.model_copy(update={"spoken_code": spoken_code})


def accept(referral: Referral, answer: AcceptanceBlock, now: datetime) -> tuple[Referral, ReferralAccepted]:
    """Return the accepted referral and its fact, which names the advocate."""
    return _step(referral, UNANSWERED, ReferralState.ACCEPTED, now, ReferralAccepted, answer)


def decline(referral: Referral, answer: DeclineBlock, now: datetime) -> tuple[Referral, ReferralDeclined]:
    """Return the declined referral and its fact, which says why by a code."""
    declined, fact = _step(referral, UNANSWERED, ReferralState.DECLINED, now, ReferralDeclined, answer)
    return replace(declined, reason_code=answer.reason_code), fact


def check_conflict(
    referral: Referral, result: ConflictCheck, now: datetime
) -> tuple[Referral, list[ReferralConflictChecked | ReferralDeclined]]:
    """Return the referral whose conflict check came out as `result`, and its facts; a match declines it by itself."""
    if referral.state not in UNANSWERED or referral.conflict_check is not ConflictCheck.PENDING:
        raise NotOpen
    moved = replace(referral, conflict_check=result, version=referral.version + 1, changed_at=now)
    checked = ReferralConflictChecked(**_routing(moved), conflict_check=result)
    if result is not ConflictCheck.MATCH:
        return moved, [checked]
    declined, fact = decline(moved, DeclineBlock(reason_code=DeclineReason.CONFLICT_OF_INTEREST), now)
    return declined, [checked, fact]


def ask_for_more(referral: Referral, now: datetime) -> tuple[Referral, ReferralInfoRequested]:
    """Return the referral that waits for the survivor's word, its clock standing still meanwhile, and its fact."""
    sent = {ReferralState.SENT}
    waiting, _ = _step(referral, sent, ReferralState.NEEDS_INFO, now, ReferralInfoRequested, None)
    if waiting.answer_by is not None:
        waiting = replace(waiting, answer_by=waiting.answer_by + QUESTION_LAPSES_AFTER)
    return waiting, ReferralInfoRequested(**_routing(waiting), answer_by=waiting.answer_by)


def begin(referral: Referral, now: datetime) -> tuple[Referral, ReferralInProgress]:
    """Return the referral in progress and its fact."""
    accepted = {ReferralState.ACCEPTED}
    return _step(referral, accepted, ReferralState.IN_PROGRESS, now, ReferralInProgress, None)


def complete(referral: Referral, answer: CompletionBlock, now: datetime) -> tuple[Referral, ReferralCompleted]:
    """Return the completed referral and its fact, with the outcome as the receiver sees it."""
    completed, fact = _step(referral, UNDER_WAY, ReferralState.COMPLETED, now, ReferralCompleted, answer)
    return replace(completed, outcome_code=answer.outcome_code), fact


def fail_contact(
    referral: Referral, answer: ContactFailureBlock, now: datetime
) -> tuple[Referral, ReferralContactFailed]:
    """Return the referral whose survivor could not be reached safely, and its fact."""
    return _step(referral, UNDER_WAY, ReferralState.COULD_NOT_CONTACT, now, ReferralContactFailed, answer)


def withdraw(referral: Referral, reason: WithdrawalBlock, now: datetime) -> tuple[Referral, ReferralWithdrawn]:
    """Return the withdrawn referral and its fact; calling back is possible until it has ended."""
    withdrawn, fact = _step(referral, OPEN, ReferralState.WITHDRAWN, now, ReferralWithdrawn, reason)
    return replace(withdrawn, reason_code=reason.reason_code), fact


def end_with_its_release(referral: Referral, now: datetime) -> tuple[Referral, ReferralWithdrawn]:
    """Return the referral withdrawn because the receiver may no longer see it, and its fact."""
    return withdraw(referral, WithdrawalBlock(reason_code=WithdrawReason.CONSENT_ENDED), now)


def check_assignable(referral: Referral, person_ref: str | None, instead_of: str | None, current: str | None) -> None:
    """Refuse to let another person answer: what nobody has to answer any more, and what somebody else has by now.

    Whoever has it already may have it. Raises `NotOpen` or `AssignedMeanwhile`.
    """
    if referral.state not in OPEN:
        raise NotOpen
    if current not in (person_ref, instead_of):
        raise AssignedMeanwhile


def is_overdue(referral: Referral, now: datetime) -> bool:
    """Tell whether nobody has answered by the instant agreed, and it has not been said yet."""
    waiting = referral.state in UNANSWERED and referral.overdue_since is None
    return waiting and referral.answer_by is not None and referral.answer_by <= now


def mark_overdue(referral: Referral, now: datetime) -> tuple[Referral, ReferralOverdue]:
    """Return the referral with its delay noted, once, and the fact of it.

    Not a step: state and version stay, so that an answer on its way is not refused as stale.
    """
    if not is_overdue(referral, now) or referral.answer_by is None:
        raise NotOpen
    since = referral.answer_by
    late = replace(referral, overdue_since=since)
    return late, ReferralOverdue(**_routing(late), answer_by=since, overdue_since=since)


def _step(
    referral: Referral,
    allowed: frozenset[ReferralState] | set[ReferralState],
    state: ReferralState,
    now: datetime,
    kind: type[F],
    form: Categorised | None,
) -> tuple[Referral, F]:
    if referral.state not in allowed:
        raise NotOpen
    if referral.mode is ReferralMode.LOGGED and state is not ReferralState.WITHDRAWN:
        raise NotSent
    moved = replace(referral, state=state, version=referral.version + 1, changed_at=now)
    return moved, kind(**(({} if form is None else form.values_for(kind)) | _routing(moved)))


def _routing(referral: Referral) -> dict[str, Any]:
    return {
        "case_ref": referral.case_ref,
        "referral_ref": referral.referral_ref,
        "from_agency_ref": referral.sending_agency,
        "to_agency_ref": referral.receiving_agency,
        "status": referral.state,
        "spoken_code": referral.spoken_code,
    }
