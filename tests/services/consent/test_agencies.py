"""Whom a survivor may be asked about: every active agency by name, what it is for, and not where it is."""

import pytest

from runtime.auth.scopes import SCOPES, Scope
from tests.services.consent.conftest import Desk
from tests.support.town import KINDS

BY_NAME = "SELECT name FROM register.agency WHERE active ORDER BY name, agency_id"


async def listed(desk: Desk, query: str = "", by: str = "ana") -> list[dict[str, object]]:
    path, rows = f"/v1/agencies?limit=4{query}", []
    while path:
        answer = await desk.people[by].get(path)
        assert answer.status_code == 200, answer.text
        rows += answer.json()["agencies"]
        path = "/v1/agencies" + answer.links["next"]["url"] if "next" in answer.links else ""
    return rows


async def test_agencies_are_listed_by_name_with_their_purposes(desk: Desk) -> None:
    rows = await listed(desk)

    by_ref = {row["agency_ref"]: row for row in rows}
    assert set(KINDS) <= set(by_ref)
    assert [row["name"] for row in rows] == [name for (name,) in desk.rows(BY_NAME)]
    assert by_ref["harbor-house"]["kind"] == "shelter"
    assert "shelter" in str(by_ref["harbor-house"]["purposes"])


async def test_no_address_is_in_the_list(desk: Desk) -> None:
    with desk.town.database.superuser() as connection:
        places = "UPDATE register.agency SET address = '9 Canary Road', front_door = 'canary' WHERE agency_id = %s"
        connection.execute(places, ["harbor-house"])

    answer = await desk.ana.get("/v1/agencies?limit=200")

    assert "anary" not in answer.text
    assert {key for row in answer.json()["agencies"] for key in row} == {"agency_ref", "name", "kind", "purposes"}


async def test_a_purpose_narrows_the_list_to_who_is_registered(desk: Desk) -> None:
    registered = "UPDATE register.agency SET purposes = %s WHERE agency_id = 'county-cell'"
    (before,) = desk.rows("SELECT purposes FROM register.agency WHERE agency_id = 'county-cell'")[0]
    with desk.town.database.superuser() as connection:
        connection.execute(registered, [["evaluation_aggregate"]])

    rows = await listed(desk, "&purpose=legal_representation")

    with desk.town.database.superuser() as connection:
        connection.execute(registered, [before])
    assert {"riverside-legal", "county-cell"} & {str(row["agency_ref"]) for row in rows} == {"riverside-legal"}


@pytest.mark.parametrize("query", ["purpose=whatever", "cursor=AAAA", "limit=0"])
async def test_what_is_not_valid_is_refused(desk: Desk, query: str) -> None:
    assert (await desk.ana.get(f"/v1/agencies?{query}")).status_code == 422


async def test_who_refers_nobody_lists_nobody(desk: Desk) -> None:
    assert (await desk.priya.get("/v1/agencies")).status_code == 403


def test_whoever_drafts_or_sends_may_list_agencies() -> None:
    choosing = {role for role, scopes in SCOPES.items() if scopes & {Scope.DIRECTIVES_DRAFT, Scope.REFERRALS_SEND}}

    assert choosing <= {role for role, scopes in SCOPES.items() if Scope.REFERRALS_READ in scopes}
