"""What one list of referrals may cost: rows, locks and leaves are counted, and nobody waits for what is not shown."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from runtime import register
from runtime.disclosure import list_reads
from runtime.disclosure.state_reads import ReadRequest
from schemas.codes import Purpose
from services.referrals import store
from tests.services.referrals.conftest import Desk, a_referral
from tests.services.referrals.test_lists import STATUS, of

MANY = """
INSERT INTO referrals.referral (referral_ref, subject_id, case_ref, sending_agency, receiving_agency, receiver_ref,
    kind, mode, service_code, priority, purpose, state, version, created_at, changed_at, consent_sv, consent_until)
SELECT gen_random_uuid(), c.subject_id, c.case_ref, 'bay-hotline', 'riverside-legal', gen_random_uuid(), 'service',
    'live', 'shelter', 'day', 'legal_representation', 'sent', 1, now() - interval '1 day' + n * interval '1 second',
    now(), 0, now()
FROM register."case" AS c, generate_series(1, %(rows)s) AS n WHERE c.case_ref = %(case_ref)s
"""
LEAVES = "SELECT count(*) FROM ledger.pending"
QUERY = "/v1/referrals?direction=received&limit=1"


def rows(desk: Desk, statement: str, **params: Any) -> list[Any]:
    with desk.town.database.superuser() as connection:
        done = connection.execute(statement, params)
        return list(done.fetchall()) if done.description else []


@contextmanager
def rows_counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Note how many rows each statement of a list gives."""
    counts, ask = list[int](), store.referrals_of

    async def noting(*args: Any) -> Any:
        result = await ask(*args)
        counts.append(len(result))
        return result

    with monkeypatch.context() as patched:
        patched.setattr(store, "referrals_of", noting)
        yield counts


async def test_h4_a_list_of_hidden_rows_gives_up_and_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """An officer shut out of a case with ever so many referrals lists: no lock, no leaf, and a bounded read."""
    hidden = await desk.town.open_case("bay-hotline", "riverside-legal")
    rows(desk, MANY, case_ref=hidden, rows=list_reads.MOST_ROWS + 50)
    visible = await desk.town.open_case("bay-hotline")
    await desk.town.direct(visible, "riverside-legal", Purpose.LEGAL_REPRESENTATION, STATUS)
    body = a_referral(visible, to_agency_ref="riverside-legal", purpose="legal_representation")
    assert (await desk.ana.post("/v1/referrals", json=body)).status_code == 201, "the newest, behind all the others"
    before = rows(desk, LEAVES)[0][0]

    async with desk.town.session("accord_consent") as stopping, asyncio.timeout(10):
        await register.lock_exclusive(stopping, hidden)  # nobody who takes this lock comes through
        with rows_counted(monkeypatch) as counts:
            first = await desk.jude.get(QUERY)
        second = await desk.jude.get("/v1/referrals" + first.links["next"]["url"])

    assert first.json() == {"referrals": []}
    assert sum(counts) <= list_reads.MOST_ROWS + list_reads.AT_ONCE
    lawyer_ref = await desk.town.case_ref_of(visible, "riverside-legal")
    assert len(of(second.json()["referrals"], lawyer_ref)) == 1
    assert rows(desk, LEAVES)[0][0] == before + 1
    rows(desk, "DELETE FROM referrals.referral WHERE case_ref = %(case_ref)s", case_ref=hidden)


