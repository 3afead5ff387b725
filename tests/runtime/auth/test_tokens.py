"""Only an honest token names anybody: every field of fifty that were tampered with is refused."""

import base64
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from devstack.issuer.token_signer import TokenSigner, public_set
from runtime.auth.jwks import IssuerAway
from runtime.auth.principal import Kind, Principal
from runtime.auth.tokens import NotVerified, Tokens

ISSUER = "https://issuer.test"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEY = ECKey.generate_key("P-256", private=True)
KEY.ensure_kid()
OTHER = ECKey.generate_key("P-256", private=True)
ANA = Principal("ana", "bay-hotline", Kind.PERSON, "ana", "Ana", frozenset({"cases:read"}), frozenset({"advocate"}))
AT = int(NOON.timestamp())
HEADER: dict[str, Any] = {"alg": "ES256", "typ": "at+jwt", "kid": KEY.kid}
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": "accord",
    "sub": "ana",
    "iat": AT,
    "exp": AT + 300,
    "jti": "1",
    "client_id": "accord",
    "agency_id": "bay-hotline",
    "kind": "person",
    "name": "Ana",
    "scope": "cases:read",
    "roles": ["advocate"],
}


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def spelled(header: str | dict[str, Any], claims: str | dict[str, Any], key: Any = KEY, alg: str = "ES256") -> str:
    """Return a token with exactly this header and these claims, signed by `key` whatever the header says."""
    parts = [part if isinstance(part, str) else json.dumps(part) for part in (header, claims)]
    signing_input = ".".join(encoded(part.encode()) for part in parts)
    return f"{signing_input}.{encoded(jws.JWSRegistry.algorithms[alg].sign(signing_input.encode(), key))}"


def with_header(**changes: Any) -> str:
    return spelled({name: value for name, value in (HEADER | changes).items() if value is not ...}, CLAIMS)


def with_claims(**changes: Any) -> str:
    return spelled(HEADER, {name: value for name, value in (CLAIMS | changes).items() if value is not ...})


def signature_changed(change: Callable[[str], str]) -> str:
    head, payload, signature = spelled(HEADER, CLAIMS).split(".")
    return f"{head}.{payload}.{change(signature)}"


