"""Messages as pages need them: a case's file, what could be opened for what, and what was opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from runtime.http.problems import Absent
from schemas.codes import Purpose
from services.dashboard.desk import Desk
from services.dashboard.domain import Query
from services.dashboard.language import mark, translate
from services.dashboard.opened_fields import TERMS, FieldReader, OpenedSection, agencies_in
from services.dashboard.places import with_query
from services.dashboard.rows.mail_rows import MailListRow, MailRow, OpenableMailRow, OpenedMailRow
from services.dashboard.service_client import Ask, ServiceRefusal

PAGE: Final = (("limit", "200"),)
# In the words of services/exchange/domain.py, which sends the codes.
NOTICES: Final[Mapping[str, str]] = {
    "redisclosure_prohibited": mark("This was shared with you for the purpose named. You may not pass it on."),
    "42_cfr_2_32": mark("Records of substance use care are protected by 42 CFR part 2."),
}
DIRECTIVE_TERMS: Final = "terms"
RELEASES: Final = "accord.consent."


@dataclass(frozen=True, slots=True)
class ShownOpening:
    """What one look shows: what is permitted, for which purpose, until when, and what may not be done with it."""

    title: str
    purpose: Purpose
    until: datetime | None
    own: bool
    still: str  # where the page asks whether it may go on showing this; empty for an own record
    notices: tuple[str, ...]
    sections: tuple[OpenedSection, ...] = field(repr=False)


async def case_file(desk: Desk, case_ref: UUID) -> list[MailRow]:
    """Return the messages in a case's file, oldest first, and none where this person can see nothing of it.

    Raises `ServiceUnavailable` where the exchange is away: a file that cannot be read is not an empty one.
    """
    rows: list[MailRow] = []
    query: Query = PAGE
    while True:
        try:
            reply = await desk.read("exchange", f"/v1/cases/{case_ref}/messages", MailListRow, query)
        except Absent:
            return rows
        rows += reply.row.messages
        if reply.cursor is None:
            return rows
        query = (*PAGE, ("cursor", reply.cursor))


async def openable(desk: Desk, messages: Sequence[MailRow]) -> list[OpenableMailRow]:
    """Return those of the messages that this person could open now, each with its purposes."""
    rows = [await openable_now(desk, message.message_ref) for message in messages]
    return [row for row in rows if row is not None]


async def openable_now(desk: Desk, message_ref: UUID) -> OpenableMailRow | None:
    """Return a message with the purposes for which this person could open it now, or None where there are none.

    Raises `ServiceUnavailable` where the exchange is away.
    """
    try:
        row = (await desk.read("exchange", f"/v1/messages/{message_ref}/purposes", OpenableMailRow)).row
    except Absent:
        return None
    return row if row.purposes else None


def purposes_of(desk: Desk, message: OpenableMailRow) -> tuple[Purpose, ...]:
    """Return the purposes to offer: one, where any shows the same, as of an own record and of a release's terms."""
    own = message.sender == desk.visit.agency.agency_id
    if (own or message.type.startswith(RELEASES)) and message.purposes:
        return (Purpose.ADVOCACY if Purpose.ADVOCACY in message.purposes else message.purposes[0],)
    return message.purposes


async def opened(desk: Desk, message_ref: UUID, purpose: Purpose) -> OpenedMailRow | None:
    """Open a message in this person's name; None where nothing of it is open to them now, or never was."""
    path = f"/v1/messages/{message_ref}/opening"
    try:
        return (await desk.ask(Ask("exchange", path, method="POST", body={"purpose": purpose}), OpenedMailRow)).row
    except (Absent, ServiceRefusal):
        return None


def releases_in(file: Sequence[MailRow]) -> int:
    """Return how many messages in a case's file tell of a release: after one more, what is open may be too much."""
    return sum(row.type.startswith(RELEASES) for row in file)


async def still_open(desk: Desk, messages: Sequence[MailRow], purpose: Purpose, releases: int) -> bool:
    """Tell whether what was opened for a purpose may still stand on a page, when so many releases were known."""
    rows = await openable(desk, messages)
    if not any(purpose in row.purposes for row in rows):
        return False
    return releases_in(await case_file(desk, rows[0].case_ref)) == releases


async def shown_opening(
    desk: Desk, row: OpenedMailRow, place: str, file: Sequence[MailRow] | None = None, *, without: str = ""
) -> ShownOpening:
    """Return an opening as people read it, `without` a category that the page shows elsewhere.

    `place` is where the page asks whether it may go on showing it; `file` is the case's, where it was read before the
    opening.
    """
    own = row.sender == desk.visit.agency.agency_id
    if file is None and not own:
        file = await case_file(desk, row.case_ref)
    releases = 0 if own else releases_in(file or ())
    params = {"purpose": str(row.scope.purpose), "releases": str(releases)}
    values = dict(row.categories) | ({} if row.terms is None else {DIRECTIVE_TERMS: row.terms})
    reader = FieldReader(desk.visit.clock, await desk.agency_names(set(agencies_in(values))))
    sections = reader.sections({name: fields for name, fields in row.categories.items() if name != without})
    if row.terms is not None:
        sections += tuple(
            OpenedSection(translate(TERMS), section.fields) for section in reader.sections({DIRECTIVE_TERMS: row.terms})
        )
    return ShownOpening(
        title=row.title,
        purpose=row.scope.purpose,
        until=row.scope.until,
        own=own,
        still="" if own else with_query(place, **params),
        notices=tuple(translate(NOTICES[code]) for code in row.notice.codes if code in NOTICES),
        sections=sections,
    )
