"""Who is signed in: a person's own sessions, and those of the agency's people for its administrator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

from starlette.responses import Response

from runtime.database.unit_of_work import UnitOfWork
from runtime.http.app_state import AppState
from runtime.http.authentication import unit_of_work_for
from services.dashboard import open_sessions
from services.dashboard.desk import AtDesk, Desk, see_other
from services.dashboard.forms.desk_form import DeskForm
from services.dashboard.language import translate
from services.dashboard.navigation import PEOPLE
from services.dashboard.pages.people_pages import SESSIONS, check_manages, views_of
from services.dashboard.session_auth import HOME, session_router

OWN: Final = f"{HOME}/sessions"
OF_AGENCY: Final = f"{PEOPLE}/sessions"

routes = session_router("")


@routes.get(OWN)
async def show_own_sessions(desk: AtDesk) -> Response:
    """Show where the person is signed in, and when they signed in before."""
    async with _unit(desk) as unit:
        sessions = await open_sessions.own_sessions(unit, desk.visit.secret)
        before = await open_sessions.last_sign_in(unit.session, unit.agency_id, desk.visit.person_ref)
    return desk.page("sessions/own.html", sessions=sessions, before=before, form=DeskForm(), place=OWN)


@routes.post(f"{OWN}/others")
async def end_others(desk: AtDesk) -> Response:
    """End every session of the person but this one."""
    await desk.submitted(DeskForm)
    async with _unit(desk) as unit:
        await open_sessions.end_other_sessions(unit, desk.visit.secret)
        await unit.session.commit()
    return see_other(OWN, "ended")


@routes.post(f"{OWN}/{{session_ref}}/end")
async def end_own(session_ref: UUID, desk: AtDesk) -> Response:
    """End one session of the person's own."""
    await desk.submitted(DeskForm)
    async with _unit(desk) as unit:
        await open_sessions.end_own_session(unit, session_ref)
        await unit.session.commit()
    return see_other(OWN, "ended")


@routes.get(OF_AGENCY)
async def show_agency_sessions(desk: AtDesk) -> Response:
    """Show who of the agency is signed in."""
    check_manages(desk)
    async with _unit(desk) as unit:
        sessions = await open_sessions.agency_sessions(unit, desk.visit.secret)
    views = await views_of(desk, "sessions")
    return desk.page(
        "sessions/agency.html",
        title=translate(SESSIONS),
        rows=sessions,
        again=OF_AGENCY,
        cursor=None,
        most=open_sessions.MOST_SHOWN,
        views=views,
        form=DeskForm(),
        place=OF_AGENCY,
        people=PEOPLE,
    )


@routes.post(f"{OF_AGENCY}/{{session_ref}}/end")
async def end_colleagues(session_ref: UUID, desk: AtDesk) -> Response:
    """End a session of a colleague, which goes on record."""
    check_manages(desk)
    await desk.submitted(DeskForm)
    async with _unit(desk) as unit:
        await open_sessions.end_colleagues_session(unit, session_ref)
        await unit.session.commit()
    return see_other(OF_AGENCY, "ended")


@asynccontextmanager
async def _unit(desk: Desk) -> AsyncIterator[UnitOfWork]:
    """Open a transaction of the dashboard's own for the person at the desk, limited to their agency's rows."""
    app_state: AppState = desk.request.app.state.app_state
    principal = await app_state.tokens.verify(desk.visit.token)
    async with unit_of_work_for(app_state, principal) as unit:
        yield unit
