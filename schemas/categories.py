"""The data categories: the words in which a survivor is asked what may be shared.

A contract names the category of a field by the field's type, so that
`safe_phone: SafeContact[str | None] = None` cannot be read without knowing it.
"""

from enum import StrEnum
from typing import Annotated, TypeVar

T = TypeVar("T")


class DataCategory(StrEnum):
    """What a directive permits or denies; the list is closed."""

    IDENTITY = "identity"
    SAFE_CONTACT = "safe_contact"
    LOCATION = "location"
    DEMOGRAPHICS = "demographics"
    INCIDENT_SUMMARY = "incident_summary"
    INCIDENT_NARRATIVE = "incident_narrative"
    ALLEGED_OFFENDER = "alleged_offender"
    WEAPONS_RISK = "weapons_risk"
    RISK_RESULT = "risk_result"
    RISK_ANSWERS = "risk_answers"
    CHILDREN = "children"
    MEDICAL = "medical"
    MENTAL_HEALTH = "mental_health"
    SUBSTANCE_USE = "substance_use"
    ORDER_TERMS = "order_terms"
    ORDER_SERVICE = "order_service"
    PLAN_SUMMARY = "plan_summary"
    PLAN_ESCAPE = "plan_escape"
    PLAN_CONTACTS = "plan_contacts"
    PLAN_LOCATIONS = "plan_locations"
    NEEDS = "needs"
    IMMIGRATION = "immigration"
    FINANCIAL = "financial"
    EVIDENCE = "evidence"
    REFERRAL_STATUS = "referral_status"


class Mark(StrEnum):
    """What a field may be instead of a category; none of these is ever sealed as one."""

    ROUTING = "routing"
    TERMS = "terms"
    LOCAL = "local"
    ORIGIN = "origin"


Identity = Annotated[T, DataCategory.IDENTITY]
SafeContact = Annotated[T, DataCategory.SAFE_CONTACT]
Location = Annotated[T, DataCategory.LOCATION]
Demographics = Annotated[T, DataCategory.DEMOGRAPHICS]
IncidentSummary = Annotated[T, DataCategory.INCIDENT_SUMMARY]
IncidentNarrative = Annotated[T, DataCategory.INCIDENT_NARRATIVE]
AllegedOffender = Annotated[T, DataCategory.ALLEGED_OFFENDER]
WeaponsRisk = Annotated[T, DataCategory.WEAPONS_RISK]
RiskResult = Annotated[T, DataCategory.RISK_RESULT]
RiskAnswers = Annotated[T, DataCategory.RISK_ANSWERS]
Children = Annotated[T, DataCategory.CHILDREN]
Medical = Annotated[T, DataCategory.MEDICAL]
MentalHealth = Annotated[T, DataCategory.MENTAL_HEALTH]
SubstanceUse = Annotated[T, DataCategory.SUBSTANCE_USE]
OrderTerms = Annotated[T, DataCategory.ORDER_TERMS]
OrderService = Annotated[T, DataCategory.ORDER_SERVICE]
PlanSummary = Annotated[T, DataCategory.PLAN_SUMMARY]
PlanEscape = Annotated[T, DataCategory.PLAN_ESCAPE]
PlanContacts = Annotated[T, DataCategory.PLAN_CONTACTS]
PlanLocations = Annotated[T, DataCategory.PLAN_LOCATIONS]
Needs = Annotated[T, DataCategory.NEEDS]
Immigration = Annotated[T, DataCategory.IMMIGRATION]
Financial = Annotated[T, DataCategory.FINANCIAL]
Evidence = Annotated[T, DataCategory.EVIDENCE]
ReferralStatus = Annotated[T, DataCategory.REFERRAL_STATUS]

Routing = Annotated[T, Mark.ROUTING]  # needed to carry the fact; never travels alone
Terms = Annotated[T, Mark.TERMS]  # what a directive says about itself; nothing of the survivor
Local = Annotated[T, Mark.LOCAL]  # stays in the owning service; no sealed copy ever holds it
Origins = Annotated[T, Mark.ORIGIN]  # where values came from: the door reads it, no sealed copy holds it
