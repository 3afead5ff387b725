"""The decision told category by category, after the fact or before signing.  The same engine, asked in parts."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Final, NamedTuple
from uuid import UUID

from kernel.consent.decision import build_context, decide, result
from kernel.consent.decision_types import Reason, Request
from kernel.consent.directive import Agency, Directive
from kernel.consent.table import ConsentTable
from schemas.categories import DataCategory
from schemas.codes import Basis, DirectiveState, Purpose
from schemas.taxonomy import ALL, CATEGORIES, FIELDS

TAXONOMY_DIGEST: Final = sha256("\n".join(FIELDS).encode()).hexdigest()


class CategoryVerdict(NamedTuple):
    """The open fields of one category, and all that is needed to come to the same verdict again."""

    category: DataCategory
    requested_mask: int
    mask: int
    reason: Reason | None
    relied_on: tuple[UUID, ...]
    basis: Basis | None
    until: datetime | None
    sv: int
    at: datetime
    taxonomy: str  # digest of the list of fields the masks are counted by


@dataclass(frozen=True, slots=True)
class Outlook:
    """What one agency would open for one purpose."""

    agency_id: str
    purpose: Purpose
    mask: int
    until: datetime | None
    verdicts: tuple[CategoryVerdict, ...]


def explain(request: Request, table: ConsentTable, at: datetime) -> tuple[CategoryVerdict, ...]:
    """Return a verdict on each category asked for; together they are the decision."""
    on, sv, carried = build_context(request, table, at), table.sv, request.requested_mask
    verdicts = []
    for category, fields in CATEGORIES:
        requested_mask = carried & fields
        if requested_mask:
            opened, relied_on, reason, basis, until = result(on, requested_mask)
            verdicts.append(
                CategoryVerdict(
                    category, requested_mask, opened, reason, relied_on, basis, until, sv, at, TAXONOMY_DIGEST
                )
            )
    return tuple(verdicts)


def as_if_signed(drafts: Iterable[Directive]) -> tuple[Directive, ...]:
    """Return the drafts as they would stand once signed; what is already final stays as it is."""
    return tuple(
        replace(draft, state=DirectiveState.ACTIVE) if draft.state is DirectiveState.DRAFT else draft
        for draft in drafts
    )


def preview(
    table: ConsentTable, custodian: Agency, agencies: Iterable[Agency], at: datetime, *, requested_mask: int = ALL
) -> tuple[Outlook, ...]:
    """Return what each agency's own system would open of `custodian` under each purpose it is registered for.

    Compile `table` from the directives in force together with `as_if_signed` drafts.
    """
    return tuple(
        _outlook(Request(agency, custodian, purpose, requested_mask), purpose, table, at)
        for agency in agencies
        for purpose in sorted(agency.purposes)
    )


def _outlook(request: Request, purpose: Purpose, table: ConsentTable, at: datetime) -> Outlook:
    whole = decide(request, table, at)
    return Outlook(request.agency.agency_id, purpose, whole.mask, whole.until, explain(request, table, at))
