"""The coordinator's figures: each is the length of a list that she can open, of fields that she may know."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from schemas.categories import DataCategory
from schemas.codes import Priority, Purpose, ReferralState
from schemas.taxonomy import ALL
from services.referrals.statistics import RECEIVER, STATUS, FollowedReferral, by_agency, by_priority, by_state
from tests.services.referrals.conftest import Desk
from tests.services.referrals.test_lists import listed

FIGURES = "/v1/referral-statistics"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
YES = {"accepted", "in_progress", "completed", "could_not_contact"}
OPEN = {"sent", "needs_info", "accepted", "in_progress"}


def a_referral(receiver: str = "harbor-house", hours: float | None = None, **fields: Any) -> FollowedReferral:
    """A referral that was sent at noon and replied to after some hours."""
    replied_at = None if hours is None else NOON + timedelta(hours=hours)
    defaults: dict[str, Any] = {
        "receiver_name": receiver.title(),
        "state": ReferralState.SENT,
        "priority": Priority.URGENT,
        "overdue": False,
        "sent_at": NOON,
        "replied_at": replied_at,
        "contacted_at": None,
        "mask": ALL,
    }
    return FollowedReferral(receiver=receiver, **defaults | fields)


def test_the_median_is_of_known_replies_alone() -> None:
    (figures,) = by_agency([a_referral(hours=1), a_referral(hours=2), a_referral(hours=30), a_referral()])

    assert (figures.sent, figures.median_hours_to_reply) == (4, 2.0)


def test_agencies_stand_by_name_each_with_its_own() -> None:
    accepted = a_referral("lantern", state=ReferralState.IN_PROGRESS)
    rows = [accepted, a_referral(overdue=True), a_referral("lantern", state=ReferralState.DECLINED)]

    harbor, lantern = by_agency(rows)

    assert (harbor.name, harbor.sent, harbor.open, harbor.overdue, harbor.accepted) == ("Harbor-House", 1, 1, 1, 0)
    assert (lantern.sent, lantern.accepted, lantern.declined, lantern.open) == (2, 1, 1, 1)


def test_a_field_that_is_not_open_counts_nowhere() -> None:
    no_receiver, no_state = a_referral(mask=ALL & ~RECEIVER), a_referral(hours=1, mask=ALL & ~STATUS)

    assert by_agency([no_receiver]) == []
    assert sum(by_state([no_state]).values()) == 0
    (figures,) = by_agency([no_state])
    assert (figures.sent, figures.open, figures.median_hours_to_reply) == (1, 0, None)


def test_time_to_contact_is_told_by_priority() -> None:
    rows = [a_referral(contacted_at=NOON + timedelta(hours=5)), a_referral(priority=Priority.DAY)]

    hours = {figures.priority: figures.median_hours_to_contact for figures in by_priority(rows)}

    assert hours == {priority: 5.0 if priority is Priority.URGENT else None for priority in Priority}


async def figures_of(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get(FIGURES)
    assert answer.status_code == 200, answer.text
    figures: dict[str, Any] = answer.json()
    return figures


async def test_each_number_is_the_length_of_its_list(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.town.direct(case_ref, "county-cell", Purpose.COORDINATION, [DataCategory.REFERRAL_STATUS])
    for _ in range(3):
        await desk.send(case_ref)
    unfollowed, _ = await desk.released()
    await desk.send(unfollowed)

    figures = await figures_of(desk.cora)

    rows = await listed(desk.cora, "direction=followed&limit=200")
    for count in figures["states"]:
        assert count["count"] == sum(row.get("status") == count["state"] for row in rows)
    assert rows
    for agency in figures["agencies"]:
        theirs = [row for row in rows if row.get("to_agency_ref") == agency["agency_id"]]
        assert agency["sent"] == len(theirs)
        assert agency["accepted"] == sum(row.get("status") in YES for row in theirs)
        assert agency["declined"] == sum(row.get("status") == "declined" for row in theirs)
        assert agency["open"] == sum(row.get("status") in OPEN for row in theirs)
        assert agency["overdue"] == sum("overdue_since" in row and row.get("status") in OPEN for row in theirs)
    assert sum(agency["sent"] for agency in figures["agencies"]) == sum("to_agency_ref" in row for row in rows)


async def test_a_first_reply_and_contact_are_kept(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.town.direct(case_ref, "county-cell", Purpose.COORDINATION, [DataCategory.REFERRAL_STATUS])
    sent = await desk.send(case_ref)
    shelter_ref = await desk.town.case_ref_of(case_ref, "harbor-house")
    rows = await listed(desk.sam, "direction=received&limit=200")
    (received,) = [row["referral_ref"] for row in rows if row["case_ref"] == str(shelter_ref)]
    steps = [("acceptance", {"advocate_name": "Sam"}), ("start", None), ("completion", {"outcome_code": "got_help"})]

    for version, (step, body) in enumerate(steps, start=1):
        answer = await desk.sam.post(
            f"/v1/referrals/{received}/{step}", json=body, headers={"If-Match": f'"{version}"'}
        )
        assert answer.is_success, answer.text

    query = "SELECT replied_at, contacted_at, changed_at FROM referrals.referral WHERE referral_ref = %(ref)s"
    with desk.town.database.superuser() as connection:
        ((replied_at, contacted_at, changed_at),) = connection.execute(query, {"ref": sent["referral_ref"]}).fetchall()
    assert isinstance(replied_at, datetime)
    assert isinstance(contacted_at, datetime)
    assert isinstance(changed_at, datetime)
    assert replied_at < contacted_at < changed_at
    (harbor,) = [row for row in (await figures_of(desk.cora))["agencies"] if row["agency_id"] == "harbor-house"]
    assert harbor["median_hours_to_reply"] is not None


async def test_without_a_coordination_release_there_are_no_figures(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    directive = await desk.town.direct(case_ref, "county-cell", Purpose.COORDINATION, [DataCategory.REFERRAL_STATUS])
    await desk.send(case_ref)
    before = sum(count["count"] for count in (await figures_of(desk.cora))["states"])

    await desk.town.revoke(case_ref, directive)

    assert sum(count["count"] for count in (await figures_of(desk.cora))["states"]) == before - 1


async def test_the_figures_are_for_those_who_watch_the_board(desk: Desk) -> None:
    assert (await desk.ana.get(FIGURES)).status_code == 403
