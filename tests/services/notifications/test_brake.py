"""The brake: a survivor's telephone sounds once for all that happened in a while, whoever records how much."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI

from schemas.categories import DataCategory
from schemas.codes import NoticeKind, Purpose
from schemas.facts import Fact, ProtectiveOrderHearingSet
from services.notifications import domain
from services.notifications.channels import UnsafeFileChannel
from services.notifications.domain import Send, Volume
from tests.services.notifications.conftest import HOTLINE, Desk, a_channel, an_acceptance, hours
from tests.support.web import Web

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SHERIFF = "county-sheriff"


def hearings(case_ref: UUID, count: int) -> list[Fact]:
    order_ref, at = uuid4(), "2026-12-01T09:00:00Z"
    return [
        ProtectiveOrderHearingSet(case_ref=case_ref, order_ref=order_ref, version=n + 2, hearing_at=at)
        for n in range(count)
    ]


async def sheriffs(desk: Desk, case_ref: UUID) -> UUID:
    """Let the survivor allow the sheriff's orders through to the hotline; return the sheriff's reference."""
    await desk.town.direct(case_ref, SHERIFF, Purpose.ORDER_ENFORCEMENT, [DataCategory.IDENTITY])
    sheriff_ref = await desk.town.case_ref_of(case_ref, SHERIFF)
    await desk.town.direct(
        sheriff_ref, HOTLINE, Purpose.ADVOCACY, [DataCategory.ORDER_SERVICE, DataCategory.ORDER_TERMS]
    )
    return sheriff_ref


async def record(desk: Desk, case_ref: UUID, count: int = 25) -> None:
    """Let an officer record so many hearings of a case, all of which are news at the hotline."""
    sheriff_ref = await sheriffs(desk, case_ref)
    await desk.offer(*hearings(sheriff_ref, count), by=SHERIFF, role="accord_law_enforcement_bridge")
    await desk.delivery.deliver(case_ref, HOTLINE)


async def states(desk: Desk, case_ref: UUID) -> list[tuple[str, str | None]]:
    return sorted((notice["state"], notice["reason"] or "") for notice in await desk.listed(case_ref))


async def test_m6_25_hearings_make_a_telephone_sound_once(desk: Desk) -> None:
    case_ref = await desk.case(a_channel())
    await record(desk, case_ref)

    await desk.send()

    assert len(desk.gone_out()) == 1
    assert await states(desk, case_ref) == [("dropped", "coalesced")] * 24 + [("sent", "")]
    (sent,) = [notice for notice in await desk.listed(case_ref) if notice["state"] == "sent"]
    dropped = {notice["coalesced_into"] for notice in await desk.listed(case_ref) if notice["state"] == "dropped"}
    assert (sent["coalesced"], dropped) == (24, {sent["notice_ref"]})
    assert await desk.facts(case_ref) == ["notice.sent.v1"]


async def test_m6_news_within_the_window_waits_and_goes_out_as_one(desk: Desk) -> None:
    case_ref = await desk.case(a_channel())
    await desk.news(case_ref)
    await desk.send()
    for _ in range(3):
        await desk.news(case_ref)

    looked = [await desk.send(), await desk.send()]
    meanwhile = await states(desk, case_ref)
    with desk.later(minutes=61):
        await desk.send()

    assert looked == [1, 0]  # one look for all three
    assert meanwhile == [("held", "recently_sent")] * 3 + [("sent", "")]
    assert len(desk.gone_out()) == 2
    assert await states(desk, case_ref) == [("dropped", "coalesced")] * 2 + [("sent", "")] * 2


async def test_m6_a_case_has_so_many_a_day_and_the_rest_waits(desk: Desk) -> None:
    case_ref = await desk.case(a_channel(windows=[hours(-12, 11.9)]))
    for round_of in range(7):
        await desk.news(case_ref)
        with desk.later(minutes=62 * round_of):
            await desk.send()
    within_the_day, notice_states = len(desk.gone_out()), await states(desk, case_ref)
    with desk.later(hours=25):
        await desk.send()

    assert within_the_day == domain.MOST_A_DAY
    assert notice_states.count(("held", "daily_maximum")) == 7 - domain.MOST_A_DAY
    assert len(desk.gone_out()) == domain.MOST_A_DAY + 1


async def test_m6_a_notice_wanted_at_any_hour_waits_for_no_other_kind(desk: Desk) -> None:
    case_ref = await desk.case(a_channel(), anytime_for=["referral_answered"])
    await record(desk, case_ref)
    await desk.send()

    await desk.news(case_ref)
    await desk.send()
    await desk.news(case_ref)
    await desk.send()

    kinds = [notice["kind"] for notice in await desk.listed(case_ref) if notice["state"] == "sent"]
    assert sorted(kinds) == ["hearing_set", "referral_answered"]


async def test_m6_two_senders_at_once_send_one_notice_of_a_case(desk: Desk) -> None:
    case_ref = await desk.case(a_channel())
    for _ in range(6):
        await desk.news(case_ref)

    await asyncio.gather(*(desk.send() for _ in range(3)))

    assert len(desk.gone_out()) == 1


class Killed(BaseException):
    """The process ends here, as after a kill: no handler of ours runs."""


class Dying(UnsafeFileChannel):
    """Hands on, and then the process dies."""

    def hand_on(self, notice_ref: UUID, send: Send) -> None:
        super().hand_on(notice_ref, send)
        raise Killed


async def test_m6_a_sender_killed_as_it_sends_makes_no_second_sound(desk: Desk) -> None:
    case_ref = await desk.case(a_channel())
    for _ in range(3):
        await desk.news(case_ref)

    with pytest.raises(Killed):
        await desk.send(Dying(desk.folder, production=False))
    await desk.send()
    with desk.later(minutes=2):
        await desk.send()

    assert len(desk.gone_out()) == 1
    assert await desk.facts(case_ref) == ["notice.sent.v1"]


async def test_m6_a_flood_over_many_cases_is_held_for_a_person(desk: Desk) -> None:
    cases = [await desk.case(a_channel()) for _ in range(domain.BURST + 1)]
    for case_ref in cases:
        await record(desk, case_ref, 1)
    other = await desk.case(a_channel())
    await desk.offer(an_acceptance(other))
    await desk.delivery.deliver(other, HOTLINE)

    await desk.send()
    notice_states = [await desk.stands(case_ref) for case_ref in cases]
    at_once = len(desk.gone_out())
    with desk.later(hours=25):
        await desk.send()

    assert notice_states == [("held", "brake")] * len(cases)
    assert (at_once, await desk.stands(other)) == (1, ("sent", None))
    assert len(desk.gone_out()) == 1 + len(cases)


async def test_m6_who_tells_much_does_not_make_others_wait(desk: Desk) -> None:
    flooded = [await desk.case(a_channel()) for _ in range(5)]
    for case_ref in flooded:
        await record(desk, case_ref, 1)
    other = await desk.case(a_channel())
    await desk.news(other)
    sender = desk.sender()

    for _ in range(2):
        await sender.send_one()

    assert await desk.stands(other) == ("sent", None)


BRAKED = "/v1/braked-notices"
HEARINGS = f"{BRAKED}/{SHERIFF}/hearing_set"


async def flood(desk: Desk) -> list[UUID]:
    """Let an officer record a hearing in so many cases that the brake holds all; return the cases."""
    cases = [await desk.case(a_channel()) for _ in range(domain.BURST + 1)]
    for case_ref in cases:
        await record(desk, case_ref, 1)
    await desk.send()
    return cases


async def braked(desk: Desk) -> dict[str, Any]:
    """Return what the one item of the list of braked notices says."""
    answer = await desk.ana.get(BRAKED)
    assert answer.status_code == 200, answer.text
    (group,) = answer.json()["braked"]
    return dict(group)


async def decide(desk: Desk, act: str, until: str | None = None) -> dict[str, Any]:
    """Release or drop what the brake holds, up to an instant or all of it, and return the answer."""
    until = until or (await braked(desk))["last_planned_at"]
    answer = await desk.ana.post(f"{HEARINGS}/{act}", json={"planned_until": until})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_m6_what_the_brake_holds_is_listed_with_its_numbers(desk: Desk) -> None:
    cases = await flood(desk)
    await record(desk, cases[0], 1)
    await desk.send()

    group = await braked(desk)
    pages = [(await desk.ana.get(HEARINGS, params={"limit": 20}))]
    pages.append(await desk.ana.get(HEARINGS + pages[0].links["next"]["url"]))

    rows = [row for page in pages for row in page.json()["notices"]]
    planned = [row["planned_at"] for row in rows]
    assert (group["source_agency_ref"], group["kind"]) == (SHERIFF, "hearing_set")
    assert (group["notices"], group["cases"]) == (len(rows), len({row["case_ref"] for row in rows}))
    assert {row["case_ref"] for row in rows} == set(map(str, cases))
    assert (group["first_planned_at"], group["last_planned_at"]) == (planned[0], planned[-1])
    assert group["until"] == rows[0]["planned_for"]
    assert {(row["state"], row["reason"]) for row in rows} == {("held", "brake")}
    assert "next" not in pages[1].links


async def test_m6_a_page_is_on_record_by_case_and_a_count_once(desk: Desk) -> None:
    cases = await flood(desk)

    def looks() -> list[Any]:
        query = """SELECT convert_from(header, 'UTF8')::jsonb FROM ledger.pending
            WHERE convert_from(header, 'UTF8')::jsonb ->> 'act' = 'consulted' ORDER BY id"""
        return [row[0]["subject"] is not None for row in desk.rows(query)]

    desk.rows("DELETE FROM carrying.listed")
    before = len(looks())
    for _ in range(2):
        await desk.ana.get(BRAKED)
        await desk.ana.get(HEARINGS)

    assert looks()[before:] == [False] + [True] * len(cases)


async def test_m6_what_a_person_releases_goes_out_once_a_case(desk: Desk) -> None:
    cases = await flood(desk)
    await record(desk, cases[0], 2)
    await desk.send()

    answer = await decide(desk, "release")
    await desk.send()
    await desk.send()

    assert answer == {"notices": len(cases) + 2, "cases": len(cases), "whole": True}
    assert len(desk.gone_out()) == len(cases)
    assert await states(desk, cases[0]) == [("dropped", "coalesced")] * 2 + [("sent", "")]
    assert (await desk.ana.get(BRAKED)).json() == {"braked": [], "whole": True}


async def test_m6_what_came_after_the_look_stays_held(desk: Desk) -> None:
    await flood(desk)
    until = (await braked(desk))["last_planned_at"]
    later = await desk.case(a_channel())
    await record(desk, later, 1)

    answer = await decide(desk, "release", until)
    await desk.send()

    assert (answer["cases"], len(desk.gone_out())) == (domain.BURST + 1, domain.BURST + 1)
    assert await desk.stands(later) == ("held", "brake")
    assert (await braked(desk))["notices"] == 1


async def test_m6_what_a_person_drops_never_goes_out_and_is_listed(desk: Desk) -> None:
    cases = await flood(desk)

    answer = await decide(desk, "drop")
    await desk.send()
    with desk.later(hours=25):
        await desk.send()

    assert answer == {"notices": len(cases), "cases": len(cases), "whole": True}
    assert desk.gone_out() == []
    assert [await desk.stands(case_ref) for case_ref in cases] == [("dropped", "brake")] * len(cases)


@pytest.mark.parametrize(("act", "word"), [("release", "notices_released"), ("drop", "notices_dropped")])
async def test_m6_a_decision_shows_who_and_when(
    desk: Desk, caplog: pytest.LogCaptureFixture, act: str, word: str
) -> None:
    cases = await flood(desk)

    await decide(desk, act)

    (notice,) = await desk.listed(cases[0])
    changed = """SELECT count(*) FROM ledger.pending WHERE convert_from(header, 'UTF8')::jsonb ->> 'reason' = %(word)s
        AND convert_from(header, 'UTF8')::jsonb ->> 'act' = 'changed'"""
    assert notice["decided_by"] == "ana"
    assert notice["planned_at"] < notice["decided_at"]
    assert desk.rows(changed, word=word)[0][0] >= len(cases)
    logged = [vars(log)["log_fields"] for log in caplog.records if log.message == word]
    assert [(log["agency"], log["code"]) for log in logged] == [(SHERIFF, "hearing_set")]


async def test_m6_a_decision_sent_again_is_not_made_again(desk: Desk) -> None:
    await flood(desk)
    body, key = {"planned_until": (await braked(desk))["last_planned_at"]}, {"Idempotency-Key": uuid4().hex}

    answers = [await desk.ana.post(f"{HEARINGS}/drop", json=body, headers=key) for _ in range(2)]
    without = await desk.ana.post(f"{HEARINGS}/drop", json=body)

    assert [answer.status_code for answer in (*answers, without)] == [200, 200, 404]
    assert answers[0].content == answers[1].content


async def test_m6_what_is_hidden_from_a_person_is_not_theirs_to_drop(desk: Desk) -> None:
    hidden, *others = await flood(desk)
    await desk.town.direct(hidden, None, None, effect="deny", excluded="ana")

    group = await braked(desk)
    answer = await decide(desk, "drop")
    state = desk.rows("SELECT state, reason FROM notifications.notice WHERE case_ref = %(case_ref)s", case_ref=hidden)

    assert (group["notices"], group["cases"], answer["cases"]) == (len(others),) * 3
    assert state == [("held", "brake")]


async def test_m6_the_brake_is_nothing_to_another_agency(desk: Desk, web: Web, app: FastAPI) -> None:
    await flood(desk)
    body = {"planned_until": (await braked(desk))["last_planned_at"]}

    async with web.as_person(app, "sam") as sam:
        listed = await sam.get(BRAKED)
        absent = [await sam.get(HEARINGS)] + [
            await sam.post(f"{HEARINGS}/{act}", json=body) for act in ("release", "drop")
        ]
    never = await desk.ana.get(f"{BRAKED}/{SHERIFF}/heron-4417")

    assert listed.json() == {"braked": [], "whole": True}
    assert [answer.status_code for answer in (*absent, never)] == [404] * 4
    assert {answer.content for answer in absent} == {never.content}


async def test_m6_a_system_lets_nothing_go(desk: Desk, web: Web, app: FastAPI) -> None:
    body = {"planned_until": "2026-11-30T09:00:00Z"}

    async with web.as_system(app, HOTLINE) as alone, web.as_system(app, HOTLINE, "ana") as named:
        answers = [
            answer
            for system in (alone, named)
            for answer in (
                await system.get(BRAKED),
                await system.get(HEARINGS),
                await system.post(f"{HEARINGS}/release", json=body),
                await system.post(f"{HEARINGS}/drop", json=body),
            )
        ]

    assert {answer.status_code for answer in answers} == {403}


@pytest.mark.parametrize(
    ("volume", "flood"),
    [
        (Volume(20, 20, 0), False),
        (Volume(21, 21, 0), True),
        (Volume(3, 60, 0), False),  # with no history there is no mean
        (Volume(3, 20, 3), False),
        (Volume(3, 21, 30), True),
        (Volume(3, 50, 300), False),
        (Volume(3, 51, 300), True),
    ],
)
def test_m6_a_flood_is_a_burst_or_many_times_the_mean(volume: Volume, flood: bool) -> None:
    assert domain.is_flood(volume) is flood


def test_m6_the_next_notice_waits_for_the_window_and_the_day() -> None:
    def before(*minutes: int) -> list[datetime]:
        return [NOON - timedelta(minutes=minute) for minute in minutes]

    assert domain.next_allowed([], NOON) is None
    assert domain.next_allowed(before(60), NOON) is None
    assert domain.next_allowed(before(59, 300), NOON) == (NOON + timedelta(minutes=1), "recently_sent")
    assert domain.next_allowed(before(70, 200, 300, 1439), NOON) == (NOON + timedelta(minutes=1), "daily_maximum")
    assert domain.next_allowed(before(70, 200, 300, 1440), NOON) is None


def test_m6_only_the_survivors_own_word_puts_a_kind_first() -> None:
    assert domain.wanted_at_any_hour({"anytime_for": ["hearing_set"]}, NoticeKind.HEARING_SET)
    assert not domain.wanted_at_any_hour({"anytime_for": ["order_served"]}, NoticeKind.HEARING_SET)
    assert not domain.wanted_at_any_hour({}, NoticeKind.HEARING_SET)
