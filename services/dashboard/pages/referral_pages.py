"""One referral: how it stands, what this agency may see of the survivor, and the answers as buttons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from starlette.responses import Response

from runtime.http.problems import Absent
from schemas.codes import AgencyKind, Purpose
from services.dashboard import mail
from services.dashboard.colleagues import colleague_names
from services.dashboard.conflicts import filled_in
from services.dashboard.desk import AtDesk, Desk, refused, see_other
from services.dashboard.forms.mail_forms import OpeningForm
from services.dashboard.forms.referral_forms import AnswerForm
from services.dashboard.language import mark, translate
from services.dashboard.mail import ShownOpening
from services.dashboard.navigation import REFERRALS
from services.dashboard.pages.referral_list_pages import PATH, SOON
from services.dashboard.referral_answers import ANSWERS, ReferralSide, possible_answers, side_of
from services.dashboard.rows.mail_rows import MailRow, OpenableMailRow, OpenedMailRow
from services.dashboard.rows.referral_rows import ReferralDetailRow, ReferralListRow
from services.dashboard.service_client import Ask, Reply, ServiceRefusal, ServiceUnavailable
from services.dashboard.session_auth import session_router

STATUS: Final = "referral_status"  # stands on the page already
CREATED: Final = "accord.referral.created.v1"
# An instant of another agency's fact is a minute, at most six minutes before it.
BLURRED: Final = timedelta(minutes=7)
MOST_MESSAGES: Final = 5
MOST_OTHERS: Final = 5
NOT_POSSIBLE: Final = mark("This is not possible any more, as somebody was there before you.")
OVERTAKEN: Final = frozenset({"stale", "not_open", "precondition_failed"})

routes = session_router(REFERRALS)


@dataclass(frozen=True, slots=True)
class ReferralScene:
    """What a referral's page shows besides the referral: a form that came back, and what was opened just now."""

    answer: str = ""
    form: AnswerForm | None = None
    resumed: bool = False
    overtaken: bool = False
    opened: ShownOpening | None = field(default=None, repr=False)
    file: Sequence[MailRow] | None = None  # of the case, where it was read already
    nothing_open: bool = False
    status: int = 200


@routes.get("/{referral_ref}")
async def show_referral(referral_ref: UUID, desk: AtDesk, case: UUID | None = None) -> Response:
    """Show how a referral stands."""
    return await _page(desk, referral_ref, ReferralScene(), case)


@routes.get("/{referral_ref}/opening")
async def check_opening(
    referral_ref: UUID, desk: AtDesk, purpose: Purpose | None = None, releases: int = 0, case: UUID | None = None
) -> Response:
    """Tell a page whether what it shows of the survivor may stay; whoever signed in again is led to the referral."""
    place = f"{REFERRALS}/{referral_ref}" + (f"?case={case}" if case else "")
    if purpose is None or not desk.background:
        return see_other(place)
    with suppress(Absent):  # without the release, nor may the referral be seen: what is typed beside it stays
        referral = (await _referral(desk, referral_ref, case)).row
        near = _near(referral, await mail.case_file(desk, referral.case_ref))
        if await mail.still_open(desk, near, purpose, releases):
            return Response(status_code=204)
    return desk.closed(place)


@routes.get("/{referral_ref}/{answer}")
async def show_answer(referral_ref: UUID, answer: str, desk: AtDesk, done: str = "") -> Response:
    """Show the referral with an answer that was typed and not sent; other addresses of it lead to its page."""
    if answer not in ANSWERS or desk.drafts.fields is None:
        return see_other(f"{REFERRALS}/{referral_ref}", "saved" if done == "saved" else "")
    form = ANSWERS[answer].form()
    desk.resume(form)
    return await _page(desk, referral_ref, ReferralScene(answer, form, resumed=True))


@routes.post("/{referral_ref}/opening")
async def open_referral(referral_ref: UUID, desk: AtDesk, case: UUID | None = None) -> Response:
    """Show what this person may see of the survivor, the look being on record."""
    purpose = (await desk.submitted(OpeningForm)).chosen()
    referral = (await _referral(desk, referral_ref, case)).row
    file = await _file(desk, referral)
    row = await _opened(desk, referral, file, purpose)
    if row is None:
        return await _page(desk, referral_ref, ReferralScene(nothing_open=True, status=404), case)
    place = desk.current_path + (f"?case={case}" if case else "")
    opened = await mail.shown_opening(desk, row, place, file, without=STATUS)
    return await _page(desk, referral_ref, ReferralScene(opened=opened, file=file), case)


@routes.post("/{referral_ref}/{answer}")
async def answer_referral(referral_ref: UUID, answer: str, desk: AtDesk) -> Response:
    """Carry out one answer, or show it again with what is wrong, beside how the referral stands by now."""
    if answer not in ANSWERS:
        raise Absent
    form = await desk.submitted(ANSWERS[answer].form)
    await _referral(desk, referral_ref, None)
    if not form.validate():
        return await _page(desk, referral_ref, ReferralScene(answer, form, status=422))
    path = f"{PATH}/{referral_ref}/{answer}"
    ask = Ask("referrals", path, method="POST", body=form.body(), key=str(form.key.data), etag=form.etag.data or "")
    try:
        await desk.ask(ask, ReferralDetailRow)
    except ServiceRefusal as refusal:
        status = refused(form, refusal)
        overtaken = refusal.code in OVERTAKEN
        return await _page(desk, referral_ref, ReferralScene(answer, form, overtaken=overtaken, status=status))
    return see_other(f"{REFERRALS}/{referral_ref}", answer)


