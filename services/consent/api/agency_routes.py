"""What may be chosen and shown before a release is drafted: the agencies there are, and the words she signs."""

from __future__ import annotations

from fastapi import Request, Response

from runtime.http import Cursor, FieldError, Invalid, Limit
from runtime.http.pagination import link_next
from runtime.http.sealed_cursors import sealed, unsealed
from schemas.codes import Purpose
from services.consent import agencies
from services.consent.agencies import NAME
from services.consent.api.permissions import MayChooseAgencies, MayRead, routes
from services.consent.responses import AgenciesResponse, NamedAgencyResponse, TextResponse, TextsResponse
from services.consent.texts import LATEST


@routes.get("/agencies", response_model=AgenciesResponse)
async def list_agencies(
    request: Request,
    unit: MayChooseAgencies,
    answer: Response,
    purpose: Purpose | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> AgenciesResponse:
    """List the active agencies by name, each with its kind and the purposes that it is registered for.

    It is what a person needs to choose a recipient.  Addresses, front doors, people and settings are not in it; it is
    nobody's case, and leaves no leaf.
    """
    behind = ("", "") if cursor is None else await unsealed(unit, NAME, cursor)
    if behind is None:
        raise Invalid([FieldError("query.cursor", "malformed")])
    rows = await agencies.active_agencies(unit.session, purpose, (behind[0], behind[1]), limit + 1)
    page = rows[:limit]
    more = len(rows) > limit
    link_next(request, answer, await sealed(unit, NAME, page[-1].name, page[-1].agency.agency_id) if more else None)
    return AgenciesResponse(agencies=tuple(map(NamedAgencyResponse.of, page)))


@routes.get("/release-texts", response_model=TextsResponse)
async def list_texts(_: MayRead) -> TextsResponse:
    """Show the words that a survivor reads or hears before she signs, in each language there is, as they are now.

    `language` and `text_version` are what the signature then names; it keeps `sha256` of the very words.
    """
    return TextsResponse(
        texts=tuple(
            TextResponse(language=text.language, text_version=text.version, sha256=text.sha256, text=text.words)
            for text in LATEST
        )
    )
