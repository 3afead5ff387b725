"""Holding a subject: once for a transaction that leaves consent alone, and anew wherever it may have changed."""

import asyncio
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from runtime import register
from schemas.categories import DataCategory
from schemas.codes import Purpose
from tests.support.town import REVOKE, Town

SHELTER = [DataCategory.NEEDS]
LOCKED = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()")


async def lock_subject(session: AsyncSession, case_ref: UUID) -> register.Subject:
    subject = await register.lock_shared(session, case_ref)
    assert subject is not None
    return subject


async def test_who_holds_a_subject_holds_it_until_the_transaction_ends(town: Town) -> None:
    case_ref = await town.open_case()
    async with town.session("accord_intake") as session:
        first = await register.lock_own_case(session, "bay-hotline", case_ref)
        again = await lock_subject(session, case_ref)
        await session.rollback()
        later = await lock_subject(session, case_ref)

        assert again is first
        assert later is not first
        assert await session.scalar(LOCKED) == 1


async def test_the_next_transaction_sees_a_revocation_in_between(town: Town) -> None:
    case_ref = await town.open_case()
    directive = await town.direct(case_ref, "harbor-house", Purpose.SHELTER, SHELTER)
    async with town.session("accord_intake") as session:
        before = await lock_subject(session, case_ref)
        await session.commit()
        await town.revoke(case_ref, directive)
        after = await lock_subject(session, case_ref)

    assert before.purposes("bay-hotline", "harbor-house") == {Purpose.SHELTER}
    assert after.purposes("bay-hotline", "harbor-house") == frozenset()


@pytest.mark.parametrize("looks", [0, 1], ids=["at once", "having looked between"])
async def test_a_consent_change_is_seen_in_its_own_transaction(town: Town, looks: int) -> None:
    case_ref = await town.open_case()
    directive = await town.direct(case_ref, "harbor-house", Purpose.SHELTER, SHELTER)
    async with town.session("accord_consent") as session:
        before = await lock_subject(session, case_ref)
        await register.lock_exclusive(session, case_ref)
        for _ in range(looks):
            await lock_subject(session, case_ref)
        await session.execute(REVOKE, {"ref": directive})
        await register.raise_version(session, before.subject_id)
        after = await lock_subject(session, case_ref)

    assert before.purposes("bay-hotline", "harbor-house") == {Purpose.SHELTER}
    assert after.purposes("bay-hotline", "harbor-house") == frozenset()
    assert after.sv > before.sv


async def test_what_a_savepoint_gave_back_is_held_anew(town: Town) -> None:
    case_ref = await town.open_case()
    async with town.session("accord_intake") as session:
        savepoint = await session.begin_nested()
        await lock_subject(session, case_ref)
        await savepoint.rollback()
        given_back = await session.scalar(LOCKED)
        await lock_subject(session, case_ref)

        assert (given_back, await session.scalar(LOCKED)) == (0, 1)


async def test_one_case_not_yet_held_has_all_held_in_one_order(town: Town) -> None:
    first, second, nowhere = await town.open_case(), await town.open_case(), uuid4()
    async with town.session("accord_intake") as session:
        await lock_subject(session, second)
        subjects = await register.lock_cases(session, [first, second, nowhere])

        assert subjects.keys() == {first, second}
        assert await session.scalar(LOCKED) == 2


async def test_the_case_of_another_is_absent_and_nobody_waits_for_it(town: Town) -> None:
    case_ref = await town.open_case("bay-hotline", "harbor-house")
    async with town.session("accord_consent") as changing, town.session("accord_intake") as session:
        await register.lock_exclusive(changing, case_ref)
        async with asyncio.timeout(2):
            assert await register.lock_own_case(session, "harbor-house", case_ref) is None
            assert await register.lock_own_case(session, "harbor-house", uuid4()) is None

        assert await session.scalar(LOCKED) == 0
