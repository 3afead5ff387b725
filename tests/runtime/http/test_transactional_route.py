"""The edge: who asks, how much, in what form, may they, is it valid; then one commit, before the answer."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from sqlalchemy import text

from runtime.auth.tokens import IssuerAway, Tokens
from runtime.database.engine import engine, sessions
from runtime.http import router
from runtime.http.body import LIMIT
from runtime.http.rate_limit import RateLimiter
from schemas.strict_json import MAX_ELEMENTS
from tests.runtime.http.sample_app import MayRead, row_count
from tests.support.database import Database
from tests.support.town import Town
from tests.support.web import AUDIENCE, ISSUER, Web

JSON = {"Content-Type": "application/json"}
TOO_MUCH = b'{"word": "' + b"x" * LIMIT + b'"}'


def a_word() -> str:
    return f"word-{uuid4().hex[:12]}"


async def in_pieces(raw: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(raw), 65_536):
        yield raw[start : start + 65_536]


async def test_what_was_answered_is_kept(ana: httpx.AsyncClient, database: Database) -> None:
    word = a_word()

    answer = await ana.post("/v1/things", json={"word": word})

    assert answer.status_code == 201
    assert row_count(database, word) == 1


async def test_a_unit_knows_who_asks_and_the_wall_is_up(ana: httpx.AsyncClient) -> None:
    answer = await ana.get("/v1/things/whoami")

    assert answer.json() == {"actor": "ana", "agency": "bay-hotline", "name": "Ana", "wall": "bay-hotline"}


async def test_a_system_asks_in_the_name_of_its_agency(web: Web, app: FastAPI) -> None:
    async with web.as_system(app, "harbor-house") as system:
        answer = await system.get("/v1/things/whoami")

    assert answer.json()["actor"] == "system:harbor-house"


async def test_the_wall_falls_with_the_transaction(town: Town, ana: httpx.AsyncClient) -> None:
    await ana.get("/v1/things/whoami")

    async with town.session("accord_intake") as session:
        walls = [await session.scalar(text("SELECT current_setting('accord.agency', true)")) for _ in range(4)]

    assert not any(walls)


async def test_one_agency_does_not_see_what_another_keeps(ana: httpx.AsyncClient, sam: httpx.AsyncClient) -> None:
    created = (await ana.post("/v1/things", json={"word": a_word()})).json()

    assert (await ana.get(f"/v1/things/{created['thing_ref']}")).status_code == 200
    assert (await sam.get(f"/v1/things/{created['thing_ref']}")).status_code == 404


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer a.b.c", "bearer"])
async def test_nobody_is_asked_for_a_token(web: Web, app: FastAPI, authorization: str | None) -> None:
    async with web.asking(app) as client:
        answer = await client.get(
            "/v1/things", headers={} if authorization is None else {"Authorization": authorization}
        )

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["code"] == "unauthenticated"


async def test_two_tokens_are_none(web: Web, app: FastAPI) -> None:
    token = f"Bearer {web.issuer.person('ana')}"
    async with web.asking(app) as client:
        answer = await client.get("/v1/things", headers=[("Authorization", token), ("Authorization", token)])

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("agency", "agency_id", "riverside-legal"),
        ("person", "person_ref", "jude"),
    ],
)
async def test_who_left_is_nobody_at_once(
    web: Web, app: FastAPI, database: Database, table: str, column: str, value: str
) -> None:
    change = f"UPDATE register.{table} SET active = %s WHERE {column} = %s"  # noqa: S608 - words of this test
    async with web.as_person(app, "jude") as jude:
        assert (await jude.get("/v1/things")).status_code == 200
        with database.superuser() as connection:
            connection.execute(change, (False, value))
            answer = await jude.get("/v1/things")
            connection.execute(change, (True, value))

    assert answer.status_code == 401


async def test_a_system_that_left_is_nobody_at_once(web: Web, app: FastAPI, database: Database) -> None:
    change = "UPDATE register.client SET active = %s WHERE client_id = 'county-sheriff'"
    async with web.as_system(app, "county-sheriff") as system:
        assert (await system.get("/v1/things")).status_code == 200
        with database.superuser() as connection:
            connection.execute(change, (False,))
            answer = await system.get("/v1/things")
            connection.execute(change, (True,))

    assert answer.status_code == 401


async def test_a_person_of_one_agency_is_nobody_at_another(web: Web, app: FastAPI) -> None:
    async with web.asking(app, web.issuer.person("ana", agency="harbor-house")) as client:
        assert (await client.get("/v1/things")).status_code == 401


async def test_a_role_that_was_taken_away_ends_before_the_token_does(
    web: Web, app: FastAPI, database: Database
) -> None:
    async with web.as_person(app, "noor") as noor:
        with database.superuser() as connection:
            connection.execute("UPDATE register.person SET roles = '{auditor}' WHERE person_ref = 'noor'")
            answer = await noor.get("/v1/things")
            connection.execute("UPDATE register.person SET roles = '{counsellor}' WHERE person_ref = 'noor'")

    assert answer.status_code == 403


async def test_a_role_of_the_register_adds_nothing_to_a_token(web: Web, app: FastAPI) -> None:
    async with web.asking(app, web.issuer.person("ana", roles=["auditor"])) as client:
        assert (await client.get("/v1/things")).status_code == 403


ORDER: list[tuple[int, bool, str, bytes, dict[str, str]]] = [
    (401, False, "/v1/things/record?x=1", TOO_MUCH, {"Content-Type": "text/plain"}),
    (403, True, "/v1/things/record?x=1", TOO_MUCH, {"Content-Type": "text/plain"}),
    (413, True, "/v1/things?x=1", TOO_MUCH, {"Content-Type": "text/plain"}),
    (415, True, "/v1/things?x=1", b"{", {"Content-Type": "text/plain"}),
    (400, True, "/v1/things?x=1", b"{", JSON),
    (422, True, "/v1/things?x=1", b'{"nothing": 1}', JSON),
]


@pytest.mark.parametrize(("status", "authenticated", "place", "body", "headers"), ORDER)
async def test_nobody_learns_more_than_they_may(
    web: Web, app: FastAPI, status: int, authenticated: bool, place: str, body: bytes, headers: dict[str, str]
) -> None:
    token = web.issuer.person("ana") if authenticated else None
    async with web.asking(app, token) as client:
        answer = await client.post(place, content=body, headers=headers)

    assert answer.status_code == status


async def test_who_may_hears_what_is_not_valid(web: Web, app: FastAPI) -> None:
    async with web.as_person(app, "lee") as lee:
        answer = await lee.post("/v1/things/record", json={"nothing": 1})

    assert answer.status_code == 422


async def test_a_body_is_counted_as_it_arrives_whatever_was_declared(ana: httpx.AsyncClient) -> None:
    undeclared = await ana.post("/v1/things", content=in_pieces(TOO_MUCH), headers=JSON)
    declared = await ana.post("/v1/things", content=b"{}", headers={**JSON, "Content-Length": "99999999999999999999"})
    understated = await ana.post("/v1/things", content=in_pieces(TOO_MUCH), headers={**JSON, "Content-Length": "5"})

    assert [undeclared.status_code, declared.status_code, understated.status_code] == [413, 413, 413]


@pytest.mark.parametrize("raw", [b"[" * 30_000, b"[1" + b",1" * MAX_ELEMENTS + b"]"])
async def test_a_body_of_too_many_elements_is_too_large(ana: httpx.AsyncClient, raw: bytes) -> None:
    answer = await ana.post("/v1/things", content=raw, headers=JSON)

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert [error["code"] for error in answer.json()["errors"]] == ["too_many_elements"]


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "ten", "", "\u0661"])
async def test_a_length_that_is_no_number_is_malformed(ana: httpx.AsyncClient, length: str) -> None:
    headers: Any = {**JSON, "Content-Length": length.encode()}
    answer = await ana.post("/v1/things", content=b"{}", headers=headers)

    assert answer.status_code == 400


@pytest.mark.parametrize("media_type", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
                                        "application/json; charset=utf-16", "application/json5"])  # fmt: skip
async def test_only_json_is_read(ana: httpx.AsyncClient, media_type: str | None) -> None:
    headers = {} if media_type is None else {"Content-Type": media_type}
    answer = await ana.post("/v1/things", content=b'{"word": "a"}', headers=headers)

    assert answer.status_code == 415


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"\xff\xfe",
        b'{"word": "a", "word": "b"}',
        b'{"word": "a\\u0000"}',
        b'{"word": "\\ud800"}',
        '{"word": "\u202eb"}'.encode(),
        b'{"word": "a", "count": NaN}',
        b'{"word": "a", "count": 1e999}',
        b"[" * MAX_ELEMENTS,
    ],
)
async def test_json_has_one_meaning_or_is_refused(ana: httpx.AsyncClient, raw: bytes) -> None:
    answer = await ana.post("/v1/things", content=raw, headers=JSON)

    assert answer.status_code == 400
    assert answer.json()["code"] == "malformed_json"


async def test_a_route_without_a_body_refuses_one(ana: httpx.AsyncClient) -> None:
    place = f"/v1/things/{uuid4()}/acceptance"

    assert (await ana.post(place)).status_code == 204
    assert (await ana.post(place, json={})).status_code == 204
    assert (await ana.post(place, json={"reason": "none"})).status_code == 422


QUERIES = ["x=1", "limit=1&limit=2", "limit=0", "limit=201", "limit=ten", "limit=%00", "cursor=%E2%80%AE", "cursor=%ff",
           "=", "limit[]=1", "&&&fields=*"]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
async def test_a_query_says_what_the_route_declares_and_once(ana: httpx.AsyncClient, query: str) -> None:
    answer = await ana.get(f"/v1/things?{query}")

    assert answer.status_code == 422
    assert (await ana.get("/v1/things?limit=7")).json()["limit"] == 7


async def test_a_header_that_steers_is_sent_once(ana: httpx.AsyncClient) -> None:
    twice = [("If-Match", '"7"'), ("If-Match", '"8"')]
    answer = await ana.put(f"/v1/things/{uuid4()}", headers=twice)

    assert answer.status_code == 400
    assert answer.json()["code"] == "duplicate_header"


async def test_a_malformed_reference_is_absent(ana: httpx.AsyncClient) -> None:
    malformed = await ana.get("/v1/things/not-a-reference")
    unknown = await ana.get(f"/v1/things/{uuid4()}")

    assert malformed.status_code == 404
    assert malformed.content == unknown.content


@pytest.mark.parametrize("kind", ["absent", "refused", "domain", "broken", "lock", "slow", "cut", "cast", "shape"])
async def test_a_request_that_fails_leaves_nothing(
    ana: httpx.AsyncClient, town: Town, database: Database, kind: str
) -> None:
    word = a_word()
    async with town.session("accord_consent") as holder:
        await holder.execute(text("SELECT register.lock_exclusive(ARRAY[424242::bigint])"))
        answer = await ana.post(f"/v1/things/trouble/{kind}", json={"word": word})

    assert answer.status_code >= 400
    assert row_count(database, word) == 0


@pytest.mark.parametrize(
    ("kind", "status"),
    [("lock", 503), ("slow", 503), ("cut", 503), ("broken", 500), ("cast", 500), ("shape", 500), ("refused", 409)],
)
async def test_what_failed_beneath_us_is_told_as_a_problem(
    ana: httpx.AsyncClient, town: Town, kind: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    async with town.session("accord_consent") as holder:
        await holder.execute(text("SELECT register.lock_exclusive(ARRAY[424242::bigint])"))
        answer = await ana.post(f"/v1/things/trouble/{kind}", json={"word": "CANARY-IN-BODY"})

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert ("retry-after" in answer.headers) == (status == 503)
    assert "CANARY" not in answer.text
    assert "SELECT" not in answer.text
    assert "CANARY" not in "".join(capsys.readouterr())


async def test_a_domain_says_no_with_the_code_that_the_service_gave_it(ana: httpx.AsyncClient) -> None:
    answer = await ana.post("/v1/things/trouble/domain", json={"word": a_word()})

    assert answer.status_code == 409
    assert answer.json()["code"] == "not_open"


async def test_a_driver_names_no_row(ana: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    word = f"CANARY-{uuid4().hex}"
    await ana.post("/v1/things", json={"word": word})

    again = await ana.post("/v1/things", json={"word": word})

    assert again.status_code == 500
    assert word not in again.text
    assert word not in caplog.text


async def test_a_commit_that_fails_is_an_error_and_leaves_nothing(ana: httpx.AsyncClient, database: Database) -> None:
    first, second, once = a_word(), a_word(), uuid4().hex
    await ana.post("/v1/things", json={"word": first, "once": once})

    answer = await ana.post("/v1/things", json={"word": second, "once": once})

    assert answer.status_code == 500
    assert row_count(database, second) == 0


async def test_a_refused_read_is_on_record_though_the_answer_is_404(ana: httpx.AsyncClient, database: Database) -> None:
    word = a_word()

    withheld = await ana.post("/v1/things/trouble/withheld", json={"word": word})
    absent = await ana.post("/v1/things/trouble/absent", json={"word": a_word()})

    assert row_count(database, word) == 1
    assert withheld.content == absent.content
    assert withheld.status_code == absent.status_code == 404


@pytest.mark.parametrize(("method", "what"), [("POST", "late-opening"), ("GET", "late-look")])
async def test_what_was_seen_is_not_given_past_its_deadline(ana: httpx.AsyncClient, method: str, what: str) -> None:
    answer = await ana.request(method, f"/v1/things/{uuid4()}/{what}")

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "CANARY" not in answer.text


async def test_a_write_is_answered_however_late(ana: httpx.AsyncClient, database: Database) -> None:
    word = f"late-{uuid4().hex}"

    answer = await ana.post(f"/v1/things/{uuid4()}/late-write", json={"word": word})

    assert (answer.status_code, row_count(database, word)) == (201, 1)


async def test_a_database_that_is_away_is_unavailable(web: Web) -> None:
    away = engine("postgresql+psycopg://accord_intake:secret-word@127.0.0.1:1/accord")
    app_state = web.app_state("accord_intake", sessions=sessions(away))
    async with web.serving("intake", [_routes()], app_state=app_state) as app, web.as_person(app, "ana") as ana:
        answer = await ana.get("/v1/plain")

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "secret-word" not in answer.text


async def test_an_issuer_that_is_away_is_unavailable(web: Web) -> None:
    async def fetch() -> Any:
        raise IssuerAway

    app_state = web.app_state("accord_intake", tokens=Tokens(ISSUER, AUDIENCE, fetch))
    async with web.serving("intake", [_routes()], app_state=app_state) as app, web.as_person(app, "ana") as ana:
        answer = await ana.get("/v1/plain")

    assert answer.status_code == 503


async def test_one_client_may_ask_only_so_often(web: Web) -> None:
    app_state = web.app_state("accord_intake", rate_limiter=RateLimiter(0.01, 3))
    async with web.serving("intake", [_routes()], app_state=app_state) as app, web.as_person(app, "ana") as ana:
        statuses = [(await ana.get("/v1/plain")).status_code for _ in range(3)]
        refused = await ana.get("/v1/plain")
        async with web.as_person(app, "sam") as sam:
            other = await sam.get("/v1/plain")

    assert statuses == [200, 200, 200]
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert other.status_code == 200


def test_a_route_names_exactly_one_scope() -> None:
    nameless = router("/v1/nameless")

    with pytest.raises(TypeError):

        @nameless.get("")
        async def read() -> None:
            """Ask for nothing."""


def _routes() -> APIRouter:
    plain = router("/v1/plain")

    @plain.get("")
    async def read_plain(unit: MayRead) -> dict[str, str]:
        """Answer."""
        return {"agency": unit.agency_id}

    return plain
