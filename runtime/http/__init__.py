"""The way in: one edge that owns a request's transaction, one table of problem answers.

>>> from typing import Annotated
>>> from uuid import UUID
>>> from fastapi import Depends
>>> from runtime.database.unit_of_work import UnitOfWork
>>> from runtime.http import Absent, require_scope, router
>>> from services.referrals import store
>>> MayRead = Annotated[UnitOfWork, Depends(require_scope("referrals:read"))]
>>> routes = router("/v1/referrals", tags=["referrals"])
>>> @routes.get("/{referral_ref}")
... async def read_referral(referral_ref: UUID, unit: MayRead) -> None:
...     if await store.referral_sent_to(unit.session, unit.agency_id, referral_ref) is None:
...         raise Absent
"""

from runtime.http.application import application as application
from runtime.http.idempotency import CreatedResources as CreatedResources
from runtime.http.idempotency import never_replayed as never_replayed
from runtime.http.idempotency import replayed_by as replayed_by
from runtime.http.idempotency import stops as stops
from runtime.http.pagination import Cursor as Cursor
from runtime.http.pagination import Limit as Limit
from runtime.http.permissions import require_scope as require_scope
from runtime.http.preconditions import IfMatch as IfMatch
from runtime.http.preconditions import etag as etag
from runtime.http.preconditions import require_match as require_match
from runtime.http.problems import Absent as Absent
from runtime.http.problems import FieldError as FieldError
from runtime.http.problems import Forbidden as Forbidden
from runtime.http.problems import Invalid as Invalid
from runtime.http.problems import PreconditionRequired as PreconditionRequired
from runtime.http.problems import Refusals as Refusals
from runtime.http.problems import Refused as Refused
from runtime.http.problems import Stale as Stale
from runtime.http.problems import Unavailable as Unavailable
from runtime.http.problems import Withheld as Withheld
from runtime.http.problems import refused_as as refused_as
from runtime.http.server import serve as serve
from runtime.http.transactional_route import router as router
