"""The issuer gives a short token to who proves themselves, and one answer to everybody else."""

import base64
import hashlib
import json
import logging
import stat
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import ECKey
from pydantic import ValidationError

from devstack.issuer.app import NotForProduction, build
from devstack.issuer.assertions import Assertions
from devstack.issuer.people import Register
from devstack.issuer.settings import IssuerSettings
from devstack.issuer.token_signer import KEY_FILE, UnsafeKeyFile, signing_key
from runtime import clock
from runtime.auth.jws import LEEWAY_SECONDS
from runtime.auth.principal import Kind
from runtime.auth.scopes import SCOPES, Role, Scope, scopes_of
from runtime.auth.tokens import NotVerified, Tokens
from runtime.database.engine import engine, sessions
from runtime.settings import Profile
from tests.devstack.issuer.conftest import ADDRESS, BACK, PASSPHRASE, TOKEN_URL, Issued, assertion

VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
REQUEST = {
    "response_type": "code",
    "client_id": "dashboard",
    "redirect_uri": BACK,
    "scope": "openid cases:read",
    "state": "st&ate",
    "nonce": "n1",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def verifier(issued: Issued) -> Tokens:
    async def fetch() -> Any:
        return (await issued.web.get("/jwks.json")).json()

    return Tokens(ADDRESS, "accord", fetch)


def password(person_ref: str, passphrase: str = PASSPHRASE, **other: str) -> dict[str, str]:
    return {"grant_type": "password", "username": person_ref, "password": passphrase, **other}


async def test_a_system_that_signs_for_itself_gets_a_short_token(issued: Issued) -> None:
    client_id, key = issued.connect()

    answer = await issued.token(**assertion(client_id, key))

    assert answer.status_code == 200
    assert answer.json()["expires_in"] == 300
    principal = await verifier(issued).verify(answer.json()["access_token"])
    assert (principal.kind, principal.agency_id, principal.subject) == (Kind.SYSTEM, "tide-house", client_id)
    assert principal.scopes == SCOPES[Role.SYSTEM]
    assert Scope.DIRECTIVES_SIGN not in principal.scopes


async def test_an_assertion_is_good_once(issued: Issued) -> None:
    client_id, key = issued.connect()
    form = assertion(client_id, key)

    answers = [await issued.token(**form) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 401]
    assert answers[1].json() == {"error": "invalid_client"}


async def test_d19_an_assertion_is_taken_thirty_seconds_after_its_end(issued: Issued) -> None:
    client_id, key = issued.connect()
    opened = sessions(engine(issued.settings.database, pool_size=1))
    began, now = clock.utcnow(), [clock.utcnow()]
    assertions = Assertions(Register(opened), TOKEN_URL, now=lambda: now[0])
    late = [assertion(client_id, key)["client_assertion"] for _ in range(2)]

    now[0] = began + timedelta(seconds=60 + LEEWAY_SECONDS - 2)
    account = await assertions.client(late[0])
    now[0] = began + timedelta(seconds=60 + LEEWAY_SECONDS + 2)
    with pytest.raises(NotVerified):
        await assertions.client(late[1])

    assert LEEWAY_SECONDS == 30
    assert account.principal.subject == client_id
    await opened.kw["bind"].dispose()


OTHER = ECKey.generate_key("P-256", private=True)
SECOND = timedelta(seconds=1)  # from when the assertion is made: tests are collected long before they run
FORGED: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "https://elsewhere.test/token"},
    "the issuer itself": {"aud": ADDRESS},
    "two audiences": {"aud": [TOKEN_URL, "https://elsewhere.test"]},
    "no audience": {"aud": ...},
    "good for too long": {"exp": 3600 * SECOND},
    "over": {"iat": -400 * SECOND, "exp": -100 * SECOND},
    "ends before it begins": {"iat": 20 * SECOND, "exp": 10 * SECOND},
    "no end": {"exp": ...},
    "no beginning": {"iat": ...},
    "not yet": {"nbf": 600 * SECOND},
    "from before the issuer started": {"iat": -100 * SECOND},
    "no jti": {"jti": ...},
    "a jti that is a number": {"jti": 7},
    "a jti that is a book": {"jti": "x" * 300},
    "in another's name": {"iss": "harbor-house"},
    "a subject that is a list": {"sub": ["a"]},
    "a subject that nobody bears": {"sub": "nobody", "iss": "nobody"},
    "no subject": {"sub": ...},
}


@pytest.mark.parametrize("changes", FORGED.values(), ids=FORGED.keys())
async def test_a_forged_assertion_is_refused(issued: Issued, changes: dict[str, Any]) -> None:
    client_id, key = issued.connect()

    answer = await issued.token(**assertion(client_id, key, **changes))

    assert answer.status_code == 401
    assert answer.json() == {"error": "invalid_client"}


