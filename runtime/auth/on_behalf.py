"""For whom a system asks: a claim that it signs, with its own key, for each person who sits before it.

The claim opens nothing.  The system is who it is by its token, and may do what a system may; the claim names the
person by whom what it asks for is judged and put on record.  So one that is used again within its life names the same
person to the same system, and no `jti` is remembered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from runtime.auth.jwks import read_key
from runtime.auth.jws import NotVerified, kid_of, signed_claims, unproven_claims
from runtime.auth.tokens import check_claims

HEADER: Final = "Accord-On-Behalf-Of"
TYPES: Final[frozenset[str | None]] = frozenset({"accord-person+jwt"})
# ADR 0028: no `jti` is remembered, as a claim used again names the same person to the same system and only narrows.
LONGEST_SECONDS: Final = 300
LONGEST_JTI: Final = 200

_PERSON = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")


def person_named(claim: str) -> str:
    """Return whom the claim names, proven by nobody yet: to look the person up; raises `NotVerified`."""
    kid_of(claim, types=TYPES)
    person_ref = unproven_claims(claim).get("sub")
    if not isinstance(person_ref, str) or not _PERSON.fullmatch(person_ref):
        raise NotVerified("sub")
    return person_ref


def check(claim: str, client_id: str, public_jwk: Mapping[str, Any], *, audience: str, now: datetime) -> None:
    """Refuse a claim that the client did not sign, for this audience, within the last five minutes."""
    kid = kid_of(claim, types=TYPES)
    key = read_key(public_jwk)
    if key is None or (kid and kid != public_jwk.get("kid", kid)):
        raise NotVerified("kid")
    claims = signed_claims(claim, key)
    check_claims(claims, issuer=client_id, audience=audience, now=now, longest=LONGEST_SECONDS)
    if not isinstance(claims["jti"], str) or len(claims["jti"]) > LONGEST_JTI:
        raise NotVerified("jti")
