"""What the fields of contracts are called on pages: most by their own letters, the rest from a table.

The labels of every field stand in the catalogues of `translations/`: `devstack.translations` takes them from the
contracts, so that a new field has no place on a page before it has its words in each language.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.dashboard.code_words import words
from services.dashboard.language import mark, translate

ENDINGS: Final = ("_ref", "_at", "_on", "_code")  # what kind of value it is, that the value itself shows
WHOLE: Final = frozenset({"spoken_code"})
LABELS: Final[Mapping[str, str]] = {
    "accuracy_m": mark("Accuracy in metres"),
    "agency_ori": mark("Number of the police agency (ORI)"),
    "at": mark("When"),
    "born_on": mark("Born on"),
    "brady": mark("Barred from firearms (Brady)"),
    "categories": mark("What they see"),
    "change": mark("What changed"),
    "channels": mark("Ways to reach her"),
    "children_count": mark("How many children"),
    "cji_fields": mark("Fields from a police system"),
    "closed": mark("It ends with this"),
    "closed_at": mark("Closed on"),
    "court_ori": mark("Number of the court (ORI)"),
    "custodian": mark("Kept by"),
    "do_not_contact": mark("She must not be contacted"),
    "from_local": mark("Safe from"),
    "hold": mark("Kept for a court"),
    "lat": mark("Latitude"),
    "line_1": mark("Address"),
    "line_2": mark("Address, second line"),
    "lon": mark("Longitude"),
    "offender_born_on": mark("Offender born on"),
    "origin": mark("Comes from"),
    "pco_code": mark("Condition of the order (PCO)"),
    "postal_code": mark("Postal code"),
    "recipient": mark("For"),
    "service_status": mark("Service"),
    "until_local": mark("Safe until"),
    "valid_from": mark("From"),
    "valid_until": mark("Until"),
    "voicemail_ok": mark("A message may be left"),
}


def field_label(name: str) -> str:
    """Return the label of a contract's field in the reader's language; a path is labelled by its last name.

    >>> field_label("safe_contact.code_word"), field_label("occurred_on")
    ('Code word', 'Occurred')
    """
    return translate(english_label(name.rpartition(".")[2]))


def english_label(name: str) -> str:
    """Return the English label of a field, under which each catalogue has its own."""
    ending = next((suffix for suffix in ENDINGS if name.endswith(suffix) and name not in WHOLE), "")
    return LABELS.get(name, words(name.removesuffix(ending)))
