"""What one line of the ledger says, and the commitment to what it does not say.

A header is public to every reader of the ledger, so it holds random log-local pseudonyms
and words from lists.  What would name a person goes into the detail, of which the header
carries a salted commitment only: without salt and detail nothing can be guessed from it,
and shredding them breaks no proof.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

import rfc8785
from pydantic import TypeAdapter
from pydantic_core import to_json

SALT_BYTES = 32
_NOTHING: dict[str, Any] = {}


class Act(StrEnum):
    """What was done, or asked for and not done."""

    OFFERED = "offered"
    OPENED = "opened"
    CONSULTED = "consulted"
    REFUSED = "refused"
    NOT_SENT = "not_sent"  # an offer that was not made, where nobody tried anything
    WITHHELD = "withheld"
    DELIVERED = "delivered"
    PARKED = "parked"
    GRANTED = "granted"
    CHANGED = "changed"
    REVOKED = "revoked"
    REFUSAL_RECORDED = "refusal_recorded"
    COMPELLED = "compelled"
    EMERGENCY_OPENED = "emergency_opened"
    REVIEWED = "reviewed"
    EXPORTED = "exported"
    LEDGER_READ = "ledger_read"
    VERIFIED = "verified"
    KEY_USED = "key_used"
    SHREDDED = "shredded"
    RETAINED = "retained"
    ADMINISTERED = "administered"
    PADDING = "padding"


class Verdict(StrEnum):
    """How it was decided."""

    PERMIT = "permit"
    DENY = "deny"


class UnreadableEntry(ValueError):
    """This is not a header as the ledger writes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """One line of the ledger: who did what to whose record, why, on whose word.

    `fields` are the paths that were shown of each category of which something was left out.
    `sealed` is the keyless hash of what is kept beside the line (`seal_hash`).  Lines written before there were
    these two are without them, and so is a line of which they would say nothing.
    """

    at: datetime
    act: Act
    actor: str
    agency: str
    commitment: str
    verdict: Verdict
    sv: int
    subject: str | None = None
    custodian: str | None = None
    purpose: str | None = None
    type: str | None = None
    categories: tuple[str, ...] = ()
    directives: tuple[str, ...] = ()
    reason: str | None = None
    basis: str | None = None
    fields: tuple[str, ...] = ()
    sealed: str | None = None

    def body(self) -> bytes:
        """Return the canonical bytes (RFC 8785) that the leaf hash covers."""
        # The keys stand in canonical order and the values are strings, a small integer and null only:
        # for these the fast serialiser writes what rfc8785 writes, which a property test holds it to.
        fields = {"fields": self.fields} if self.fields else _NOTHING
        sealed = {"sealed": self.sealed} if self.sealed is not None else _NOTHING
        return to_json(
            {
                "act": str(self.act),
                "actor": self.actor,
                "agency": self.agency,
                "at": instant(self.at),
                "basis": _word(self.basis),
                "categories": [str(category) for category in self.categories],
                "commitment": self.commitment,
                "custodian": self.custodian,
                "directives": self.directives,
                **fields,
                "purpose": _word(self.purpose),
                "reason": _word(self.reason),
                **sealed,
                "subject": self.subject,
                "sv": self.sv,
                "type": self.type,
                "verdict": str(self.verdict),
            }
        )


def _word(word: str | None) -> str | None:
    # A word from a list is an enumeration's member, which the serialiser asks for its value at great cost.
    return None if word is None else str(word)


_HEADER = TypeAdapter(Header)


def padding(at: datetime) -> dict[str, Any]:
    """Return what a line says that is there for the size of the tree alone."""
    return {"at": at, "act": Act.PADDING, "actor": "ledger", "agency": "ledger", "verdict": Verdict.PERMIT, "sv": 0}


def is_padding(header: Header) -> bool:
    """Tell whether the line says what padding says and nothing more."""
    return header == Header(commitment=header.commitment, sealed=header.sealed, **padding(header.at))


def read(body: bytes) -> Header:
    """Return the header written in `body`; refuse what the ledger would not have written."""
    try:
        header = _HEADER.validate_json(body, strict=True)
        canonical = header.body() == body
    except (ValueError, OverflowError):
        raise UnreadableEntry from None
    if not canonical:
        raise UnreadableEntry
    return header


@lru_cache(256)
def instant(at: datetime) -> str:
    """Return `at` in UTC to the microsecond, at one width, so that text order is time order."""
    if at.tzinfo is None:
        raise ValueError("an instant without a time zone is no instant")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def new_salt() -> bytes:
    """Return a fresh salt; one commitment, one salt."""
    return secrets.token_bytes(SALT_BYTES)


def commitment(salt: bytes, detail: Mapping[str, Any]) -> bytes:
    """Return what binds a header to `detail` without telling anything of it."""
    if len(salt) != SALT_BYTES:
        raise ValueError("a salt has 32 bytes")
    return hashlib.sha256(salt + canonical(detail)).digest()


def seal_hash(salt: bytes, detail: bytes | None) -> bytes:
    """Return what binds a header to its salt and its sealed detail as they are kept: no key is needed to tell."""
    return hashlib.sha256(salt + (detail or b"")).digest()


def canonical(detail: Mapping[str, Any]) -> bytes:
    """Return the canonical bytes (RFC 8785) of `detail`."""
    if all(type(value) is str and name.isascii() for name, value in detail.items()):
        # Then sorting is all there is to it, and the fast serialiser writes the same; a property test holds it to that.
        return to_json(dict(sorted(detail.items())))
    return rfc8785.dumps(dict(detail))
