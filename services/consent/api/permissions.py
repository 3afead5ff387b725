"""The router, who may pass, and how a rule's no is answered."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from runtime.database.unit_of_work import UnitOfWork
from runtime.http import FieldError, Invalid, Refusals, Refused, require_scope, router
from services.consent.domain import DirectiveStepNotPossible, NotAcceptable

MayAskToTakePart = Annotated[UnitOfWork, Depends(require_scope("participation:write"))]
MayDraft = Annotated[UnitOfWork, Depends(require_scope("directives:draft"))]
MayExclude = Annotated[UnitOfWork, Depends(require_scope("persons:exclude"))]
MayRecordSignatures = Annotated[UnitOfWork, Depends(require_scope("directives:sign"))]
MayStop = Annotated[UnitOfWork, Depends(require_scope("directives:revoke"))]
MayRead = Annotated[UnitOfWork, Depends(require_scope("directives:read"))]
MayOpen = Annotated[UnitOfWork, Depends(require_scope("messages:open"))]
# Whoever may draft or send may read referrals (`runtime.auth.scopes`), and a route names one scope.
MayChooseAgencies = Annotated[UnitOfWork, Depends(require_scope("referrals:read"))]
MayPreview = Annotated[UnitOfWork, Depends(require_scope("preview:read"))]


def _invalid(error: NotAcceptable) -> Invalid:
    return Invalid([FieldError(_place(place), code) for place, code in error.errors])


def _place(place: str) -> str:
    return place if place.startswith("query.") else f"body.{place}"


REFUSALS: Refusals = {NotAcceptable: _invalid, DirectiveStepNotPossible: lambda error: Refused(error.code)}
routes = router("/v1", most_bytes=32 * 1024, refusals=REFUSALS)
