"""From a talk about a release to drafts: what is considered, the screen turned to her, and what she says yes to."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from starlette.responses import Response

from services.dashboard.desk import AtDesk, Desk, refused, see_other
from services.dashboard.domain import case_code
from services.dashboard.form_instants import end_of_day, local_day
from services.dashboard.forms.release_forms import ConsiderForm
from services.dashboard.language import mark, translate
from services.dashboard.navigation import RELEASES
from services.dashboard.releases import agencies, case_releases, in_words, key_for, releases_of
from services.dashboard.rows.release_rows import CaseReleasesRow, ComparisonListRow, ComparisonRow, DirectiveStateRow
from services.dashboard.service_client import Ask, ServiceRefusal
from services.dashboard.session_auth import session_router

MOST_CONSIDERED = 20

routes = session_router(f"{RELEASES}/{{case_ref}}")


@routes.get("/new")
async def show_considered(desk: AtDesk, case_ref: UUID) -> Response:
    """Show what may be considered; nothing is ticked."""
    return await _consider_page(desk, case_ref, await _offered(desk, ConsiderForm()))


@routes.post("/new")
async def consider(desk: AtDesk, case_ref: UUID) -> Response:
    """Lead on: to the card that turns the screen to her, to all agencies side by side, to drafts of her yes."""
    form = await _offered(desk, await desk.submitted(ConsiderForm))
    step = str(form.step.data)
    if not form.validate() or step == "back":
        return await _consider_page(desk, case_ref, form, 200 if step == "back" else 422)
    if len(form.ways.data or ()) > MOST_CONSIDERED:
        form.general_errors.append(translate(mark("These are too many at once. Compare at most 20.")))
        return await _consider_page(desk, case_ref, form, 422)
    if step == "card":
        return _page(desk, "releases/card.html", case_ref, form)
    if step == "drafts" and form.yes.data:
        return await _draft(desk, case_ref, form)
    if step == "drafts":
        form.general_errors.append(translate(mark("Tick what she says yes to, or go back.")))
    return await _compare_page(desk, case_ref, form, 422 if form.general_errors else 200)


async def _draft(desk: Desk, case_ref: UUID, form: ConsiderForm) -> Response:
    """Record one draft for each yes and show refusals; the same form sent again records no second draft."""
    standing = await case_releases(desk, case_ref)
    chosen = set(form.ways.data or ())
    for way in dict.fromkeys(form.yes.data or ()):
        if way not in chosen:
            continue
        terms = _terms(desk, form, way, standing)
        one_by_one = [category for category in form.asked.data or () if category in terms["categories"]]
        body = terms | {"effect": "permit", "asked_one_by_one": one_by_one}
        path, key = f"{releases_of(case_ref)}/directives", key_for(str(form.key.data), json.dumps(body, sort_keys=True))
        try:
            await desk.ask(Ask("consent", path, method="POST", body=body, key=key), DirectiveStateRow)
        except ServiceRefusal as refusal:
            codes = [error.code for error in refusal.errors] or [refusal.code]
            label = form.labels.get(way, way)
            form.general_errors.append(f"{label}: {in_words(codes)}")
    if form.general_errors:
        return await _compare_page(desk, case_ref, form, 409)
    return see_other(f"{RELEASES}/{case_ref}/sign", "drafted")


def _terms(desk: Desk, form: ConsiderForm, way: str, standing: CaseReleasesRow) -> dict[str, Any]:
    """Return the terms of one grant considered, as consent takes them."""
    recipient, _, purpose = way.partition("|")
    terms: dict[str, Any] = {
        "recipient": recipient,
        "purpose": purpose,
        "categories": list(form.categories.data or ()),
        "valid_until": end_of_day(desk.visit.clock, form.until.data),
    }
    relation = {"replace": "supersedes_ref", "add": "adds_to_ref"}.get(str(form.relation.data))
    active = [row for row in standing.that_are("active") if (row.recipient, row.purpose) == (recipient, purpose)]
    if relation and active:
        terms[relation] = str(active[0].directive_ref)
    return terms


async def _compare_page(desk: Desk, case_ref: UUID, form: ConsiderForm, status: int) -> Response:
    standing = await case_releases(desk, case_ref)
    body = {"considered": [_terms(desk, form, way, standing) for way in form.ways.data or ()]}
    ask = Ask("consent", f"{releases_of(case_ref)}/previews", method="POST", body=body)
    try:
        columns = (await desk.ask(ask, ComparisonListRow)).row.considered
    except ServiceRefusal as refusal:
        return await _consider_page(desk, case_ref, form, refused(form, refusal))
    return _page(
        desk,
        "releases/compare.html",
        case_ref,
        form,
        status,
        columns=columns,
        categories=_rows(columns, form),
        own_lines=_own_lines(columns, form),
        labels=form.labels,
        refusals={column.way: in_words(line.code for line in column.refusals) for column in columns if column.refusals},
    )


def _rows(columns: tuple[ComparisonRow, ...], form: ConsiderForm) -> list[str]:
    """Return the categories that the table shows: those considered, and those that somebody sees today."""
    categories = {row.category for column in columns for row in column.categories if row.now or row.then}
    return sorted(categories | set(form.categories.data or ()))


def _own_lines(columns: tuple[ComparisonRow, ...], form: ConsiderForm) -> list[str]:
    """Return the considered categories that she is asked about one by one."""
    own = {row.category for column in columns for row in column.categories if row.own_line}
    return sorted(own & set(form.categories.data or ()))


async def _offered(desk: Desk, form: ConsiderForm) -> ConsiderForm:
    form.offer(await agencies(desk), desk.visit.agency.agency_id)
    return form


async def _consider_page(desk: Desk, case_ref: UUID, form: ConsiderForm, status: int = 200) -> Response:
    standing = await case_releases(desk, case_ref)
    return _page(
        desk, "releases/new.html", case_ref, form, status, standing=standing, latest=local_day(desk.visit.clock, 89)
    )


def _page(desk: Desk, template: str, case_ref: UUID, form: ConsiderForm, status: int = 200, **context: Any) -> Response:
    place = f"{RELEASES}/{case_ref}"
    return desk.page(
        template, status=status, case_ref=case_ref, code=case_code(case_ref), form=form, place=place, **context
    )
