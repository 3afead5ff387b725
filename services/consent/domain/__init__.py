"""The rules of consent: what may be drafted, what a signature takes, and that a stop takes nothing."""

from services.consent.domain.authority import Step, permitted, require
from services.consent.domain.codes import Consideration, ReceiptState, SignerConflict, SignerRole
from services.consent.domain.confirmation import check_lifting, confirm, confirmed_alone, lift
from services.consent.domain.confirmation_wait import Waiting
from services.consent.domain.death import check_died_on
from services.consent.domain.draft_context import STRICTEST, Profile, Said, Scene
from services.consent.domain.drafts import draft, refuse_if
from services.consent.domain.notices import (
    Telling,
    of_denial,
    of_ending,
    of_expiry,
    of_grant,
    of_narrowing,
    of_refusal,
    of_revocation,
    of_what_stands,
)
from services.consent.domain.provision import Provision, Standing, is_narrower, overlapping, same_way, unlabelled
from services.consent.domain.receipt import Party, receipt
from services.consent.domain.refusal import NotAcceptable, NotPossible
from services.consent.domain.revocation import Stop, Stopped, check_refusable, check_stoppable, stopped, stopped_all
from services.consent.domain.signature import PART2_ELEMENTS, Signature
from services.consent.domain.signing_rules import sign, superseded, unexplained

__all__ = [
    "PART2_ELEMENTS",
    "STRICTEST",
    "Consideration",
    "NotAcceptable",
    "NotPossible",
    "Party",
    "Profile",
    "Provision",
    "ReceiptState",
    "Said",
    "Scene",
    "Signature",
    "SignerConflict",
    "SignerRole",
    "Standing",
    "Step",
    "Stop",
    "Stopped",
    "Telling",
    "Waiting",
    "check_died_on",
    "check_lifting",
    "check_refusable",
    "check_stoppable",
    "confirm",
    "confirmed_alone",
    "draft",
    "is_narrower",
    "lift",
    "of_denial",
    "of_ending",
    "of_expiry",
    "of_grant",
    "of_narrowing",
    "of_refusal",
    "of_revocation",
    "of_what_stands",
    "overlapping",
    "permitted",
    "receipt",
    "refuse_if",
    "require",
    "same_way",
    "sign",
    "stopped",
    "stopped_all",
    "superseded",
    "unexplained",
    "unlabelled",
]
