"""What people choose about tasks: who does one, until when it waits, what came of it; and who is on call."""

from __future__ import annotations

import re
from functools import partial
from typing import Any, Final
from uuid import UUID

from wtforms import DateTimeLocalField, HiddenField, RadioField, SelectField
from wtforms.validators import InputRequired

from schemas.codes import SnoozeReason, TaskOutcome, TaskQueue
from services.dashboard.code_words import choices_of
from services.dashboard.form_instants import TYPED, typed_instant
from services.dashboard.forms.desk_form import DeskForm
from services.dashboard.language import mark, translate
from services.dashboard.local_clock import LocalClock

CHOOSE: Final = mark("Choose one.")
_TICKED: Final = re.compile(r"([0-9a-f-]{36})\.(\d{1,6})", re.ASCII)
MOST: Final = 100  # services.tasks.requests.MOST_AT_ONCE


def ticked(rows: list[str] | tuple[str, ...]) -> dict[UUID, int]:
    """Return the version of each ticked task, each once; what no page of ours wrote is none."""
    found: dict[UUID, int] = {}
    for match in map(_TICKED.fullmatch, rows[:MOST]):
        try:
            if match is not None:
                found.setdefault(UUID(match[1]), int(match[2]))
        except ValueError:
            continue
    return found


class TickedField(HiddenField):
    """The ticked tasks, each by its reference and the version that was seen."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Keep all that were sent."""
        self.data = list(valuelist)  # type: ignore[assignment]


class TaskStepForm(DeskForm):
    """A step with a task, or with the ticked ones."""

    row = TickedField()

    def body(self, _: LocalClock) -> dict[str, Any]:
        """Return the step as the service takes it, without the tasks."""
        return {}


class ClaimForm(TaskStepForm):
    """Taking a task on says nothing besides."""


class HandOverForm(TaskStepForm):
    """Which colleague is to do it; nobody puts it back."""

    person_ref = SelectField(mark("Who does it"), choices=[], validate_choice=False)

    def body(self, _: LocalClock) -> dict[str, Any]:
        """Return the step as the service takes it."""
        return {"person_ref": self.person_ref.data or None}


class SnoozeForm(TaskStepForm):
    """Until when it waits, and why."""

    until = DateTimeLocalField(mark("It comes back at"), [InputRequired(mark("Choose a time."))], format=TYPED)
    reason_code = RadioField(mark("Why it waits"), [InputRequired(CHOOSE)], choices=partial(choices_of, SnoozeReason))

    def body(self, clock: LocalClock) -> dict[str, Any]:
        """Return the step as the service takes it."""
        return {"until": typed_instant(clock, self.until.data), "reason_code": self.reason_code.data}


class FlagForm(TaskStepForm):
    """Whether it bears a flag."""

    flagged = RadioField(
        mark("Flag"),
        [InputRequired(CHOOSE)],
        choices=[("y", mark("Put a flag on it")), ("n", mark("Take the flag off"))],
    )

    def body(self, _: LocalClock) -> dict[str, Any]:
        """Return the step as the service takes it."""
        return {"flagged": self.flagged.data == "y"}


class TaskDoneForm(TaskStepForm):
    """What came of it."""

    outcome_code = RadioField(
        mark("What came of it"), [InputRequired(CHOOSE)], choices=partial(choices_of, TaskOutcome)
    )

    def body(self, _: LocalClock) -> dict[str, Any]:
        """Return the step as the service takes it."""
        return {"outcome_code": self.outcome_code.data}


class ShiftForm(DeskForm):
    """Somebody to put on call."""

    keeps_draft = True

    queue = SelectField(mark("For which tasks"), choices=partial(choices_of, TaskQueue))
    person_ref = SelectField(mark("Who is on call"), choices=[], validate_choice=False)
    starts_at = DateTimeLocalField(mark("From"), [InputRequired(mark("Choose a time."))], format=TYPED)
    ends_at = DateTimeLocalField(mark("Until"), [InputRequired(mark("Choose a time."))], format=TYPED)

    def shift(self, clock: LocalClock) -> dict[str, Any]:
        """Return the shift as the service takes it."""
        starts, ends = (typed_instant(clock, field.data) for field in (self.starts_at, self.ends_at))
        return {"queue": self.queue.data, "person_ref": self.person_ref.data, "starts_at": starts, "ends_at": ends}

    def refuse_shift(self, text: str, *, person: bool) -> None:
        """Say what is wrong with the shift: with whom, or with when."""
        field = self.person_ref if person else self.starts_at
        field.errors = [*field.errors, translate(text)]


class RemoveShiftForm(DeskForm):
    """Which shift goes: its place in the roster of the version that was seen."""

    place = SelectField(mark("Shift"), choices=[], validate_choice=False)
