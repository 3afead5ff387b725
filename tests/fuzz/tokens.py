"""Tokens that somebody tampered with: every field of the header, every claim, the signature, the spelling."""

import base64
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc.jwk import ECKey

JsonObject = dict[str, Any]
RSA: Final = rsa.generate_private_key(65537, 2048)
ED: Final = ed25519.Ed25519PrivateKey.generate()
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the group of P-256


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def es256(key: ECKey, signing_input: bytes) -> bytes:
    """Sign as RFC 7518 has it, whatever the header says."""
    private: Any = key.private_key
    r, s = decode_dss_signature(private.sign(signing_input, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


@dataclass(frozen=True)
class Forger:
    """What a forger has: an honest token's header and claims, a key of their own, and for comparison the right one."""

    header: JsonObject
    claims: JsonObject
    key: ECKey
    own: ECKey

    def spelled(
        self, header: str | JsonObject, claims: str | JsonObject, sign: Callable[[bytes], bytes] | None = None
    ) -> str:
        """Return a token of exactly this, signed by the right key unless told otherwise."""
        parts = [part if isinstance(part, str) else json.dumps(part) for part in (header, claims)]
        signing_input = ".".join(encoded(part.encode()) for part in parts)
        signature = es256(self.key, signing_input.encode()) if sign is None else sign(signing_input.encode())
        return f"{signing_input}.{encoded(signature)}"

    def honest(self) -> str:
        """Return the token that all others are made of."""
        return self.spelled(self.header, self.claims)

    def headed(self, **changes: Any) -> str:
        """Return the token with its header changed; `...` leaves a name out."""
        return self.spelled(_changed(self.header, changes), self.claims)

    def claiming(self, **changes: Any) -> str:
        """Return the token with its claims changed; `...` leaves one out."""
        return self.spelled(self.header, _changed(self.claims, changes))

    def by_own_key(self, **header: Any) -> str:
        """Return the token signed by the forger's key."""
        return self.spelled(
            _changed(self.header, header), self.claims, lambda signing_input: es256(self.own, signing_input)
        )


def _changed(part: JsonObject, changes: JsonObject) -> JsonObject:
    return {name: value for name, value in (part | changes).items() if value is not ...}


def of_the_header(forger: Forger) -> Iterator[tuple[str, str]]:
    """Yield mutants that say otherwise who signed them, and how."""
    public = forger.own.as_dict(private=False)
    pem = forger.key.as_pem(private=False)
    honest = forger.honest()
    unsigned = honest.rpartition(".")[0]
    for alg in ("none", "None", "NONE", "", "es256", "ES384", "HS256", "RS256", "EdDSA", None, ["ES256"], 256):
        yield f"alg {alg}", forger.headed(alg=alg)
    yield "alg absent", forger.headed(alg=...)
    yield "alg none, unsigned", forger.spelled(forger.header | {"alg": "none"}, forger.claims, lambda _: b"")
    for name, secret in (("PEM", pem), ("x", str(forger.key.as_dict(private=False)["x"]).encode()), ("nothing", b"")):
        head = forger.header | {"alg": "HS256"}
        yield f"HS256 with the public key ({name})", forger.spelled(head, forger.claims, _hmac(secret))
        yield (
            f"ES256 said, HMAC with the public key ({name})",
            forger.spelled(forger.header, forger.claims, _hmac(secret)),
        )
    yield "RS256", forger.spelled(forger.header | {"alg": "RS256"}, forger.claims, _rsa)
    yield "EdDSA", forger.spelled(forger.header | {"alg": "EdDSA"}, forger.claims, ED.sign)
    yield "another's key", forger.by_own_key()
    yield "another's key under its own kid", forger.by_own_key(kid=forger.own.kid)
    yield "another's key, brought along", forger.by_own_key(jwk=public)
    yield (
        "another's key, brought along under our kid",
        forger.by_own_key(jwk={**public, "kid": forger.header.get("kid")}),
    )
    for name, value in {
        "jku": "http://127.0.0.1:1/keys",
        "x5u": "http://127.0.0.1:1/chain",
        "x5c": ["MIIB"],
        "x5t": "AAAA",
        "crit": ["exp"],
        "cty": "JWT",
        "zip": "DEF",
        "unknown": 1,
    }.items():
        yield name, forger.headed(**{name: value})
    yield "b64 false", forger.headed(b64=False, crit=["b64"])
    for kid in ("nobody", "../../dev/null", "' OR 1=1 --", 1, None, ["a"], "k" * 200):
        yield f"kid {str(kid)[:20]}", forger.headed(kid=kid) if kid != forger.header.get("kid") else unsigned
    yield "a header that is a list", forger.spelled("[]", forger.claims)
    yield "a header that is no JSON", forger.spelled("{", forger.claims)
    yield "alg said twice", forger.spelled(json.dumps(forger.header)[:-1] + ', "alg": "none"}', forger.claims)


def of_the_spelling(forger: Forger) -> Iterator[tuple[str, str]]:
    """Yield mutants that are the same token in another spelling, or half of it."""
    honest = forger.honest()
    head, claims, signature = honest.split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    yield "nothing", ""
    yield "a word", "token"
    yield "no signature", f"{head}.{claims}."
    yield "two parts", f"{head}.{claims}"
    yield "a second signature", f"{honest}.{signature}"
    yield "two tokens", f"{honest}, {honest}"
    yield "five parts", f"{head}..{claims}.{signature}.{signature}"
    yield "padding", f"{honest}=="
    yield "padding within", f"{head}=.{claims}.{signature}"
    yield "a space before", f" {honest}"
    yield "quotes", f'"{honest}"'
    yield "not base64url", f"{head}.{claims}.{signature[:-2]}+/"
    yield "a signature of zeros", f"{head}.{claims}.{encoded(bytes(64))}"
    yield "a signature in DER", f"{head}.{claims}.{encoded(_der(forger, f'{head}.{claims}'))}"
    yield "r and s exchanged", f"{head}.{claims}.{encoded(raw[32:] + raw[:32])}"
    yield "r beyond the order", f"{head}.{claims}.{encoded(ORDER.to_bytes(32) + raw[32:])}"
    yield "a bit of the signature turned", f"{head}.{claims}.{encoded(bytes([raw[0] ^ 1]) + raw[1:])}"
    yield "spare bits of the last letter", f"{honest[:-1]}{_next_letter(honest[-1])}"
    yield "claims of another token", f"{head}.{forger.claiming(sub='sam').split('.')[1]}.{signature}"
    yield "a token within a token", forger.spelled(forger.header | {"cty": "JWT"}, json.dumps(honest))
    yield "as JSON", json.dumps({"protected": head, "payload": claims, "signature": signature})
    yield "too long", forger.claiming(name="A" * 5000)
    yield "claims that are a list", forger.spelled(forger.header, "[]")
    yield "claims that are no JSON", forger.spelled(forger.header, "{")
    yield "sub said twice", forger.spelled(forger.header, json.dumps(forger.claims)[:-1] + ', "sub": "sam"}')


def of_the_claims(forger: Forger, longest: int) -> Iterator[tuple[str, str]]:
    """Yield mutants signed by the right key that claim something they must not."""
    at, audience = forger.claims["iat"], forger.claims["aud"]
    otherwise: dict[str, tuple[Any, ...]] = {
        "iss": (
            ...,
            None,
            "",
            7,
            [forger.claims["iss"]],
            f"{forger.claims['iss']}.elsewhere.test",
            "https://elsewhere.test",
        ),
        "aud": (..., None, "", [], "payroll", [audience, "payroll"], f"{audience}/", {"a": audience}),
        "sub": (..., None, "", 7, ["ana"], "ana\n", "nobody-here"),
        "exp": (..., None, str(at + 60), True, at - 31, at + longest + 1, at + 10**9, 1e400),
        "iat": (..., None, str(at), at + 120, at - 10**7),
        "jti": (..., None, 7),
        "nbf": (at + 120, str(at)),
    }
    for name, values in otherwise.items():
        for value in values:
            yield f"{name} {'absent' if value is ... else repr(value)[:40]}", forger.claiming(**{name: value})
    yield "over", forger.claiming(iat=at - longest, nbf=at - longest, exp=at - 31)
    yield "ends before it begins", forger.claiming(iat=at + 20, exp=at + 10)


def of_a_person(forger: Forger) -> Iterator[tuple[str, str]]:
    """Yield mutants of an access token whose claims about a person are wrong."""
    otherwise: dict[str, tuple[Any, ...]] = {
        "agency_id": (..., None, "Bay-Hotline", "harbor-house", "bay' or '1", 7),
        "kind": (..., None, "admin", "system", ["person"]),
        "scope": (..., ["cases:read"], "*", "cases:read  cases:write", 7),
        "roles": ("advocate", [7], {"advocate": True}),
        "name": (7, "A" * 201, "\u202eana"),
    }
    for name, values in otherwise.items():
        for value in values:
            yield f"{name} {'absent' if value is ... else repr(value)[:40]}", forger.claiming(**{name: value})
    for typ in ("JWT", "jwt", "dpop+jwt", "application/at+jwt", "AT+JWT", None, 1, ...):
        yield f"typ {'absent' if typ is ... else typ}", forger.headed(typ=typ)


def _hmac(secret: bytes) -> Callable[[bytes], bytes]:
    return lambda signing_input: hmac.digest(secret, signing_input, sha256)


def _rsa(signing_input: bytes) -> bytes:
    return RSA.sign(signing_input, padding.PKCS1v15(), hashes.SHA256())


def _der(forger: Forger, signing_input: str) -> bytes:
    private: Any = forger.key.private_key
    der: bytes = private.sign(signing_input.encode(), ec.ECDSA(hashes.SHA256()))
    return der


def _next_letter(letter: str) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return alphabet[(alphabet.index(letter) + 1) % 64]