def raised(text: str, place: int) -> str:
    """Return `text` with the character at `place` replaced by the next of the alphabet."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    changed = alphabet[(alphabet.index(text[place]) + 1) % 64]
    return text[:place] + changed + (text[place + 1 :] if place != -1 else "")


def with_public_key_as_secret() -> str:
    signing_input = spelled(HEADER | {"alg": "HS256"}, CLAIMS).rpartition(".")[0]
    return f"{signing_input}.{encoded(hmac.digest(KEY.as_pem(private=False), signing_input.encode(), 'sha256'))}"


RSA = RSAKey.generate_key(2048)
ED = OKPKey.generate_key("Ed25519")
PUBLIC = KEY.as_dict(private=False)

MUTANTS: dict[str, Callable[[], str]] = {
    "nothing": lambda: "",
    "a word": lambda: "token",
    "two parts": lambda: spelled(HEADER, CLAIMS).rpartition(".")[0],
    "four parts": lambda: spelled(HEADER, CLAIMS) + ".e30",
    "five parts, as an encrypted one": lambda: "a.b.c.d." + "A" * 86,
    "padded": lambda: spelled(HEADER, CLAIMS) + "==",
    "with a space": lambda: " " + spelled(HEADER, CLAIMS),
    "with a line break": lambda: spelled(HEADER, CLAIMS) + "\n",
    "too long": lambda: with_claims(name="A" * 5000),
    "not base64": lambda: "%%%." + spelled(HEADER, CLAIMS).partition(".")[2],
    "no signature": lambda: signature_changed(lambda _: ""),
    "another signature of the same length": lambda: signature_changed(lambda _: "A" * 86),
    "first character of the signature changed": lambda: signature_changed(lambda s: raised(s, 0)),
    "spare bits of the signature set": lambda: signature_changed(lambda s: raised(s, -1)),
    "signature of another's claims": lambda: (
        with_claims(sub="sam").rpartition(".")[0] + "." + spelled(HEADER, CLAIMS).rpartition(".")[2]
    ),
    "signed by another key": lambda: spelled(HEADER, CLAIMS, OTHER),
    "alg none": lambda: spelled(HEADER | {"alg": "none"}, CLAIMS),
    "alg none without a signature": lambda: spelled(HEADER | {"alg": "none"}, CLAIMS).rpartition(".")[0] + ".",
    "alg in another case": lambda: with_header(alg="es256"),
    "alg absent": lambda: with_header(alg=...),
    "alg a list": lambda: with_header(alg=["ES256"]),
    "the public key as a secret": lambda: with_public_key_as_secret(),
    "RS256": lambda: spelled(HEADER | {"alg": "RS256"}, CLAIMS, RSA, "RS256"),
    "EdDSA": lambda: spelled(HEADER | {"alg": "EdDSA"}, CLAIMS, ED, "EdDSA"),
    "an identity token": lambda: with_header(typ="JWT"),
    "typ absent": lambda: with_header(typ=...),
    "typ null": lambda: with_header(typ=None),
    "kid of nobody": lambda: with_header(kid="nobody"),
    "kid absent": lambda: with_header(kid=...),
    "kid a path": lambda: with_header(kid="../../etc/passwd"),
    "kid a number": lambda: with_header(kid=1),
    "jku": lambda: with_header(jku="https://elsewhere.test/keys"),
    "x5u": lambda: with_header(x5u="https://elsewhere.test/chain"),
    "a key of its own": lambda: spelled(HEADER | {"jwk": OTHER.as_dict(private=False)}, CLAIMS, OTHER),
    "x5c": lambda: with_header(x5c=["MIIB"]),
    "crit": lambda: with_header(crit=["exp"]),
    "b64 false": lambda: with_header(b64=False, crit=["b64"]),
    "zip": lambda: with_header(zip="DEF"),
    "a header said twice": lambda: spelled(json.dumps(HEADER)[:-1] + ', "alg": "ES256"}', CLAIMS),
    "a header that is a list": lambda: spelled("[]", CLAIMS),
    "claims that are a list": lambda: spelled(HEADER, "[]"),
    "claims that are not JSON": lambda: spelled(HEADER, "{"),
    "a claim said twice": lambda: spelled(HEADER, json.dumps(CLAIMS)[:-1] + ', "sub": "sam"}'),
    "another issuer": lambda: with_claims(iss="https://elsewhere.test"),
    "an issuer that begins alike": lambda: with_claims(iss=ISSUER + ".elsewhere.test"),
    "issuer absent": lambda: with_claims(iss=...),
    "issuer a list": lambda: with_claims(iss=[ISSUER]),
    "another audience": lambda: with_claims(aud="payroll"),
    "us among other audiences": lambda: with_claims(aud=["accord", "payroll"]),
    "audience absent": lambda: with_claims(aud=...),
    "audience empty": lambda: with_claims(aud=[]),
    "over": lambda: with_claims(iat=AT - 900, exp=AT - 30),
    "exp absent": lambda: with_claims(exp=...),
    "exp in words": lambda: with_claims(exp=str(AT + 300)),
    "exp not a number": lambda: spelled(HEADER, json.dumps(CLAIMS | {"exp": float("nan")})),
    "exp infinite": lambda: spelled(HEADER, json.dumps(CLAIMS | {"exp": float("inf")})),
    "exp true": lambda: with_claims(exp=True),
    "exp null": lambda: with_claims(exp=None),
    "not yet": lambda: with_claims(nbf=AT + 60),
    "issued in the future": lambda: with_claims(iat=AT + 60),
    "iat absent": lambda: with_claims(iat=...),
    "good for too long": lambda: with_claims(exp=AT + 901),
    "good for a year, issued long ago": lambda: with_claims(iat=AT - 31_536_000, exp=AT + 300),
    "ends before it begins": lambda: with_claims(iat=AT + 20, exp=AT + 10),
    "jti absent": lambda: with_claims(jti=...),
    "jti a number": lambda: with_claims(jti=7),
    "sub absent": lambda: with_claims(sub=...),
    "sub a list": lambda: with_claims(sub=["ana"]),
    "sub with a line break": lambda: with_claims(sub="ana\n"),
    "agency absent": lambda: with_claims(agency_id=...),
    "agency in capitals": lambda: with_claims(agency_id="Bay-Hotline"),
    "agency with a quote": lambda: with_claims(agency_id="bay' or '1"),
    "kind absent": lambda: with_claims(kind=...),
    "kind a list": lambda: with_claims(kind=["person"]),
    "kind of neither": lambda: with_claims(kind="admin"),
    "scope absent": lambda: with_claims(scope=...),
    "scope a list": lambda: with_claims(scope=["cases:read"]),
    "scope with a wildcard": lambda: with_claims(scope="*"),
    "roles in words": lambda: with_claims(roles="advocate"),
    "name with an override": lambda: with_claims(name="\u202eana"),
}


def a_verifier(**other: Any) -> Tokens:
    async def fetch() -> Any:
        return public_set(KEY)

    return Tokens(ISSUER, "accord", fetch, **{"now": lambda: NOON, **other})


async def test_an_honest_token_names_a_person() -> None:
    token = TokenSigner(ISSUER, "accord", KEY, now=lambda: NOON).access(ANA, "accord", 300)

    principal = await a_verifier().verify(token)

    assert principal == ANA
    assert principal.actor == "ana"


async def test_the_token_that_the_mutants_are_made_of_is_honest() -> None:
    assert await a_verifier().verify(spelled(HEADER, CLAIMS)) == ANA


async def test_a_system_acts_in_the_name_of_its_client() -> None:
    principal = await a_verifier().verify(with_claims(sub="bay-hotline", kind="system"))

    assert principal.person_ref is None
    assert principal.actor == "system:bay-hotline"


def test_there_are_at_least_fifty_mutants() -> None:
    assert len(MUTANTS) >= 50


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS.keys())
async def test_a_mutant_names_nobody(mutant: Callable[[], str]) -> None:
    token = mutant()

    with pytest.raises(NotVerified):
        await a_verifier().verify(token)


@pytest.mark.parametrize("seconds", [-30, 0, 29])
async def test_clocks_may_differ_by_half_a_minute(seconds: int) -> None:
    token = with_claims(iat=AT - 100 + seconds, nbf=AT + seconds, exp=AT + max(seconds, 0) + 1)

    assert await a_verifier().verify(token) == ANA


async def test_a_token_ends_with_the_leeway_and_not_a_second_later() -> None:
    token = spelled(HEADER, CLAIMS)
    ends = NOON + timedelta(seconds=330)

    assert await a_verifier(now=lambda: ends - timedelta(seconds=1)).verify(token) == ANA
    with pytest.raises(NotVerified):
        await a_verifier(now=lambda: ends).verify(token)


async def test_a_token_that_was_taken_before_ends_as_if_it_were_new() -> None:
    now = [NOON]
    tokens, token = a_verifier(now=lambda: now[0]), spelled(HEADER, CLAIMS)
    await tokens.verify(token)
    now[0] = NOON + timedelta(seconds=330)

    with pytest.raises(NotVerified):
        await tokens.verify(token)


async def test_a_token_that_was_refused_before_is_taken_when_it_begins() -> None:
    now = [NOON - timedelta(seconds=31)]
    tokens, token = a_verifier(now=lambda: now[0]), spelled(HEADER, CLAIMS)
    with pytest.raises(NotVerified):
        await tokens.verify(token)
    now[0] = NOON

    assert await tokens.verify(token) == ANA


async def test_beside_a_token_that_was_taken_no_mutant_is() -> None:
    tokens, token = a_verifier(), spelled(HEADER, CLAIMS)
    await tokens.verify(token)

    for place in range(len(token)):
        with pytest.raises(NotVerified):
            await tokens.verify(raised(token, place) if token[place] != "." else token[:place] + token[place + 1 :])


async def test_what_is_remembered_of_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.auth.tokens.MOST_PROVEN", 2)
    tokens = a_verifier()

    for number in range(5):
        await tokens.verify(with_claims(jti=str(number)))

    assert len(tokens._proven) == 2


class Publisher:
    """An issuer whose key set a test may change, or take away."""

    def __init__(self) -> None:
        self.fetches = 0
        self.keys: list[Any] | None = public_set(KEY)["keys"]

    async def fetch(self) -> Any:
        self.fetches += 1
        if self.keys is None:
            raise IssuerAway
        return {"keys": self.keys}


class Watch:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_keys_are_fetched_once_for_many_tokens() -> None:
    publisher = Publisher()
    tokens = Tokens(ISSUER, "accord", publisher.fetch, now=lambda: NOON)

    for _ in range(5):
        await tokens.verify(spelled(HEADER, CLAIMS))

    assert publisher.fetches == 1


async def test_an_unknown_key_is_fetched_at_most_every_ten_seconds() -> None:
    publisher, watch = Publisher(), Watch()
    tokens = Tokens(ISSUER, "accord", publisher.fetch, now=lambda: NOON, monotonic=watch)

    for _ in range(20):
        with pytest.raises(NotVerified):
            await tokens.verify(with_header(kid="nobody"))

    assert publisher.fetches == 1


async def test_a_key_that_was_rotated_in_is_found_and_the_old_one_ends() -> None:
    publisher, watch = Publisher(), Watch()
    tokens = Tokens(ISSUER, "accord", publisher.fetch, now=lambda: NOON, monotonic=watch)
    await tokens.verify(spelled(HEADER, CLAIMS))
    OTHER.ensure_kid()
    publisher.keys = public_set(OTHER)["keys"]
    watch.now += 11

    assert await tokens.verify(spelled(HEADER | {"kid": OTHER.kid}, CLAIMS, OTHER)) == ANA
    with pytest.raises(NotVerified):
        await tokens.verify(spelled(HEADER, CLAIMS))


async def test_an_accepted_token_is_checked_again_by_a_key_of_same_kid() -> None:
    publisher, watch = Publisher(), Watch()
    tokens = Tokens(ISSUER, "accord", publisher.fetch, now=lambda: NOON, monotonic=watch)
    await tokens.verify(spelled(HEADER, CLAIMS))
    publisher.keys = [public_set(OTHER)["keys"][0] | {"kid": KEY.kid}]
    watch.now += 301

    with pytest.raises(NotVerified):
        await tokens.verify(spelled(HEADER, CLAIMS))


async def test_old_keys_serve_for_an_hour_while_the_issuer_is_away() -> None:
    publisher, watch = Publisher(), Watch()
    tokens = Tokens(ISSUER, "accord", publisher.fetch, now=lambda: NOON, monotonic=watch)
    await tokens.verify(spelled(HEADER, CLAIMS))
    publisher.keys = None

    watch.now += 3599
    assert await tokens.verify(spelled(HEADER, CLAIMS)) == ANA
    watch.now += 2
    with pytest.raises(IssuerAway):
        await tokens.verify(spelled(HEADER, CLAIMS))


async def test_without_any_keys_nobody_can_be_told_from_anybody() -> None:
    publisher = Publisher()
    publisher.keys = None

    with pytest.raises(IssuerAway):
        await Tokens(ISSUER, "accord", publisher.fetch, now=lambda: NOON).verify(spelled(HEADER, CLAIMS))


@pytest.mark.parametrize(
    "published",
    [
        {**PUBLIC, "kid": KEY.kid, "crv": "P-384"},
        {**PUBLIC, "kid": KEY.kid, "use": "enc"},
        {**PUBLIC, "kid": KEY.kid, "alg": "ES384"},
        {**KEY.as_dict(private=True), "kid": KEY.kid},
        {"kty": "oct", "k": "AAAA", "kid": KEY.kid},
        {"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA", "kid": KEY.kid},
        {"kty": "EC", "crv": "P-256", "kid": KEY.kid},
        "not a key",
    ],
)
async def test_a_published_key_that_is_not_ours_verifies_nothing(published: Any) -> None:
    publisher = Publisher()
    publisher.keys = [published]

    with pytest.raises(NotVerified):
        await Tokens(ISSUER, "accord", publisher.fetch, now=lambda: NOON).verify(spelled(HEADER, CLAIMS))
