"""Pages from templates: the kits' macros in a frame of ours, no inline script or style, nothing a browser may keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import govuk_frontend_jinja
from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from runtime.http.problems import Problem
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
    400: "That did not work. Go back to the start and try again.",
    403: "That is not for your role, or it was not sent from these pages.",
    404: "There is no such page, or not for you.",
    429: "That was too often in too short a time. Wait a little, then try again.",
    503: "This is not available just now. Try again in a little while.",
}
BROKEN = "Something went wrong on our side. Nothing was changed."
KIT = "govuk_frontend_jinja"
MACROS: Final = {
    "back-link": "govukBackLink",
    "button": "govukButton",
    "generic-header": "govukGenericHeader",
    "inset-text": "govukInsetText",
    "phase-banner": "govukPhaseBanner",
    "service-navigation": "govukServiceNavigation",
    "skip-link": "govukSkipLink",
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


_TEMPLATES = Environment(
    loader=FileSystemLoader(PLACE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.globals.update(_kit_macros(), ui=UI, htmx_config=HTMX)


def page(template: str, *, trial: bool, status: int = 200, **context: Any) -> Response:
    """Return a page made from a template; one of a trial says that its people are made up."""
    text = _TEMPLATES.get_template(template).render(trial=trial, **context)
    return HTMLResponse(text, status_code=status, headers={"Content-Security-Policy": POLICY})


def problem_page(problem: Problem, *, trial: bool) -> Response:
    """Return the page that tells a problem in plain words, and nothing that was sent to us."""
    answer = page("problem.html", trial=trial, status=problem.status, message=MESSAGES.get(problem.status, BROKEN))
    for name, value in problem.headers.items():
        if name == "Retry-After":
            answer.headers[name] = value
    return answer
