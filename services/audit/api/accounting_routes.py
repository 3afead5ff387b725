"""Who looked, on whose word, and the proofs that the record of it is whole."""

from __future__ import annotations

import base64
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from fastapi.responses import PlainTextResponse

from kernel.consent import Reason
from kernel.ledger.entry import Act, Verdict
from kernel.ledger.merkle import consistency_proof, inclusion_proof, nodes_for_consistency, nodes_for_inclusion
from kernel.ledger.note import Proof
from runtime import disclosure, register
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import audit_entries
from runtime.http import Absent, Cursor, FieldError, Invalid, Limit, Withheld, require_scope, router
from runtime.http.pagination import cursor_of, link_next, position_of
from runtime.ledger.pending_entries import append, leaf
from runtime.ledger.tree_store import Head, nodes, published_head
from services.audit import conflicts, domain, store
from services.audit.responses import (
    AccountingEntryResponse,
    AccountingResponse,
    ConflictResponse,
    ConflictsResponse,
    ConsistencyResponse,
    Folded,
)

MayReadLedger = Annotated[UnitOfWork, Depends(require_scope("ledger:read"))]
MayReadConflicts = Annotated[UnitOfWork, Depends(require_scope("conflicts:read"))]
MayReadAccounting = Annotated[UnitOfWork, Depends(require_scope("accounting:read"))]
Place = Annotated[int, Query(ge=0, le=store.LAST)]
Size = Annotated[
    int | None, Query(ge=1, le=store.LAST, description="of a published checkpoint; the newest if left out")
]
From = Annotated[int, Query(alias="from", ge=0, le=store.LAST)]

routes = router("/v1")


@routes.get("/checkpoint", response_class=PlainTextResponse)
async def read_checkpoint(unit: MayReadLedger) -> PlainTextResponse:
    """Return the newest published checkpoint, a note as c2sp.org/tlog-checkpoint has it.

    One is published every ten seconds at most, over a tree padded to a multiple of 32 entries: its size tells no event.
    """
    return PlainTextResponse((await _head(unit, None)).note)


@routes.get("/proofs/inclusion", response_class=PlainTextResponse)
async def prove_inclusion(unit: MayReadLedger, index: Place, size: Size = None) -> PlainTextResponse:
    """Return the receipt of one entry (c2sp.org/tlog-proof@v1): it is under this signed checkpoint."""
    head = await _head(unit, size)
    if index >= head.size:
        raise Absent
    node = await nodes(unit.session, nodes_for_inclusion(index, head.size))
    return PlainTextResponse(Proof(index, tuple(inclusion_proof(index, head.size, node)), head.note).text())


@routes.get("/proofs/consistency")
async def prove_consistency(unit: MayReadLedger, start: From, to: Place) -> ConsistencyResponse:
    """Return the proof that the tree of `to` entries only adds to the tree of `from`."""
    if start > to:
        raise Invalid([FieldError("query.from", "too_large")])
    if to > (await _head(unit, None)).size:
        raise Absent
    node = await nodes(unit.session, nodes_for_consistency(start, to))
    hashes = [base64.b64encode(digest).decode() for digest in consistency_proof(start, to, node)]
    return ConsistencyResponse(start=start, to=to, hashes=hashes)


