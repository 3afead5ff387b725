"""What people write down of an incident, all of it on one screen and none of it required."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from functools import partial
from typing import Any, Final

from wtforms import BooleanField, DateField, RadioField, SelectField, SelectMultipleField, TextAreaField, TimeField
from wtforms.validators import Length, Optional

from schemas.codes import (
    AgeBand,
    Bool3,
    ChannelKind,
    ChannelStatus,
    DatePrecision,
    DayPeriod,
    EarlierIncidents,
    InjuryLevel,
    Need,
    PlaceKind,
    PoliceReport,
    Relationship,
    ReportChannel,
    ViolenceType,
    WeaponKind,
    Weekday,
)
from schemas.facts.incident import IncidentBlock
from schemas.facts.survivor import SurvivorBlock
from services.dashboard.code_words import choices_of
from services.dashboard.forms.case_forms import MOST_NICKNAME
from services.dashboard.forms.desk_form import DeskForm, TextField, sent_value, shown_day
from services.dashboard.language import mark, translate

NOT_NOTED: Final = mark("Not noted")
MOST_NARRATIVE = 20_000  # letters: schemas.values.Narrative20000
MOST_LINE, MOST_TEXT = 200, 2000  # letters: Text200, Text2000

# What a version of an incident may carry: all that is not set by intake itself.
RECORDED: Final = frozenset(SurvivorBlock.model_fields) | frozenset(IncidentBlock.model_fields)
# Fields of the form that are sent under the same name: empty ones are left out.
PLAIN: Final = (
    "channel",
    "occurred_on",
    "date_precision",
    "day_period",
    "place_kind",
    "violence_types",
    "relationship",
    "injury_level",
    "earlier_incidents",
    "children_present",
    "police_called",
    "police_report",
    "weapon_involved",
    "weapon_kinds",
    "firearm_access",
    "strangulation",
    "narrative",
    "narrative_language",
    "injuries",
    "offender_name",
    "offender_description",
    "offender_has_access",
    "given_name",
    "family_name",
    "known_as",
    "age_band",
    "language",
    "interpreter",
    "children_count",
    "needs",
    "code_word",
    "do_not_contact",
)


def _code(label: str, codes: Any, **options: Any) -> SelectField:
    return SelectField(label, choices=partial(choices_of, codes, blank=NOT_NOTED), default="", **options)


def _yes_no(label: str) -> RadioField:
    return RadioField(label, [Optional()], choices=partial(choices_of, Bool3), validate_choice=False)


def _line(label: str) -> TextField:
    return TextField(label, [Length(max=MOST_LINE)])


class IncidentForm(DeskForm):
    """An incident as it was reported, and the survivor's needs."""

    keeps_draft = True

    channel = _code(mark("How it came to you"), ReportChannel)
    known_as = _line(mark("What she wants to be called"))
    given_name = _line(mark("Given name"))
    family_name = _line(mark("Family name"))
    age_band = _code(mark("Age"), AgeBand)
    language = _line(mark("Language she speaks"))
    interpreter = _yes_no(mark("Does she need an interpreter?"))

    contact_kind = _code(mark("How to reach her"), ChannelKind)
    contact_address = _line(mark("Number, mailbox, or whom to ask for"))
    contact_status = SelectField(mark("Is it safe?"), choices=partial(choices_of, ChannelStatus), default="unknown")
    voicemail_ok = _yes_no(mark("May a message be left?"))
    days = SelectMultipleField(mark("Safe days"), choices=partial(choices_of, Weekday))
    from_time = TimeField(mark("Safe from"), [Optional()])
    until_time = TimeField(mark("Safe until"), [Optional()])
    code_word = _line(mark("Code word she knows you by"))
    do_not_contact = BooleanField(mark("She must not be contacted"))

    narrative = TextAreaField(mark("What she told"), [Length(max=MOST_NARRATIVE)])
    narrative_language = TextField(mark("Language of this account"), [Length(max=20)])
    occurred_on = DateField(mark("When it happened"), [Optional()])
    date_precision = _code(mark("How exact the date is"), DatePrecision)
    day_period = _code(mark("Time of day"), DayPeriod)
    place_kind = _code(mark("Kind of place"), PlaceKind)
    violence_types = SelectMultipleField(mark("Kinds of violence"), choices=partial(choices_of, ViolenceType))
    relationship = _code(mark("She and the person who did it"), Relationship)
    earlier_incidents = _code(mark("How often before"), EarlierIncidents)
    injury_level = _code(mark("Injury"), InjuryLevel)
    injuries = TextAreaField(mark("Injuries, in her words"), [Length(max=MOST_TEXT)])
    strangulation = _yes_no(mark("Was she strangled or choked?"))
    weapon_involved = _yes_no(mark("Was there a weapon?"))
    weapon_kinds = SelectMultipleField(mark("Which weapon"), choices=partial(choices_of, WeaponKind))
    firearm_access = _yes_no(mark("Can this person get a firearm?"))
    offender_name = _line(mark("Name of the person who did it"))
    offender_description = TextAreaField(mark("How to know this person"), [Length(max=MOST_TEXT)])
    offender_has_access = _yes_no(mark("Can this person get to her?"))
    police_called = _yes_no(mark("Were the police called?"))
    police_report = _code(mark("Does she want the police told?"), PoliceReport)

    children_count = TextField(mark("How many children"), [Length(max=3)])
    children_present = _yes_no(mark("Were children there?"))
    needs = SelectMultipleField(mark("What she needs now"), choices=partial(choices_of, Need))

    def validate(self, extra_validators: Any = None) -> bool:
        """Tell whether the form is fit to send: half of a way to reach her is refused, not dropped."""
        valid = super().validate(extra_validators)
        if not self.contact_kind.data and self._is_any(
            "contact_address", "voicemail_ok", "days", "from_time", "until_time"
        ):
            self.contact_kind.errors = [translate(mark("Say how she is reached, or empty what follows."))]
            return False
        if self._is_any("days", "from_time", "until_time") and self._windows() is None:
            self.days.errors = [translate(mark("Give the days and both times, or none of them."))]
            return False
        return valid

    def body(self, zone: str) -> dict[str, Any]:
        """Return the incident as intake takes it: what was left empty is left out. Safe hours are by `zone`'s clock."""
        values = {name: sent_value(self._fields[name].data) for name in PLAIN}
        if str(values["children_count"]).isdecimal():
            values["children_count"] = int(values["children_count"])
        if self.contact_kind.data:
            values["channels"] = [self._contact(zone)]
        return {name: value for name, value in values.items() if value is not None}

    def next_version(self, recorded: Mapping[str, Any], zone: str) -> dict[str, Any]:
        """Return the incident with what the form shows in place of what was recorded, and all else as it was.

        The form shows the first way to reach her; the others go on, and so does what it does not show of the first.
        """
        unedited = {name: value for name, value in recorded.items() if name in RECORDED and name not in PLAIN}
        body = unedited | self.body(zone)
        first, *others = unedited.get("channels") or [{}]
        mine = [{**first, "windows": [], **channel} for channel in body.get("channels", ()) if self.contact_kind.data]
        return body | {"channels": [*mine, *others]}

    @property
    def empty(self) -> bool:
        """Tell whether nothing was written down."""
        return not self.body("")

    def _is_any(self, *names: str) -> bool:
        return any(self._fields[name].data for name in names)

    def _contact(self, zone: str) -> dict[str, Any]:
        contact = {
            "kind": self.contact_kind.data,
            "address": sent_value(self.contact_address.data),
            "status": self.contact_status.data,
            "voicemail_ok": sent_value(self.voicemail_ok.data),
            "windows": self._windows(),
            "time_zone": zone if self._windows() else None,
        }
        return {name: value for name, value in contact.items() if value is not None}

    def _windows(self) -> list[dict[str, Any]] | None:
        if not (self.days.data and self.from_time.data and self.until_time.data):
            return None
        hours = {"from_local": sent_value(self.from_time.data), "until_local": sent_value(self.until_time.data)}
        return [{"days": self.days.data} | hours]


class IntakeForm(IncidentForm):
    """A new case, with the first incident."""

    nickname = TextField(mark("Name for your own people"), [Length(max=MOST_NICKNAME)])


def incident_values(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was recorded as the form shows it: the first way to reach her, and every field that it has."""
    values = {name: fields[name] for name in PLAIN if name in fields}
    values["occurred_on"] = shown_day(fields.get("occurred_on"))
    channel: dict[str, Any] = next(iter(fields.get("channels") or ()), {})
    window: dict[str, Any] = next(iter(channel.get("windows") or ()), {})
    hours = {name: time.fromisoformat(text) for name, text in window.items() if name != "days"}
    return values | {
        "contact_kind": channel.get("kind", ""),
        "contact_address": channel.get("address", ""),
        "contact_status": channel.get("status", "unknown"),
        "voicemail_ok": channel.get("voicemail_ok"),
        "days": window.get("days", []),
        "from_time": hours.get("from_local"),
        "until_time": hours.get("until_local"),
    }
