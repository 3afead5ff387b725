"""Pages from templates: no script, one stylesheet of our own, and nothing that a browser may keep."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from runtime.http.problems import Problem

PLACE = Path(__file__).parent
# The edge adds no-store, no-referrer, nosniff and the opener policy to every answer (runtime.http.middleware).
POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
STYLE = (PLACE / "static" / "board.css").read_text(encoding="utf-8")
MESSAGES = {
    400: "That did not work. Go back to the start and try again.",
    403: "That is not for your role, or it was not sent from these pages.",
    404: "There is no such page, or not for you.",
    429: "That was too often in too short a time. Wait a little, then try again.",
    503: "This is not available just now. Try again in a little while.",
}
BROKEN = "Something went wrong on our side. Nothing was changed."

_TEMPLATES = Environment(
    loader=FileSystemLoader(PLACE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(template: str, *, status: int = 200, **context: Any) -> Response:
    """Return a page made from a template."""
    text = _TEMPLATES.get_template(template).render(**context)
    return HTMLResponse(text, status_code=status, headers={"Content-Security-Policy": POLICY})


def problem_page(problem: Problem) -> Response:
    """Return the page that tells a problem in plain words, and nothing that was sent to us."""
    answer = page("problem.html", status=problem.status, message=MESSAGES.get(problem.status, BROKEN))
    for name, value in problem.headers.items():
        if name == "Retry-After":
            answer.headers[name] = value
    return answer


def instant(at: datetime | None) -> str:
    """Return an instant as people read it, in the one zone that every agency can agree on."""
    return "" if at is None else f"{at.day} {at:%b %Y, %H:%M} UTC"


_TEMPLATES.filters["instant"] = instant
