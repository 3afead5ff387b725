"""Every field a fact may carry, and the bit that stands for it in a mask.

The position in `FIELDS` is the bit.  Bits lie in stored offers, so the list is
append only: nothing is moved, renamed or removed, and what is added goes last.
"""

from collections.abc import Iterable
from functools import cache, lru_cache

from schemas.categories import DataCategory

# A field is the bit of its place here, and offers keep their masks: new fields come at the end.
FIELDS: tuple[str, ...] = (
    "identity.given_name",
    "identity.family_name",
    "identity.known_as",
    "identity.born_on",
    "identity.identifiers",
    "identity.petitioner",
    "identity.protected_persons",
    "safe_contact.channels",
    "safe_contact.code_word",
    "safe_contact.do_not_contact",
    "safe_contact.anytime_for",
    "safe_contact.recheck_on",
    "safe_contact.notice_ref",
    "safe_contact.channel_kind",
    "safe_contact.notice_state",
    "location.current_place",
    "location.postal_address",
    "location.position",
    "location.school_or_work",
    "location.place",
    "location.last_position",
    "location.stay_away_places",
    "location.hearing_place",
    "location.meeting_place",
    "demographics.gender",
    "demographics.ethnicity",
    "demographics.language",
    "demographics.interpreter",
    "demographics.disability",
    "demographics.age_band",
    "incident_summary.incident_ref",
    "incident_summary.version",
    "incident_summary.reported_at",
    "incident_summary.changed",
    "incident_summary.channel",
    "incident_summary.occurred_on",
    "incident_summary.date_precision",
    "incident_summary.day_period",
    "incident_summary.place_kind",
    "incident_summary.violence_types",
    "incident_summary.contexts",
    "incident_summary.relationship",
    "incident_summary.elapsed_band",
    "incident_summary.injury_level",
    "incident_summary.force_involved",
    "incident_summary.minor_involved",
    "incident_summary.arrest_made",
    "incident_summary.evidence_held",
    "incident_summary.police_called",
    "incident_summary.reported_elsewhere",
    "incident_summary.earlier_incidents",
    "incident_summary.police_report",
    "incident_summary.repeat_incident",
    "incident_summary.alert_ref",
    "incident_summary.alert_kind",
    "incident_summary.raised_at",
    "incident_summary.received_at",
    "incident_summary.note",
    "incident_summary.acknowledged_at",
    "incident_summary.acknowledged_by",
    "incident_summary.acknowledging_agency_ref",
    "incident_summary.closed_at",
    "incident_summary.alert_outcome",
    "incident_narrative.narrative",
    "incident_narrative.narrative_language",
    "alleged_offender.offender_name",
    "alleged_offender.offender_born_on",
    "alleged_offender.offender_description",
    "alleged_offender.offender_has_access",
    "alleged_offender.firearm_relationship_code",
    "alleged_offender.respondents",
    "weapons_risk.weapon_involved",
    "weapons_risk.weapon_kinds",
    "weapons_risk.firearm_access",
    "weapons_risk.service_caution",
    "weapons_risk.firearm_purchase_attempt_on",
    "risk_result.screen_ref",
    "risk_result.instrument_id",
    "risk_result.instrument_version",
    "risk_result.validated",
    "risk_result.band",
    "risk_result.triggered_by",
    "risk_result.override",
    "risk_result.change",
    "risk_result.repeat",
    "risk_result.valid_until",
    "risk_answers.answers",
    "children.children_count",
    "children.children",
    "children.children_present",
    "children.children_plan",
    "children.protected_children",
    "medical.medical_conditions",
    "medical.medication",
    "medical.injuries",
    "medical.care_needed",
    "medical.strangulation",
    "mental_health.mental_health_attendance",
    "mental_health.care_plan",
    "substance_use.substance_use_attendance",
    "substance_use.programme",
    "order_terms.order_ref",
    "order_terms.version",
    "order_terms.order_number",
    "order_terms.court_name",
    "order_terms.court_ori",
    "order_terms.court_time_zone",
    "order_terms.docket_number",
    "order_terms.agency_ori",
    "order_terms.agency_case_number",
    "order_terms.jurisdiction",
    "order_terms.enforcing_agency_ref",
    "order_terms.enforceable_before_service",
    "order_terms.order_type",
    "order_terms.status",
    "order_terms.requested_on",
    "order_terms.issued_on",
    "order_terms.effective_on",
    "order_terms.expires_on",
    "order_terms.expiry",
    "order_terms.ended_on",
    "order_terms.end_reason",
    "order_terms.hearing_at",
    "order_terms.conditions",
    "order_terms.brady",
    "order_terms.modification",
    "order_terms.violated_on",
    "order_terms.violated_conditions",
    "order_terms.protective_order_use",
    "order_service.service_status",
    "order_service.respondent_ref",
    "order_service.received_on",
    "order_service.attempts",
    "order_service.served_at",
    "order_service.failure_reason",
    "plan_summary.plan_ref",
    "plan_summary.version",
    "plan_summary.status",
    "plan_summary.threat_type",
    "plan_summary.goals",
    "plan_summary.next_review_on",
    "plan_summary.last_rehearsed_on",
    "plan_summary.sections_present",
    "plan_summary.review",
    "plan_summary.near_miss_count",
    "plan_escape.during_incident",
    "plan_escape.escape_code_word",
    "plan_escape.preparing_to_leave",
    "plan_escape.routes",
    "plan_escape.transport",
    "plan_escape.home_security",
    "plan_escape.technology",
    "plan_escape.pets",
    "plan_escape.emotional",
    "plan_escape.near_miss_ref",
    "plan_escape.happened_on",
    "plan_escape.what_happened",
    "plan_escape.worked",
    "plan_escape.failed",
    "plan_escape.plan_change_ref",
    "plan_contacts.contacts",
    "plan_locations.places",
    "plan_locations.work_school_public",
    "needs.needs",
    "immigration.immigration_status",
    "immigration.papers",
    "financial.income_access",
    "financial.claims",
    "evidence.evidence",
    "referral_status.referral_ref",
    "referral_status.from_agency_ref",
    "referral_status.to_agency_ref",
    "referral_status.created_at",
    "referral_status.kind",
    "referral_status.mode",
    "referral_status.service_code",
    "referral_status.priority",
    "referral_status.answer_by",
    "referral_status.status",
    "referral_status.reason_code",
    "referral_status.outcome_code",
    "referral_status.follows_ref",
    "referral_status.warm_handoff",
    "referral_status.overdue_since",
    "referral_status.conflict_check",
    "referral_status.contact_attempts",
    "referral_status.advocate_name",
    "referral_status.first_meeting_on",
    "referral_status.spoken_code",
)