@pytest.mark.parametrize("header", [{"typ": "at+jwt"}, {"jwk": OTHER.as_dict(private=False)}, {"kid": "../key"}])
async def test_an_assertion_whose_header_says_more_is_refused(issued: Issued, header: dict[str, Any]) -> None:
    client_id, key = issued.connect()

    assert (await issued.token(**assertion(client_id, key, header))).status_code == 401


async def test_an_assertion_signed_by_another_key_is_refused(issued: Issued) -> None:
    client_id, _ = issued.connect()

    assert (await issued.token(**assertion(client_id, OTHER))).status_code == 401


async def test_a_failed_assertion_does_not_use_up_its_jti(issued: Issued) -> None:
    client_id, key = issued.connect()
    forged = await issued.token(**assertion(client_id, OTHER, jti="one"))

    honest = await issued.token(**assertion(client_id, key, jti="one"))

    assert (forged.status_code, honest.status_code) == (401, 200)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE register.client SET active = false WHERE client_id = %s",
        "UPDATE register.agency SET active = false WHERE agency_id = 'tide-house' AND %s <> ''",
    ],
)
async def test_a_system_that_left_gets_none(issued: Issued, change: str) -> None:
    client_id, key = issued.connect()
    issued.sql(change, client_id)

    assert (await issued.token(**assertion(client_id, key))).status_code == 401


async def test_a_person_signs_in_with_a_passphrase(issued: Issued) -> None:
    person_ref = issued.join("case_worker", "privacy_officer")

    answer = await issued.token(**password(person_ref))

    principal = await verifier(issued).verify(answer.json()["access_token"])
    assert (principal.person_ref, principal.name, principal.agency_id) == (person_ref, "Rosa", "tide-house")
    assert principal.scopes == scopes_of(["case_worker", "privacy_officer"])
    assert answer.headers["cache-control"] == "no-store"


async def test_a_passphrase_may_be_typed_on_another_keyboard(issued: Issued) -> None:
    person_ref = issued.join(passphrase="caf\u00e9 au lait please")

    answer = await issued.token(**password(person_ref, "cafe\u0301 au lait please"))

    assert answer.status_code == 200


async def test_unknown_person_and_wrong_passphrase_get_the_same_answer(issued: Issued) -> None:
    person_ref = issued.join()

    wrong = await issued.token(**password(person_ref, "something else"))
    unknown = await issued.token(**password("nobody-here"))
    issued.sql("UPDATE register.person SET passphrase_hash = NULL WHERE person_ref = %s", person_ref)
    without = await issued.token(**password(person_ref))

    assert wrong.status_code == 400
    assert wrong.json() == {"error": "invalid_grant"}
    assert wrong.content == unknown.content == without.content
    assert wrong.headers == unknown.headers == without.headers


async def test_an_unknown_person_takes_as_long_as_a_wrong_passphrase(issued: Issued) -> None:
    async def seconds(name: str) -> float:
        began = time.perf_counter()
        await issued.token(**password(name, "something else"))
        return time.perf_counter() - began

    existing = [await seconds(issued.join()) for _ in range(5)]
    unknown = [await seconds(f"nobody-{number}") for number in range(5)]

    # A class, not a measure: without the hash a wrong name is answered some twenty times as fast.
    # The least of each, because a busy machine only ever adds.
    assert 0.25 < min(unknown) / min(existing) < 4


async def test_after_five_tries_even_the_right_passphrase_is_slowed(issued: Issued) -> None:
    person_ref = issued.join()

    wrong = [await issued.token(**password(person_ref, "something else")) for _ in range(6)]
    right = await issued.token(**password(person_ref))
    unknown = [await issued.token(**password("nobody-tries")) for _ in range(6)]

    assert [answer.status_code for answer in wrong] == [400] * 5 + [429]
    assert right.status_code == 429
    assert int(right.headers["retry-after"]) >= 1
    assert [answer.status_code for answer in unknown] == [400] * 5 + [429]


async def test_l4_a_stranger_does_not_lock_the_bearer_out(issued: Issued) -> None:
    person_ref = issued.join()
    app = issued.web._transport.app  # type: ignore[attr-defined]
    elsewhere = httpx.ASGITransport(app=app, client=("192.0.2.7", 1))
    async with httpx.AsyncClient(transport=elsewhere, base_url=ADDRESS) as stranger:
        wrong = [await stranger.post("/token", data=password(person_ref, "a guess")) for _ in range(8)]

    right = await issued.token(**password(person_ref))

    assert [answer.status_code for answer in wrong] == [400] * 5 + [429] * 3
    assert right.status_code == 200


