"""A write sent again is not done again, and answered by what there is now; what closes is done each time."""

import asyncio
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from runtime.auth.principal import Kind, Principal
from runtime.http import idempotency, router
from runtime.http.authentication import unit_of_work_for
from tests.runtime.http.sample_app import MayWrite, Pause, paused, row_count
from tests.support.database import Database
from tests.support.web import Web

ROWS = "SELECT count(*) FROM carrying.idempotency WHERE agency_id = 'bay-hotline'"
AGE = "UPDATE carrying.idempotency SET created_at = created_at - interval '25 hours' WHERE agency_id = 'bay-hotline'"


def a_key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def a_word() -> str:
    return f"word-{uuid4().hex[:12]}"


def rows(database: Database) -> int:
    with database.superuser() as connection:
        row = connection.execute(ROWS).fetchone()
    assert row is not None
    return int(str(row[0]))


async def test_a_write_sent_again_is_answered_again_and_not_done_again(
    ana: httpx.AsyncClient, database: Database
) -> None:
    word, key = a_word(), a_key()

    first = await ana.post("/v1/things", json={"word": word}, headers=key)
    again = await ana.post("/v1/things", json={"word": word}, headers=key)

    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["content-type"] == first.headers["content-type"]
    assert row_count(database, word) == 1


async def test_a_key_that_was_used_for_another_body_is_refused(ana: httpx.AsyncClient) -> None:
    key = a_key()
    await ana.post("/v1/things", json={"word": a_word()}, headers=key)

    other = await ana.post("/v1/things", json={"word": a_word()}, headers=key)

    assert other.status_code == 422
    assert other.json()["code"] == "idempotency_key_reused"


async def test_a_key_that_was_used_for_another_version_is_refused(ana: httpx.AsyncClient) -> None:
    body, key = {"word": a_word()}, a_key()
    answers = [
        await ana.post("/v1/things", json=body, headers=key | version)
        for version in ({"If-Match": '"1"'}, {"If-Match": '"2"'}, {}, {"If-Match": '"1"'})
    ]

    assert [answer.status_code for answer in answers] == [201, 422, 422, 201]
    assert answers[3].content == answers[0].content


async def test_a_key_that_was_used_for_another_thing_is_refused(ana: httpx.AsyncClient) -> None:
    key = a_key()
    await ana.post(f"/v1/things/{uuid4()}/acceptance", headers=key)

    other = await ana.post(f"/v1/things/{uuid4()}/acceptance", headers=key)

    assert other.status_code == 422


async def test_a_key_says_nothing_to_another_person_or_route(
    ana: httpx.AsyncClient, sam: httpx.AsyncClient, database: Database
) -> None:
    key, words = a_key(), [a_word(), a_word(), a_word()]

    statuses = [
        (await ana.post("/v1/things", json={"word": words[0]}, headers=key)).status_code,
        (await sam.post("/v1/things", json={"word": words[1]}, headers=key)).status_code,
        (await ana.post("/v1/things/harmful", json={"word": words[2]}, headers=key)).status_code,
    ]

    assert statuses == [201, 201, 201]
    assert [row_count(database, word) for word in words] == [1, 1, 1]


@pytest.mark.parametrize("key", ["", " ", "a b", "\x7f", "k" * 129, "tab\there", b"\xc3\xa9"])
async def test_a_key_is_visible_ascii_and_not_long(ana: httpx.AsyncClient, key: str | bytes) -> None:
    headers = {"Idempotency-Key": key}
    answer = await ana.post("/v1/things", json={"word": a_word()}, headers=headers)  # type: ignore[arg-type]

    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency_key_malformed"


async def test_where_a_repeat_would_do_harm_a_key_is_needed(ana: httpx.AsyncClient, database: Database) -> None:
    word = a_word()

    without = await ana.post("/v1/things/harmful", json={"word": word})
    with_key = await ana.post("/v1/things/harmful", json={"word": word}, headers=a_key())

    assert without.status_code == 400
    assert without.json()["code"] == "idempotency_key_missing"
    assert with_key.status_code == 201
    assert row_count(database, word) == 1


async def test_the_same_request_still_being_worked_on_is_a_conflict(web: Web, database: Database) -> None:
    pause, word, key = Pause(), a_word(), a_key()
    slow = router("/v1/slow")
    slow.add_api_route("", paused(pause), methods=["POST"], response_model=None)
    async with web.serving("intake", [slow]) as app, web.as_person(app, "ana") as ana:
        first = asyncio.create_task(ana.post("/v1/slow", json={"word": word}, headers=key))
        await pause.entered.wait()
        try:
            # Without the lock the second would wait for the first, and the first for us.
            async with asyncio.timeout(5):
                meanwhile = await ana.post("/v1/slow", json={"word": word}, headers=key)
        finally:
            pause.released.set()
            done = await first

    assert meanwhile.status_code == 409
    assert meanwhile.json()["code"] == "still_running"
    assert done.status_code == 200
    assert row_count(database, word) == 1


