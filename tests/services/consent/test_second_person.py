"""What opens more than stood before takes two: until a second one confirms, it opens nothing and nobody is told."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from runtime import register
from schemas.codes import Purpose
from tests.services.consent.conftest import Desk, a_denial, a_permit, now

COUNT = "/v1/confirmations/count"
LEAVES = """
SELECT convert_from(header, 'utf8')::jsonb ->> 'act', convert_from(header, 'utf8')::jsonb ->> 'reason'
FROM ledger.pending WHERE convert_from(header, 'utf8') LIKE '%%' || %(ref)s || '%%' ORDER BY id
"""


async def another(desk: Desk, case_ref: UUID, *categories: str, **terms: Any) -> dict[str, Any]:
    """Draft and sign one more permit to the shelter; return how it stands."""
    drafted = await desk.draft(case_ref, a_permit(*categories, **terms))
    answer = await desk.sign(drafted["directive_ref"])
    assert answer.status_code == 200, answer.text
    recorded: dict[str, Any] = answer.json()
    return recorded


async def test_h13_d3_adding_takes_two(desk: Desk) -> None:
    case_ref = await desk.case()
    first = await desk.permit(case_ref, "needs")

    added = await another(desk, case_ref, "location", adds_to_ref=first)

    assert added["state"] == "awaiting_confirmation"
    assert await desk.opens(case_ref) == {"needs"}


async def test_a_draft_says_whether_it_will_take_two(desk: Desk) -> None:
    case_ref = await desk.case()
    alone = (await desk.draft(case_ref, a_permit("needs")))["directive_ref"]
    needs = {alone: await needs_second(desk, case_ref, alone)}
    await desk.sign(alone)
    for terms in (("needs", "children"), ("children",)):
        drafted = (await desk.draft(case_ref, a_permit(*terms, purpose="advocacy")))["directive_ref"]
        needs[drafted] = await needs_second(desk, case_ref, drafted)
    waits = (await desk.sign(drafted)).json()["state"] == "awaiting_confirmation"

    assert list(needs.values()) == [False, True, True]
    assert (waits, await needs_second(desk, case_ref, drafted)) == (True, None)


async def needs_second(desk: Desk, case_ref: UUID, directive_ref: str) -> bool | None:
    directives = (await desk.ana.get(f"/v1/cases/{case_ref}/directives")).json()["directives"]
    (needed,) = [row["needs_second_person"] for row in directives if row["directive_ref"] == directive_ref]
    return None if needed is None else bool(needed)


async def test_the_number_of_what_waits_is_that_of_its_list(desk: Desk) -> None:
    case_ref = await desk.case()
    first = await desk.permit(case_ref, "needs")
    before = (await desk.ana.get("/v1/confirmations/count")).json()["count"]
    await another(desk, case_ref, "location", adds_to_ref=first)

    count = (await desk.ana.get("/v1/confirmations/count")).json()
    listed = (await desk.ana.get("/v1/confirmations?limit=200")).json()["awaiting"]

    assert count == {"count": before + 1, "whole": True}
    assert len(listed) == before + 1


async def test_h13_another_purpose_takes_two(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref, "needs")

    other = await another(desk, case_ref, "children", purpose="advocacy")

    assert other["state"] == "awaiting_confirmation"
    assert await desk.opens(case_ref, purpose=Purpose.ADVOCACY) == set()


@pytest.mark.parametrize("stop", ["one", "everything", "no part", "narrowing"])
async def test_h13_stop_and_grant_anew_takes_two(desk: Desk, stop: str) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref, "needs", "children")
    if stop == "one":
        await desk.stop(ref)
    elif stop == "everything":
        await desk.ana.post(f"/v1/cases/{case_ref}/revocation")
    elif stop == "no part":
        await desk.ana.put(f"/v1/cases/{case_ref}/participation", json={"participation": "no"})
        await desk.takes_part(case_ref)
    else:
        narrower = await desk.draft(case_ref, a_permit("needs", supersedes_ref=ref, valid_until=now(seconds=1)))
        expire(desk, narrower["directive_ref"])

    again = await another(desk, case_ref, "needs", "children")

    assert again["state"] == "awaiting_confirmation"
    assert await desk.opens(case_ref) == set()


async def test_h13_what_ran_out_by_itself_is_granted_anew_by_one(desk: Desk) -> None:
    case_ref = await desk.case()
    expire(desk, await desk.permit(case_ref, "needs"))

    assert (await another(desk, case_ref, "needs", "children"))["state"] == "active"


async def test_h13_a_stop_is_forgotten_after_thirty_days(desk: Desk) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref)
    await desk.stop(ref)
    later(desk, "register.directive", "revoked_at", "directive_ref", ref, days=31)

    assert (await another(desk, case_ref))["state"] == "active"


async def test_h13_one_paper_with_several_purposes_is_one_first_grant(desk: Desk) -> None:
    case_ref = await desk.case()
    paper: dict[str, Any] = {"document_ref": "paper-1", "signed_at": now()}

    states = []
    for purpose in ("shelter", "advocacy", "case_conference"):
        drafted = await desk.draft(case_ref, a_permit("needs", purpose=purpose))
        states.append((await desk.sign(drafted["directive_ref"], **paper)).json()["state"])

    assert states == ["active", "active", "active"]


@pytest.mark.parametrize(
    "other", [{"document_ref": "paper-2"}, {"document_ref": None}, {"explained_by": "mia"}, {"language": "en"}]
)
async def test_h13_another_paper_is_no_part_of_it(desk: Desk, other: dict[str, Any]) -> None:
    case_ref = await desk.case()
    paper: dict[str, Any] = {"document_ref": "paper-1", "signed_at": now()}
    first = (await desk.draft(case_ref, a_permit("needs")))["directive_ref"]
    assert (await desk.sign(first, **paper)).json()["state"] == "active"

    second = await desk.draft(case_ref, a_permit("children", purpose="advocacy"))
    answer = await desk.sign(second["directive_ref"], **(paper | other))

    assert answer.json()["state"] == "awaiting_confirmation"


async def test_h13_nor_what_is_recorded_an_hour_later(desk: Desk) -> None:
    case_ref = await desk.case()
    paper: dict[str, Any] = {"document_ref": "paper-1", "signed_at": now()}
    first = (await desk.draft(case_ref, a_permit("needs")))["directive_ref"]
    await desk.sign(first, **paper)
    an_hour_ago = "jsonb_set(evidence, '{recorded_at}', to_jsonb(now() - interval '61 minutes'))"
    with desk.town.database.superuser() as connection:
        connection.execute(
            f"UPDATE register.directive SET evidence = {an_hour_ago} WHERE directive_ref = %s",  # noqa: S608
            [first],
        )

    second = await desk.draft(case_ref, a_permit("children", purpose="advocacy"))
    answer = await desk.sign(second["directive_ref"], **paper)

    assert answer.json()["state"] == "awaiting_confirmation"


PARTIES: dict[str, tuple[str, dict[str, Any]]] = {
    "who recorded it": ("ana", {}),
    "who explained it": ("mia", {"explained_by": "mia"}),
    "who witnessed it": ("mia", {"witness_ref": "mia"}),
}


@pytest.mark.parametrize("party", PARTIES)
async def test_h13_no_party_to_the_first_act_confirms_it(desk: Desk, party: str) -> None:
    by, signature = PARTIES[party]
    case_ref = await desk.case()
    await desk.permit(case_ref)
    ref = (await desk.draft(case_ref, a_permit("children", purpose="advocacy")))["directive_ref"]
    await desk.sign(ref, **signature)

    answer = await desk.confirm(ref, by)

    assert (answer.status_code, answer.json()["code"]) == (409, "party_to_the_first_act")
    assert await desk.opens(case_ref, purpose=Purpose.ADVOCACY) == set()


async def test_h13_nor_does_who_drafted_it(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref)
    ref = (await desk.draft(case_ref, a_permit("children", purpose="advocacy"), "mia"))["directive_ref"]
    await desk.sign(ref)

    assert (await desk.confirm(ref, "mia")).json()["code"] == "party_to_the_first_act"


async def test_h13_nobody_is_told_before_it_is_confirmed(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref)
    before = [await desk.facts_of(case_ref, agency) for agency in ("harbor-house", "bay-hotline")]
    ref = (await another(desk, case_ref, "children", purpose="advocacy"))["directive_ref"]
    meanwhile = [await desk.facts_of(case_ref, agency) for agency in ("harbor-house", "bay-hotline")]

    await desk.confirm(ref)

    assert meanwhile == before
    assert await desk.facts_of(case_ref, "harbor-house") == [*before[0], "granted.v1"]
    assert await desk.opens(case_ref, purpose=Purpose.ADVOCACY) == {"children"}
    assert desk.rows(LEAVES, ref=ref) == [
        ("changed", "drafted"),
        ("changed", "awaiting_confirmation"),
        ("granted", None),
    ]


async def test_h13_whoever_drafted_it_elsewhere_still_sees_a_draft(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref)
    their_case = await desk.town.case_ref_of(case_ref, "harbor-house")
    terms = a_permit("children", custodian="bay-hotline", purpose="advocacy")
    ref = (await desk.sam.post(f"/v1/cases/{their_case}/directives", json=terms)).json()["directive_ref"]
    before = await desk.sam.get(f"/v1/directives/{ref}")
    signed = await desk.sign(ref)

    after = await desk.sam.get(f"/v1/directives/{ref}")

    assert signed.json()["state"] == "awaiting_confirmation"
    assert (after.json(), after.headers["etag"]) == (before.json(), before.headers["etag"])


@pytest.mark.parametrize("how", ["revocation", "refusal", "everything", "by its recipient"])
async def test_h13_a_stop_or_a_refusal_ends_what_waits(desk: Desk, how: str) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref)
    their_case = await desk.town.case_ref_of(case_ref, "harbor-house")
    ref = (await another(desk, case_ref, "children", purpose="advocacy"))["directive_ref"]
    if how == "revocation":
        assert (await desk.stop(ref)).json()["state"] == "refused"
    elif how == "refusal":
        assert (await desk.ana.post(f"/v1/directives/{ref}/refusal", headers={"If-Match": '"2"'})).status_code == 200
    elif how == "everything":
        await desk.ana.post(f"/v1/cases/{case_ref}/revocation")
    else:
        await desk.sam.post(f"/v1/cases/{their_case}/revocation")

    answer = await desk.confirm(ref, version=3)

    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_awaits_confirmation")
    assert await desk.opens(case_ref, purpose=Purpose.ADVOCACY) == set()


async def test_h13_a_denial_since_then_forbids_it(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref)
    ref = (await another(desk, case_ref, "children", purpose="advocacy"))["directive_ref"]
    later(desk, "register.directive", "signed_at", "directive_ref", ref, minutes=5)
    await desk.draft(case_ref, a_denial("medical"))

    answer = await desk.confirm(ref)

    assert (answer.status_code, answer.json()["code"]) == (409, "signed_before_it_was_stopped")


async def test_h13_it_lapses_with_no_job_having_run(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref)
    ref = (await another(desk, case_ref, "children", purpose="advocacy"))["directive_ref"]
    later(desk, "consent.awaiting", "since", "about", ref, days=7)

    answer = await desk.confirm(ref)

    assert (answer.status_code, answer.json()["code"]) == (409, "confirmation_lapsed")
    assert (await desk.ana.get(f"/v1/directives/{ref}")).json()["state"] == "expired"
    assert ref not in [row["directive_ref"] for row in await waiting(desk)]


async def test_h13_a_colleague_finds_what_waits(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref, "needs")
    ref = (await another(desk, case_ref, "children", purpose="advocacy"))["directive_ref"]
    denial = (await desk.draft(case_ref, a_denial("needs")))["directive_ref"]
    since = (await desk.lift(denial)).json()["awaiting_since"]

    rows = {row["directive_ref"]: row for row in await waiting(desk, limit=1)}

    assert (rows[ref]["kind"], rows[ref]["recorded_by"]) == ("permit", "ana")
    assert (rows[denial]["kind"], rows[denial]["awaiting_since"]) == ("lifting", since)
    assert rows[denial]["case_ref"] == str(case_ref)
    assert (await desk.sam.get("/v1/confirmations")).json() == {"awaiting": []}
    assert (await desk.cora.get("/v1/confirmations")).status_code == 403


async def test_what_waits_is_not_shown_to_whom_she_hides_from(desk: Desk) -> None:
    case_ref = await desk.case()
    denial = (await desk.draft(case_ref, a_denial("needs")))["directive_ref"]
    await desk.lift(denial)
    await desk.draft(case_ref, {"effect": "deny", "excluded_person_ref": "mia", "excluded_agency_ref": "bay-hotline"})

    assert denial not in [row["directive_ref"] for row in await waiting(desk)]
    assert denial in [row["directive_ref"] for row in await waiting(desk, by="ana")]


async def test_the_count_of_what_waits_is_as_long_as_its_list(desk: Desk) -> None:
    case_ref = await desk.case()
    denial = (await desk.draft(case_ref, a_denial("needs")))["directive_ref"]
    await desk.lift(denial)
    before = (await desk.mia.get(COUNT)).json()
    listed = len(await waiting(desk, limit=200))
    await desk.draft(case_ref, {"effect": "deny", "excluded_person_ref": "mia", "excluded_agency_ref": "bay-hotline"})

    after = (await desk.mia.get(COUNT)).json()

    assert before == {"count": listed, "whole": True}
    assert after == {"count": listed - 1, "whole": True}
    assert (await desk.sam.get(COUNT)).json() == {"count": 0, "whole": True}
    assert (await desk.cora.get(COUNT)).status_code == 403


async def test_m11_what_waits_is_on_record_once_a_day_for_each_case(desk: Desk) -> None:
    case_ref = await desk.case()
    for category in ("needs", "children"):
        denial = (await desk.draft(case_ref, a_denial(category)))["directive_ref"]
        await desk.lift(denial)
    query = """SELECT count(*) FROM ledger.pending AS p JOIN register.subject AS s ON s.pseudonym = p.subject
        JOIN register."case" AS c ON c.subject_id = s.subject_id WHERE c.case_ref = %(ref)s"""
    before = desk.rows(query, ref=case_ref)[0][0]

    await waiting(desk)
    once = desk.rows(query, ref=case_ref)[0][0]
    await waiting(desk, limit=1)

    assert (once - before, desk.rows(query, ref=case_ref)[0][0] - once) == (1, 0)


async def test_h4_the_waiting_list_waits_for_no_survivor_it_hides(desk: Desk) -> None:
    case_ref = await desk.case()
    denial = (await desk.draft(case_ref, a_denial("needs")))["directive_ref"]
    await desk.lift(denial)
    await desk.draft(case_ref, {"effect": "deny", "excluded_person_ref": "mia", "excluded_agency_ref": "bay-hotline"})

    async with desk.town.session("accord_consent") as stopping, asyncio.timeout(3):
        await register.lock_exclusive(stopping, case_ref)
        assert denial not in [row["directive_ref"] for row in await waiting(desk)]


@pytest.fixture
def one_a_shift(desk: Desk) -> Iterator[None]:
    """The hotline is of a place where a pause may stand in for the second person."""
    change = "UPDATE register.agency SET profile = %s WHERE agency_id = 'bay-hotline'"
    with desk.town.database.superuser() as connection:
        connection.execute(change, ["single_shift"])
    yield
    with desk.town.database.superuser() as connection:
        connection.execute(change, ["default"])


@pytest.mark.usefixtures("one_a_shift")
async def test_h13_a_pause_may_stand_in_and_the_record_says_so(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref)
    ref = (await another(desk, case_ref, "children", purpose="advocacy"))["directive_ref"]

    early = await desk.confirm(ref, "ana")
    later(desk, "consent.awaiting", "since", "about", ref, hours=24)
    confirmed = await desk.confirm(ref, "ana")

    assert (early.status_code, early.json()["code"]) == (409, "pause_not_over")
    assert confirmed.json()["state"] == "active"
    assert desk.rows(LEAVES, ref=ref)[-1] == ("granted", "confirmed_alone_after_pause")


async def waiting(desk: Desk, by: str = "mia", limit: int = 50) -> list[dict[str, Any]]:
    """Return all that the hotline's staff are shown as waiting."""
    rows: list[dict[str, Any]] = []
    path = f"/v1/confirmations?limit={limit}"
    while path:
        answer = await desk.people[by].get(path)
        assert answer.status_code == 200, answer.text
        rows += answer.json()["awaiting"]
        following = answer.links.get("next", {}).get("url", "")
        path = f"/v1/confirmations{following}" if following.startswith("?") else following
    return rows


def later(desk: Desk, table: str, column: str, key: str, ref: str, **passed: float) -> None:
    """Let so much time have passed since an instant that is kept."""
    with desk.town.database.superuser() as connection:
        back = " ".join(f"{amount} {unit}" for unit, amount in passed.items())
        connection.execute(f"UPDATE {table} SET {column} = {column} - interval '{back}' WHERE {key} = %s", [ref])  # noqa: S608


def expire(desk: Desk, ref: str) -> None:
    """Let a permit have run out by itself."""
    with desk.town.database.superuser() as connection:
        connection.execute(
            "UPDATE register.directive SET valid_until = clock_timestamp() WHERE directive_ref = %s", [ref]
        )
