"""The desk: a signed-in person at a page, the services it calls with their token, and the layout of their pages."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

from fastapi import Depends
from pydantic import BaseModel
from starlette.datastructures import ImmutableMultiDict
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from runtime.http.problems import Forbidden
from services.dashboard import drafts, live_store, store
from services.dashboard.case_gate import CaseGate, case_in_address, gate_closes
from services.dashboard.domain import Query
from services.dashboard.form_parser import check_hidden, check_own_page, form_of
from services.dashboard.forms.desk_form import DeskForm
from services.dashboard.live_routes import live_address
from services.dashboard.page_drafts import PageDrafts, drafts_at, offer_of
from services.dashboard.places import own_page, path_of
from services.dashboard.service_client import Ask, Reply, ServiceRefusal, ServiceUnavailable
from services.dashboard.session_auth import DashboardState, SessionUser, SignedIn, frame_of, is_background
from services.dashboard.templates import fragment, page

WHOLE_PAGE: Final = "frame.html"
PART: Final = "part.html"  # for a script that asked for a part: a page that is kept up to date has its frame already

Row = TypeVar("Row", bound=BaseModel)
AnyForm = TypeVar("AnyForm", bound=DeskForm)


@dataclass(frozen=True, slots=True)
class Desk:
    """A signed-in person at a page."""

    request: Request = field(repr=False)
    house: DashboardState = field(repr=False)
    visit: SessionUser
    drafts: PageDrafts
    gate: CaseGate = field(repr=False)

    @property
    def current_path(self) -> str:
        """Return the address of the page, without its query."""
        return self.request.url.path

    @property
    def background(self) -> bool:
        """Tell whether the page asks by itself."""
        return is_background(self.request)

    def may(self, scope: str) -> bool:
        """Tell whether the person may ask for this."""
        return scope in self.visit.scopes

    async def read(self, service: str, path: str, model: type[Row], query: Query = ()) -> Reply[Row]:
        """Return what a service shows this person; raises what `ServiceClient.ask` raises, and `ColleaguesCase`."""
        reply = await self.house.reach.ask(Ask(service, path, query), self.visit.token, model)
        await self.gate.enter(getattr(reply.row, "case_ref", None))
        return reply

    async def read_if_there(self, service: str, path: str, model: type[Row], query: Query = ()) -> Reply[Row] | None:
        """Return what a service shows this person, or None where that service is away: the rest of a page stands."""
        try:
            return await self.read(service, path, model, query)
        except ServiceUnavailable:
            return None

    async def ask(self, ask: Ask, model: type[Row]) -> Reply[Row]:
        """Return what a service answers to an act of this person; raises what `ServiceClient.ask` raises."""
        return await self.house.reach.ask(ask, self.visit.token, model)

    async def act(self, ask: Ask) -> None:
        """Carry out an act that a service answers with nothing; raises what `ServiceClient.ask` raises."""
        await self.house.reach.text(ask, self.visit.token)

    async def file(self, service: str, path: str, query: Query, name: str, media_type: str) -> Response:
        """Return a file that a service makes for this person, to be saved under a `name`."""
        text = await self.house.reach.text(Ask(service, path, query), self.visit.token)
        return Response(text, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})

    async def submitted(self, form: type[AnyForm], **options: Any) -> AnyForm:
        """Return the form that the browser sent to this address.

        Raises `Forbidden` where it is not from our page, and a malformed request where it was tampered with.
        """
        check_own_page(self.request, self.house.address)
        fields = await form_of(self.request)
        if not self.visit.secret.verify_csrf_token(fields.get("token", ""), self.current_path):
            raise Forbidden
        check_hidden(fields)
        self._keep_page(fields)
        return form(fields, **options)

    def _keep_page(self, fields: ImmutableMultiDict[str, str]) -> None:
        """Let a form that comes back stay the draft that it was, and one that was carried out be forgotten."""
        page = own_page(fields.get("page"))
        if page is None or path_of(page) != self.current_path:
            return
        self.drafts.page = page
        with suppress(ValueError):
            draft_ref = UUID(fields.get("key", ""))
            app_state = self.request.app.state.app_state
            self.request.state.done = partial(drafts.discard_sent, app_state, self.visit, page, draft_ref)

    async def offer_drafts(self, page: str) -> None:
        """Offer at this page what was typed into one of its forms whose own page is `page`."""
        await offer_of(self.request, self.visit, self.drafts, page)

    def resume(self, form: DeskForm) -> None:
        """Fill a form with the draft that this page goes on with, where there is one and the form keeps any."""
        if self.drafts.fields is not None and form.keeps_draft:
            form.process(self.drafts.fields)

    async def agency_names(self, agency_ids: Iterable[str]) -> dict[str, str]:
        """Return the names of agencies whose ids a service showed this person; ask for no others."""
        requested: Collection[str] = {agency_id for agency_id in agency_ids if agency_id}
        if not requested:
            return {}
        async with self.request.app.state.app_state.sessions() as session:
            return await store.agency_names(session, requested)

    def live_address(self, case_ref: UUID) -> str:
        """Return where this page hears of changes of the case that it shows."""
        return live_address(self.visit, case_ref)

    def closed(self, place: str) -> Response:
        """Return the part of a page that stands where something was open that its reader may no longer see."""
        return fragment("parts/closed.html", place=place)

    async def announce(self, case_ref: UUID | None = None) -> None:
        """Announce to the agency's open pages a change for which no message is sent: an assignment, a mark, a name."""
        async with self.request.app.state.app_state.sessions() as session:
            await live_store.note(session, [(self.visit.agency.agency_id, case_ref)])
            await session.commit()

    def page(self, template: str, *, status: int = 200, **context: Any) -> Response:
        """Return a page of this person's; `done` in its address says which act led to it.

        A page that is kept up to date extends `layout`: asked for by its script, it comes without the frame.
        """
        secret = self.visit.secret
        if isinstance(context.get("form"), DeskForm):
            self.resume(context["form"])
        frame = {
            "layout": PART if "hx-request" in self.request.headers else WHOLE_PAGE,
            "drafts": self.drafts,
            "clock": self.visit.clock,
            "live_address": live_address(self.visit),
            "here": self.current_path,
            "csrf_token": secret.csrf_token,
            "may": self.may,
            "done": self.request.query_params.get("done", ""),
        }
        frame |= frame_of(self.request, self.visit) | context
        return page(template, trial=self.house.trial, status=status, **frame)


async def at_desk(request: Request, visit: SignedIn) -> Desk:
    """Return the desk of whoever the session's cookie lets in, once the case of the page is open to them."""
    house: DashboardState = request.app.state.house
    gate = CaseGate(house.reach, visit.token, gate_closes(request, visit.scopes))
    await gate.enter(case_in_address(request))
    return Desk(request, house, visit, await drafts_at(request, visit), gate)


AtDesk = Annotated[Desk, Depends(at_desk)]


def see_other(place: str, done: str = "") -> Response:
    """Return the answer that follows a form that was carried out: look at `place`, which says that it was `done`."""
    return RedirectResponse(f"{place}?done={done}" if done else place, status_code=303)


def refused(form: DeskForm, refusal: ServiceRefusal) -> int:
    """Put a service's refusal on the form; return the status of the page that shows it."""
    form.refuse(refusal)
    return refusal.status
