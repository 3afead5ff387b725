"""The words of a directive."""

from enum import StrEnum


class Purpose(StrEnum):
    """Why a recipient looks.  There is no "any", and no purpose contains another."""

    EMERGENCY_SAFETY = "emergency_safety"
    SHELTER = "shelter"
    COUNSELLING = "counselling"
    MEDICAL_CARE = "medical_care"
    ADVOCACY = "advocacy"
    LEGAL_REPRESENTATION = "legal_representation"
    ORDER_ENFORCEMENT = "order_enforcement"
    INVESTIGATION = "investigation"
    COMPENSATION = "compensation"
    CASE_CONFERENCE = "case_conference"
    COORDINATION = "coordination"
    CONFLICT_CHECK = "conflict_check"
    EVALUATION_AGGREGATE = "evaluation_aggregate"  # counts only: no directive may name it


class DirectiveEffect(StrEnum):
    """What a directive does."""

    PERMIT = "permit"
    DENY = "deny"


class DirectiveState(StrEnum):
    """Where a directive stands; `expired` is computed for the reader and never stored."""

    DRAFT = "draft"
    AWAITING_CONFIRMATION = "awaiting_confirmation"  # signed, and opens nothing before a second person confirms it
    ACTIVE = "active"
    REFUSED = "refused"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


class Basis(StrEnum):
    """On what ground something is open; a partnership agreement is not one."""

    OWN_RECORD = "own_record"
    RELEASE = "release"
    STATUTE = "statute"
    COURT_ORDER = "court_order"
    EMERGENCY = "emergency"


class Participation(StrEnum):
    """Whether the survivor chose that other agencies may be told anything; until `yes` a case is local."""

    NOT_ASKED = "not_asked"
    YES = "yes"
    NO = "no"


class StartsWhen(StrEnum):
    """What must have happened before a directive is in force."""

    CONFLICT_CLEAR = "conflict_clear"


class EndsWhen(StrEnum):
    """What ends a directive earlier than its date, never later."""

    REFERRAL_CLOSED = "referral_closed"
    END_OF_TREATMENT = "end_of_treatment"
    ORDER_ENDED = "order_ended"


class SigningMethod(StrEnum):
    """How a grant was evidenced; a spoken grant is none."""

    WRITTEN = "written"
    E_SIGNED = "e_signed"


class Redisclosure(StrEnum):
    """What a recipient may do with what it opened."""

    PROHIBITED = "prohibited"


class RevokedBy(StrEnum):
    """Whose decision a revocation was."""

    SURVIVOR = "survivor"
    CUSTODIAN = "custodian"
    COURT = "court"


class Handling(StrEnum):
    """What a recipient must do with its copy once a directive is over."""

    STOP_USE = "stop_use"
    DESTROY_COPY = "destroy_copy"
    KEEP_OWN_RECORD = "keep_own_record"


class Instrument(StrEnum):
    """What compels a release; a subpoena alone never suffices."""

    SUBPOENA = "subpoena"
    COURT_ORDER = "court_order"
    WARRANT = "warrant"
    STATUTE = "statute"


class EmergencyReason(StrEnum):
    """The only reasons for an emergency opening."""

    IMMINENT_HARM = "imminent_harm"
    MISSING = "missing"
    MEDICAL_EMERGENCY = "medical_emergency"
    CHILD_DANGER = "child_danger"