async def test_a_scope_may_be_narrowed_and_never_widened(issued: Issued) -> None:
    person_ref = issued.join("auditor")

    narrow = await issued.token(**password(person_ref, scope="ledger:read"))
    wide = await issued.token(**password(person_ref, scope="ledger:read messages:open"))

    assert narrow.json()["scope"] == "ledger:read"
    assert wide.json() == {"error": "invalid_scope"}


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"grant_type": "password"}, "invalid_request"),
        ({"grant_type": "password", "username": "a\x00b", "password": "c"}, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "c"}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "client_credentials"}, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "a", "client_secret": "b"}, "invalid_client"),
    ],
)
async def test_a_wrong_request_is_told_by_its_code(issued: Issued, form: dict[str, str], error: str) -> None:
    answer = await issued.token(**form)

    assert answer.json() == {"error": error}


@pytest.mark.parametrize(
    ("raw", "media_type"),
    [
        (b"grant_type=password&grant_type=password", "application/x-www-form-urlencoded"),
        (b"grant_type=%ff", "application/x-www-form-urlencoded"),
        (b"a=" + b"a" * 20_000, "application/x-www-form-urlencoded"),
        (b'{"grant_type": "password"}', "application/json"),
    ],
)
async def test_a_form_says_each_thing_once_and_is_small(issued: Issued, raw: bytes, media_type: str) -> None:
    answer = await issued.web.post("/token", content=raw, headers={"Content-Type": media_type})

    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_request"}


async def code_for(issued: Issued, person_ref: str, **changes: str) -> dict[str, str]:
    """Sign in with the browser; return what came back to the application."""
    form = REQUEST | changes | {"person": person_ref, "passphrase": PASSPHRASE}
    answer = await issued.web.post("/authorize", data=form, headers={"Origin": ADDRESS})
    assert answer.status_code == 303, answer.text
    place = urlsplit(answer.headers["location"])
    assert f"{place.scheme}://{place.netloc}{place.path}" == BACK
    return {name: values[0] for name, values in parse_qs(place.query).items()}


def exchange(code: str, /, **changes: str) -> dict[str, str]:
    form = {"code": code, "redirect_uri": BACK, "client_id": "dashboard", "code_verifier": VERIFIER}
    return {"grant_type": "authorization_code", **form, **changes}


async def test_a_person_signs_in_with_a_browser(issued: Issued) -> None:
    person_ref = issued.join()
    page = await issued.web.get("/authorize", params=REQUEST)

    back = await code_for(issued, person_ref)
    answer = await issued.token(**exchange(back["code"]))

    assert page.status_code == 200
    assert (back["state"], back["iss"]) == ("st&ate", ADDRESS)
    principal = await verifier(issued).verify(answer.json()["access_token"])
    assert (principal.person_ref, principal.scopes) == (person_ref, frozenset({"cases:read"}))


async def test_an_identity_token_opens_nothing(issued: Issued) -> None:
    back = await code_for(issued, issued.join())
    answer = (await issued.token(**exchange(back["code"]))).json()

    claims = json.loads(base64.urlsafe_b64decode(answer["id_token"].split(".")[1] + "=="))

    assert (claims["aud"], claims["nonce"], claims["iss"]) == ("dashboard", "n1", ADDRESS)
    with pytest.raises(NotVerified):
        await verifier(issued).verify(answer["id_token"])


async def test_a_code_is_good_once(issued: Issued) -> None:
    back = await code_for(issued, issued.join())

    answers = [await issued.token(**exchange(back["code"])) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 400]


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "w" * 64},
        {"code_verifier": CHALLENGE},
        {"code_verifier": "short"},
        {"redirect_uri": "http://elsewhere.test"},
        {"client_id": "another"},
        {"code": "guess"},
    ],
)
async def test_a_code_is_good_for_who_asked_for_it(issued: Issued, changes: dict[str, str]) -> None:
    back = await code_for(issued, issued.join())

    answer = await issued.token(**exchange(back["code"], **changes))

    assert answer.json() == {"error": "invalid_grant"}


async def test_a_session_goes_on_with_a_new_secret_each_time(issued: Issued) -> None:
    back = await code_for(issued, issued.join())
    first = (await issued.token(**exchange(back["code"]))).json()["refresh_token"]
    form = {"grant_type": "refresh_token", "client_id": "dashboard"}

    second = await issued.token(**form, refresh_token=first)
    replayed = await issued.token(**form, refresh_token=first)

    assert second.status_code == 200
    assert second.json()["refresh_token"] != first
    assert replayed.json() == {"error": "invalid_grant"}


async def test_a_session_ends_when_the_person_leaves(issued: Issued) -> None:
    person_ref = issued.join()
    back = await code_for(issued, person_ref)
    refresh = (await issued.token(**exchange(back["code"]))).json()["refresh_token"]
    issued.sql("UPDATE register.person SET active = false WHERE person_ref = %s", person_ref)

    answer = await issued.token(grant_type="refresh_token", client_id="dashboard", refresh_token=refresh)

    assert answer.json() == {"error": "invalid_grant"}


