"""What people fill in about messages."""

from __future__ import annotations

from wtforms import HiddenField, RadioField
from wtforms.validators import InputRequired

from schemas.codes import Purpose
from services.dashboard.forms.desk_form import DeskForm, choices_of
from services.dashboard.language import mark


class OpeningForm(DeskForm):
    """For which purpose a message is opened: the button that was pressed."""

    message_ref = HiddenField()
    purpose = RadioField(mark("What for"), [InputRequired()], choices=lambda: choices_of(Purpose))


class HandlingForm(DeskForm):
    """Whether the agency has dealt with a message: the button that was pressed."""

    handled = RadioField(
        mark("Handled"), [InputRequired()], choices=[("yes", mark("Handled")), ("no", mark("Not handled"))]
    )