async def test_many_at_once_are_done_once(ana: httpx.AsyncClient, database: Database) -> None:
    word, key = a_word(), a_key()

    answers = await asyncio.gather(*(ana.post("/v1/things", json={"word": word}, headers=key) for _ in range(8)))

    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert row_count(database, word) == 1


async def test_a_request_that_failed_may_be_tried_again(ana: httpx.AsyncClient, database: Database) -> None:
    key, before = a_key(), rows(database)

    refused = await ana.post("/v1/things/trouble/refused", json={"word": a_word()}, headers=key)

    assert refused.status_code == 409
    assert rows(database) == before


async def test_an_opening_is_never_kept_and_is_decided_again(ana: httpx.AsyncClient, database: Database) -> None:
    place, key, before = f"/v1/things/{uuid4()}/opening", a_key(), rows(database)

    answers = [await ana.post(place, headers=key) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert rows(database) == before
    with database.superuser() as connection:
        looks = connection.execute("SELECT count(*) FROM trial.thing WHERE word LIKE 'opening-%'").fetchone()
    assert looks is not None
    assert int(str(looks[0])) >= 2


async def test_what_is_kept_can_be_read_by_nobody_without_the_key(ana: httpx.AsyncClient, database: Database) -> None:
    word, key = f"CANARY{uuid4().hex}", a_key()
    answer = (await ana.post("/v1/things", json={"word": word}, headers=key)).json()

    with database.superuser() as connection:
        dump = connection.execute("SELECT i::text FROM carrying.idempotency AS i")
        text = str(dump.fetchall())

    assert key["Idempotency-Key"] not in text
    assert word not in text
    assert answer["thing_ref"] in text  # a reference is all that is kept of an answer


async def test_after_a_day_a_key_is_new(ana: httpx.AsyncClient, database: Database) -> None:
    key = a_key()
    first = await ana.post("/v1/things", json={"word": a_word()}, headers=key)
    with database.superuser() as connection:
        connection.execute(AGE)

    later = await ana.post("/v1/things", json={"word": a_word()}, headers=key)

    assert (first.status_code, later.status_code) == (201, 201)
    assert first.content != later.content


async def test_old_answers_are_swept_and_only_ones_own(
    web: Web, app: FastAPI, ana: httpx.AsyncClient, sam: httpx.AsyncClient, database: Database
) -> None:
    for client in (ana, sam):
        await client.post("/v1/things", json={"word": a_word()}, headers=a_key())
    with database.superuser() as connection:
        connection.execute(AGE.replace("bay-hotline", "harbor-house"))
        connection.execute(AGE)

    principal = Principal("ana", "bay-hotline", Kind.PERSON, "ana", "Ana", frozenset(), frozenset())
    async with unit_of_work_for(app.state.app_state, principal) as unit:
        await idempotency.delete_expired(unit)
        await unit.session.commit()

    assert rows(database) == 0
    with database.superuser() as connection:
        left = connection.execute(ROWS.replace("bay-hotline", "harbor-house")).fetchone()
    assert left is not None
    assert int(str(left[0])) > 0


async def test_h3_a_stop_is_carried_out_under_any_key(ana: httpx.AsyncClient, database: Database) -> None:
    word, other, before = a_word(), a_word(), rows(database)

    answers = [
        await ana.post("/v1/things/stop", json={"word": value}, headers={"Idempotency-Key": key})
        for value, key in ((word, "one"), (word, "one"), (other, "one"), (word, "not a key"))
    ]

    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.content for answer in answers}) == 4
    assert rows(database) == before


async def test_h3_what_closes_by_its_body_is_carried_out_each_time(ana: httpx.AsyncClient) -> None:
    word, key, other_key = a_word(), a_key(), a_key()

    stop, again = [await ana.post("/v1/things/narrow", json={"word": word, "count": 0}, headers=key) for _ in "12"]
    once, replayed = [
        await ana.post("/v1/things/narrow", json={"word": word, "count": 1}, headers=other_key) for _ in "12"
    ]

    assert (stop.status_code, again.status_code) == (201, 201)
    assert stop.content != again.content
    assert once.content == replayed.content


async def test_h2_a_repeat_shows_what_there_is_now(ana: httpx.AsyncClient, database: Database) -> None:
    word, key = a_word(), a_key()
    first = await ana.post("/v1/things", json={"word": word}, headers=key)
    with database.superuser() as connection:
        connection.execute("DELETE FROM trial.thing WHERE word = %s", (word,))

    again = await ana.post("/v1/things", json={"word": word}, headers=key)

    assert (first.status_code, again.status_code) == (201, 404)
    assert row_count(database, word) == 0


def test_h2_a_write_must_say_what_its_repeat_does() -> None:
    silent = router("/v1/silent")

    with pytest.raises(TypeError, match="says what a repeat"):

        @silent.post("")
        async def write(unit: MayWrite) -> None:
            """Write."""
