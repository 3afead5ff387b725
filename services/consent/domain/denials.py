"""The last no: what a paper must be younger than to open anything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from services.consent.domain.draft_context import DraftContext
from services.consent.domain.provision import Provision


def last_denial_at(
    custodian: str, recipient: str | None, scene: DraftContext, *, but: UUID | None = None
) -> datetime | None:
    """Return when this custodian was last told to let this recipient have less, for whatever purpose.

    That is a stop of everything, a no to taking part, a stop of any permit between the two, a narrowing and a denial.
    """
    heard = {scene.home_agency, custodian, recipient}
    instants = [at for agency, at in scene.stops.items() if agency in heard]
    for one in scene.standing:
        between = (one.directive.custodian, one.directive.recipient) == (custodian, recipient)
        if between and one.ref != but:
            instants += _noes(one)
    return max(instants, default=None)


def _noes(one: Provision) -> Iterator[datetime]:
    if not one.permits:
        yield one.drafted_at
        return
    if one.revoked_at is not None:
        yield one.revoked_at
    if one.refused_at is not None and one.signed_at is not None:
        yield one.refused_at  # stopped while it waited to be confirmed
    if "narrowed_from" in (one.evidence or {}):
        yield one.drafted_at