async def test_h4_a_list_holds_only_the_subjects_whose_rows_it_shows(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    other, directive_ref = await desk.released()
    for released_ref in (case_ref, other):
        await desk.send(released_ref)
    await desk.town.revoke(other, directive_ref)
    locked = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = %(pid)s"

    async with desk.town.unit("accord_referrals", "harbor-house", "sam") as unit:
        requests = [ReadRequest(ref, Purpose.SHELTER) for ref in (case_ref, other)]
        chosen = await list_reads.read_masks(unit, requests, STATUS)
        pid = await unit.session.scalar(text("SELECT pg_backend_pid()"))
        before = rows(desk, locked, pid=pid)[0][0]
        await list_reads.record_rows(
            unit, [request for request in requests if chosen[request]], STATUS, "referrals received"
        )
        after = rows(desk, locked, pid=pid)[0][0]

    assert (before, after) == (0, 1)


async def test_m9_a_referral_of_anothers_case_waits_for_nobody(desk: Desk) -> None:
    hotline_ref = await desk.town.open_case("bay-hotline", "harbor-house")

    async with desk.town.session("accord_consent") as stopping, asyncio.timeout(3):
        await register.lock_exclusive(stopping, hotline_ref)
        answers = [
            await desk.sam.post("/v1/referrals", json=a_referral(ref, to_agency_ref="riverside-legal"))
            for ref in (hotline_ref, uuid4())
        ]

    assert [answer.status_code for answer in answers] == [404, 404]


async def consulted(desk: Desk, case_ref: UUID) -> list[dict[str, Any]]:
    query = """
    SELECT convert_from(p.header, 'UTF8')::jsonb AS said FROM ledger.pending AS p
    WHERE convert_from(p.header, 'UTF8')::jsonb ->> 'act' = 'consulted' AND p.subject = (
        SELECT s.pseudonym FROM register.subject AS s JOIN register."case" USING (subject_id)
        WHERE case_ref = %(case_ref)s) ORDER BY p.id
    """
    return [row[0] for row in rows(desk, query, case_ref=case_ref)]


async def test_m11_a_case_is_on_record_once_a_day_as_it_was_shown(desk: Desk) -> None:
    case_ref, directive_ref = await desk.released()
    await desk.send(case_ref)
    before = len(await consulted(desk, case_ref))

    await asyncio.gather(*(desk.received() for _ in range(5)))
    (first,) = (await consulted(desk, case_ref))[before:]
    await desk.town.revoke(case_ref, directive_ref)
    again = await desk.town.direct(case_ref, "harbor-house", Purpose.SHELTER, STATUS)
    await desk.received()
    (_, second) = (await consulted(desk, case_ref))[before:]

    assert (first["categories"], first["directives"], first["basis"]) == (
        ["referral_status"],
        [str(directive_ref)],
        "release",
    )
    assert second["directives"] == [str(again)], "what is shown by another consent is another look"


async def test_m11_a_count_leaves_one_leaf_an_hour_and_none_of_a_case(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.send(case_ref)
    before = len(await consulted(desk, case_ref))
    counting = "SELECT count(*) FROM ledger.pending WHERE convert_from(header, 'UTF8')::jsonb ->> 'reason' = 'counted'"

    counts = [(await desk.sam.get("/v1/referrals/count?direction=received")).json() for _ in range(2)]
    first = rows(desk, counting)[0][0]
    counts += [(await desk.sam.get("/v1/referrals/count?direction=received")).json()]

    listed = await desk.sam.get("/v1/referrals?direction=received&limit=200")
    assert counts == [{"count": len(listed.json()["referrals"]), "whole": True}] * 3
    assert rows(desk, counting)[0][0] == first
    assert len(await consulted(desk, case_ref)) == before + 1, "the list's, and none of the counts'"


async def test_a_count_of_several_states_is_that_of_its_list(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.send(case_ref)

    for query in ("state=sent&state=accepted", "closed=false", "closed=false&state=sent", "closed=true&state=sent"):
        path = f"direction=received&case_ref={await desk.town.case_ref_of(case_ref, 'harbor-house')}&{query}"
        listed = (await desk.sam.get(f"/v1/referrals?{path}")).json()["referrals"]
        counted = (await desk.sam.get(f"/v1/referrals/count?{path}")).json()
        assert counted == {"count": len(listed), "whole": True}
        assert len(listed) == (query != "closed=true&state=sent")


async def test_m11_who_may_not_know_the_state_is_not_counted_by_it(desk: Desk) -> None:
    case_ref = await desk.town.open_case("bay-hotline")
    path = "/v1/referrals/count?direction=received"
    whole, by_state = [(await desk.sam.get(path + more)).json()["count"] for more in ("", "&state=sent")]
    await desk.town.direct(case_ref, "harbor-house", Purpose.SHELTER, STATUS, only_fields=["referral_status.priority"])
    await desk.send(case_ref)

    assert (await desk.sam.get(path)).json()["count"] == whole + 1
    assert (await desk.sam.get(path + "&state=sent")).json()["count"] == by_state


async def test_m11_what_is_counted_up_to_is_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    case_ref, _ = await desk.released()
    await desk.send(case_ref)
    monkeypatch.setattr("services.referrals.api.read_routes.MOST_ROWS", 1)

    answer = await desk.sam.get("/v1/referrals/count?direction=received")

    assert answer.json()["whole"] is False
