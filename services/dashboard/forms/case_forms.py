"""What people fill in about a case of their agency."""

from __future__ import annotations

import re
from functools import partial

from wtforms import RadioField, SelectMultipleField
from wtforms.validators import DataRequired, Length

from schemas.codes import ClosingReason
from services.dashboard.code_words import choices_of
from services.dashboard.forms.desk_form import DeskForm, TextField
from services.dashboard.language import mark

MOST_NICKNAME = 80  # letters: schemas.values.ShortName


class CaseSearchForm(DeskForm):
    """A case by its code, or by the name by which the agency's own people know it."""

    words = TextField(mark("Find a case by its code or its name"), [DataRequired(), Length(max=MOST_NICKNAME)])

    def body(self) -> dict[str, str]:
        """Return what intake is asked for: eight hexadecimal digits are a code, however they are written."""
        words = str(self.words.data or "")
        digits = re.sub(r"[\s-]", "", words).upper()
        if re.fullmatch(r"[0-9A-F]{8}", digits):
            return {"case_code": f"{digits[:4]}-{digits[4:]}"}
        return {"nickname": words}


class NicknameForm(DeskForm):
    """What the agency's own people call a case; an empty name removes it."""

    keeps_draft = True

    nickname = TextField(mark("Name for your own people"), [Length(max=MOST_NICKNAME)])


class AssignmentForm(DeskForm):
    """Who works on a case from now on; no choice leaves the case unassigned."""

    keeps_draft = True

    person_refs = SelectMultipleField(mark("Who works on it"))


class ClosingForm(DeskForm):
    """Why the agency no longer works on a case."""

    keeps_draft = True

    reason_code = RadioField(mark("Why it closes"), [DataRequired()], choices=partial(choices_of, ClosingReason))


class ReopeningForm(DeskForm):
    """A closed case to work on again."""
