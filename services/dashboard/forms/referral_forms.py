"""What people fill in about referrals: to send one, to answer one, to call one back, to find one by its code."""

from __future__ import annotations

from typing import Any, Final

from wtforms import DateField, IntegerField, RadioField, SelectField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError

from schemas.codes import (
    DeclineReason,
    OutcomeCode,
    Priority,
    Purpose,
    ReferralMode,
    ServiceCode,
    WarmHandoff,
    WithdrawReason,
)
from services.dashboard.code_words import choices_of
from services.dashboard.forms.desk_form import DeskForm, TextField
from services.dashboard.language import mark, translate

MOST_NAME: Final = 200  # letters: schemas.values.Text200
MOST_CODE: Final = 80
MOST_ATTEMPTS: Final = 100
# A release ends a referral by itself; nobody gives that as their reason.
CALLED_BACK: Final = tuple(reason for reason in WithdrawReason if reason is not WithdrawReason.CONSENT_ENDED)
# Counts are asked for by no referral, and a conflict check by a system alone.
PURPOSES: Final = tuple(
    purpose for purpose in Purpose if purpose not in (Purpose.EVALUATION_AGGREGATE, Purpose.CONFLICT_CHECK)
)
KNOWS: Final = (
    ("yes", mark("Yes, she knows")),
    ("unsafe", mark("It is not safe to tell her now")),
    ("not_yet", mark("Not yet")),
)
TELL_FIRST: Final = mark("Tell her first, where that is safe, and close it then.")


class CodeSearchForm(DeskForm):
    """The code that somebody said for a referral."""

    spoken_code = TextField(mark("Find by its spoken code"), [DataRequired(), Length(max=MOST_CODE)])


class AnswerForm(DeskForm):
    """An answer to a referral: `body` is what the service is sent of it."""

    def body(self) -> dict[str, Any] | None:
        """Return what is sent: every field that was filled in."""
        sent = {name: value for name, value in self.data.items() if name not in UNSENT and value not in (None, "")}
        return sent or None


UNSENT: Final = frozenset({"key", "etag", "she_knows"})


class AcceptanceForm(AnswerForm):
    """Who takes the survivor on, and when they meet."""

    keeps_draft = True

    advocate_name = TextField(mark("Who will meet her"), [DataRequired(), Length(max=MOST_NAME)])
    first_meeting_on = DateField(mark("First meeting"), [Optional()])
    warm_handoff = SelectField(
        mark("Warm handoff"), [Optional()], choices=lambda: choices_of(WarmHandoff, blank=mark("Not said"))
    )

    def body(self) -> dict[str, Any] | None:
        """Return what is sent, the day as the contract writes it."""
        sent = super().body() or {}
        day = sent.get("first_meeting_on")
        return sent if day is None else sent | {"first_meeting_on": day.isoformat()}


class DeclineForm(AnswerForm):
    """Why the survivor cannot be taken on."""

    reason_code = RadioField(mark("Why not"), [InputRequired()], choices=lambda: choices_of(DeclineReason))


class ClosingAnswerForm(AnswerForm):
    """An answer that closes a referral: whoever closes it is asked whether she knows, and that is kept nowhere."""

    she_knows = RadioField(
        mark("Does she know?"),
        [InputRequired()],
        choices=lambda: [(code, translate(text)) for code, text in KNOWS],
    )

    def validate_she_knows(self, field: RadioField) -> None:
        """Refuse to close a referral while the survivor could still be told first."""
        if field.data == "not_yet":
            raise ValidationError(translate(TELL_FIRST))


class CompletionForm(ClosingAnswerForm):
    """What came of it."""

    outcome_code = RadioField(mark("What came of it"), [InputRequired()], choices=lambda: choices_of(OutcomeCode))


class ContactFailureForm(AnswerForm):
    """How often she was tried, on safe channels only."""

    contact_attempts = IntegerField(mark("How often did you try"), [InputRequired(), NumberRange(0, MOST_ATTEMPTS)])


class WithdrawalForm(ClosingAnswerForm):
    """Why a referral is called back."""

    reason_code = RadioField(mark("Why call it back"), [InputRequired()], choices=lambda: choices_of(CALLED_BACK))


class NewReferralForm(DeskForm):
    """A referral to send, or to write down as told to the survivor."""

    keeps_draft = True

    to_agency_ref = SelectField(mark("To"), [DataRequired()], validate_choice=False)
    service_code = SelectField(
        mark("What she needs"), [DataRequired()], choices=lambda: choices_of(ServiceCode, blank=mark("Choose one"))
    )
    purpose = SelectField(mark("What for"), choices=lambda: choices_of(PURPOSES, blank=mark("Choose one")))
    priority = RadioField(mark("How soon an answer is needed"), [InputRequired()], choices=lambda: priority_choices())
    mode = RadioField(
        mark("How it goes"), [InputRequired()], choices=lambda: mode_choices(), default=ReferralMode.LIVE.value
    )

    def validate_purpose(self, field: SelectField) -> None:
        """Ask what the receiver is to act for, of a referral that is sent."""
        if self.mode.data == ReferralMode.LIVE and not field.data:
            raise ValidationError(translate(mark("Say what they are to act for.")))

    def body(self, case_ref: str, follows_ref: str) -> dict[str, str]:
        """Return what is sent: the fields that were filled in, its case, and the referral that it comes after."""
        fields = {name: value for name, value in self.data.items() if name not in UNSENT and value}
        return {"case_ref": case_ref} | fields | ({"follows_ref": follows_ref} if follows_ref else {})


def priority_choices() -> list[tuple[str, str]]:
    """Return the priorities, each with the time in which an answer is due."""
    due = {
        Priority.ON_SCENE: mark("On scene: within 15 minutes"),
        Priority.URGENT: mark("Urgent: within 1 hour"),
        Priority.SOON: mark("Soon: within 3 hours"),
        Priority.DAY: mark("Within a day"),
        Priority.ROUTINE: mark("Routine: within 3 days"),
    }
    return [(priority.value, translate(text)) for priority, text in due.items()]


def mode_choices() -> list[tuple[str, str]]:
    """Return how a referral goes: sent under a release, or taken along by the survivor herself."""
    ways = {
        ReferralMode.LIVE: mark("Send it, under her release"),
        ReferralMode.LOGGED: mark("She takes it along herself: nobody is told"),
    }
    return [(mode.value, translate(text)) for mode, text in ways.items()]
