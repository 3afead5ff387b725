"""What people fill in about messages."""

from __future__ import annotations

from wtforms import RadioField
from wtforms.validators import InputRequired

from runtime.http.problems import Absent
from schemas.codes import Purpose
from services.dashboard.code_words import choices_of
from services.dashboard.forms.desk_form import DeskForm
from services.dashboard.language import mark


class OpeningForm(DeskForm):
    """For which purpose a message is opened: the button that was pressed."""

    purpose = RadioField(mark("What for"), [InputRequired()], choices=lambda: choices_of(Purpose))

    def chosen(self) -> Purpose:
        """Return the purpose; raises `Absent` for what no button of ours says."""
        if not self.validate():
            raise Absent
        return Purpose(self.purpose.data)


class HandlingForm(DeskForm):
    """Whether the agency has dealt with a message: the button that was pressed."""

    handled = RadioField(
        mark("Handled"), [InputRequired()], choices=[("yes", mark("Handled")), ("no", mark("Not handled"))]
    )
