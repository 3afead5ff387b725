"""What people choose of the ledger: what was done, and when."""

from __future__ import annotations

from wtforms import BooleanField, DateField, SelectField
from wtforms.validators import Optional

from services.dashboard.forms.desk_form import DeskForm
from services.dashboard.language import mark, translate
from services.dashboard.rows.ledger_rows import ACT_WORDS


def _acts() -> list[tuple[str, str]]:
    named = sorted((translate(text), act) for act, text in ACT_WORDS.items() if act != "padding")
    return [("", translate(mark("Anything"))), *[(act, text) for text, act in named]]


class LedgerFilterForm(DeskForm):
    """Which lines to list. It stands in the address: it names an act and days, and nobody."""

    act = SelectField(mark("What was done"), choices=_acts, default="")
    since = DateField(mark("From"), [Optional()])
    until = DateField(mark("To"), [Optional()])
    refused = BooleanField(mark("Refusals only"))
