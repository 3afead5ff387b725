"""The router, who may pass, and how a rule's no is answered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends

from runtime.database.unit_of_work import Unit
from runtime.http import FieldError, Invalid, Refused, may, router
from services.consent.domain import NotAcceptable, NotPossible

MayAskToTakePart = Annotated[Unit, Depends(may("participation:write"))]
MayDraft = Annotated[Unit, Depends(may("directives:draft"))]
MayRecordSignatures = Annotated[Unit, Depends(may("directives:sign"))]
MayStop = Annotated[Unit, Depends(may("directives:revoke"))]
MayRead = Annotated[Unit, Depends(may("directives:read"))]
MayPreview = Annotated[Unit, Depends(may("preview:read"))]

routes = router("/v1", most_bytes=32 * 1024)


@contextmanager
def rules() -> Iterator[None]:
    """Answer a rule's no with its code."""
    try:
        yield
    except NotAcceptable as refused:
        raise Invalid([FieldError(_place(place), code) for place, code in refused.errors]) from None
    except NotPossible as refused:
        raise Refused(refused.code) from None


def _place(place: str) -> str:
    return place if place.startswith("query.") else f"body.{place}"
