"""A safety plan was made, changed or looked at again; a near miss was logged."""

from typing import ClassVar

from schemas.categories import Children, OrderTerms, PlanContacts, PlanEscape, PlanLocations, PlanSummary
from schemas.codes import Bool3, PlanSection, PlanStatus, ReviewTrigger, ThreatType
from schemas.facts.categorised import Categorised
from schemas.facts.fact import Fact
from schemas.facts.survivor import Address
from schemas.strict_model import NestedModel
from schemas.values import Count, Day, Flag, Items, PersonRef, Ref, Text200, Text2000, Version


class ChecklistItem(NestedModel):
    """A thing to have ready before leaving."""

    item: Text200
    ready: Flag | None = None
    kept_where: Text200 | None = None


class Route(NestedModel):
    """A way out."""

    label: Text200
    description: Text2000 | None = None


class TrustedContact(NestedModel):
    """Someone the survivor trusts, and whether they know of it."""

    name: Text200
    relation: Text200 | None = None
    safe_hours: Text200 | None = None
    aware: Bool3 | None = None
    verified_on: Day | None = None
    active: Flag = True


class SafePlace(NestedModel):
    """A place to go."""

    label: Text200
    address: Address | None = None
    distance: Text200 | None = None
    discretion: Text200 | None = None
    privacy: Text200 | None = None
    transport: Text200 | None = None


class Review(NestedModel):
    """When a plan was looked at again, by whom, why, and what came of it."""

    held_on: Day
    attendees: Items[PersonRef] = ()
    trigger: ReviewTrigger
    changes: Text2000 | None = None


class PlanBlock(Categorised):
    """What an advocate writes with the survivor."""

    threat_type: PlanSummary[ThreatType | None] = None
    goals: PlanSummary[Items[Text200] | None] = None
    next_review_on: PlanSummary[Day | None] = None
    last_rehearsed_on: PlanSummary[Day | None] = None
    during_incident: PlanEscape[Text2000 | None] = None
    escape_code_word: PlanEscape[Text200 | None] = None
    preparing_to_leave: PlanEscape[Items[ChecklistItem] | None] = None
    routes: PlanEscape[Items[Route] | None] = None
    transport: PlanEscape[Text200 | None] = None
    home_security: PlanEscape[Text2000 | None] = None
    technology: PlanEscape[Text2000 | None] = None
    pets: PlanEscape[Text2000 | None] = None
    emotional: PlanEscape[Text2000 | None] = None
    contacts: PlanContacts[Items[TrustedContact] | None] = None
    places: PlanLocations[Items[SafePlace] | None] = None
    work_school_public: PlanLocations[Text2000 | None] = None  # law R4: it names a school or a place of work
    protective_order_use: OrderTerms[Text2000 | None] = None
    children_plan: Children[Text2000 | None] = None


class ReviewBlock(Categorised):
    """What an advocate records of a review."""

    review: PlanSummary[Review]


class PlanFact(Fact, PlanBlock):
    """What every fact about a plan carries besides: set by the service, never by a form."""

    plan_ref: PlanSummary[Ref]
    version: PlanSummary[Version]
    status: PlanSummary[PlanStatus]
    sections_present: PlanSummary[Items[PlanSection] | None] = None
    near_miss_count: PlanSummary[Count | None] = None


class SafetyPlanCreated(PlanFact):
    """The first version of a plan became active."""

    type: ClassVar[str] = "accord.safety_plan.created.v1"


class SafetyPlanUpdated(PlanFact):
    """A next version of a plan became active, or the plan was closed."""

    type: ClassVar[str] = "accord.safety_plan.updated.v1"


class SafetyPlanReviewed(PlanFact, ReviewBlock):
    """A plan was looked at again, and stands."""

    type: ClassVar[str] = "accord.safety_plan.reviewed.v1"


class NearMissBlock(Categorised):
    """What nearly went wrong, told so that the plan can learn from it."""

    happened_on: PlanEscape[Day | None] = None
    what_happened: PlanEscape[Text2000 | None] = None
    worked: PlanEscape[Text2000 | None] = None
    failed: PlanEscape[Text2000 | None] = None


class NearMissLogged(Fact, NearMissBlock):
    """A near miss was written down."""

    type: ClassVar[str] = "accord.near_miss.logged.v1"

    near_miss_ref: PlanEscape[Ref]
    plan_change_ref: PlanEscape[Ref | None] = None
    near_miss_count: PlanSummary[Count | None] = None
