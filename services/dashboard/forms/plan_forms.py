"""A safety plan as its editor shows it, section by section; a review of it, and a near miss."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from wtforms import BooleanField, DateField, SelectField, SelectMultipleField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from schemas.codes import ReviewTrigger, ThreatType
from schemas.facts.safety_plan import PlanBlock
from services.dashboard.code_words import choices_of
from services.dashboard.forms.desk_form import DeskForm, TextField, sent_value, shown_day
from services.dashboard.language import mark

MOST_LINE, MOST_TEXT = 200, 2000  # letters: schemas.values.Text200, Text2000
RECORDED: Final = frozenset(PlanBlock.model_fields)
PLAIN: Final = (
    "threat_type",
    "next_review_on",
    "last_rehearsed_on",
    "during_incident",
    "escape_code_word",
    "transport",
    "home_security",
    "technology",
    "pets",
    "emotional",
    "work_school_public",
    "protective_order_use",
    "children_plan",
)
# Lists of entries that the form shows one a line: by the field of an entry that is its line.
LINES: Final[Mapping[str, str]] = {
    "preparing_to_leave": "item",
    "routes": "label",
    "contacts": "name",
    "places": "label",
}


def _text(label: str) -> TextAreaField:
    return TextAreaField(label, [Length(max=MOST_TEXT)])


class PlanForm(DeskForm):
    """What an advocate writes with the survivor."""

    keeps_draft = True

    threat_type = SelectField(mark("From whom"), choices=partial(choices_of, ThreatType, blank=mark("Not noted")))
    goals = _text(mark("What she wants"))
    next_review_on = DateField(mark("Look at it again on"), [Optional()])
    last_rehearsed_on = DateField(mark("Last rehearsed on"), [Optional()])
    during_incident = _text(mark("While it happens"))
    escape_code_word = TextField(mark("Code word for: help me now"), [Length(max=MOST_LINE)])
    preparing_to_leave = _text(mark("To have ready before leaving"))
    routes = _text(mark("Ways out"))
    transport = TextField(mark("How she gets away"), [Length(max=MOST_LINE)])
    home_security = _text(mark("Safe at home"))
    technology = _text(mark("Telephone and accounts"))
    contacts = _text(mark("People she trusts"))
    places = _text(mark("Places to go"))
    work_school_public = _text(mark("At work, at school, outside"))
    protective_order_use = _text(mark("Using the protective order"))
    children_plan = _text(mark("The children"))
    pets = _text(mark("Animals"))
    emotional = _text(mark("What gives her strength"))
    closed = BooleanField(mark("This plan ends"))

    def body(self, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Return the plan as intake takes it: what the form shows in place of what was recorded.

        A line that stood there before keeps what else was recorded of its entry; one that is gone takes that with it.
        """
        unedited = {name: value for name, value in recorded.items() if name in RECORDED}
        edited: dict[str, Any] = {name: sent_value(self._fields[name].data) for name in PLAIN}
        edited["goals"] = _lines(self.goals.data) or None
        for name, line in LINES.items():
            edited[name] = _entries(_lines(self._fields[name].data), unedited.get(name) or [], line) or None
        body = {name: value for name, value in (unedited | edited).items() if value is not None}
        return body | {"closed": True} if self.closed.data else body


class ReviewForm(DeskForm):
    """A plan that was looked at again, and stands."""

    keeps_draft = True

    held_on = DateField(mark("Looked at on"), [InputRequired(mark("Say when."))])
    trigger = SelectField(mark("Why it was looked at"), choices=partial(choices_of, ReviewTrigger))
    attendees = SelectMultipleField(mark("Which colleagues were there"), choices=[], validate_choice=False)
    changes = TextAreaField(mark("What came of it, or why nothing changes"), [Length(max=MOST_TEXT)])
    next_review_on = DateField(mark("Look at it again on"), [Optional()])

    def body(self) -> dict[str, Any]:
        """Return the review as intake takes it."""
        review = {"held_on": sent_value(self.held_on.data), "trigger": self.trigger.data}
        review |= {"attendees": list(self.attendees.data or ())}
        if self.changes.data:
            review["changes"] = self.changes.data
        next_day = sent_value(self.next_review_on.data)
        return {"review": review} | ({} if next_day is None else {"next_review_on": next_day})


class NearMissForm(DeskForm):
    """What nearly went wrong."""

    keeps_draft = True

    happened_on = DateField(mark("When it happened"), [Optional()])
    what_happened = TextAreaField(
        mark("What happened"), [InputRequired(mark("Say what happened.")), Length(max=MOST_TEXT)]
    )
    worked = TextAreaField(mark("What worked"), [Length(max=MOST_TEXT)])
    failed = TextAreaField(mark("What did not work"), [Length(max=MOST_TEXT)])

    def body(self) -> dict[str, Any]:
        """Return the near miss as intake takes it."""
        values = {name: sent_value(self[name].data) for name in ("happened_on", "what_happened", "worked", "failed")}
        return {name: value for name, value in values.items() if value is not None}


def plan_values(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a plan that was opened as its form shows it."""
    values = {name: fields[name] for name in PLAIN if name in fields}
    values |= {name: shown_day(fields.get(name)) for name in ("next_review_on", "last_rehearsed_on")}
    values["goals"] = "\n".join(fields.get("goals") or ())
    return values | {
        name: "\n".join(str(entry[line]) for entry in fields.get(name) or ()) for name, line in LINES.items()
    }


def _entries(lines: list[str], recorded: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    by_line = {str(entry[name]): entry for entry in recorded}
    return [by_line.get(line, {name: line}) for line in lines]


def _lines(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]
