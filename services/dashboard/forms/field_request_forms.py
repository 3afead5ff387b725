"""Asking another agency's survivor for more, and her answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Final

from wtforms import SelectField, SelectMultipleField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length

from schemas.categories import DataCategory
from services.dashboard.code_words import choices_of, words
from services.dashboard.forms.desk_form import DeskForm
from services.dashboard.forms.release_forms import CHANNELS
from services.dashboard.language import mark, translate

MOST_REASON: Final = 300  # letters: schemas.values.Text300


class AskForMoreForm(DeskForm):
    """What is asked for, of whom, for which purpose, and why."""

    keeps_draft = True

    custodian_ref = SelectField(mark("Ask"), [DataRequired(mark("Choose an agency."))], choices=[])
    purpose = SelectField(mark("For"), choices=[])
    categories = SelectMultipleField(
        mark("What is needed"),
        [InputRequired(mark("Choose at least one."))],
        choices=partial(choices_of, DataCategory),
    )
    reason = TextAreaField(mark("Why"), [InputRequired(mark("Say why.")), Length(max=MOST_REASON)])

    def offer(self, custodians: Mapping[str, str], purposes: Iterable[str]) -> None:
        """Let these agencies be asked, for these purposes."""
        self.custodian_ref.choices = list(custodians.items())
        self.purpose.choices = [(purpose, translate(words(purpose))) for purpose in purposes]

    def body(self) -> dict[str, Any]:
        """Return the request as consent takes it."""
        return {
            "custodian_ref": self.custodian_ref.data,
            "purpose": self.purpose.data,
            "categories": list(self.categories.data or ()),
            "reason": self.reason.data,
        }


class DeclineFieldsForm(DeskForm):
    """Her no, and how she told it."""

    channel = SelectField(mark("How she said it"), choices=CHANNELS, default="voice")
