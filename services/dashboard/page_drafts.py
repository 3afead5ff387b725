"""The drafts of the page that is being made: which there are, and which of them the page goes on with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from starlette.datastructures import ImmutableMultiDict
from starlette.requests import Request

from services.dashboard import drafts
from services.dashboard.draft_store import SavedDraft
from services.dashboard.places import page_of, path_of, with_query
from services.dashboard.session_auth import HOME, SessionUser, is_background

SAVE: Final = f"{HOME}/draft"
DISCARD: Final = f"{SAVE}/discard"


@dataclass(slots=True)
class PageDrafts:
    """What is kept of a person at one page, and the fields that the page goes on with."""

    page: str
    saved: list[SavedDraft] = field(default_factory=list)
    fields: ImmutableMultiDict[str, str] | None = field(default=None, repr=False)
    save: str = SAVE
    discard: str = DISCARD

    @property
    def current(self) -> SavedDraft | None:
        """Return the draft that this page goes on with."""
        key = None if self.fields is None else self.fields.get("key")
        return next((draft for draft in self.saved if str(draft.draft_ref) == key), None)

    @property
    def others(self) -> list[SavedDraft]:
        """Return the drafts that this page offers to go on with."""
        return [draft for draft in self.saved if draft is not self.current]

    def page_for(self, action: str) -> str:
        """Return the page whose draft a form with this action is: this one, where its form is sent to its address."""
        return self.page if path_of(self.page) == action else action

    def address(self, draft: SavedDraft) -> str:
        """Return where a draft is gone on with."""
        return with_query(draft.page, draft=str(draft.draft_ref))


async def drafts_at(request: Request, visit: SessionUser) -> PageDrafts:
    """Return the drafts of the page that is asked for; none for an act, or for what a page asks by itself."""
    page_drafts = PageDrafts(page_of(request))
    if request.method != "GET" or is_background(request):
        return page_drafts
    app_state = request.app.state.app_state
    page_drafts.saved = await drafts.of_page(app_state, visit, page_drafts.page)
    chosen = _ref(request.query_params.get("draft", ""))
    if chosen is not None:
        page_drafts.fields = await drafts.resumed(app_state, visit, page_drafts.page, chosen)
    return page_drafts


async def offer_of(request: Request, visit: SessionUser, page_drafts: PageDrafts, page: str) -> None:
    """Offer at a page what was typed into one of its forms that has a page of its own."""
    if request.method == "GET" and not is_background(request) and page != page_drafts.page:
        page_drafts.saved += await drafts.of_page(request.app.state.app_state, visit, page)


def _ref(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