@routes.get("/cases/{case_ref}/accounting")
async def read_accounting(
    case_ref: UUID,
    unit: MayReadAccounting,
    request: Request,
    answer: Response,
    cursor: Cursor = None,
    limit: Limit = 50,
    include: Annotated[
        Folded | None, Query(description="what is left out otherwise: offers that were not made")
    ] = None,
) -> AccountingResponse:
    """List every offer, look, refusal and change of a release of the agency's own records, oldest first.

    The list is of the instant of its first page, lines not yet in the tree included. Reading it is on record too.
    """
    case = await store.own_case(unit, case_ref)
    if case is None:
        await disclosure.record_not_found(unit, case_ref)
        raise Withheld
    by = await audit_entries.resolve_actor(unit)
    if case.shut_out:
        await _note(unit, by, case, Verdict.DENY)
        raise Withheld
    after, until = _position(cursor)
    folded = Act.NOT_SENT if include is None else None
    lines = await store.lines_of(
        unit.session, case.subject, by.agency, after=after, until=until, rows=limit + 1, folded=folded
    )
    following = None
    if len(lines) > limit:
        # What is written from now on, by this very reading too, is for the next: so the last page comes.
        last = until if cursor else await store.newest_number(unit.session, case.subject)
        following = cursor_of(lines[limit - 1].number, last)
    await _note(unit, by, case, Verdict.PERMIT)
    link_next(request, answer, following)
    return AccountingResponse(case_ref=case_ref, entries=await _entries(unit, lines[:limit]), cursor=following)


@routes.get("/conflict-warnings")
async def list_conflicts(
    unit: MayReadConflicts, request: Request, answer: Response, cursor: Cursor = None, limit: Limit = 50
) -> ConflictsResponse:
    """List whom survivors shut out of this agency's own records, and who tried all the same, the latest first."""
    behind = position_of(cursor, str, str) or conflicts.THE_NEWEST
    if not conflicts.is_place(behind):
        raise Invalid([FieldError("query.cursor", "malformed")])
    warnings = await conflicts.warnings(unit, behind, limit + 1)
    following = cursor_of(*warnings[limit - 1].place) if len(warnings) > limit else None
    by = await audit_entries.resolve_actor(unit)
    fields = {
        "at": await register.database_now(unit.session),
        "act": Act.LEDGER_READ,
        "actor": by.actor,
        "agency": by.agency,
    }
    await append(unit.session, [leaf(unit.asker, None, **fields, verdict=Verdict.PERMIT, sv=0, custodian=by.agency)])
    link_next(request, answer, following)
    return ConflictsResponse(
        warnings=[ConflictResponse.model_validate(warning) for warning in warnings[:limit]], cursor=following
    )


def _position(cursor: str | None) -> tuple[int, int]:
    after, until = position_of(cursor, int, int) or (0, store.LAST)
    if not 0 <= after <= until <= store.LAST:
        raise Invalid([FieldError("query.cursor", "malformed")])
    return after, until


async def _head(unit: UnitOfWork, size: int | None) -> Head:
    head = await published_head(unit.session, size)
    if head is None:
        raise Absent
    return head


async def _entries(unit: UnitOfWork, lines: list[store.AccountingLine]) -> list[AccountingEntryResponse]:
    headers = [(line.index, line.header) for line in lines if line.header is not None]
    names = domain.pseudonyms({name for _, header in headers for name in (header.agency, header.actor)})
    agencies = await store.agencies_behind(unit.session, names)
    actors = await store.actors_behind(unit.session, names)
    stops = await store.told_stops(unit.session, {ref for _, header in headers for ref in header.directives})
    entries = [
        domain.entry(header, index, agencies, actors, after_stop=domain.is_after_stop(header, stops))
        for index, header in headers
    ]
    return [AccountingEntryResponse.model_validate(entry) for entry in entries]


def _deny_reason(unit: UnitOfWork) -> Reason:
    return Reason.PERSON_NOT_NAMED if unit.unnamed else Reason.BLOCKED_PERSON


async def _note(unit: UnitOfWork, by: audit_entries.ActorPseudonyms, case: store.Case, verdict: Verdict) -> None:
    """Put the reading on record, with the agency as custodian of what it read."""
    entry = leaf(
        unit.asker,
        None,
        at=await register.database_now(unit.session),
        act=Act.LEDGER_READ,
        actor=by.actor,
        agency=by.agency,
        verdict=verdict,
        sv=0,
        subject=str(case.subject),
        custodian=by.agency,
        reason=None if verdict is Verdict.PERMIT else _deny_reason(unit),
    )
    await append(unit.session, [entry])