_FIELDS_IN_VERSION: dict[int, int] = {1: 188, 2: 189}  # how many of FIELDS each version of the taxonomy knew
TAXONOMY_VERSION: int = max(_FIELDS_IN_VERSION)
ALL: int = (1 << len(FIELDS)) - 1

_POSITION: dict[str, int] = {path: position for position, path in enumerate(FIELDS)}
_CATEGORY_OF: tuple[DataCategory, ...] = tuple(DataCategory(path.partition(".")[0]) for path in FIELDS)


def bit(path: str) -> int:
    """Return the bit that stands for `path`, or raise KeyError."""
    return 1 << _POSITION[path]


@cache
def category_mask(category: DataCategory, taxonomy_version: int = TAXONOMY_VERSION) -> int:
    """Return the fields that `category` held in that version, as a mask.

    A grant signed under a version never covers a field that came later.  An
    unknown version raises KeyError: it cannot be read, so it is not guessed.
    """
    field_count = _FIELDS_IN_VERSION[taxonomy_version]
    return sum(1 << position for position in range(field_count) if _CATEGORY_OF[position] is category)


def mask_of(paths: Iterable[str]) -> int:
    """Return the mask of `paths`, or raise KeyError at the first unknown one."""
    mask = 0
    for path in paths:
        mask |= bit(path)
    return mask


def paths_of(mask: int) -> tuple[str, ...]:
    """Return the paths in `mask`, in the order of FIELDS."""
    return tuple([path for position, path in enumerate(FIELDS) if mask >> position & 1])


@lru_cache(4096)
def categories_of(mask: int) -> tuple[DataCategory, ...]:
    """Return the categories of which `mask` holds at least one field, in their fixed order."""
    return tuple([category for category, fields in CATEGORIES if mask & fields])


# Each category with the fields it holds now.
CATEGORIES: tuple[tuple[DataCategory, int], ...] = tuple(
    (category, category_mask(category)) for category in DataCategory
)
