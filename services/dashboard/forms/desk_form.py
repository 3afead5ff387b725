"""The base of every form: its hidden key and version, and what a service's refusal says about its fields."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, time
from typing import Any, ClassVar, Final

from starlette.datastructures import ImmutableMultiDict
from wtforms import Field, Form, HiddenField, StringField
from wtforms.fields.choices import SelectFieldBase

from runtime.http.problems import FieldError
from schemas import strict_json
from services.dashboard.code_words import words
from services.dashboard.language import language_now, mark, translate
from services.dashboard.service_client import ServiceRefusal, new_key

# What a service says about a field, in words; its codes are those of pydantic and of the domains.
FIELD_WORDS: Final = {
    "missing": mark("Fill this in."),
    "string_too_long": mark("This is too long. Shorten it."),
    "string_too_short": mark("Fill this in."),
    "too_short": mark("Choose at least one."),
    "too_long": mark("These are too many."),
    "unknown": mark("This is not known here. Check it."),
    "unknown_agency": mark("There is no such agency now. Choose another."),
    "in_future": mark("This lies in the future. Check the date."),
}
PROBLEM_WORDS: Final = {
    "stale": mark("Somebody changed this while you worked on it. Compare both, then send yours again."),
    "precondition_required": mark("Somebody changed this while you worked on it. Look at it again."),
    "still_running": mark("This is being saved already. Look again in a moment."),
    "idempotency_key_reused": mark("This form was sent before with something else in it. Look at what was saved."),
    "too_many_requests": mark("That was too often in too short a time. Wait a little, then try again."),
    "too_large": mark("This is too much text for one form. Shorten it."),
    "conflict": mark("This is not possible as things stand now. Look at it again."),
    "release_needed": mark("No release allows this. Take a release first, or note that she takes it along herself."),
}
KEEP: Final = "keep-"  # before the name of a field: which side of a conflict is kept of it
OTHER: Final = "other"
UNSAFE: Final = mark("This holds characters that cannot be kept. Type it again instead of pasting it.")
UNFIT: Final = mark("This is not valid. Check it.")
UNFIT_PROBLEM: Final = mark("This was refused as things stand now. Nothing was changed.")


def one_line(text: str | None) -> str:
    """Return typed text without the blanks around it."""
    return (text or "").strip()


class DeskForm(Form):
    """A form of a page. Fields that a page does not show keep their defaults; `key` makes sending it twice one act."""

    key = HiddenField(default=new_key)
    etag = HiddenField()

    general_errors: list[str]
    others_kept: frozenset[str]  # the fields of which somebody else's side of a conflict was chosen
    # Whether what is typed into it is kept until it is sent: every form that takes time, and no search, says so.
    keeps_draft: ClassVar[bool] = False

    def __init__(self, fields: ImmutableMultiDict[str, str] | None = None, **options: Any) -> None:
        super().__init__(fields, meta={"locales": [language_now()]}, **options)
        self.general_errors = []
        chosen = () if fields is None else fields.multi_items()
        others = [name for name, side in chosen if name.startswith(KEEP) and side == OTHER]
        self.others_kept = frozenset(name.removeprefix(KEEP) for name in others)

    def validate(self, extra_validators: Any = None) -> bool:
        """Tell whether every field is fit to send: what every service would refuse is an error at its field."""
        valid = super().validate(extra_validators)
        for field in self:
            if any(_hides(text) for text in field.raw_data or ()):
                field.errors = [*field.errors, translate(UNSAFE)]
                valid = False
        return valid

    def keep_others(self, other: DeskForm) -> None:
        """Put what somebody else saved into each field of which that side was chosen."""
        for name in self.others_kept & set(self._fields) - {"key", "etag"}:
            self[name].process(None, other[name].data)

    def refuse(self, refusal: ServiceRefusal) -> None:
        """Put what a service refused beside the fields it is about, and the rest above the form.

        The key stays: nothing is kept under it of what was refused, and what one form did before the refusal is not
        done again when it is sent anew. Only a key that something else was kept under is no longer good.
        """
        if refusal.code == "idempotency_key_reused":
            self.key.data = new_key()
        for error in refusal.errors:
            self._refuse_field(error)
        if not refusal.errors:
            self.general_errors.append(translate(PROBLEM_WORDS.get(refusal.code, UNFIT_PROBLEM)))

    def summary(self) -> list[dict[str, str]]:
        """Return the lines of the error summary: each with the place of its field, where it has one."""
        fields = [
            {"text": f"{translate(str(field.label.text))}: {error}", "href": f"#{field.id}"}
            for field in self
            for error in _flat(field.errors)
        ]
        return [{"text": text} for text in self.general_errors] + fields

    def _refuse_field(self, error: FieldError) -> None:
        """Say what is wrong at the field that the place in a body names, the most exact name first."""
        parts = [part for part in error.field.split(".") if part != "body" and not part.isdigit()]
        text = translate(FIELD_WORDS.get(error.code, UNFIT))
        for name in ("_".join(parts), *reversed(parts)):
            if name in self._fields and name not in ("key", "etag"):
                field = self._fields[name]
                field.errors = [*field.errors, text]
                return
        self.general_errors.append(f"{words(parts[-1] if parts else '')}: {text}")


class TextField(StringField):
    """One line of text, without the blanks around it."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Keep what was typed."""
        self.data = one_line(valuelist[0]) if valuelist else ""


def sent_value(value: Any) -> Any:
    """Return a field's value as it is sent to a service, and None for what was left empty."""
    if value is None or value is False or value in ("", []):
        return None
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return value.isoformat() if isinstance(value, date) else value


def shown_day(value: str | None) -> date | None:
    """Return a day of a service's answer as a form's field takes it."""
    return None if value is None else date.fromisoformat(value)


def field_params(field: Field, hint: str) -> dict[str, Any]:
    """Return what every macro of the kit takes for a field: its place, its hint, and what is wrong with it."""
    params: dict[str, Any] = {"id": field.id, "name": field.name}
    if hint:
        params["hint"] = {"text": hint}
    if field.errors:
        params["errorMessage"] = {"text": " ".join(_flat(field.errors))}
    return params


def field_items(field: SelectFieldBase) -> list[dict[str, Any]]:
    """Return a field's choices as the kit's macros take them."""
    return [
        {"value": value, "text": label, "checked": selected, "selected": selected}
        for value, label, selected, _ in field.iter_choices()
    ]


def _hides(text: Any) -> bool:
    try:
        strict_json.safe_text(str(text))
    except strict_json.BadJson:
        return True
    return False


def _flat(errors: Iterable[Any]) -> list[str]:
    return [str(error) for error in errors if error]
