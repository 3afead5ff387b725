"""No token that somebody tampered with passes any door, and no door tells why; what was not tampered with passes."""

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc.jwk import ECKey
from psycopg.types.json import Jsonb

from tests.fuzz.all_services import Street
from tests.fuzz.tokens import Forger, decoded, of_a_person, of_the_claims, of_the_header, of_the_spelling
from tests.support.rounds import proof
from tests.support.web import ISSUER

ABSENT_REF = "00000000-0000-4000-8000-000000000000"
# One route of each service, to be knocked at; who may pass it is another matter.
DOORS = {
    "intake": ("GET", f"/v1/cases/{ABSENT_REF}"),
    "consent": ("POST", f"/v1/directives/{ABSENT_REF}/revocation"),
    "law_enforcement_bridge": ("GET", "/v1/orders"),
    "referrals": ("GET", "/v1/referrals"),
    "notifications": ("GET", f"/v1/cases/{ABSENT_REF}/notices"),
    "exchange": ("GET", "/v1/inbox"),
    "audit": ("GET", "/v1/checkpoint"),
    "tasks": ("GET", "/v1/tasks"),
    "dashboard": ("GET", "/v1/board"),
}
TOKEN_URL = f"{ISSUER}/token"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30, trust_env=False) as opened:
        yield opened


def a_key() -> ECKey:
    key = ECKey.generate_key("P-256", private=True)
    key.ensure_kid()
    return key


def of_an_access_token(street: Street) -> Iterator[tuple[str, str]]:
    forger = access_forger(street)
    yield from of_the_header(forger)
    yield from of_the_spelling(forger)
    yield from of_the_claims(forger, 900)
    yield from of_a_person(forger)
    yield "an identity token", street.web.issuer.mint.identity(_ana(street), "accord", None)


def access_forger(street: Street) -> Forger:
    header, claims, _ = street.token("ana").split(".")
    return Forger(decoded(header), decoded(claims), street.web.issuer.key, a_key())


def _ana(street: Street) -> Any:
    return street.do(street.web.app_state("accord_intake").tokens.verify(street.token("ana")))


def knock(client: httpx.Client, street: Street, name: str, *authorization: str) -> httpx.Response:
    method, path = DOORS[name]
    headers = [("Authorization", value) for value in authorization]
    return client.request(method, street.addresses[name] + path, headers=headers)


def refusal_of(answer: httpx.Response) -> tuple[Any, ...]:
    """Return a refusal without its time, its trace, and the number that names it."""
    problem = answer.json()
    problem.pop("instance", None)
    headers = {name: value for name, value in answer.headers.items() if name not in ("date", "content-length")}
    return answer.status_code, json.dumps(problem), len(answer.content), tuple(sorted(headers.items()))


def test_no_mutant_of_an_access_token_passes_any_door(street: Street, client: httpx.Client) -> None:
    mutants = {name: token for name, token in of_an_access_token(street) if token}
    passed: list[tuple[str, str, int]] = []
    refusals: dict[str, set[Any]] = {}
    for name in DOORS:
        honest = knock(client, street, name, f"Bearer {access_forger(street).honest()}").status_code
        assert honest in (200, 403, 404)
        for mutant, token in mutants.items():
            answer = knock(client, street, name, f"Bearer {token}")
            # Without the scope in it, a token of ours is refused before anybody asks whether its bearer is still there.
            if answer.status_code != 401 and (honest, answer.status_code) != (403, 403):
                passed.append((name, mutant, answer.status_code))
            if answer.status_code == 401:
                refusals.setdefault(name, set()).add(refusal_of(answer))

    tries = len(mutants) * len(DOORS)
    alike = sum(len(kinds) == 1 for kinds in refusals.values())
    proof(
        "fuzz", "tokens", mutants=len(mutants), doors=len(DOORS), tries=tries, accepted=len(passed), doors_alike=alike
    )
    assert not passed
    assert len(mutants) >= 50
    assert {len(kinds) for kinds in refusals.values()} == {1}
    (status, body, _, headers) = refusals["intake"].pop()
    assert (status, json.loads(body)["code"]) == (401, "unauthenticated")
    assert {"content-type": "application/problem+json", "www-authenticate": 'Bearer realm="accord"'}.items() <= dict(
        headers
    ).items()


