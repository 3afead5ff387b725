"""Keeping what is typed at a page, and forgetting it."""

from __future__ import annotations

from uuid import UUID

from starlette.datastructures import ImmutableMultiDict
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from runtime.http.problems import Forbidden, Problem
from services.dashboard import drafts
from services.dashboard.desk import AtDesk, Desk
from services.dashboard.form_parser import check_own_page, form_of
from services.dashboard.page_drafts import DISCARD, SAVE
from services.dashboard.places import own_page, path_of, with_query
from services.dashboard.session_auth import session_router
from services.dashboard.templates import fragment

routes = session_router("")


@routes.post(SAVE)
async def save_draft(request: Request, desk: AtDesk) -> Response:
    """Keep the fields of a form that this session was shown; without script, go back to its page."""
    fields = await _own_form(desk)
    page, draft_ref = _page_of(fields), _ref_of(fields)
    if not desk.visit.secret.verify_csrf_token(fields.get("token", ""), path_of(page)):
        raise Forbidden
    app_state = request.app.state.app_state
    saved_at = await drafts.save(app_state, desk.visit, page, draft_ref, fields.multi_items())
    if "hx-request" in request.headers:
        return fragment("parts/draft_saved.html", clock=desk.visit.clock, saved_at=saved_at, done="")
    return RedirectResponse(with_query(page, done="saved"), status_code=303)


@routes.post(DISCARD)
async def discard_draft(request: Request, desk: AtDesk) -> Response:
    """Forget a draft, and go back to its page."""
    fields = await _own_form(desk)
    page, draft_ref = _page_of(fields), _ref_of(fields)
    if not desk.visit.secret.verify_csrf_token(fields.get("token", ""), DISCARD):
        raise Forbidden
    await drafts.discard(request.app.state.app_state, desk.visit, page, draft_ref)
    return RedirectResponse(page, status_code=303)


async def _own_form(desk: Desk) -> ImmutableMultiDict[str, str]:
    check_own_page(desk.request, desk.house.address)
    return await form_of(desk.request)


def _page_of(fields: ImmutableMultiDict[str, str]) -> str:
    page = own_page(fields.get("page"))
    if page is None:
        raise Problem("malformed_request")
    return page


def _ref_of(fields: ImmutableMultiDict[str, str]) -> UUID:
    try:
        return UUID(fields.get("key", ""))
    except ValueError:
        raise Problem("malformed_request") from None
