"""What people fill in about a protective order, one form a step."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from wtforms import BooleanField, DateField, DateTimeLocalField, RadioField, SelectField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from schemas.codes import EndReason, Modification, OrderExpiry, OrderType, ServiceFailure
from services.dashboard.code_words import choices_of
from services.dashboard.form_instants import TYPED, typed_instant
from services.dashboard.forms.desk_form import DeskForm, TextField, one_line
from services.dashboard.language import mark, translate
from services.dashboard.local_clock import LocalClock

CHOOSE = mark("Choose one.")
ISSUED = [("temporary", mark("Temporary")), ("final", mark("Final"))]
CJI_NUMBER = "order_terms.order_number"


class OrderSearchForm(DeskForm):
    """The court's number of an order."""

    order_number = TextField(mark("Number of the order"), [DataRequired(mark("Type the number.")), Length(max=200)])


class PaperForm(DeskForm):
    """What the court's paper says, as far as it is known; what is left empty stays as it was."""

    keeps_draft = True

    order_number = TextField(mark("Number of the order"), [Length(max=200)])
    cji = BooleanField(mark("The number comes from a police system: it goes to police only"))
    court_name = TextField(mark("Court"), [Length(max=200)])
    expires_on = DateField(mark("Last day"), [Optional()])
    expiry = SelectField(mark("Or"), choices=partial(choices_of, OrderExpiry, blank=mark("It has a last day")))

    def body(self, clock: LocalClock) -> dict[str, Any]:
        """Return the form as the bridge takes it; a dated order ends with its day on the court's clock."""
        terms: dict[str, Any] = {name: self[name].data for name in ("order_number", "court_name") if self[name].data}
        if self.cji.data and self.order_number.data:
            terms["cji_fields"] = [CJI_NUMBER]
        if self.expires_on.data is not None:
            zone = getattr(clock.zone, "key", "UTC")
            terms |= {"expires_on": self.expires_on.data.isoformat(), "expiry": "dated", "court_time_zone": zone}
        elif self.expiry.data and self.expiry.data != "dated":
            terms["expiry"] = self.expiry.data
        return terms


class RecordOrderForm(PaperForm):
    """An order to record."""

    status = RadioField(
        mark("How it stands"),
        [InputRequired(CHOOSE)],
        choices=[("requested", mark("Asked for, not yet decided")), *ISSUED],
    )
    order_type = SelectField(mark("Kind"), choices=partial(choices_of, OrderType, blank=mark("Not known")))
    issued_on = DateField(mark("Issued on"), [Optional()])
    respondents = TextAreaField(mark("Whom it restrains"), [Length(max=2000)])

    def body_for(self, case_ref: UUID | None, clock: LocalClock) -> dict[str, Any]:
        """Return the form as the bridge takes it, in a case, or in none: then the order is given one of its own."""
        terms = self.body(clock)
        return terms if case_ref is None else terms | {"case_ref": str(case_ref)}

    def body(self, clock: LocalClock) -> dict[str, Any]:
        """Return the form as the bridge takes it, without its case."""
        names = [one_line(line) for line in (self.respondents.data or "").splitlines() if line.strip()]
        terms = super().body(clock) | {"status": self.status.data}
        if names:
            terms["respondents"] = [{"name": name} for name in names]
        if self.order_type.data:
            terms["order_type"] = self.order_type.data
        if self.issued_on.data is not None:
            terms["issued_on"] = self.issued_on.data.isoformat()
        return terms


class IssueForm(PaperForm):
    """What the court issued on a request, or after a temporary order."""

    status = RadioField(mark("What the court issued"), [InputRequired(CHOOSE)], choices=ISSUED)
    issued_on = DateField(mark("Issued on"), [Optional()])

    def body(self, clock: LocalClock) -> dict[str, Any]:
        """Return the form as the bridge takes it."""
        issued = {} if self.issued_on.data is None else {"issued_on": self.issued_on.data.isoformat()}
        return super().body(clock) | issued | {"status": self.status.data}


class ModifyForm(PaperForm):
    """What changed in an order in force."""

    modification = RadioField(
        mark("What kind of change"), [InputRequired(CHOOSE)], choices=partial(choices_of, Modification)
    )

    def body(self, clock: LocalClock) -> dict[str, Any]:
        """Return the form as the bridge takes it."""
        return super().body(clock) | {"modification": self.modification.data}


class ServeForm(DeskForm):
    """What became of serving the order on one respondent."""

    keeps_draft = True

    respondent_ref = SelectField(mark("On whom"), choices=[], validate_choice=False)
    service_status = RadioField(
        mark("What happened"),
        [InputRequired(CHOOSE)],
        choices=[
            ("in_hand", mark("An officer has taken it in hand")),
            ("served", mark("It was served")),
            ("failed", mark("It could not be served")),
        ],
    )
    served_at = DateTimeLocalField(mark("When it was served"), [Optional()], format=TYPED)
    failure_reason = SelectField(
        mark("Why it could not be served"), choices=partial(choices_of, ServiceFailure, blank=mark("Choose a reason"))
    )

    def offer(self, refs: list[UUID]) -> None:
        """Let these respondents be chosen: by their position, since their names are sealed."""
        text = translate(mark("Respondent"))
        self.respondent_ref.choices = [(str(ref), f"{text} {number}") for number, ref in enumerate(refs, 1)]

    def body(self, clock: LocalClock) -> dict[str, Any]:
        """Return the form as the bridge takes it."""
        report: dict[str, Any] = {"service_status": self.service_status.data}
        if self.respondent_ref.data:
            report["respondent_ref"] = self.respondent_ref.data
        if self.service_status.data == "served" and self.served_at.data is not None:
            report["served_at"] = typed_instant(clock, self.served_at.data)
        if self.service_status.data == "failed" and self.failure_reason.data:
            report["failure_reason"] = self.failure_reason.data
        return report


class ViolationForm(DeskForm):
    """That the order was broken; it stays in force."""

    keeps_draft = True

    violated_on = DateField(mark("Broken on"), [Optional()])

    def body(self, _: LocalClock) -> dict[str, Any]:
        """Return the form as the bridge takes it."""
        return {} if self.violated_on.data is None else {"violated_on": self.violated_on.data.isoformat()}


class HearingForm(DeskForm):
    """When the court hears it, or the new date."""

    keeps_draft = True

    hearing_at = DateTimeLocalField(mark("Hearing"), [InputRequired(mark("Say when."))], format=TYPED)

    def body(self, clock: LocalClock) -> dict[str, Any]:
        """Return the form as the bridge takes it."""
        return {"hearing_at": typed_instant(clock, self.hearing_at.data)}


class EndForm(DeskForm):
    """That the order ended before its date, and why."""

    keeps_draft = True

    end_reason = RadioField(mark("Why it ended"), [InputRequired(CHOOSE)], choices=partial(choices_of, EndReason))
    ended_on = DateField(mark("Ended on"), [Optional()])

    def body(self, _: LocalClock) -> dict[str, Any]:
        """Return the form as the bridge takes it."""
        ended = {} if self.ended_on.data is None else {"ended_on": self.ended_on.data.isoformat()}
        return ended | {"end_reason": self.end_reason.data}


class OpenPapersForm(DeskForm):
    """A request to read an order's papers; the look is on record."""


Step = IssueForm | ModifyForm | ServeForm | ViolationForm | HearingForm | EndForm
