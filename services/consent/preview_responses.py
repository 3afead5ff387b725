"""What an agency would open, as it is answered before anything is signed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kernel.consent import CategoryVerdict, Outlook, Reason, needs_own_line
from schemas.categories import DataCategory
from schemas.codes import AgencyKind, Basis, Purpose
from schemas.strict_model import StrictModel
from schemas.taxonomy import paths_of
from services.consent.preview import Comparison


class CategoryResponse(StrictModel):
    """What of one category would be open."""

    category: DataCategory
    open: bool
    fields: tuple[str, ...]
    reason: str | None
    own_line: bool  # the survivor is asked about it by itself
    directives: tuple[UUID, ...]  # the custodian's own, under which it would be open
    basis: Basis | None
    until: datetime | None

    @classmethod
    def of(cls, verdict: CategoryVerdict, kind: AgencyKind | None) -> CategoryResponse:
        """Return the answer for one category's verdict."""
        fields = _fields(verdict.mask)
        own_line = kind is not None and needs_own_line(kind, verdict.category)
        return cls(
            category=verdict.category,
            open=bool(verdict.mask),
            fields=fields,
            reason=verdict.reason,
            own_line=own_line,
            directives=verdict.relied_on,
            basis=verdict.basis,
            until=verdict.until,
        )


class PreviewResponse(StrictModel):
    """Exactly what `decide` would open at `at`: the same engine, no second set of rules."""

    case_ref: UUID
    recipient: str
    purpose: Purpose
    at: datetime
    until: datetime | None
    drafts: tuple[UUID, ...]
    categories: tuple[CategoryResponse, ...]


class ComparedCategoryResponse(StrictModel):
    """What of one category an agency opens now, and what it would open; fields are named without their category."""

    category: DataCategory
    now: tuple[str, ...]
    then: tuple[str, ...]
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    reason: str | None  # why nothing of it would be open
    own_line: bool  # the survivor is asked about it by itself
    until: datetime | None

    @classmethod
    def of(
        cls, now: CategoryVerdict, then: CategoryVerdict, kind: AgencyKind | None, *, is_home: bool
    ) -> ComparedCategoryResponse:
        """Return the answer for one category; whether the survivor takes part is the home agency's to know."""
        hidden = then.reason is Reason.NOT_PARTICIPATING and not is_home
        return cls(
            category=then.category,
            now=_fields(now.mask),
            then=_fields(then.mask),
            gained=_fields(then.mask & ~now.mask),
            lost=_fields(now.mask & ~then.mask),
            reason=Reason.NOTHING_GRANTED if hidden else then.reason,
            own_line=kind is not None and needs_own_line(kind, then.category),
            until=then.until,
        )


class RefusalResponse(StrictModel):
    """Why a considered grant could not be drafted: a field and its code, or a code of what stands already."""

    field: str | None
    code: str


class ComparisonResponse(StrictModel):
    """One grant considered: what its recipient would gain and lose by it, or why it cannot be drafted."""

    recipient: str
    purpose: Purpose
    at: datetime
    until: datetime | None
    refusals: tuple[RefusalResponse, ...]
    categories: tuple[ComparedCategoryResponse, ...]

    @classmethod
    def of(cls, comparison: Comparison, recipient: str, purpose: Purpose, *, is_home: bool) -> ComparisonResponse:
        """Return the answer for one comparison."""
        kind = None if comparison.recipient is None else comparison.recipient.kind
        then = comparison.then
        return cls(
            recipient=recipient,
            purpose=purpose,
            at=comparison.at,
            until=None if then is None else then.until,
            refusals=tuple(RefusalResponse(field=field, code=code) for field, code in comparison.refusals),
            categories=_compared(comparison.now, then, kind, is_home=is_home),
        )


class ComparisonsResponse(StrictModel):
    """All agencies considered, side by side: what `decide` opens now, and would open of each grant by itself."""

    case_ref: UUID
    considered: tuple[ComparisonResponse, ...]


def _compared(
    now: Outlook | None, then: Outlook | None, kind: AgencyKind | None, *, is_home: bool
) -> tuple[ComparedCategoryResponse, ...]:
    if now is None or then is None:
        return ()
    pairs = zip(now.verdicts, then.verdicts, strict=True)
    return tuple(ComparedCategoryResponse.of(before, after, kind, is_home=is_home) for before, after in pairs)


def _fields(mask: int) -> tuple[str, ...]:
    return tuple(path.partition(".")[2] for path in paths_of(mask))
