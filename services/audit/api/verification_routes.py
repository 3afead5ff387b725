"""Checking the ledger, and how fresh it is."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request

from kernel.ledger.entry import Act
from runtime.database.unit_of_work import UnitOfWork
from runtime.http import Absent, require_scope, router
from runtime.ledger.tree_store import published_head
from services.audit import store, verification
from services.audit.api.entry_routes import MayReadLedger, record
from services.audit.public_key import public_key
from services.audit.responses import FindingResponse, FreshnessResponse, VerificationResponse

MayReadOperations = Annotated[UnitOfWork, Depends(require_scope("operations:read"))]
Until = Annotated[
    int | None, Query(ge=1, le=store.LAST, description="size of a published checkpoint; the newest if left out")
]

routes = router("/v1")


@routes.get("/verification")
async def verify_ledger(unit: MayReadLedger, request: Request, until: Until = None) -> VerificationResponse:
    """Check the newest entries of the whole ledger, about 5,000 of them, or those that end at an older checkpoint.

    Each is held against its hash, the hashes against every published checkpoint, and the entries against one another.
    Here the service checks itself: an exported file, another program and the public key need no trust in it.
    """
    head = await published_head(unit.session, until)
    if head is None:
        raise Absent
    stretch = await verification.verify(unit.session, head.size, public_key(request))
    await record(unit, Act.VERIFIED)
    findings = [
        FindingResponse(fault=finding.fault, index=finding.index, until=finding.until, says=str(finding))
        for finding in stretch.findings
    ]
    return VerificationResponse(
        whole=not findings,
        start=stretch.start,
        until=stretch.until,
        checkpoints=stretch.checkpoints,
        findings=findings,
    )


@routes.get("/ledger-freshness")
async def read_freshness(unit: MayReadOperations) -> FreshnessResponse:
    """Tell how fresh the ledger is: its newest published checkpoint, and since when the oldest entry waits for it."""
    return FreshnessResponse.model_validate(await verification.freshness(unit.session))
