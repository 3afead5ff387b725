"""Releases by where they stand: the custodian's own, page by page, each look on record."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from runtime import register
from tests.services.consent.conftest import Desk, a_denial, a_permit, now

HIDES_FROM_ANA = {
    "effect": "deny",
    "excluded_person_ref": "ana",
    "excluded_agency_ref": "bay-hotline",
    "categories": [],
}

STATES = ("draft", "active", "expired", "revoked", "refused", "denial")
LEAVES = "SELECT count(*) FROM ledger.pending WHERE convert_from(header, 'utf8') LIKE '%%\"consulted\"%%'"


async def ending(client: httpx.AsyncClient, days: int = 7, limit: int = 200) -> list[dict[str, Any]]:
    """Return all pages of the list."""
    answer = await client.get(f"/v1/directives?ending_within_days={days}&limit={limit}")
    directives: list[dict[str, Any]] = answer.json()["directives"]
    while "next" in answer.links:
        answer = await client.get("/v1/directives" + answer.links["next"]["url"])
        assert answer.json()["directives"], "a page that a link leads to is never empty"
        directives += answer.json()["directives"]
    return directives


def refs(rows: list[dict[str, Any]]) -> list[str]:
    return [row["directive_ref"] for row in rows]


async def pages(desk: Desk, query: str, by: str = "ana") -> list[dict[str, Any]]:
    """Return the rows of all pages of a list."""
    path, rows = f"/v1/directives?{query}", []
    while path:
        answer = await desk.people[by].get(path)
        assert answer.status_code == 200, answer.text
        rows += answer.json()["directives"]
        path = "/v1/directives" + answer.links["next"]["url"] if "next" in answer.links else ""
    return rows


async def standing(desk: Desk, state: str, case_ref: UUID, by: str = "ana") -> list[dict[str, Any]]:
    """Return the rows of a case in the list of what stands so."""
    rows = await pages(desk, f"state={state}&limit=40", by)
    return [row for row in rows if row["case_ref"] == str(case_ref)]


async def listed(desk: Desk, case_ref: UUID, by: str = "ana", days: int = 7) -> list[str]:
    return [
        directive["directive_ref"]
        for directive in await ending(desk.people[by], days)
        if directive["case_ref"] == str(case_ref)
    ]


async def test_a_permit_is_listed_when_it_ends_within_the_days_asked(desk: Desk) -> None:
    case_ref = await desk.case()
    soon = await desk.permit(case_ref, "needs", valid_until=now(days=3))
    later = await desk.permit(case_ref, "needs", purpose="advocacy", valid_until=now(days=20))

    assert await listed(desk, case_ref) == [soon]
    assert await listed(desk, case_ref, days=30) == [soon, later]


async def test_what_is_over_refused_or_never_signed_is_not_listed(desk: Desk) -> None:
    case_ref = await desk.case()
    stopped = await desk.permit(case_ref, valid_until=now(days=3))
    await desk.stop(stopped)
    await desk.draft(case_ref, a_denial("children"))
    over = await desk.permit(case_ref, valid_until=now(days=3))
    with desk.town.database.superuser() as connection:
        ended = "UPDATE register.directive SET valid_until = register.instant() WHERE directive_ref = %s"
        connection.execute(ended, [over])

    assert await listed(desk, case_ref) == []


async def test_each_stands_in_the_list_of_where_it_stands(desk: Desk) -> None:
    case_ref = await desk.case()
    later, sooner = [
        (await desk.draft(case_ref, a_permit(purpose=purpose, valid_until=now(days=days))))["directive_ref"]
        for purpose, days in (("shelter", 9), ("advocacy", 5))
    ]
    denial = (await desk.draft(case_ref, a_denial("children")))["directive_ref"]
    assert refs(await standing(desk, "draft", case_ref)) == [sooner, later]

    await desk.sign(sooner)
    await desk.ana.post(f"/v1/directives/{later}/refusal", headers={"If-Match": '"1"'})
    first, second = [await desk.permit(case_ref, purpose=purpose) for purpose in ("shelter", "case_conference")]
    await desk.stop(first)
    await desk.stop(second)

    lists = {state: refs(await standing(desk, state, case_ref)) for state in STATES}
    expected = {"active": [sooner], "refused": [later], "revoked": [second, first], "denial": [denial]}
    assert lists == {state: expected.get(state, []) for state in STATES}


async def test_a_release_that_ran_out_stands_among_the_ended(desk: Desk) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref)
    with desk.town.database.superuser() as connection:
        connection.execute("UPDATE register.directive SET valid_until = now() WHERE directive_ref = %s", [ref])

    (row,) = await standing(desk, "expired", case_ref)

    assert (row["directive_ref"], row["over_at"], row["state"]) == (ref, row["valid_until"], "expired")
    assert await standing(desk, "active", case_ref) == []


async def test_a_row_says_what_a_person_needs_to_tell_it_apart(desk: Desk) -> None:
    case_ref = await desk.case()
    terms = a_permit("needs", "identity", valid_from=now(days=1), valid_until=now(days=9))
    ref = (await desk.draft(case_ref, terms))["directive_ref"]
    await desk.sign(ref)
    await desk.draft(case_ref, HIDES_FROM_ANA)

    (row,) = await standing(desk, "active", case_ref, by="mia")
    (hiding,) = await standing(desk, "denial", case_ref, by="mia")

    assert (row["recipient"], row["purpose"], row["categories"]) == ("harbor-house", "shelter", ["identity", "needs"])
    assert (row["begun"], row["valid_until"], row["over_at"]) == (False, terms["valid_until"], None)
    assert (hiding["excluded_person_ref"], hiding["recipient"], hiding["purpose"]) == ("ana", None, None)


async def test_a_list_is_as_long_as_its_count(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref)
    await desk.draft(case_ref, a_permit(purpose="advocacy"))

    for state in STATES:
        counted = (await desk.ana.get(f"/v1/directives/count?state={state}")).json()
        assert counted == {"count": len(await pages(desk, f"state={state}&limit=200")), "whole": True}


async def test_one_that_cannot_be_read_stands_in_no_list(desk: Desk) -> None:
    case_ref = await desk.case()
    broken = await desk.permit(case_ref)
    with desk.town.database.superuser() as connection:
        connection.execute("UPDATE register.directive SET purpose = 'whatever' WHERE directive_ref = %s", [broken])

    assert await standing(desk, "active", case_ref) == []


async def test_only_the_custodian_lists_it(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref, valid_until=now(days=3))
    their_case = await desk.town.case_ref_of(case_ref, "harbor-house")

    assert await listed(desk, their_case, "sam") == []


async def test_a_person_from_whom_a_survivor_hides_finds_nothing_of_it(desk: Desk) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref, valid_until=now(days=3))
    hidden = {"effect": "deny", "excluded_person_ref": "priya", "excluded_agency_ref": "bay-hotline", "categories": []}
    await desk.draft(case_ref, hidden)

    assert await listed(desk, case_ref, "priya") == []
    assert await listed(desk, case_ref, "ana") == [ref]


async def test_pages_hold_each_permit_once_in_the_order_of_their_ends(desk: Desk) -> None:
    case_ref = await desk.case()
    refs = [
        await desk.permit(case_ref, purpose=purpose, valid_until=now(days=days))
        for purpose, days in (("shelter", 5), ("advocacy", 2), ("case_conference", 4))
    ]

    directives = await ending(desk.ana, limit=1)

    ends = [directive["valid_until"] for directive in directives]
    own_refs = [directive["directive_ref"] for directive in directives if directive["case_ref"] == str(case_ref)]
    assert ends == sorted(ends)
    assert own_refs == [refs[1], refs[2], refs[0]]


async def test_m11_each_case_shown_is_a_look_on_record_once_a_day(desk: Desk) -> None:
    case_ref, other = await desk.case(), await desk.case()
    await desk.permit(case_ref, valid_until=now(days=3))
    await desk.permit(case_ref, purpose="advocacy", valid_until=now(days=4))
    await ending(desk.ana)
    before = desk.rows(LEAVES)[0][0]

    await ending(desk.ana)
    again = desk.rows(LEAVES)[0][0]
    await desk.permit(other, valid_until=now(days=3))
    await ending(desk.ana)
    with_another = desk.rows(LEAVES)[0][0]
    await desk.permit(case_ref, purpose="case_conference", valid_until=now(days=3))
    await ending(desk.ana)

    assert (again - before, with_another - before, desk.rows(LEAVES)[0][0] - before) == (0, 1, 2)


async def test_m11_a_count_is_as_long_as_the_list(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref, valid_until=now(days=3))

    whole = (await desk.ana.get("/v1/directives/count?ending_within_days=30")).json()
    await desk.draft(case_ref, HIDES_FROM_ANA)
    hidden = (await desk.ana.get("/v1/directives/count?ending_within_days=30")).json()

    assert whole == {"count": len(await ending(desk.ana, days=30)) + 1, "whole": True}
    assert hidden["count"] == whole["count"] - 1


async def test_h4_the_list_waits_for_no_survivor_it_does_not_show(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref, valid_until=now(days=3))
    await desk.draft(case_ref, HIDES_FROM_ANA)

    async with desk.town.session("accord_consent") as stopping, asyncio.timeout(3):
        await register.lock_exclusive(stopping, case_ref)
        assert str(case_ref) not in {directive["case_ref"] for directive in await ending(desk.ana)}


@pytest.mark.parametrize(
    "query",
    [
        "state=superseded",
        "state=active&state=draft",
        "ending_within_days=0",
        "ending_within_days=91",
        "ending_within_days=soon",
        "ending_within_days=7&limit=0",
        "ending_within_days=7&cursor=AAAA",
        "ending_within_days=7&cursor=WyJub3ciLCJoZXJlIl0",
        "ending_within_days=7&ending_within_days=8",
        "ending_within_days=7&state=draft",
    ],
)
async def test_a_question_that_is_not_valid_is_refused(desk: Desk, query: str) -> None:
    answer = await desk.ana.get(f"/v1/directives?{query}")

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_the_list_needs_its_scope(desk: Desk) -> None:
    assert (await desk.cora.get("/v1/directives?ending_within_days=7")).status_code == 403
