"""Pages from templates: the kits' macros in a frame of ours, no inline script or style, nothing a browser may keep."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import govuk_frontend_jinja
from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from runtime.http.problems import Problem
from services.dashboard.code_words import fact_words, priority_words, service_words, words
from services.dashboard.domain import case_code
from services.dashboard.field_labels import field_label
from services.dashboard.forms.desk_form import field_items, field_params
from services.dashboard.language import LANGUAGES, language_now, mark, translate, translate_plural
from services.dashboard.local_clock import day_text
from services.dashboard.rows.ledger_rows import ACT_WORDS
from services.dashboard.ui_files import VERSION

PLACE = Path(__file__).parent
UI: Final = f"/app/ui/{VERSION}"
# The edge adds no-store, no-referrer, nosniff and the opener policy to every answer (runtime.http.middleware).
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# What htmx may do: no evaluation, no style element of its own, no copy of a page in the browser's storage.
HTMX: Final = (
    '{"allowEval":false,"includeIndicatorStyles":false,"historyCacheSize":0,'
    '"refreshOnHistoryMiss":true,"selfRequestsOnly":true}'
)
MESSAGES = {
    400: mark("That did not work. Go back to the start and try again."),
    403: mark("That is not for your role, or it was not sent from these pages."),
    404: mark("There is no such page, or not for you."),
    409: mark("That is not possible as things stand now. Nothing was changed."),
    412: mark("Somebody changed this while you worked on it. Go back and look at it again."),
    413: mark("That is too much text for one form. Go back and shorten it."),
    422: mark("That was not accepted. Nothing was changed. Go back and check what you sent."),
    429: mark("That was too often in too short a time. Wait a little, then try again."),
    503: mark("This is not available just now. Try again in a little while."),
}
TITLES = {
    403: mark("Not for your role"),
    404: mark("Page not found"),
    409: mark("Not possible now"),
    412: mark("Changed by somebody else"),
    429: mark("Too often"),
    503: mark("Not available just now"),
}
DID_NOT_WORK = mark("That did not work")
BROKEN = mark("Something went wrong on our side. Nothing was changed.")
KIT = "govuk_frontend_jinja"
MACROS: Final = {
    "back-link": "govukBackLink",
    "button": "govukButton",
    "character-count": "govukCharacterCount",
    "checkboxes": "govukCheckboxes",
    "details": "govukDetails",
    "tag": "govukTag",
    "error-summary": "govukErrorSummary",
    "generic-header": "govukGenericHeader",
    "input": "govukInput",
    "inset-text": "govukInsetText",
    "pagination": "govukPagination",
    "phase-banner": "govukPhaseBanner",
    "radios": "govukRadios",
    "select": "govukSelect",
    "service-navigation": "govukServiceNavigation",
    "skip-link": "govukSkipLink",
    "summary-list": "govukSummaryList",
    "textarea": "govukTextarea",
}


def _kit_macros() -> dict[str, Any]:
    """Return the kit's macros that pages use, by name.

    They ask for parameters that nobody gave, which our own templates may not: so they have an environment of their own.
    """
    place = FileSystemLoader(Path(str(govuk_frontend_jinja.__file__)).parent / "templates")
    kit = Environment(loader=PrefixLoader({KIT: place}), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return {
        name: getattr(kit.get_template(f"{KIT}/components/{component}/macro.html").module, name)
        for component, name in MACROS.items()
    }


def as_bars(rows: Iterable[Any], name: str, value: str) -> list[dict[str, Any]]:
    """Return rows as the entries of a drawing of bars: a code in words, and its number."""
    return [{"name": translate(words(getattr(row, name))), "value": getattr(row, value), "late": False} for row in rows]


TEMPLATES = Environment(
    loader=FileSystemLoader(PLACE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    extensions=["jinja2.ext.i18n"],
)
TEMPLATES.install_gettext_callables(translate, translate_plural, newstyle=True)  # type: ignore[attr-defined]
TEMPLATES.filters.update(
    words=lambda code: translate(words(code)),
    service_words=lambda code: translate(service_words(code)),
    priority_words=lambda code: translate(priority_words(code)),
    case_code=case_code,
    case_code_of=lambda text: case_code(UUID(text)),
    fact_words=fact_words,
    field_label=field_label,
    as_bars=as_bars,
    act_words=lambda act: translate(ACT_WORDS.get(act, words(act))),
    day=day_text,
)
TEMPLATES.globals.update(
    _kit_macros(),
    ui=UI,
    htmx_config=HTMX,
    languages=LANGUAGES,
    language_now=language_now,
    field_params=field_params,
    field_items=field_items,
)


def page(template: str, *, trial: bool, status: int = 200, **context: Any) -> Response:
    """Return a page made from a template; one of a trial says that its people are made up."""
    text = TEMPLATES.get_template(template).render(trial=trial, **context)
    return HTMLResponse(text, status_code=status, headers={"Content-Security-Policy": POLICY})


def fragment(template: str, **context: Any) -> Response:
    """Return a part of a page, for a page that asked for it by script."""
    return HTMLResponse(TEMPLATES.get_template(template).render(**context).strip())


def problem_page(problem: Problem, *, trial: bool, **frame: Any) -> Response:
    """Return the page of a problem in plain words, without anything that the request held.

    `frame` is of whoever is signed in, so that the page leads on to the others.
    """
    answer = page(
        "problem.html",
        trial=trial,
        status=problem.status,
        title=translate(TITLES.get(problem.status, DID_NOT_WORK)),
        message=translate(MESSAGES.get(problem.status, BROKEN)),
        **frame,
    )
    for name, value in problem.headers.items():
        if name == "Retry-After":
            answer.headers[name] = value
    return answer
