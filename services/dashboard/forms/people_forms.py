"""What is filled in about the agency's own people."""

from __future__ import annotations

from typing import Final

from wtforms import RadioField, SelectField, SelectMultipleField
from wtforms.validators import DataRequired, Length

from services.dashboard.forms.desk_form import DeskForm, TextField
from services.dashboard.language import mark, translate
from services.dashboard.rows.people_rows import ROLES, role_words
from services.dashboard.service_client import ServiceRefusal

MOST_NAME = 200  # letters: schemas.values.Text200
# What intake says about a step with somebody, in words.
STEP_WORDS: Final = {
    "own_person": mark("Nobody changes themself. Ask another administrator."),
    "left": mark("This person left already."),
    "last_administrator": mark("This is the last administrator. Have another one confirmed first."),
    "cases_assigned": mark("This person still works on open cases. Choose who takes them."),
    "nothing_requested": mark("Nothing waits to be confirmed any more. Look at the person again."),
    "party_to_the_first_act": mark("Whoever asked for a role does not confirm it. Ask another privacy officer."),
}


# Why somebody opens a colleague's case, in the order in which it is offered.
REASONS: Final = {
    "covering": mark("I cover for whoever works on it"),
    "asked_by_colleague": mark("Whoever works on it asked me to"),
    "survivor_asked": mark("The survivor asked me"),
    "supervision": mark("I supervise this work"),
}


class PeopleForm(DeskForm):
    """A form about a person; a step that intake refuses has words of its own."""

    def refuse(self, refusal: ServiceRefusal) -> None:
        """Say what was refused: a step by its own words."""
        if refusal.code in STEP_WORDS:
            self.general_errors.append(translate(STEP_WORDS[refusal.code]))
        else:
            super().refuse(refusal)


def _role_choices() -> list[tuple[str, str]]:
    return [(role, f"{role_words(role)}: {translate(may)}") for role, (_, may) in ROLES.items()]


class RolesForm(PeopleForm):
    """What a person is at the agency, whole."""

    keeps_draft = True

    roles = SelectMultipleField(mark("Roles"), choices=_role_choices)


class NewPersonForm(PeopleForm):
    """Somebody who comes to work at the agency."""

    keeps_draft = True

    name = TextField(mark("Full name"), [DataRequired(), Length(max=MOST_NAME)])
    roles = SelectMultipleField(mark("Roles"), [DataRequired()], choices=_role_choices)


class LeavingForm(PeopleForm):
    """Who takes the open cases of somebody who leaves; asked only where there are any."""

    keeps_draft = True

    successor_ref = SelectField(mark("Who takes the open cases"), choices=list, validate_choice=False)


def _reason_choices() -> list[tuple[str, str]]:
    return [(code, translate(text)) for code, text in REASONS.items()]


class ColleagueOpeningForm(DeskForm):
    """Why somebody opens a case on which only colleagues work."""

    reason_code = RadioField(mark("Why you open it"), [DataRequired()], choices=_reason_choices)


class ExclusionForm(PeopleForm):
    """The colleague whom a survivor shuts out."""

    person_ref = SelectField(mark("Colleague"), [DataRequired()], choices=list, validate_choice=False)
