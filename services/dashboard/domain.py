"""What the board shows: lists that other services keep, by case code and never by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from schemas.codes import ServiceStatus
from services.dashboard import navigation
from services.dashboard.code_words import fact_words, priority_words, service_words, words
from services.dashboard.language import mark
from services.dashboard.rows.board_rows import AwaitingRow, MessageRow, OrderRow, ReferralRow, ReleaseRow

UNSERVED = (ServiceStatus.PENDING, ServiceStatus.IN_HAND, ServiceStatus.FAILED)
NEVER = datetime.max.replace(tzinfo=UTC)
MOST = 1000  # a list on one screen; what is longer is said to be longer, in the count too


Query = tuple[tuple[str, str], ...]  # a parameter that may be named more than once is named in each pair


@dataclass(frozen=True, slots=True)
class Item:
    """One row of a list, as staff see it; `ref` tells rows apart and is not shown, `page` is where one acts on it."""

    ref: UUID
    case_code: str
    about: str
    agency: str = ""
    since: datetime | None = None
    until: datetime | None = None
    page: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A list of another service: where it is, how one row of it reads on the board, and how the closest deadline leads.

    A list that says nothing of the last has it first anyway.
    """

    service: str
    path: str
    query: Query
    member: str
    read: Callable[[Any], Item]
    closest_first: Query = ()


@dataclass(frozen=True, slots=True)
class Tile:
    """A number on the board and the list behind it; `columns` are the headings of about, agency, since and until.

    `empty` says what brings a row here, `flag` what a row here means at once, and `soon` how near a deadline is urgent.
    """

    name: str
    title: str
    scope: str
    columns: tuple[str, str, str, str]
    sources: tuple[Source, ...]
    empty: str = ""
    flag: str = ""
    soon: timedelta = timedelta(hours=2)

    @property
    def order(self) -> str:
        """Return in words how the rows are sorted."""
        return mark("most urgent first") if self.columns[3] else mark("longest here first")


@dataclass(frozen=True, slots=True)
class Listing:
    """What a person may see of a tile's list now; not `whole` where it goes on beyond what is shown."""

    items: tuple[Item, ...]
    whole: bool = True

    @property
    def count(self) -> int:
        """Return how long the list is."""
        return len(self.items)


@dataclass(frozen=True, slots=True)
class Count:
    """The number on a tile: how long the list behind it is; not `whole` where that goes on beyond what is counted."""

    count: int
    whole: bool = True


class CountRow(BaseModel):
    """A service's answer to a count of one of its lists."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    count: Annotated[int, Field(ge=0, le=MOST)]
    whole: bool


def case_code(case_ref: UUID) -> str:
    """Return the short form of an agency's own case reference: what staff say to each other."""
    text = case_ref.hex[:8].upper()
    return f"{text[:4]}-{text[4:]}"


def received(row: Any) -> Item:
    """Return a referral that another agency sent."""
    read = ReferralRow.model_validate(row)
    return _referral(read, read.from_agency_ref)


def sent(row: Any) -> Item:
    """Return a referral that was sent to another agency."""
    read = ReferralRow.model_validate(row)
    return _referral(read, read.to_agency_ref)


def followed(row: Any) -> Item:
    """Return a referral between others, which its page finds among those of its case."""
    read = ReferralRow.model_validate(row)
    return replace(
        _referral(read, read.to_agency_ref), page=f"{navigation.REFERRALS}/{read.referral_ref}?case={read.case_ref}"
    )


def _referral(read: ReferralRow, agency: str) -> Item:
    code, priority = case_code(read.case_ref), priority_words(read.priority)
    page = f"{navigation.REFERRALS}/{read.referral_ref}"
    return Item(read.referral_ref, code, priority, agency, read.created_at, read.answer_by, page)


def message(row: Any) -> Item:
    """Return a message by its routing."""
    read = MessageRow.model_validate(row)
    code, page = case_code(read.case_ref), f"{navigation.MESSAGES}/{read.message_ref}"
    return Item(read.message_ref, code, fact_words(read.type), read.sender, read.occurred_at, page=page)


def release(row: Any) -> Item:
    """Return a release that ends soon, and for whom it was."""
    read = ReleaseRow.model_validate(row)
    code, page = case_code(read.case_ref), f"{navigation.RELEASES}/{read.case_ref}/release/{read.directive_ref}"
    return Item(read.directive_ref, code, words(read.purpose), read.recipient, until=read.valid_until, page=page)


def awaiting(row: Any) -> Item:
    """Return what a second person is to confirm, by its case."""
    read = AwaitingRow.model_validate(row)
    return Item(
        read.directive_ref or read.case_ref,
        case_code(read.case_ref),
        read.what,
        since=read.awaiting_since,
        until=read.awaiting_until,
        page=read.page(navigation.RELEASES),
    )


def order_to_serve(row: Any) -> Item:
    """Return an order that somebody has not been served with."""
    read = OrderRow.model_validate(row)
    states = {service_words(service.service_status) for service in read.service if service.service_status in UNSERVED}
    about = ", ".join(sorted(states))
    page = f"{navigation.ORDERS}/{read.order_ref}"
    return Item(read.order_ref, case_code(read.case_ref), about, since=read.changed_at, page=page)


def listing(items: Iterable[Item]) -> Listing:
    """Return the list of these rows, each once, what is due first on top."""
    once = list({item.ref: item for item in items}.values())
    once.sort(key=lambda item: item.until or item.since or NEVER)
    return Listing(tuple(once[:MOST]), whole=len(once) <= MOST)


def total(counts: Sequence[Count]) -> Count:
    """Return the sum of the counts of lists that are shown as one list and share no row."""
    number = sum(count.count for count in counts)
    return Count(min(number, MOST), whole=number <= MOST and all(count.whole for count in counts))
