"""The ledger as one agency may read it: lines about its own records, one of them with its proof, and a file of them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from kernel.ledger import note
from kernel.ledger.entry import Act, Verdict
from kernel.ledger.merkle import inclusion_proof, nodes_for_inclusion
from kernel.ledger.note import Proof
from runtime import register
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import audit_entries
from runtime.http import Absent, Cursor, FieldError, Invalid, Limit, require_scope, router
from runtime.http.pagination import MOST_COUNTED, CountResponse, cursor_of, link_next, position_of
from runtime.ledger.pending_entries import append, leaf
from runtime.ledger.tree_store import Head, nodes, published_head
from schemas.values import AgencyRef, Instant, PersonRef
from services.audit import domain, entries, excerpt, store
from services.audit.entries import EntryFilter, OwnLine
from services.audit.public_key import public_key
from services.audit.responses import LedgerEntriesResponse, LedgerEntryResponse, ProvenEntryResponse

MayReadLedger = Annotated[UnitOfWork, Depends(require_scope("ledger:read"))]
Index = Annotated[int, Query(ge=0, le=store.LAST, description="the entry's place in the tree")]

routes = router("/v1")


def _filters(
    case_ref: UUID | None = None,
    person: Annotated[PersonRef | None, Query(description="who acted, or the system that did")] = None,
    agency: Annotated[AgencyRef | None, Query(description="who acted, or to whom something was offered")] = None,
    act: Annotated[Act | None, Query(description="offers that were not made are listed by `not_sent` alone")] = None,
    since: Annotated[Instant | None, Query(alias="from")] = None,
    until: Annotated[Instant | None, Query(alias="to", description="the first instant that is not listed")] = None,
    refused: Annotated[bool, Query(description="refusals only")] = False,
) -> EntryFilter:
    return EntryFilter(case_ref, person, agency, act, since, until, refused)


Filters = Annotated[EntryFilter, Depends(_filters)]


@routes.get("/entries")
async def list_entries(
    unit: MayReadLedger, filters: Filters, request: Request, answer: Response, cursor: Cursor = None, limit: Limit = 50
) -> LedgerEntriesResponse:
    """List what is on record of this agency's own records, the newest first.

    None of a survivor who hides from whoever reads. What is on its way into the tree is among them, without an index.
    Each page read is on record too.
    """
    lines = await entries.lines(unit, filters, _place(cursor), limit + 1)
    following = cursor_of(*lines[limit - 1].place) if len(lines) > limit else None
    count = None if cursor else await _counted(unit, filters)
    await record(unit, Act.LEDGER_READ)
    link_next(request, answer, following)
    listed = [LedgerEntryResponse.model_validate(entry) for entry in await _named(unit, lines[:limit])]
    return LedgerEntriesResponse(
        entries=listed, cursor=following, count=count and count.count, whole=count and count.whole
    )


@routes.get("/entries/count")
async def count_entries(unit: MayReadLedger, filters: Filters) -> CountResponse:
    """Count the lines that the list of the same query holds, up to 1,000; no line leaves."""
    count = await _counted(unit, filters)
    await record(unit, Act.LEDGER_READ)
    return count


@routes.get("/entries/proof")
async def prove_entry(unit: MayReadLedger, request: Request, index: Index) -> ProvenEntryResponse:
    """Return one entry of this agency's own records as it was written, and the receipt that it is in the ledger.

    Absent where no published checkpoint covers it, and where it is another's.
    """
    line, head = await entries.line_at(unit, index), await published_head(unit.session)
    if line is None or head is None:
        await record(unit, Act.LEDGER_READ)
        raise Absent
    (entry,) = await _named(unit, [line])
    (receipt,) = await _receipts(unit, [line], head)
    await record(unit, Act.VERIFIED)
    return ProvenEntryResponse(
        entry=LedgerEntryResponse.model_validate(entry),
        header=base64.b64encode(line.header.body()).decode(),
        proof=receipt.text(),
        size=head.size,
        holds=_holds(receipt.text(), line.header.body(), request),
    )


class JsonLinesResponse(Response):
    """A JSON document a line."""

    media_type = "application/jsonl"


@routes.get("/entries/export", response_class=JsonLinesResponse)
async def export_entries(unit: MayReadLedger, filters: Filters) -> JsonLinesResponse:
    """Return a file of up to 2,000 of these lines, each with its proof, that anybody can verify without this service.

    JSON line by JSON line, with instructions in the first; `accord ledger verify --from FILE` checks it. It says what
    it proves and what it does not. Lines that no published checkpoint covers yet are left out, and counted.
    """
    lines = await entries.lines(unit, filters, entries.THE_NEWEST, excerpt.MOST_LINES + 1)
    head = await published_head(unit.session)
    if head is None:
        raise Absent
    covered = [line for line in lines[: excerpt.MOST_LINES] if line.index is not None]
    about = excerpt.About(
        agency_id=unit.agency_id,
        at=await register.database_now(unit.session),
        entries=len(covered),
        not_covered=len(lines[: excerpt.MOST_LINES]) - len(covered),
        more=len(lines) > excerpt.MOST_LINES,
    )
    text = excerpt.text(about, head.note, covered, await _receipts(unit, covered, head), await _named(unit, covered))
    await record(unit, Act.EXPORTED)
    return JsonLinesResponse(text)


async def record(unit: UnitOfWork, act: Act) -> None:
    """Put on record what this person did with the ledger; the own agency is custodian of what it read."""
    by = await audit_entries.resolve_actor(unit)
    fields = {"at": await register.database_now(unit.session), "act": act, "actor": by.actor, "agency": by.agency}
    await append(unit.session, [leaf(unit.asker, None, **fields, verdict=Verdict.PERMIT, sv=0, custodian=by.agency)])


async def _counted(unit: UnitOfWork, filters: EntryFilter) -> CountResponse:
    count = await entries.count(unit, filters, MOST_COUNTED + 1)
    return CountResponse.of(count, whole=count <= MOST_COUNTED)


def _holds(receipt: str, body: bytes, request: Request) -> bool:
    try:
        return bool(note.verify_proof(receipt, body, public_key(request)))
    except (note.Malformed, note.NotSigned, note.NotIncluded):
        return False


def _place(cursor: str | None) -> entries.Place:
    behind = position_of(cursor, str, str) or entries.THE_NEWEST
    if not entries.is_place(behind):
        raise Invalid([FieldError("query.cursor", "malformed")])
    return behind


async def _named(unit: UnitOfWork, lines: Sequence[OwnLine]) -> list[domain.Entry]:
    names = domain.pseudonyms({name for line in lines for name in (line.header.agency, line.header.actor)})
    agencies = await store.agencies_behind(unit.session, names)
    actors = await store.actors_behind(unit.session, names)
    return [domain.entry(line.header, line.index, agencies, actors, line.case_ref) for line in lines]


async def _receipts(unit: UnitOfWork, lines: Sequence[OwnLine], head: Head) -> list[Proof]:
    places = [line.index for line in lines if line.index is not None]
    needed = {node for index in places for node in nodes_for_inclusion(index, head.size)}
    node = await nodes(unit.session, needed)
    return [Proof(index, tuple(inclusion_proof(index, head.size, node)), head.note) for index in places]
