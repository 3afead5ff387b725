"""Each template draws what it is given, by the kits' macros, and says nothing on its own."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from starlette.datastructures import ImmutableMultiDict
from wtforms import (
    BooleanField,
    DateField,
    DateTimeLocalField,
    RadioField,
    SelectField,
    SelectMultipleField,
    TextAreaField,
)
from wtforms.validators import DataRequired, Length, Optional

from runtime.http.problems import FieldError, Problem
from schemas.codes import Priority
from services.dashboard.board import OpenedTile, TileCount
from services.dashboard.code_words import choices_of
from services.dashboard.desk import WHOLE_PAGE
from services.dashboard.domain import Count, Item, Listing, Tile
from services.dashboard.forms.desk_form import DeskForm, TextField
from services.dashboard.language import speaking
from services.dashboard.local_clock import LocalClock
from services.dashboard.service_client import ServiceRefusal
from services.dashboard.store import TimeLeft
from services.dashboard.templates import HTMX, MACROS, PLACE, TEMPLATES, UI, page, problem_page
from services.dashboard.tiles import CASEWORK
from tests.services.dashboard.browser import Read

NOW = datetime(2026, 11, 30, 20, 4, tzinfo=UTC)
WAITING, OVERDUE, *_ = CASEWORK
CODE = "0A1B-2C3D"
FRAME: dict[str, Any] = {
    "trial": True,
    "visit": SimpleNamespace(person_name="<b>Robin</b>", agency_name="Oak & House", left=TimeLeft(900, 28_800)),
    "clock": LocalClock(NOW, UTC),
    "navigation": [{"href": "/app/board", "text": "Board", "current": True}],
    "sign_out": "/app/sign-out",
    "here": "/app/board/waiting",
    "csrf_token": lambda action: f"token of {action}",
    "may": lambda _: True,
    "done": "",
    "keys_on": True,
    "live_address": "/app/live?since=0",
    "layout": WHOLE_PAGE,
}


def text_of(template: str, **context: Any) -> str:
    return bytes(page(template, **FRAME | context).body).decode()


QUIET = {"urgent": [], "agencies": {}, "coordinates": False, "figures": None}


def board_of(**counts: Count | None) -> str:
    tiles = [TileCount(tile, counts[tile.name]) for tile in (WAITING, OVERDUE) if tile.name in counts]
    return text_of("board/board.html", tiles=tiles, calm=False, here="/app/board", **QUIET)


def list_of(*items: Item, tile: Tile = WAITING) -> str:
    opened = OpenedTile(tile, Listing(items))
    agencies = {"oak-house": "Oak House"}
    return text_of("board/list.html", opened=opened, agencies=agencies, board="/app/board")


def row(until: datetime | None = None, agency: str = "oak-house") -> Item:
    return Item(uuid4(), CODE, "Urgent", agency, NOW - timedelta(minutes=5), until)


PAGES: dict[str, Callable[[], str]] = {
    "welcome": lambda: text_of("session/welcome.html", left="idle", sign_in="/app/sign-in"),
    "continue": lambda: text_of("session/continue.html", place="/app/board"),
    "board": lambda: board_of(waiting=Count(3), overdue=None),
    "list": lambda: list_of(row()),
    "empty list": list_of,
    "list away": lambda: text_of("board/list.html", opened=OpenedTile(WAITING, None), agencies={}, board="/app/board"),
    "problem": lambda: bytes(problem_page(Problem("malformed_request"), trial=True).body).decode(),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_one_heading_a_title_and_the_frame(name: str) -> None:
    text = PAGES[name]()
    read = Read(text)

    assert len(read.headings) == 1
    assert f"<title>{read.headings[0]} - Staff pages</title>" in text
    assert read.links[0] == "#main"
    assert set(read.scripts) <= {f"{UI}/boot.js", f"{UI}/htmx.min.js"}
    assert "<b>Robin" not in text
    assert "Oak & House" not in text


@pytest.mark.parametrize("macro", MACROS.values())
def test_each_macro_of_the_kit_is_in_use(macro: str) -> None:
    assert any(f"{macro}(" in path.read_text() for path in (PLACE / "templates").rglob("*.html"))


class EveryField(DeskForm):
    line = TextField("Line", [DataRequired(), Length(max=3)])
    account = TextAreaField("Account")
    one = SelectField("One of", choices=choices_of(Priority))
    many = SelectMultipleField("Some of", choices=choices_of(Priority))
    either = RadioField("Either", choices=choices_of(Priority))
    agreed = BooleanField("Agreed")
    day = DateField("Day", [Optional()])
    at = DateTimeLocalField("At", [Optional()])


def drawn(form: DeskForm) -> str:
    source = (
        '{% from "parts/fields.html" import error_summary, field, hidden, submit with context %}'
        '{{ error_summary(form) }}{{ hidden(form, "token") }}{% for f in form %}'
        '{% if f.name not in ("key", "etag") %}{{ field(f, hint="Why") }}{% endif %}{% endfor %}{{ submit("Send") }}'
    )
    return TEMPLATES.from_string(source).render(form=form)


def test_each_kind_of_field_is_drawn_with_what_was_typed() -> None:
    fields = [("line", "ab"), ("account", "<i>"), ("one", "urgent"), ("many", "urgent"), ("day", "2026-11-30")]
    text = drawn(EveryField(ImmutableMultiDict([*fields, ("at", "2026-11-30T10:04"), ("agreed", "y")])))

    for component in ("input", "textarea", "select", "radios", "checkboxes", "hint", "button"):
        assert f"govuk-{component}" in text
    for value in ('value="ab"', "&lt;i&gt;", 'value="2026-11-30"', 'value="2026-11-30T10:04"', "selected", "checked"):
        assert value in text
    assert 'name="key" value="' in text


def test_what_is_wrong_stands_at_its_field_and_above() -> None:
    form = EveryField(ImmutableMultiDict([("line", "too long")]))

    assert not form.validate()

    text = drawn(form)
    assert 'href="#line"' in text
    assert 'id="line-error"' in text
    assert "There is a problem" in text


@pytest.mark.parametrize(
    ("place", "code", "link"),
    [
        ("body.line", "string_too_long", "#line"),
        ("body.many.0", "enum", "#many"),
        ("body.line.day", "value_error", "#day"),
        ("body.nothing", "value_error", None),
    ],
)
def test_a_services_refusal_stands_at_the_field_it_names(place: str, code: str, link: str | None) -> None:
    form = EveryField()

    form.refuse(ServiceRefusal("invalid", status=422, errors=[FieldError(place, code)]))

    (line,) = form.summary()
    assert line.get("href") == link


def test_a_refusal_without_a_field_is_told_in_words() -> None:
    form = EveryField()

    form.refuse(ServiceRefusal("stale", status=412))

    assert "Somebody changed this" in form.summary()[0]["text"]


def test_pages_speak_the_language_that_is_asked_for() -> None:
    with speaking("es"):
        text = board_of(waiting=Count(3))

    assert '<html lang="es"' in text
    assert "Tablero" in text


def test_a_trial_says_so_and_nothing_else_does() -> None:
    trial, real = (
        bytes(page("session/welcome.html", trial=trial, left="", sign_in="/app/sign-in").body).decode()
        for trial in (True, False)
    )

    assert "Made-up people only" in trial
    assert "Made-up" not in real
    assert "Trial" not in real


def test_htmx_is_kept_from_evaluating_and_from_remembering() -> None:
    assert '"allowEval":false' in HTMX
    assert '"historyCacheSize":0' in HTMX
    assert HTMX in PAGES["board"]().replace("&#34;", '"')


def test_what_is_late_stands_first_and_says_so_in_words() -> None:
    text = board_of(waiting=Count(3), overdue=Count(1))

    assert Read(text).lists == ["/app/board/overdue", "/app/board/waiting"]
    assert "Late: act first" in text


@pytest.mark.parametrize("count", [Count(0), None])
def test_what_is_not_known_to_be_late_is_not_called_so(count: Count | None) -> None:
    text = board_of(waiting=Count(3), overdue=count)

    assert "Late" not in text


def test_what_is_away_is_never_a_zero() -> None:
    assert Read(board_of(waiting=None, overdue=None)).counts == []


@pytest.mark.parametrize(
    ("minutes", "words", "urgency"),
    [(-20, "20 min late", "desk-clock--late"), (30, "in 30 min", "desk-clock--soon"), (300, "in 5 h", None)],
)
def test_a_deadline_is_told_in_words_and_by_a_shape(minutes: int, words: str, urgency: str | None) -> None:
    text = list_of(row(NOW + timedelta(minutes=minutes)))

    assert words in Read(text).words
    assert ("desk-clock--" in text) is (urgency is not None)
    assert urgency is None or urgency in text


def test_each_instant_carries_the_whole_of_itself() -> None:
    text = list_of(row())

    assert '<time datetime="2026-11-30T19:59:00+00:00" title="Mon 30 Nov 2026, 19:59 UTC">5 min ago</time>' in text


def test_an_agency_stands_by_name_and_an_unknown_one_by_its_id() -> None:
    words = Read(list_of(row(), row(agency="elm-house"))).words

    assert {"Oak House", "elm-house"} <= set(words)
    assert "oak-house" not in words


def test_an_empty_list_says_what_brings_a_row_there() -> None:
    assert WAITING.empty in " ".join(Read(list_of()).words)
