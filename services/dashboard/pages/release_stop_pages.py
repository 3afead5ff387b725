"""Revocation: one page and one button, and a receipt with the instant of effect, to the second."""

from __future__ import annotations

from uuid import UUID

from starlette.responses import Response

from services.dashboard.desk import AtDesk, Desk, refused, see_other
from services.dashboard.domain import case_code
from services.dashboard.form_instants import to_the_second, typed_instant
from services.dashboard.forms.release_forms import StopForm
from services.dashboard.navigation import RELEASES
from services.dashboard.pages.release_pages import names_in
from services.dashboard.releases import case_releases, releases_of
from services.dashboard.rows.release_rows import StoppedRow
from services.dashboard.service_client import Ask, ServiceRefusal
from services.dashboard.session_auth import session_router

STOPPABLE = ("draft", "awaiting_confirmation", "active")

routes = session_router(f"{RELEASES}/{{case_ref}}")


@routes.get("/stop")
async def show_stop(desk: AtDesk, case_ref: UUID) -> Response:
    """Show the page that records a stop: everything first, then each release by itself."""
    return await _stop_page(desk, case_ref, StopForm())


@routes.post("/stop")
async def record_stop(desk: AtDesk, case_ref: UUID) -> Response:
    """Record the stop: of one release where one is named, else of everything. Nothing else is asked."""
    form = await desk.submitted(StopForm)
    if not form.validate():
        return await _stop_page(desk, case_ref, form, 422)
    stopped = str(form.ref.data or "")
    path = f"/v1/directives/{UUID(stopped)}" if _is_ref(stopped) else releases_of(case_ref)
    told_at = typed_instant(desk.visit.clock, form.told_at.data)
    body = {"by": "survivor", "channel": form.channel.data} | ({"told_at": told_at} if told_at else {})
    ask = Ask("consent", f"{path}/revocation", method="POST", body=body, key=str(form.key.data))
    try:
        await desk.ask(ask, StoppedRow)
    except ServiceRefusal as refusal:
        return await _stop_page(desk, case_ref, form, refused(form, refusal))
    return see_other(f"{RELEASES}/{case_ref}/stopped")


@routes.get("/stopped")
async def show_stopped(desk: AtDesk, case_ref: UUID) -> Response:
    """Show the receipt of the last stop in this case: what ended, and from which second on."""
    row = await case_releases(desk, case_ref)
    ends = [directive.revoked_at or directive.refused_at for directive in row.directives]
    last = max((at for at in ends if at is not None), default=None)
    ended = [directive for directive, at in zip(row.directives, ends, strict=True) if at is not None and at == last]
    return desk.page(
        "releases/stopped.html",
        case_ref=case_ref,
        code=case_code(case_ref),
        held_from=None if last is None else to_the_second(desk.visit.clock, last),
        ended=ended,
        still_open=row.that_are("active"),
        names=await names_in(desk, row.directives),
        place=f"{RELEASES}/{case_ref}",
    )


async def _stop_page(desk: Desk, case_ref: UUID, form: StopForm, status: int = 200) -> Response:
    row = await case_releases(desk, case_ref)
    return desk.page(
        "releases/stop.html",
        status=status,
        case_ref=case_ref,
        code=case_code(case_ref),
        standing=row.that_are(*STOPPABLE),
        names=await names_in(desk, row.directives),
        place=f"{RELEASES}/{case_ref}",
        form=form,
    )


def _is_ref(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
