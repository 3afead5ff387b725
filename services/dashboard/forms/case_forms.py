"""What people fill in about a case of their agency."""

from __future__ import annotations

from functools import partial

from wtforms import SelectField
from wtforms.validators import DataRequired, Length

from schemas.codes import ReportChannel
from services.dashboard.forms.desk_form import DeskForm, TextField, choices_of
from services.dashboard.language import mark

MOST_NICKNAME = 80  # letters: schemas.values.ShortName


class CaseSearchForm(DeskForm):
    """The name by which the agency's own people know a case."""

    nickname = TextField(mark("Name"), [DataRequired(), Length(max=MOST_NICKNAME)])


class NewCaseForm(DeskForm):
    """A case to open: nothing is asked that could keep somebody from being helped."""

    nickname = TextField(mark("Name for your own people"), [Length(max=MOST_NICKNAME)])
    channel = SelectField(
        mark("How it came to you"), choices=partial(choices_of, ReportChannel, blank=mark("Not noted"))
    )