async def _page(desk: Desk, referral_ref: UUID, scene: ReferralScene, case: UUID | None = None) -> Response:
    reply = await _referral(desk, referral_ref, case)
    referral = reply.row
    side = side_of(referral, desk.visit.agency.agency_id, cell=_is_cell(desk))
    file = scene.file if scene.file is not None else await _file(desk, referral)
    messages = await _messages(desk, referral, file)
    forms = _forms(desk, reply, side, scene)
    for name, form in forms.items():
        if form.keeps_draft:
            await desk.offer_drafts(f"{REFERRALS}/{referral_ref}/{name}")
    if scene.form is not None and scene.overtaken and scene.answer not in forms:
        scene.form.general_errors = [translate(NOT_POSSIBLE)]
    return desk.page(
        "referrals/referral.html",
        status=scene.status,
        live_address=desk.live_address(referral.case_ref),
        referral=referral,
        side=side.value,
        forms=forms,
        scene=scene,
        people=await colleague_names(desk) if referral.assigned_to else {},
        sent_before=filled_in(scene.form) if scene.form is not None and scene.overtaken else (),
        purposes=list(dict.fromkeys(purpose for row in messages for purpose in mail.purposes_of(desk, row))),
        others=_others(desk, file),
        agencies=await desk.agency_names(referral.agencies),
        place=f"{REFERRALS}/{referral_ref}",
        query=f"?case={case}" if case else "",
        list_place=REFERRALS,
        soon=SOON,
    )


async def _referral(desk: Desk, referral_ref: UUID, case: UUID | None) -> Reply[ReferralDetailRow]:
    """Return the referral as this person may see it; a cell finds it among those of its case."""
    if not _is_cell(desk):
        return await desk.read("referrals", f"{PATH}/{referral_ref}", ReferralDetailRow)
    if case is None:
        raise Absent
    query = (("direction", "followed"), ("case_ref", str(case)), ("limit", "200"))
    reply = await desk.read("referrals", PATH, ReferralListRow, query)
    for row in reply.row.referrals:
        if row.referral_ref == referral_ref:
            return Reply(row)
    raise Absent


def _forms(
    desk: Desk, reply: Reply[ReferralDetailRow], side: ReferralSide, scene: ReferralScene
) -> Mapping[str, AnswerForm]:
    """Return a form for each answer that this person may give, made for the version on the page."""
    forms: dict[str, AnswerForm] = {}
    for name in possible_answers(reply.row, side):
        if not desk.may(ANSWERS[name].scope):
            continue
        again = scene.form if scene.form is not None and scene.answer == name else None
        form = again or ANSWERS[name].form(data=_defaults(desk, name))
        if not scene.resumed or again is None:  # what is gone on with answers the version that its writer saw
            form.etag.data = reply.etag
        forms[name] = form
    return forms


def _defaults(desk: Desk, name: str) -> dict[str, Any]:
    """Return a form's initial values: the person who accepts is the advocate whom the survivor meets."""
    return {"advocate_name": desk.visit.person_name} if name == "acceptance" else {}


async def _file(desk: Desk, referral: ReferralDetailRow) -> list[MailRow]:
    """Return the messages of the referral's case that this person can see; none where the exchange is away."""
    if not desk.may("inbox:read"):
        return []
    with suppress(ServiceUnavailable):  # the rest of the page stands
        return await mail.case_file(desk, referral.case_ref)
    return []


async def _messages(desk: Desk, referral: ReferralDetailRow, file: Sequence[MailRow]) -> list[OpenableMailRow]:
    """Return those of a case's messages that the referral may have come with."""
    with suppress(ServiceUnavailable):
        return await mail.openable(desk, _near(referral, file))
    return []


def _near(referral: ReferralDetailRow, file: Sequence[MailRow]) -> list[MailRow]:
    """Return those of a file's messages that the referral may have come with, by sender and time."""
    near = sorted((row for row in file if _belongs(row, referral)), key=lambda row: _distance(row, referral))
    return near[:MOST_MESSAGES]


async def _opened(
    desk: Desk, referral: ReferralDetailRow, file: Sequence[MailRow], purpose: Purpose
) -> OpenedMailRow | None:
    """Open what the referral came with: of several that may be it, until one says that it is, or may not say."""
    for message in await _messages(desk, referral, file):
        row = await mail.opened(desk, message.message_ref, purpose) if purpose in message.purposes else None
        if row is not None and row.referral_ref in ("", str(referral.referral_ref)):
            return row
    return None


def _others(desk: Desk, file: Sequence[MailRow]) -> list[MailRow]:
    """Return what else other agencies shared of the case, newest first: no referral, and no news of a release."""
    own, left_out = desk.visit.agency.agency_id, ("accord.referral.", mail.RELEASES)
    return [row for row in reversed(file) if row.sender != own and not row.type.startswith(left_out)][:MOST_OTHERS]


def _belongs(message: MailRow, referral: ReferralDetailRow) -> bool:
    """Tell whether a message may be that of the referral: by its sender and its time, as its content is sealed."""
    if message.type != CREATED or (referral.from_agency_ref and message.sender != referral.from_agency_ref):
        return False
    return _distance(message, referral) <= BLURRED


def _distance(message: MailRow, referral: ReferralDetailRow) -> timedelta:
    return timedelta() if referral.created_at is None else abs(message.occurred_at - referral.created_at)


def _is_cell(desk: Desk) -> bool:
    return desk.visit.agency.kind is AgencyKind.COORDINATION
