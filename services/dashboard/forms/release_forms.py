"""What people fill in about releases: what is considered, how she signed, what she denies, and a stop."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from wtforms import BooleanField, DateField, DateTimeLocalField, HiddenField, RadioField, SelectField
from wtforms.fields import SelectMultipleField
from wtforms.validators import DataRequired, InputRequired, Length, Optional, Regexp

from schemas.categories import DataCategory
from services.dashboard.code_words import choices_of, words
from services.dashboard.form_instants import TYPED
from services.dashboard.forms.desk_form import DeskForm, TextField
from services.dashboard.language import mark, translate
from services.dashboard.rows.case_rows import ColleagueRow
from services.dashboard.rows.release_rows import DirectiveStateRow, NamedAgencyRow, ReleaseTextRow

CHOOSE = mark("Choose at least one.")
LANGUAGE_NAMES = {"en": "English", "es": "Español"}
COUNTING = "evaluation_aggregate"  # names no category: nobody signs for it
CHANNELS = [
    ("voice", mark("By telephone")),
    ("in_person", mark("In person")),
    ("sms", mark("By message")),
    ("email", mark("By e-mail")),
    ("post", mark("By letter")),
    ("through_person", mark("Through somebody she trusts")),
]
METHODS = [("e_signed", mark("On the screen")), ("written", mark("On paper"))]
SIGNERS = ("survivor", "minor", "parent", "guardian", "court")


class ConsiderForm(DeskForm):
    """The agencies that a survivor considers, what they would see, and until when; nothing is chosen for her."""

    keeps_draft = True

    labels: dict[str, str]  # each agency and purpose as it may be chosen, in words

    ways = SelectMultipleField(mark("Who might see it, and what for"), [InputRequired(CHOOSE)], choices=[])
    categories = SelectMultipleField(
        mark("What they would see"), [InputRequired(CHOOSE)], choices=partial(choices_of, DataCategory)
    )
    until = DateField(mark("Last day"), [InputRequired(mark("Give the last day. At most 90 days from now."))])
    step = HiddenField(default="card")
    yes = SelectMultipleField(mark("She says yes to"), choices=[], validate_choice=False)
    asked = SelectMultipleField(mark("I asked her about these one by one"), choices=[], validate_choice=False)
    relation = RadioField(
        mark("If she has signed for the same agency and purpose before"),
        choices=[("", mark("Say that it overlaps")), ("replace", mark("Replace it")), ("add", mark("Add to it"))],
        default="",
    )

    def offer(self, agencies: Iterable[NamedAgencyRow], own: str) -> None:
        """Let these agencies be chosen, each for the purposes that it is registered for."""
        self.labels = ways_of(agencies, own)
        self.ways.choices = list(self.labels.items())


class EvidenceForm(DeskForm):
    """How something was explained, in which of her languages, and by whom."""

    keeps_draft = True

    method = RadioField(mark("How she signed"), choices=METHODS, default="e_signed")
    language = SelectField(mark("Language it was explained in"), choices=[])
    explained_by = SelectField(mark("Explained by"), [DataRequired(mark("Say who explained it."))], choices=[])

    def offer_evidence(self, texts: Iterable[ReleaseTextRow], people: Iterable[ColleagueRow], person_ref: str) -> None:
        """Let these languages and people be chosen; the person who fills it in is preselected."""
        self.language.choices = [(text.language, LANGUAGE_NAMES.get(text.language, text.language)) for text in texts]
        names = {person.person_ref: person.name for person in people}
        self.explained_by.choices = [("", translate(mark("Choose a person"))), *names.items()]
        if self.explained_by.data is None or self.explained_by.data == "None":
            self.explained_by.data = person_ref if person_ref in names else ""


class SignForm(EvidenceForm):
    """Her own signature on what was drafted; nobody signs for her."""

    refs = SelectMultipleField(mark("What she signs"), [InputRequired(CHOOSE)], choices=[])
    signed_at = DateTimeLocalField(mark("When she signed"), [InputRequired(mark("Say when she signed."))], format=TYPED)
    signer_role = SelectField(mark("Who signed"), choices=[(role, words(role)) for role in SIGNERS], default="survivor")
    second_signer = TextField(
        mark("Second signer, by reference"), [Optional(), Length(max=60), Regexp(r"^[a-z0-9_.-]+$")]
    )
    document_ref = TextField(
        mark("Number of the paper"),
        [Optional(), Length(max=60), Regexp(r"^[a-z0-9_.-]+$", message=mark("Small letters, digits and dashes only."))],
    )
    receipt_asked = BooleanField(mark("She asks for a copy"))

    def offer_drafts(self, drafts: Iterable[DirectiveStateRow], names: dict[str, str]) -> None:
        """Let these drafts be signed."""
        self.refs.choices = [(str(row.directive_ref), described(row, names)) for row in drafts]


class LiftForm(EvidenceForm):
    """Her signature that takes a denial away."""

    signed_at = DateTimeLocalField(mark("When she signed"), [InputRequired(mark("Say when she signed."))], format=TYPED)


class ParticipationForm(EvidenceForm):
    """Whether she takes part: a yes says how it was explained, a no needs nothing."""

    participation = RadioField(
        mark("Her choice"),
        [InputRequired(mark("Choose yes or no."))],
        choices=[("yes", mark("Yes, other agencies may be told what she allows")), ("no", mark("No, nobody else"))],
    )
    spoken = RadioField(
        mark("How she said it"),
        choices=[("spoken", mark("Spoken")), ("written", mark("Written")), ("e_signed", mark("Signed on a screen"))],
        default="spoken",
    )


class DenyForm(DeskForm):
    """What an agency is never to see; it is in force with the answer, and has no end."""

    keeps_draft = True

    recipient = SelectField(mark("Agency"), [DataRequired(mark("Choose an agency."))], choices=[])
    everything = BooleanField(mark("Nothing at all: everything, for every purpose"))
    categories = SelectMultipleField(
        mark("Or what it must not see"), [Optional()], choices=partial(choices_of, DataCategory)
    )

    def validate(self, extra_validators: Any = None) -> bool:
        """Tell whether the form says what is denied: everything, or which categories."""
        valid = super().validate(extra_validators)
        if self.everything.data or self.categories.data:
            return valid
        self.categories.errors = [*self.categories.errors, translate(CHOOSE)]
        return False

    def body(self) -> dict[str, Any]:
        """Return the denial as consent takes it."""
        denied = {"everything": True} if self.everything.data else {"categories": list(self.categories.data or ())}
        return {"effect": "deny", "recipient": self.recipient.data} | denied

    def offer(self, agencies: Iterable[NamedAgencyRow], own: str) -> None:
        """Let these agencies be chosen."""
        named = [(agency.agency_ref, agency.name) for agency in agencies if agency.agency_ref != own]
        self.recipient.choices = [("", translate(mark("Choose an agency"))), *named]


class StopForm(DeskForm):
    """A revocation of everything, or of one release. It needs no reason and no signature."""

    ref = HiddenField(default="")
    channel = SelectField(mark("How it was told"), choices=CHANNELS, default="voice")
    told_at = DateTimeLocalField(mark("When she said it, if that was earlier"), [Optional()], format=TYPED)


class ActForm(DeskForm):
    """A single act on a release: nothing is filled in."""


def ways_of(agencies: Iterable[NamedAgencyRow], own: str) -> dict[str, str]:
    """Return each other agency with each purpose that it is registered for, in words."""
    return {
        f"{agency.agency_ref}|{purpose}": f"{agency.name}: {translate(words(purpose))}"
        for agency in agencies
        for purpose in agency.purposes
        if agency.agency_ref != own and purpose != COUNTING
    }


def described(row: DirectiveStateRow, names: dict[str, str]) -> str:
    """Return a release in one line: to whom, what for, and what."""
    agency = names.get(row.recipient or "", row.recipient or "")
    groups = ", ".join(translate(words(category)) for category in row.categories)
    return f"{agency}, {translate(words(row.purpose))}: {groups}"
