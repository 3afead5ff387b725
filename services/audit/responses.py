"""What audit answers, as other systems see it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import ConfigDict, Field

from kernel.ledger.entry import Act, Verdict
from kernel.ledger.verify import Violation
from schemas.strict_model import StrictModel
from services.audit.conflicts import WarningKind
from services.audit.domain import ActorKind


class ResponseModel(StrictModel):
    """Says what a record of the ledger says, field by field."""

    model_config = ConfigDict(from_attributes=True)


class AgencyResponse(ResponseModel):
    """The agency that something was offered to, or that acted; the address is empty where none may be known."""

    id: str = Field(validation_alias="agency_id")
    name: str
    address: str


class ActorResponse(ResponseModel):
    """Who acted. `erased`: the register no longer names them."""

    kind: ActorKind
    ref: str | None
    name: str | None
    roles: list[str]
    agency_id: str | None


class EntryResponse(ResponseModel):
    """One entry of the accounting.

    `index` is its place in the ledger's tree, null until a published checkpoint covers it. `leaf` is its hash
    (RFC 6962, base64), by which an opening's promise is held against the record. `fields` are the paths that were
    shown of each category of which something was left out; of every other category all that there was.
    """

    index: int | None
    leaf: str
    at: datetime
    act: Act
    verdict: Verdict
    agency: AgencyResponse | None
    who: ActorResponse
    type: str | None
    categories: list[str]
    fields: list[str]
    purpose: str | None
    basis: str | None
    directives: list[str]
    reason: str | None


class AccountingEntryResponse(EntryResponse):
    """One entry of a case's accounting.

    `after_stop`: it was opened after the survivor had said stop, and before that was recorded.
    """

    after_stop: bool


class LedgerEntryResponse(EntryResponse):
    """One entry about the agency's own records, and its own reference of the case, where the entry is about one."""

    case_ref: UUID | None


class LedgerEntriesResponse(ResponseModel):
    """A page of the ledger, the newest entry first. `cursor` asks for the next page; null on the last.

    `count` is how many entries the whole list holds, up to 1,000, and `whole` that it holds no more; on the first page
    alone, as this reading is an entry too.
    """

    entries: list[LedgerEntryResponse]
    cursor: str | None
    count: int | None
    whole: bool | None


class ProvenEntryResponse(ResponseModel):
    """One entry, the bytes that its hash was taken of (`header`, base64), and its receipt (`proof`, tlog-proof@v1).

    `holds`: this service checked the receipt against the signed checkpoint of `size` entries. Who trusts nobody checks
    it with the ledger's public key.
    """

    entry: LedgerEntryResponse
    header: str
    proof: str
    size: int
    holds: bool


class FindingResponse(ResponseModel):
    """What is wrong with the ledger, where, and in words."""

    fault: Violation
    index: int
    until: int | None
    says: str


class VerificationResponse(ResponseModel):
    """What a check of the ledger came to, of its entries from the place `start` on and before `until`.

    `whole`: nothing is wrong among them. What lies before `start` is checked by asking again with that as `until`.
    """

    whole: bool
    start: int
    until: int
    checkpoints: int
    findings: list[FindingResponse]


class FreshnessResponse(ResponseModel):
    """How far the published ledger reaches, and how many entries (up to 1,000) wait for the tree, and since when."""

    size: int
    published_at: datetime | None
    waiting: int
    waiting_since: datetime | None
    at: datetime


class Folded(StrEnum):
    """What an accounting leaves out unless it is asked for."""

    NOT_SENT = "not_sent"


class AccountingResponse(ResponseModel):
    """A page of a case's accounting, oldest first. `cursor` asks for the next page; null on the last."""

    case_ref: UUID
    entries: list[AccountingEntryResponse]
    cursor: str | None


class ConflictResponse(ResponseModel):
    """Whom a survivor shut out (`block`), or who tried all the same (`attempt`): how often, and when first and last."""

    kind: WarningKind
    case_ref: UUID
    agency_id: str | None
    agency_name: str | None
    who_kind: ActorKind
    who_ref: str | None
    who_name: str | None
    first_at: datetime
    last_at: datetime
    times: int


class ConflictsResponse(ResponseModel):
    """A page of conflict warnings, the latest first. `cursor` asks for the next page; null on the last."""

    warnings: list[ConflictResponse]
    cursor: str | None


class ConsistencyResponse(ResponseModel):
    """The hashes (RFC 6962, base64) by which the tree of `to` entries only adds to the tree of `from`."""

    start: int = Field(serialization_alias="from")
    to: int
    hashes: list[str]
