"""Her words and her word: drafts read in her language and signed, denials taken back, taking part, and a denial."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from starlette.responses import Response

from services.dashboard.colleagues import signing_colleagues
from services.dashboard.desk import AtDesk, Desk, see_other
from services.dashboard.domain import case_code
from services.dashboard.form_instants import local_now, typed_instant
from services.dashboard.forms.desk_form import DeskForm
from services.dashboard.forms.release_forms import (
    ActForm,
    DenyForm,
    EvidenceForm,
    LiftForm,
    ParticipationForm,
    SignForm,
)
from services.dashboard.navigation import RELEASES
from services.dashboard.pages.release_pages import names_in
from services.dashboard.releases import (
    agencies,
    case_releases,
    colleagues,
    in_words,
    key_for,
    release_texts,
    releases_of,
)
from services.dashboard.rows.release_rows import ChosenRow, DirectiveStateRow, ReleaseTextRow
from services.dashboard.service_client import Ask, ServiceRefusal
from services.dashboard.session_auth import session_router

routes = session_router(f"{RELEASES}/{{case_ref}}")


@routes.get("/sign")
async def show_drafts(desk: AtDesk, case_ref: UUID, language: str = "") -> Response:
    """Show what she has not signed yet, with the words of a release in her language, and how she signed."""
    form = SignForm()
    form.signed_at.data = local_now(desk.visit.clock)
    form.language.data = language or None
    desk.resume(form)  # before the words are chosen that the page shows in her language
    return await _sign_page(desk, case_ref, form)


@routes.post("/sign")
async def record_signature(desk: AtDesk, case_ref: UUID) -> Response:
    """Record her own signature on each draft that is ticked."""
    form = await desk.submitted(SignForm)
    texts = await _offer_evidence(desk, form)
    drafts = (await case_releases(desk, case_ref)).that_are("draft")
    form.offer_drafts(drafts, await names_in(desk, drafts))
    if not form.validate():
        return await _sign_page(desk, case_ref, form, 422)
    etags = {str(row.directive_ref): row.etag for row in drafts}
    body = _evidence(form, texts) | {
        "signed_at": typed_instant(desk.visit.clock, form.signed_at.data),
        "signer_role": form.signer_role.data,
        "receipt_asked": bool(form.receipt_asked.data),
    }
    for name in ("document_ref", "second_signer"):
        if form[name].data:
            body[name] = form[name].data
    for ref in form.refs.data or ():
        path, key = f"/v1/directives/{ref}/signature", key_for(str(form.key.data), ref)
        await _send(
            desk, form, Ask("consent", path, method="POST", body=body, key=key, etag=etags[ref]), DirectiveStateRow
        )
    if form.general_errors:
        return await _sign_page(desk, case_ref, form, 409)
    return see_other(f"{RELEASES}/{case_ref}", "signed")


@routes.get("/release/{directive_ref}/lift")
async def show_lifting(desk: AtDesk, case_ref: UUID, directive_ref: UUID) -> Response:
    """Show the form by which her signature takes a denial back."""
    form = LiftForm()
    form.signed_at.data = local_now(desk.visit.clock)
    form.etag.data = (await desk.read("consent", f"/v1/directives/{directive_ref}", DirectiveStateRow)).etag
    texts = await _offer_evidence(desk, form)
    return _evidence_page(desk, "releases/lift.html", case_ref, form, texts)


@routes.post("/release/{directive_ref}/lift")
async def lift_denial(desk: AtDesk, case_ref: UUID, directive_ref: UUID) -> Response:
    """Record that she signed a denial away; a second person confirms it."""
    form = await desk.submitted(LiftForm)
    texts = await _offer_evidence(desk, form)
    if not form.validate():
        return _evidence_page(desk, "releases/lift.html", case_ref, form, texts, 422)
    signed_at = typed_instant(desk.visit.clock, form.signed_at.data)
    body = _evidence(form, texts) | {"signed_at": signed_at, "signer_role": "survivor"}
    path = f"/v1/directives/{directive_ref}/lifting"
    ask = Ask("consent", path, method="POST", body=body, key=str(form.key.data), etag=str(form.etag.data))
    if not await _send(desk, form, ask, DirectiveStateRow):
        return _evidence_page(desk, "releases/lift.html", case_ref, form, texts, 409)
    return see_other(f"{RELEASES}/{case_ref}", "lifting")


@routes.get("/participation")
async def show_participation(desk: AtDesk, case_ref: UUID) -> Response:
    """Show the form that records whether she takes part."""
    form = ParticipationForm()
    texts = await _offer_evidence(desk, form)
    return _evidence_page(desk, "releases/participation.html", case_ref, form, texts)


@routes.post("/participation")
async def choose_participation(desk: AtDesk, case_ref: UUID) -> Response:
    """Record whether she takes part; a no closes everything at once, and needs nothing else."""
    form = await desk.submitted(ParticipationForm)
    texts = await _offer_evidence(desk, form)
    closes = form.participation.data == "no"
    if not form.validate() and not (closes and not form.participation.errors):
        return _evidence_page(desk, "releases/participation.html", case_ref, form, texts, 422)
    evidence = _evidence(form, texts) | {"method": form.spoken.data}
    body: dict[str, Any] = {"participation": form.participation.data} | ({} if closes else {"evidence": evidence})
    ask = Ask("consent", f"{releases_of(case_ref)}/participation", method="PUT", body=body, key=str(form.key.data))
    if not await _send(desk, form, ask, ChosenRow):
        return _evidence_page(desk, "releases/participation.html", case_ref, form, texts, 409)
    return see_other(f"{RELEASES}/{case_ref}", "participation")


@routes.get("/deny")
async def show_denial(desk: AtDesk, case_ref: UUID) -> Response:
    """Show the form that records a denial."""
    form = DenyForm()
    form.offer(await agencies(desk), desk.visit.agency.agency_id)
    return _page(desk, "releases/deny.html", case_ref, form)


@routes.post("/deny")
async def record_denial(desk: AtDesk, case_ref: UUID) -> Response:
    """Record what an agency is never to see; it is in force with the answer."""
    form = await desk.submitted(DenyForm)
    form.offer(await agencies(desk), desk.visit.agency.agency_id)
    if not form.validate():
        return _page(desk, "releases/deny.html", case_ref, form, 422)
    body = form.body()
    path = f"{releases_of(case_ref)}/directives"
    if not await _send(
        desk, form, Ask("consent", path, method="POST", body=body, key=str(form.key.data)), DirectiveStateRow
    ):
        return _page(desk, "releases/deny.html", case_ref, form, 409)
    return see_other(f"{RELEASES}/{case_ref}", "denied")


async def _send(desk: Desk, form: DeskForm, ask: Ask, model: type[DirectiveStateRow] | type[ChosenRow]) -> bool:
    """Tell whether consent did it; what it refused is put on the form, in words."""
    try:
        await desk.ask(ask, model)
    except ServiceRefusal as refusal:
        reasons = in_words([error.code for error in refusal.errors] or [refusal.code])
        form.general_errors.append(reasons)
        return False
    return True


async def _sign_page(desk: Desk, case_ref: UUID, form: SignForm, status: int = 200) -> Response:
    texts = await _offer_evidence(desk, form)
    unsigned = (await case_releases(desk, case_ref)).that_are("draft")
    names = await names_in(desk, unsigned)
    form.offer_drafts(unsigned, names)
    return _evidence_page(
        desk,
        "releases/sign.html",
        case_ref,
        form,
        texts,
        status,
        unsigned=unsigned,
        names=names,
        act=ActForm(),
        widening=[row for row in unsigned if row.needs_second_person],
        second_people=await signing_colleagues(desk),
    )


async def _offer_evidence(desk: Desk, form: EvidenceForm) -> tuple[ReleaseTextRow, ...]:
    texts = await release_texts(desk)
    form.offer_evidence(texts, await colleagues(desk), desk.visit.person_ref)
    return texts


def _evidence(form: EvidenceForm, texts: tuple[ReleaseTextRow, ...]) -> dict[str, Any]:
    """Return how it was explained, with the very version of the words that the page showed."""
    language = str(form.language.data)
    version = next((text.text_version for text in texts if text.language == language), "")
    explained = {"language": language, "text_version": version, "explained_by": form.explained_by.data}
    return {"method": form.method.data} | explained


def _evidence_page(
    desk: Desk,
    template: str,
    case_ref: UUID,
    form: EvidenceForm,
    texts: tuple[ReleaseTextRow, ...],
    status: int = 200,
    **context: Any,
) -> Response:
    text = next((text for text in texts if text.language == form.language.data), texts[0])
    return _page(desk, template, case_ref, form, status, texts=texts, text=text, **context)


def _page(desk: Desk, template: str, case_ref: UUID, form: DeskForm, status: int = 200, **context: Any) -> Response:
    place = f"{RELEASES}/{case_ref}"
    return desk.page(
        template, status=status, case_ref=case_ref, code=case_code(case_ref), form=form, place=place, **context
    )
