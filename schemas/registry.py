"""The catalogue: every fact that can be said, by its wire type."""

from functools import cache

from schemas import facts
from schemas.facts.fact import Fact

CONTRACTS: dict[str, type[Fact]] = {
    fact.type: fact
    for fact in (
        facts.IncidentReported,
        facts.IncidentUpdated,
        facts.RiskAssessed,
        facts.SafetyPlanCreated,
        facts.SafetyPlanUpdated,
        facts.SafetyPlanReviewed,
        facts.NearMissLogged,
        facts.AlertRaised,
        facts.AlertAcknowledged,
        facts.AlertClosed,
        facts.ConsentGranted,
        facts.ConsentRefused,
        facts.ConsentNarrowed,
        facts.ConsentRevoked,
        facts.ConsentExpiring,
        facts.DisclosureCompelled,
        facts.DisclosureEmergencyOpened,
        facts.ProtectiveOrderRequested,
        facts.ProtectiveOrderIssued,
        facts.ProtectiveOrderServed,
        facts.ProtectiveOrderServiceFailed,
        facts.ProtectiveOrderHearingSet,
        facts.ProtectiveOrderModified,
        facts.ProtectiveOrderViolated,
        facts.ProtectiveOrderExpiring,
        facts.ProtectiveOrderExpired,
        facts.ProtectiveOrderVacated,
        facts.ReferralCreated,
        facts.ReferralAccepted,
        facts.ReferralDeclined,
        facts.ReferralInfoRequested,
        facts.ReferralInProgress,
        facts.ReferralCompleted,
        facts.ReferralContactFailed,
        facts.ReferralWithdrawn,
        facts.ReferralOverdue,
        facts.ReferralConflictChecked,
        facts.NoticeSent,
        facts.NoticeFailed,
        facts.NoticeCorrected,
    )
}

# Agreed, and offered by no service yet: a partner meets none of these until a service does.
PLANNED: frozenset[str] = frozenset(
    fact.type
    for fact in (
        facts.AlertRaised,
        facts.AlertAcknowledged,
        facts.AlertClosed,
        facts.DisclosureCompelled,
        facts.DisclosureEmergencyOpened,
        facts.NoticeCorrected,
    )
)


def contract(type_name: str) -> type[Fact]:
    """Return the contract of that wire type, or raise KeyError: what is unknown is not guessed."""
    return CONTRACTS[type_name]


@cache
def contract_mask(type_name: str) -> int:
    """Return every field that a fact of that type may carry; a directive fact carries none."""
    return sum(contract(type_name).field_bits.values())


@cache
def ends_with_its_directive(type_name: str) -> bool:
    """Tell whether facts of that type reach a recipient only while their directive is in force."""
    model = CONTRACTS.get(type_name)
    return model is not None and issubclass(model, (facts.ConsentGranted, facts.ConsentNarrowed))


def is_directive_fact(type_name: str) -> bool:
    """Tell whether facts of that type carry a directive's terms; False for a type we do not know."""
    model = CONTRACTS.get(type_name)
    return model is not None and issubclass(model, facts.DirectiveFact)
