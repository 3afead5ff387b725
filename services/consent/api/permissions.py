"""The router, who may pass, and how a rule's no is answered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends

from runtime.database.unit_of_work import UnitOfWork
from runtime.http import FieldError, Invalid, Refused, require_scope, router
from services.consent.domain import DirectiveStepNotPossible, NotAcceptable

MayAskToTakePart = Annotated[UnitOfWork, Depends(require_scope("participation:write"))]
MayDraft = Annotated[UnitOfWork, Depends(require_scope("directives:draft"))]
MayRecordSignatures = Annotated[UnitOfWork, Depends(require_scope("directives:sign"))]
MayStop = Annotated[UnitOfWork, Depends(require_scope("directives:revoke"))]
MayRead = Annotated[UnitOfWork, Depends(require_scope("directives:read"))]
MayPreview = Annotated[UnitOfWork, Depends(require_scope("preview:read"))]

routes = router("/v1", most_bytes=32 * 1024)


@contextmanager
def rules() -> Iterator[None]:
    """Answer a rule's no with its code."""
    try:
        yield
    except NotAcceptable as refused:
        raise Invalid([FieldError(_place(place), code) for place, code in refused.errors]) from None
    except DirectiveStepNotPossible as refused:
        raise Refused(refused.code) from None


def _place(place: str) -> str:
    return place if place.startswith("query.") else f"body.{place}"
