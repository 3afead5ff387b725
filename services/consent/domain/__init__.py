"""The rules of consent: what may be drafted, what a signature takes, and that a stop takes nothing."""

from services.consent.domain.drafting import STRICTEST, Profile, Said, Scene, draft
from services.consent.domain.provision import Provision, Standing, is_narrower, overlapping, same_way, unlabelled
from services.consent.domain.receipt import Party, receipt
from services.consent.domain.refusal import NotAcceptable, NotPossible
from services.consent.domain.signing import PART2_ELEMENTS, Signature, sign, superseded
from services.consent.domain.stopping import Stop, Stopped, check_lifting, check_refusable, stopped, stopped_all
from services.consent.domain.telling import (
    Telling,
    of_denial,
    of_expiry,
    of_grant,
    of_narrowing,
    of_refusal,
    of_revocation,
    of_what_stands,
)
from services.consent.domain.words import Consideration, ReceiptState, SignerConflict, SignerRole

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
    "Stop",
    "Stopped",
    "Telling",
    "check_lifting",
    "check_refusable",
    "draft",
    "is_narrower",
    "of_denial",
    "of_expiry",
    "of_grant",
    "of_narrowing",
    "of_refusal",
    "of_revocation",
    "of_what_stands",
    "overlapping",
    "receipt",
    "same_way",
    "sign",
    "stopped",
    "stopped_all",
    "superseded",
    "unlabelled",
]
