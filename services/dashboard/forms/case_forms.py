"""What people fill in about a case of their agency."""

from __future__ import annotations

from functools import partial

from wtforms import RadioField, SelectMultipleField
from wtforms.validators import DataRequired, Length

from schemas.codes import ClosingReason
from services.dashboard.code_words import choices_of
from services.dashboard.forms.desk_form import DeskForm, TextField
from services.dashboard.language import mark

MOST_NICKNAME = 80  # letters: schemas.values.ShortName


class CaseSearchForm(DeskForm):
    """The name by which the agency's own people know a case."""

    nickname = TextField(mark("Find a case by its name"), [DataRequired(), Length(max=MOST_NICKNAME)])


class NicknameForm(DeskForm):
    """What the agency's own people call a case; an empty name removes it."""

    nickname = TextField(mark("Name for your own people"), [Length(max=MOST_NICKNAME)])


class AssignmentForm(DeskForm):
    """Who works on a case from now on; nobody ticked is nobody."""

    person_refs = SelectMultipleField(mark("Who works on it"))


class ClosingForm(DeskForm):
    """Why the agency no longer works on a case."""

    reason_code = RadioField(mark("Why it closes"), [DataRequired()], choices=partial(choices_of, ClosingReason))


class ReopeningForm(DeskForm):
    """A closed case to work on again."""
