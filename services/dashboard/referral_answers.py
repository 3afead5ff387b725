"""What may be done with a referral: by whom, in which of its states, and with which form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from schemas.codes import ReferralState
from services.dashboard.forms.referral_forms import (
    AcceptanceForm,
    AnswerForm,
    CompletionForm,
    ContactFailureForm,
    DeclineForm,
    WithdrawalForm,
)
from services.dashboard.rows.referral_rows import UNANSWERED, ReferralDetailRow


class ReferralSide(StrEnum):
    """Who looks at a referral: its sender, its receiver, or a cell that follows it."""

    SENDER = "sender"
    RECEIVER = "receiver"
    FOLLOWER = "follower"


@dataclass(frozen=True, slots=True)
class ReferralAnswer:
    """One thing that may be done: by which side, from which states, what is filled in, and what it takes."""

    side: ReferralSide
    states: frozenset[ReferralState]
    form: type[AnswerForm]
    scope: str = "referrals:answer"


UNDER_WAY: Final = frozenset({ReferralState.ACCEPTED, ReferralState.IN_PROGRESS})
# By the name of the service's route, which is that of the page's, too.
ANSWERS: Final[Mapping[str, ReferralAnswer]] = {
    "acceptance": ReferralAnswer(ReferralSide.RECEIVER, UNANSWERED, AcceptanceForm),
    "decline": ReferralAnswer(ReferralSide.RECEIVER, UNANSWERED, DeclineForm),
    "question": ReferralAnswer(ReferralSide.RECEIVER, frozenset({ReferralState.SENT}), AnswerForm),
    "start": ReferralAnswer(ReferralSide.RECEIVER, frozenset({ReferralState.ACCEPTED}), AnswerForm),
    "completion": ReferralAnswer(ReferralSide.RECEIVER, UNDER_WAY, CompletionForm),
    "contact-failure": ReferralAnswer(ReferralSide.RECEIVER, UNDER_WAY, ContactFailureForm),
    "withdrawal": ReferralAnswer(ReferralSide.SENDER, UNANSWERED | UNDER_WAY, WithdrawalForm, "referrals:send"),
}


def side_of(referral: ReferralDetailRow, agency_id: str, *, cell: bool) -> ReferralSide:
    """Return on which side an agency stands; the sender sees all of its own, and who sees less is not the sender."""
    if referral.from_agency_ref == agency_id:
        return ReferralSide.SENDER
    return ReferralSide.FOLLOWER if cell else ReferralSide.RECEIVER


def possible_answers(referral: ReferralDetailRow, side: ReferralSide) -> tuple[str, ...]:
    """Return what this side may do now; one that may not know the state is offered what a new referral takes."""
    state = referral.status or ReferralState.SENT
    return tuple(name for name, answer in ANSWERS.items() if answer.side is side and state in answer.states)
