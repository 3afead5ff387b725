"""The last no: what a paper must be younger than to open anything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from services.consent.domain.draft_context import DraftContext
from services.consent.domain.provision import Provision


def last_denial_at(
    custodian: str, recipient: str | None, context: DraftContext, *, but: UUID | None = None
) -> datetime | None:
    """Return when this custodian was last told to let this recipient have less, for whatever purpose.

    That is a stop of everything, a no to taking part, a stop of any permit between the two, a narrowing and a denial.
    """
    agencies = {context.home_agency, custodian, recipient}
    instants = [at for agency, at in context.stops.items() if agency in agencies]
    for provision in context.standing:
        between = (provision.directive.custodian, provision.directive.recipient) == (custodian, recipient)
        if between and provision.ref != but:
            instants += _denial_instants(provision)
    return max(instants, default=None)


def _denial_instants(provision: Provision) -> Iterator[datetime]:
    if not provision.permits:
        yield provision.drafted_at
        return
    if provision.revoked_at is not None:
        yield provision.revoked_at
    if provision.refused_at is not None and provision.signed_at is not None:
        yield provision.refused_at  # stopped while it waited to be confirmed
    if "narrowed_from" in (provision.evidence or {}):
        yield provision.drafted_at
