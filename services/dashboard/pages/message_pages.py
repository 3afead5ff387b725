"""Messages: the unread queue, and each message, to be opened for a purpose and marked as handled."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from starlette.responses import Response

from runtime.http.problems import Absent
from schemas.codes import Purpose
from services.dashboard import mail
from services.dashboard.desk import AtDesk, Desk, see_other
from services.dashboard.forms.mail_forms import HandlingForm, OpeningForm
from services.dashboard.language import mark, translate
from services.dashboard.mail import ShownOpening
from services.dashboard.navigation import MESSAGES
from services.dashboard.rows.mail_rows import MailListRow, MailRow, OpenableMailRow
from services.dashboard.rows.service_row import CountedRow
from services.dashboard.service_client import Ask, NotAuthorised
from services.dashboard.session_auth import session_router

routes = session_router(MESSAGES)


@dataclass(frozen=True, slots=True)
class MailView:
    """One queue of the mailbox: its title, and what stands there when it is empty."""

    title: str
    empty: str


VIEWS: Final[Mapping[str, MailView]] = {
    "unread": MailView(mark("Unread"), mark("Somebody of your agency has looked at every message.")),
    "opened": MailView(mark("Opened"), mark("No message was opened that is not marked as handled.")),
    "handled": MailView(mark("Handled"), mark("No message is marked as handled yet.")),
}


@routes.get("")
async def show_messages(desk: AtDesk, queue: str = "unread", cursor: str = "") -> Response:
    """Show one queue of the agency's mailbox."""
    if queue not in VIEWS:
        raise Absent
    query = (("queue", queue), *([("cursor", cursor)] if cursor else []))
    reply = await desk.read_if_there("exchange", "/v1/inbox", MailListRow, query)
    messages = None if reply is None else reply.row.messages
    following = None if reply is None else reply.cursor
    return desk.page(
        "messages/list.html",
        status=503 if reply is None else 200,
        title=translate(VIEWS[queue].title),
        empty=translate(VIEWS[queue].empty),
        queue=queue,
        queues=await _queues(desk, queue),
        messages=messages,
        next_href=f"{MESSAGES}?{urlencode({'queue': queue, 'cursor': following})}" if following else "",
        agencies=await desk.agency_names({row.sender for row in messages or ()}),
        place=MESSAGES,
    )


@routes.get("/{message_ref}")
async def show_message(message_ref: UUID, desk: AtDesk) -> Response:
    """Show the routing of a message, and for which purposes it can be opened."""
    return await _page(desk, message_ref)


@routes.get("/{message_ref}/opening")
async def check_opening(message_ref: UUID, desk: AtDesk, purpose: Purpose | None = None, releases: int = 0) -> Response:
    """Tell a page whether what it shows may stay; whoever signed in again is led to the message."""
    place = f"{MESSAGES}/{message_ref}"
    if purpose is None or not desk.background:
        return see_other(place)
    row = await mail.openable_now(desk, message_ref)
    if row is not None and await mail.still_open(desk, [row], purpose, releases):
        return Response(status_code=204)
    return desk.closed(place)


@routes.post("/{message_ref}/opening")
async def open_message(message_ref: UUID, desk: AtDesk) -> Response:
    """Show what this person may see of a message, the look being on record."""
    form = await desk.submitted(OpeningForm)
    await _message(desk, message_ref)
    row = await mail.opened(desk, message_ref, form.chosen())
    if row is None:
        raise Absent
    return await _page(desk, message_ref, await mail.shown_opening(desk, row, desk.current_path))


@routes.post("/{message_ref}/handling")
async def handle_message(message_ref: UUID, desk: AtDesk) -> Response:
    """Mark a message as dealt with, or not, and lead back to the queue."""
    form = await desk.submitted(HandlingForm)
    if not form.validate():
        raise Absent
    await _message(desk, message_ref)
    body = {"handled": form.handled.data == "yes"}
    path = f"/v1/messages/{message_ref}/handling"
    await desk.ask(Ask("exchange", path, method="PUT", body=body, key=str(form.key.data)), MailRow)
    return see_other(MESSAGES, "handled") if body["handled"] else see_other(f"{MESSAGES}/{message_ref}", "unhandled")


async def _page(desk: Desk, message_ref: UUID, opened: ShownOpening | None = None) -> Response:
    row = await _message(desk, message_ref)
    return desk.page(
        "messages/message.html",
        message=row,
        opened=opened,
        live_address=desk.live_address(row.case_ref),
        own=row.sender == desk.visit.agency.agency_id,
        purposes=mail.purposes_of(desk, row),
        handling=HandlingForm(),
        agencies=await desk.agency_names({row.sender}),
        place=f"{MESSAGES}/{message_ref}",
        list_place=MESSAGES,
    )


async def _message(desk: Desk, message_ref: UUID) -> OpenableMailRow:
    """Return the message as it could be opened now; raises `Absent`, and `ColleaguesCase` as any page of its case."""
    return (await desk.read("exchange", f"/v1/messages/{message_ref}/purposes", OpenableMailRow)).row


async def _queues(desk: Desk, queue: str) -> list[dict[str, object]]:
    """Return the queues with the length of each, asked for at once; None where it is not known."""
    counts = await asyncio.gather(*(_count(desk, name) for name in VIEWS))
    return [
        {"href": f"{MESSAGES}?queue={name}", "text": translate(view.title), "current": name == queue, "count": count}
        for (name, view), count in zip(VIEWS.items(), counts, strict=True)
    ]


async def _count(desk: Desk, queue: str) -> int | None:
    try:
        counted = await desk.read_if_there("exchange", "/v1/inbox/count", CountedRow, (("queue", queue),))
    except NotAuthorised:
        return None
    return None if counted is None else counted.row.count