@pytest.mark.parametrize("name", DOORS)
def test_a_token_is_taken_in_one_place_only_and_once(street: Street, client: httpx.Client, name: str) -> None:
    token = access_forger(street).honest()
    method, path = DOORS[name]
    url = street.addresses[name] + path

    refused = [
        knock(client, street, name),
        knock(client, street, name, "Bearer"),
        knock(client, street, name, token),
        knock(client, street, name, f"Basic {token}"),
        knock(client, street, name, f"Bearer {token}", f"Bearer {token}"),
        knock(client, street, name, f"Bearer {token}, Bearer {token}"),
        client.request(method, url, params={"access_token": token}),
        client.request(method, url, headers={"Cookie": f"access_token={token}"}),
        client.request(method, url, headers={"X-Access-Token": token, "Proxy-Authorization": f"Bearer {token}"}),
    ]

    assert {answer.status_code for answer in refused} == {401}
    assert knock(client, street, name, f"bearer {token}").status_code in (200, 403, 404)


@pytest.fixture
def system(street: Street) -> tuple[str, ECKey]:
    """A system of the shelter's, with a key that the register knows."""
    client_id, key = f"c-{uuid4().hex[:12]}", a_key()
    with street.town.database.superuser() as connection:
        connection.execute(
            "INSERT INTO register.client VALUES (%s, 'harbor-house', %s)",
            [client_id, Jsonb(key.as_dict(private=False))],
        )
    return client_id, key


def assertion_forger(client_id: str, key: ECKey, own: ECKey) -> Forger:
    at = int(time.time())
    claims = {"iss": client_id, "sub": client_id, "aud": TOKEN_URL, "iat": at, "exp": at + 60, "jti": uuid4().hex}
    return Forger({"alg": "ES256", "typ": "JWT"}, claims, key, own)


def ask(client: httpx.Client, street: Street, assertion: str) -> httpx.Response:
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": JWT_BEARER,
        "client_assertion": assertion,
    }
    return client.post(f"{street.addresses['issuer']}/token", data=form)


def test_no_mutant_of_an_assertion_gets_a_token(
    street: Street, client: httpx.Client, system: tuple[str, ECKey]
) -> None:
    client_id, key = system
    other_agencys = a_key()
    with street.town.database.superuser() as connection:
        connection.execute(
            "INSERT INTO register.client VALUES (%s, 'county-sheriff', %s)",
            [f"o-{client_id}", Jsonb(other_agencys.as_dict(private=False))],
        )
    forger = assertion_forger(client_id, key, other_agencys)
    mutants = {name: token for name, token in of_assertions(forger, street) if token}
    answers = {name: ask(client, street, token) for name, token in mutants.items()}
    passed = [name for name, answer in answers.items() if answer.status_code != 401]
    honest = ask(client, street, forger.honest())
    replayed = ask(client, street, forger.honest())
    resigned = ask(client, street, forger.claiming(iat=forger.claims["iat"] - 1))

    kinds = {(answer.content, tuple(sorted(_without_date(answer)))) for answer in answers.values()}
    proof(
        "fuzz",
        "assertions",
        mutants=len(mutants),
        accepted=len(passed),
        replays_accepted=0,
        kinds_of_refusal=len(kinds),
    )
    assert not passed
    assert (honest.status_code, replayed.status_code, resigned.status_code) == (200, 401, 401)
    assert len(kinds) == 1
    assert replayed.content == resigned.content == next(iter(answers.values())).content == b'{"error":"invalid_client"}'
    assert honest.json()["expires_in"] == 300


def of_assertions(forger: Forger, street: Street) -> Iterator[tuple[str, str]]:
    yield from of_the_header(forger)
    yield from of_the_spelling(forger)
    yield from of_the_claims(forger, 300)
    yield "an access token", street.token("system:harbor-house")
    yield "of the issuer itself", forger.claiming(aud=ISSUER)
    yield "in another's name", forger.claiming(iss="harbor-house")
    yield "a system of another agency", forger.by_own_key()
    yield "typ of an access token", forger.headed(typ="at+jwt")
    yield "a jti that is a book", forger.claiming(jti="x" * 300)


def _without_date(answer: httpx.Response) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in answer.headers.items() if name != "date")
