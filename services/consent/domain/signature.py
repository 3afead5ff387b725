"""What evidences a grant, as staff recorded it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from schemas.codes import ChannelKind, SigningMethod
from services.consent.domain.codes import Consideration, ReceiptState, SignerConflict, SignerRole

# 42 CFR 2.31(a), by the names of our forms.
PART2_ELEMENTS: Final = (
    "patient_name",
    "discloser",
    "description",
    "recipients",
    "right_to_revoke",
    "how_to_revoke",
    "expiry",
    "signature",
    "signed_on",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What evidences a grant, as staff recorded it."""

    method: SigningMethod
    signed_at: datetime
    language: str
    text_version: str
    explained_by: str
    signer_role: SignerRole
    signer_conflict_check: SignerConflict | None = None
    second_signer: str | None = None
    witness_ref: str | None = None
    second_channel: ChannelKind | None = None
    interpreter_ref: str | None = None
    document_ref: str | None = None
    asked_considerations: tuple[Consideration, ...] = ()
    receipt_asked: bool = False
    receipt_channel_ref: UUID | None = None
    part2: Mapping[str, Any] | None = field(default=None, repr=False)

    def evidence(self) -> dict[str, Any]:
        """Return the evidence kept beside the directive: references and codes.

        Of the Part 2 block only which elements were there: a name would be a survivor's field in the clear.
        """
        evidence = {
            "method": self.method,
            "language": self.language,
            "text_version": self.text_version,
            "explained_by": self.explained_by,
            "signer_role": self.signer_role,
            "signer_conflict_check": self.signer_conflict_check,
            "second_signer": self.second_signer,
            "witness_ref": self.witness_ref,
            "second_channel": self.second_channel,
            "interpreter_ref": self.interpreter_ref,
            "document_ref": self.document_ref,
            "asked_considerations": list(self.asked_considerations),
            "receipt": ReceiptState.HELD if self.receipt_asked else ReceiptState.NOT_ASKED,
            "receipt_channel_ref": None if self.receipt_channel_ref is None else str(self.receipt_channel_ref),
            "part2_elements": None if self.part2 is None else sorted(set(PART2_ELEMENTS) & self.part2.keys()),
        }
        return {name: value for name, value in evidence.items() if value not in (None, [])}
