"""The rules of consent: what may be drafted, what a signature takes, and that a stop takes nothing."""

from services.consent.domain.authority import Step, permitted, require
from services.consent.domain.codes import Consideration, ReceiptState, SignerConflict, SignerRole
from services.consent.domain.confirmation import check_lifting, confirm, confirmed_alone, lift
from services.consent.domain.confirmation_wait import ConfirmationWait
from services.consent.domain.death import check_died_on
from services.consent.domain.draft_context import STRICTEST, DraftContext, JurisdictionProfile, RequestedDirective
from services.consent.domain.drafts import draft, refuse_if
from services.consent.domain.notices import (
    ConsentNotice,
    denial_notices,
    ending_notices,
    expiry_notices,
    grant_notices,
    narrowing_notices,
    refusal_notices,
    revocation_notices,
    standing_notices,
)
from services.consent.domain.provision import (
    DirectiveSummary,
    Provision,
    is_narrower,
    overlapping,
    same_way,
    unlabelled,
)
from services.consent.domain.receipt import Party, receipt
from services.consent.domain.refusal import DirectiveStepNotPossible, NotAcceptable
from services.consent.domain.revocation import (
    PlannedRevocation,
    RevocationKind,
    check_refusable,
    check_stoppable,
    plan_revocation,
    plan_revocation_of_all,
)
from services.consent.domain.signature import PART2_ELEMENTS, Signature
from services.consent.domain.signing_rules import in_time, sign, superseded, unexplained
from services.consent.domain.wider_grants import opens_more

__all__ = [
    "PART2_ELEMENTS",
    "STRICTEST",
    "ConfirmationWait",
    "ConsentNotice",
    "Consideration",
    "DirectiveStepNotPossible",
    "DirectiveSummary",
    "DraftContext",
    "JurisdictionProfile",
    "NotAcceptable",
    "Party",
    "PlannedRevocation",
    "Provision",
    "ReceiptState",
    "RequestedDirective",
    "RevocationKind",
    "Signature",
    "SignerConflict",
    "SignerRole",
    "Step",
    "check_died_on",
    "check_lifting",
    "check_refusable",
    "check_stoppable",
    "confirm",
    "confirmed_alone",
    "denial_notices",
    "draft",
    "ending_notices",
    "expiry_notices",
    "grant_notices",
    "in_time",
    "is_narrower",
    "lift",
    "narrowing_notices",
    "opens_more",
    "overlapping",
    "permitted",
    "plan_revocation",
    "plan_revocation_of_all",
    "receipt",
    "refusal_notices",
    "refuse_if",
    "require",
    "revocation_notices",
    "same_way",
    "sign",
    "standing_notices",
    "superseded",
    "unexplained",
    "unlabelled",
]