@pytest.mark.parametrize("changes", [{"redirect_uri": "http://elsewhere.test"}, {"redirect_uri": BACK + "/more"},
                                     {"redirect_uri": ""}, {"client_id": ""}])  # fmt: skip
async def test_nobody_is_sent_to_an_address_that_was_not_named(issued: Issued, changes: dict[str, str]) -> None:
    page_response = await issued.web.get("/authorize", params=REQUEST | changes)
    sent = await issued.web.post("/authorize", data=REQUEST | changes | {"person": issued.join(), "passphrase": "a"})

    for answer in (page_response, sent):
        assert answer.status_code == 400
        assert "location" not in answer.headers
        assert "elsewhere" not in answer.text


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
    ],
)
async def test_an_application_hears_what_is_wrong(issued: Issued, changes: dict[str, str], error: str) -> None:
    answer = await issued.web.get("/authorize", params=REQUEST | changes)

    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.headers["location"]).query)["error"] == [error]


async def test_another_site_signs_nobody_in(issued: Issued) -> None:
    form = REQUEST | {"person": issued.join(), "passphrase": PASSPHRASE}

    answer = await issued.web.post("/authorize", data=form, headers={"Origin": "http://elsewhere.test"})

    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_one_text_for_every_failure(issued: Issued) -> None:
    person_ref = issued.join()

    async def page(name: str) -> httpx.Response:
        return await issued.web.post("/authorize", data=REQUEST | {"person": name, "passphrase": "wrong"})

    wrong, unknown = await page(person_ref), await page("nobody-here")

    assert wrong.status_code == unknown.status_code == 400
    assert wrong.text.replace(person_ref, "") == unknown.text.replace("nobody-here", "")


BANNED = ("abuse", "violence", "shelter", "victim", "police", "assault", "survivor", "accord")


async def test_the_page_is_neutral_and_plain(issued: Issued) -> None:
    answer = await issued.web.get("/authorize", params=REQUEST | {"state": '"><script>alert(1)</script>'})

    assert "<script" not in answer.text
    assert not [word for word in BANNED if word in answer.text.lower()]
    assert "<title>Sign in</title>" in answer.text
    assert '<html lang="en">' in answer.text
    for name in ("person", "passphrase"):
        assert f'<label for="{name}">' in answer.text
    assert (await issued.web.get("/sign-in.css")).headers["content-type"].startswith("text/css")


async def test_the_page_loads_nothing_and_leads_to_its_redirect_only(issued: Issued) -> None:
    policy = (await issued.web.get("/authorize", params=REQUEST)).headers["content-security-policy"]

    assert policy == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        f"form-action 'self' {BACK}; base-uri 'none'; frame-ancestors 'none'"
    )


async def test_discovery_tells_where_everything_is(issued: Issued) -> None:
    metadata = (await issued.web.get("/.well-known/openid-configuration")).json()

    assert metadata["issuer"] == ADDRESS
    assert metadata["token_endpoint"] == TOKEN_URL
    keys = (await issued.web.get(urlsplit(metadata["jwks_uri"]).path)).json()["keys"]
    assert [set(key) for key in keys] == [{"kty", "crv", "x", "y", "kid", "use", "alg"}]


async def test_secrets_are_in_no_log(issued: Issued, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    person_ref = issued.join(passphrase="CANARY passphrase")

    await issued.token(**password(person_ref, "CANARY passphrase"))
    await issued.token(**password(person_ref, "CANARY wrong"))

    assert "CANARY" not in caplog.text
    assert person_ref not in caplog.text
    assert any(record.message == "token_issued" for record in caplog.records)


def test_the_signing_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    first = signing_key(tmp_path)
    again = signing_key(tmp_path)

    assert first.as_dict(private=True) == again.as_dict(private=True)
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


def test_a_signing_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    signing_key(tmp_path)
    (tmp_path / KEY_FILE).chmod(0o644)

    with pytest.raises(UnsafeKeyFile):
        signing_key(tmp_path)


def test_it_refuses_production(tmp_path: Path) -> None:
    settings = IssuerSettings(
        database="postgresql+psycopg://a@b/c?sslmode=verify-full&sslrootcert=system",
        issuer="https://issuer.test",
        port=1,
        profile=Profile.PRODUCTION,
        run_dir=tmp_path,
    )

    with pytest.raises(NotForProduction):
        build(settings)
    assert not list(tmp_path.iterdir())


def test_production_is_what_you_get_by_forgetting(tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        IssuerSettings(database="postgresql+psycopg://a@b/c", issuer="http://issuer.test", port=1, run_dir=tmp_path)
