"""A receipt that the survivor may keep, with the members that ISO/IEC TS 27560 makes mandatory (R36)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from schemas.codes import DirectiveState
from services.consent.domain.codes import ReceiptState
from services.consent.domain.provision import Provision
from services.consent.domain.refusal import DirectiveStepNotPossible

SCHEMA_VERSION: Final = "ISO/IEC TS 27560:2023"
RETENTION: Final = "who opened what stays in the accounting without an end; what was not opened is closed at the end"
WITHDRAWAL: Final = "tell any agency named here, on any channel, in any words; it ends at once"
STORAGE: Final = "sealed, with the custodian and in the mailbox of the recipient"
EVIDENCE: Final = (
    "explained_by",
    "signer_conflict_check",
    "second_signer",
    "witness_ref",
    "second_channel",
    "interpreter_ref",
    "document_ref",
    "asked_considerations",
    "receipt_channel_ref",
    "part2_elements",
)
EVENTS: Final = {
    DirectiveState.AWAITING_CONFIRMATION: "awaiting_confirmation",
    DirectiveState.ACTIVE: "given",
    DirectiveState.EXPIRED: "expired",
    DirectiveState.REVOKED: "withdrawn",
    DirectiveState.SUPERSEDED: "replaced",
    DirectiveState.REFUSED: "refused",
}


@dataclass(frozen=True, slots=True)
class Party:
    """An agency as a receipt names it."""

    agency_id: str
    name: str
    address: str
    contact: str
    kind: str
    profile: str


def receipt(
    provision: Provision, case_ref: UUID, parties: Mapping[str, Party], at: datetime, *, own: bool = False
) -> dict[str, Any]:
    """Return the receipt of a provision that somebody said yes or no to; a draft has none.

    With `own`, for its custodian, it says how the word was given as well: a recipient is not to know who was there.
    """
    if provision.state is DirectiveState.DRAFT:
        raise DirectiveStepNotPossible("not_signed")
    directive, evidence = provision.directive, provision.evidence or {}
    custodian = parties[directive.custodian]
    return {
        "schema_version": SCHEMA_VERSION,
        "record_id": str(provision.ref),
        "receipt_id": f"{provision.ref}.{provision.version}",
        "principal_id": str(case_ref),
        "processing": {
            "notice": evidence.get("text_version"),
            "language": evidence.get("language"),
            "purpose": directive.purpose,
            "information": sorted(directive.categories),
            "information_type": "special_category",
            "excepted_fields": sorted(directive.excepted_fields),
            "only_fields": sorted(directive.only_fields),
            "controllers": [directive.custodian],
            "storage_locations": STORAGE,
            "retention": RETENTION,
            "jurisdiction": custodian.profile,
            "recipient_third_parties": [] if directive.recipient is None else [directive.recipient],
            "withdrawal_method": WITHDRAWAL,
        },
        "parties": [_party(party, "controller" if party is custodian else "recipient") for party in parties.values()],
        "event": {
            "time": provision.revoked_at or provision.refused_at or provision.signed_at or provision.drafted_at,
            "validity": {"from": directive.valid_from, "until": directive.valid_until},
            "entity": evidence.get("signer_role"),
            "type": directive.effect,
            "method": evidence.get("method"),
            "state": EVENTS[provision.state_at(at)],
        },
        "receipt": evidence.get("receipt", ReceiptState.NOT_ASKED),
        "evidence": {name: evidence[name] for name in EVIDENCE if own and name in evidence},
    }


def _party(party: Party, role: str) -> dict[str, str]:
    return {
        "party_id": party.agency_id,
        "name": party.name,
        "address": party.address,
        "contact": party.contact,
        "type": party.kind,
        "role": role,
    }
