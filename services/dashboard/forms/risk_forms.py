"""A risk screen: which instrument, its questions as a form, and a band that a person raises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wtforms import BooleanField, IntegerField, RadioField, SelectField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from schemas.codes import Answer
from services.dashboard.code_words import choices_of
from services.dashboard.forms.desk_form import DeskForm
from services.dashboard.language import mark, translate
from services.dashboard.rows.risk_rows import InstrumentItemRow, InstrumentRow

MOST_REASON: Final = 300  # letters: schemas.values.Text300
ITEM: Final = "item_"


class StartScreenForm(DeskForm):
    """Which instrument to ask with."""

    instrument = SelectField(mark("Ask with"), choices=[], validate_choice=False)


class OverrideBandForm(DeskForm):
    """A band to raise, and why."""

    keeps_draft = True

    band = RadioField(mark("The danger is"), [InputRequired(mark("Choose one."))], choices=[], validate_choice=False)
    reason = TextAreaField(mark("Why"), [InputRequired(mark("Say why.")), Length(max=MOST_REASON)])

    def body(self) -> dict[str, Any]:
        """Return the band as intake takes it."""
        return {"override": {"band": self.band.data, "reason": self.reason.data}}


class QuestionnaireForm(DeskForm):
    """What was answered; the questions are those of the instrument (`questionnaire_of`)."""

    keeps_draft = True

    belief = BooleanField(mark("I believe that she is in danger, whatever the answers say"))

    def body(self) -> dict[str, Any]:
        """Return the answers as intake takes them; what was not answered was skipped."""
        items = {name: field for name, field in self._fields.items() if name.startswith(ITEM)}
        answers = [_answer(name.removeprefix(ITEM), field.data) for name, field in items.items()]
        return {"answers": answers, "belief": bool(self.belief.data)}


def questionnaire_of(instrument: InstrumentRow, language: str) -> type[QuestionnaireForm]:
    """Return the form of an instrument's questions in a language."""
    fields = {ITEM + item.code: _field(item, language) for item in instrument.items}
    return type("InstrumentForm", (QuestionnaireForm,), fields | {"__module__": instrument.key})


def _field(item: InstrumentItemRow, language: str) -> Any:
    text = item.text(language)
    if item.kind == "count":
        return IntegerField(text, [Optional(), NumberRange(0, 100_000)])
    if item.kind == "choice":
        choices = [("", translate(mark("Skipped"))), *((choice, choice.replace("_", " ")) for choice in item.choices)]
        return SelectField(text, choices=choices)
    return RadioField(text, [Optional()], choices=choices_of(Answer))


def _answer(code: str, value: Any) -> Mapping[str, Any]:
    if value in (None, ""):
        return {"code": code, "answer": Answer.SKIPPED}
    if isinstance(value, int):
        return {"code": code, "count": value}
    return {"code": code, "answer": value} if value in set(Answer) else {"code": code, "choice": value}
