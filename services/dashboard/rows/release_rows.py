"""What pages about releases read of consent's answers."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from schemas.categories import DataCategory
from services.dashboard.domain import case_code
from services.dashboard.rows.service_row import ServiceRow


class CategoriesRow(ServiceRow):
    """What a directive names."""

    categories: tuple[str, ...]

    @property
    def everything(self) -> bool:
        """Tell whether it names every category there is."""
        return set(self.categories) >= set(DataCategory)


class ListedReleaseRow(CategoriesRow):
    """A directive in a list."""

    directive_ref: UUID
    case_ref: UUID
    state: str
    recipient: str | None
    purpose: str | None
    excluded_person_ref: str | None = None
    excluded_agency_ref: str | None = None
    begun: bool = True
    valid_until: datetime | None
    drafted_at: datetime
    over_at: datetime | None = None

    @property
    def code(self) -> str:
        """Return what staff call the case."""
        return case_code(self.case_ref)


class ReleaseListRow(ServiceRow):
    """One page of directives."""

    directives: tuple[ListedReleaseRow, ...]


class AwaitingReleaseRow(ServiceRow):
    """What waits for a second person."""

    kind: str
    directive_ref: UUID | None
    case_ref: UUID
    recorded_by: str = ""
    awaiting_since: datetime
    awaiting_until: datetime

    @property
    def code(self) -> str:
        """Return what staff call the case."""
        return case_code(self.case_ref)


class AwaitingListRow(ServiceRow):
    """One page of what waits for a second person."""

    awaiting: tuple[AwaitingReleaseRow, ...]


class DirectiveStateRow(CategoriesRow):
    """A directive as it stands."""

    directive_ref: UUID
    effect: str
    custodian: str
    recipient: str | None
    purpose: str | None
    excepted_fields: tuple[str, ...] = ()
    only_fields: tuple[str, ...] = ()
    excluded_person_ref: str | None = None
    excluded_agency_ref: str | None = None
    valid_from: datetime
    valid_until: datetime | None
    state: str
    in_force: bool
    version: int
    supersedes_ref: UUID | None = None
    adds_to_ref: UUID | None = None
    signed_at: datetime | None = None
    refused_at: datetime | None = None
    revoked_at: datetime | None = None
    awaiting_since: datetime | None = None
    awaiting_until: datetime | None = None
    needs_second_person: bool | None = None

    @property
    def etag(self) -> str:
        """Return the version that an act on it names."""
        return f'"{self.version}"'

    @property
    def agencies(self) -> tuple[str, ...]:
        """Return the agencies that it names."""
        return tuple(name for name in (self.custodian, self.recipient, self.excluded_agency_ref) if name)

    @property
    def permits(self) -> bool:
        """Tell whether it opens anything."""
        return self.effect == "permit"


class CaseReleasesRow(ServiceRow):
    """The directives of a case, and whether the survivor takes part where that is this agency's to know."""

    case_ref: UUID
    participation: str | None
    directives: tuple[DirectiveStateRow, ...]
    unreadable: int = 0

    def that_are(self, *states: str, effect: str = "permit") -> tuple[DirectiveStateRow, ...]:
        """Return the directives in these states, permits unless others are asked for."""
        return tuple(row for row in self.directives if row.state in states and row.effect == effect)


class StoppedRow(ServiceRow):
    """What a stop ended."""

    ended: tuple[UUID, ...] = ()


class ReceiptRow(ServiceRow):
    """The receipt of a directive, as far as a page shows it."""

    record_id: str
    receipt_id: str
    receipt: str
    processing: dict[str, object]
    event: dict[str, object]
    evidence: dict[str, object]


class ChosenRow(ServiceRow):
    """Whether a survivor takes part, as it was recorded."""

    participation: str


class NamedAgencyRow(ServiceRow):
    """An agency that may be chosen."""

    agency_ref: str
    name: str
    kind: str | None
    purposes: tuple[str, ...]


class AgencyListRow(ServiceRow):
    """One page of agencies."""

    agencies: tuple[NamedAgencyRow, ...]


class ReleaseTextRow(ServiceRow):
    """The words of a release in one language."""

    language: str
    text_version: str
    text: str


class ReleaseTextListRow(ServiceRow):
    """The words of a release, once for each language."""

    texts: tuple[ReleaseTextRow, ...]


class ComparedCategoryRow(ServiceRow):
    """What of one category an agency sees now, and would see."""

    category: str
    now: tuple[str, ...]
    then: tuple[str, ...]
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    reason: str | None = None
    own_line: bool


class RefusalRow(ServiceRow):
    """Why a grant cannot be drafted."""

    field: str | None
    code: str


class ComparisonRow(ServiceRow):
    """One agency considered, for one purpose."""

    recipient: str
    purpose: str
    until: datetime | None
    refusals: tuple[RefusalRow, ...]
    categories: tuple[ComparedCategoryRow, ...]

    @property
    def way(self) -> str:
        """Return the agency and purpose as a form names them."""
        return f"{self.recipient}|{self.purpose}"

    def of(self, category: str) -> ComparedCategoryRow | None:
        """Return what it says of one category."""
        return next((row for row in self.categories if row.category == category), None)


class ComparisonListRow(ServiceRow):
    """All agencies considered, side by side."""

    considered: tuple[ComparisonRow, ...]


class FieldRequestRow(ServiceRow):
    """What an agency asked to see besides; its reason is for the custodian alone."""

    request_ref: UUID
    custodian_ref: str
    requester_ref: str
    purpose: str
    categories: tuple[str, ...]
    state: str
    version: int
    requested_at: datetime
    due_at: datetime
    reason: str = ""
    answered_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether nobody has answered it."""
        return self.state == "open"

    @property
    def etag(self) -> str:
        """Return its version as a step names it."""
        return f'"{self.version}"'


class FieldRequestListRow(ServiceRow):
    """The requests about a case, oldest first."""

    requests: tuple[FieldRequestRow, ...]


class AcknowledgementRow(ServiceRow):
    """An ending that an agency was told of, and whether it has confirmed that it uses its copy no more."""

    ending_ref: UUID
    directive_ref: UUID
    custodian_ref: str
    recipient_ref: str
    state: str
    told_at: datetime
    acknowledge_by: datetime
    acknowledged_at: datetime | None = None


class AcknowledgementListRow(ServiceRow):
    """The endings about a case, oldest first."""

    acknowledgements: tuple[AcknowledgementRow, ...]


class ExplainedCategoryRow(ServiceRow):
    """What of one category is open to an agency, by which releases and until when; or why nothing is."""

    category: str
    open: bool
    fields: tuple[str, ...] = ()
    reason: str | None = None
    directives: tuple[UUID, ...] = ()
    until: datetime | None = None


class ExplanationRow(ServiceRow):
    """What an agency may open of a case for a purpose, at an instant."""

    at: datetime
    categories: tuple[ExplainedCategoryRow, ...]

    def that_are(self, is_open: bool) -> list[ExplainedCategoryRow]:
        """Return the categories that are open, or those that are not."""
        return [row for row in self.categories if row.open is is_open]
