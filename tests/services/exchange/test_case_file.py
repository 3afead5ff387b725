"""A case's file by the caller's own reference, and what a directive says of itself in it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx

from kernel.pairwise import pairwise
from runtime import disclosure, register
from runtime.messaging.outbox import table
from schemas.categories import DataCategory
from schemas.codes import Purpose
from schemas.facts import ConsentGranted, ConsentNarrowed, ConsentRevoked
from schemas.taxonomy import TAXONOMY_VERSION
from tests.services.exchange.conftest import HOTLINE, Desk, an_incident, listed

ConsentFact = ConsentGranted | ConsentNarrowed | ConsentRevoked


def file_of(case_ref: UUID) -> str:
    return f"/v1/cases/{case_ref}/messages"


async def announce(desk: Desk, case_ref: UUID, directive_ref: UUID, *categories: DataCategory) -> UUID:
    """Tell the shelter of a directive, as consent does; return the message."""
    granted = ConsentGranted(
        case_ref=case_ref,
        directive_ref=directive_ref,
        custodian_ref=HOTLINE,
        recipient_ref=desk.shelter,
        effect="permit",
        purpose="shelter",
        categories=categories,
        valid_from=datetime.now(UTC),
        valid_until=datetime.now(UTC) + timedelta(days=30),
        basis="release",
        taxonomy_version=TAXONOMY_VERSION,
    )
    return await say(desk, case_ref, granted)


async def say(desk: Desk, case_ref: UUID, fact: ConsentFact) -> UUID:
    async with desk.town.unit("accord_consent", HOTLINE, "ana") as unit:
        subject = await register.lock_shared(unit.session, case_ref)
        assert subject is not None
        await disclosure.announce(unit, fact, [desk.shelter], subject)
        await unit.session.commit()
    await desk.delivery.deliver(case_ref, HOTLINE, desk.shelter)
    return await desk.newest(case_ref)


async def test_a_case_lists_its_messages_by_the_callers_reference(desk: Desk) -> None:
    (first, _), (second, _) = await desk.released(), await desk.released()
    for case_ref in (first, second, first):
        await desk.tell(case_ref)

    messages = await listed(desk.sam, "limit=1", file_of(await desk.shelter_case_ref(first)))

    assert [message["case_ref"] for message in messages] == [str(await desk.shelter_case_ref(first))] * 2


async def test_hidden_revoked_and_unknown_case_files_are_absent_alike(desk: Desk) -> None:
    case_ref, directive_ref = await desk.released()
    await desk.tell(case_ref)
    shelter_ref = await desk.shelter_case_ref(case_ref)
    await desk.block_kim(case_ref)

    answers = [
        await desk.sam.get(file_of(uuid4())),
        await desk.sam.get(file_of(case_ref)),
        await desk.ana.get(file_of(shelter_ref)),
        await desk.kim.get(file_of(shelter_ref)),
        await desk.sam.get("/v1/cases/heron-4417/messages"),
    ]
    await desk.town.revoke(case_ref, directive_ref)
    answers.append(await desk.sam.get(file_of(shelter_ref)))

    assert {answer.status_code for answer in answers} == {404}
    assert len({(answer.content, str(sorted(answer.headers.items()))) for answer in answers}) == 1


async def test_a_cursor_makes_no_absent_file_appear(desk: Desk) -> None:
    (case_ref, directive_ref), (other, _) = await desk.released(), await desk.released()
    for released_ref in (case_ref, other):
        await desk.tell(released_ref)
    cursor = (await desk.sam.get("/v1/inbox")).json()["cursor"]
    await desk.town.revoke(case_ref, directive_ref)

    def at_the_end(ref: UUID) -> str:
        return f"{file_of(ref)}?cursor={cursor}"

    absent = [await desk.sam.get(at_the_end(ref)) for ref in (uuid4(), await desk.shelter_case_ref(case_ref))]
    last_page = await desk.sam.get(at_the_end(await desk.shelter_case_ref(other)))

    assert [answer.status_code for answer in absent] == [404, 404]
    assert last_page.json() == {"messages": [], "cursor": cursor}


async def test_a_directive_opens_with_its_terms_and_openings_reference(desk: Desk) -> None:
    case_ref, directive_ref = await desk.released()
    message_ref = await announce(desk, case_ref, directive_ref, DataCategory.NEEDS)
    await desk.tell(case_ref)

    directive = (await desk.opening(message_ref)).json()
    opened = (await desk.opening(await desk.newest(case_ref))).json()

    assert directive["categories"] == {}
    assert directive["terms"]["categories"] == ["needs"]
    assert directive["terms"]["directive_ref"] != str(directive_ref)
    assert opened["scope"]["directives"] == [directive["terms"]["directive_ref"]]
    assert directive["notice"]["codes"] == ["redisclosure_prohibited"]


async def test_terms_that_name_substance_use_carry_the_part_2_notice(desk: Desk) -> None:
    case_ref, directive_ref = await desk.released()
    message_ref = await announce(desk, case_ref, directive_ref, DataCategory.NEEDS, DataCategory.SUBSTANCE_USE)

    directive = (await desk.opening(message_ref)).json()

    assert directive["notice"]["codes"] == ["redisclosure_prohibited", "42_cfr_2_32"]


async def test_the_stop_itself_can_still_be_read_once_all_is_revoked(desk: Desk) -> None:
    case_ref, directive_ref = await desk.released()
    await desk.tell(case_ref)
    await desk.town.revoke(case_ref, directive_ref)
    revoked = ConsentRevoked(
        case_ref=case_ref,
        directive_ref=directive_ref,
        custodian_ref=HOTLINE,
        recipient_ref=desk.shelter,
        handling="destroy_copy",
        revoked_at=datetime.now(UTC),
    )

    message_ref = await say(desk, case_ref, revoked)

    (message,) = await listed(desk.sam, path=file_of(await desk.shelter_case_ref(case_ref)))
    assert message["message_ref"] == str(message_ref)
    answer = await desk.opening(message_ref)
    assert answer.json()["terms"]["directive_ref"] == str(await known_as(desk, case_ref, directive_ref))
    assert "null" not in answer.text


async def known_as(desk: Desk, case_ref: UUID, directive_ref: UUID) -> UUID:
    async with desk.town.unit("accord_consent", HOTLINE) as unit:
        subject = await register.lock_shared(unit.session, case_ref)
        assert subject is not None
        key = await register.case_key(unit.session, unit.keys, subject, HOTLINE)
    return pairwise(key, desk.shelter, directive_ref)


async def test_a_blocked_person_reads_no_directive_either(desk: Desk) -> None:
    case_ref, directive_ref = await desk.released()
    message_ref = await announce(desk, case_ref, directive_ref, DataCategory.NEEDS)
    await desk.block_kim(case_ref)

    answers: list[httpx.Response] = [
        await desk.opening(message_ref, by=desk.kim),
        await desk.opening(uuid4(), by=desk.kim),
        await desk.kim.get(file_of(await desk.shelter_case_ref(case_ref))),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


def narrowed(desk: Desk, case_ref: UUID, directive_ref: UUID) -> ConsentNarrowed:
    return ConsentNarrowed(
        case_ref=case_ref,
        directive_ref=directive_ref,
        custodian_ref=HOTLINE,
        recipient_ref=desk.shelter,
        supersedes_ref=uuid4(),
        narrowed_at=datetime.now(UTC),
        handling="stop_use",
    )


async def listed_or_opened(desk: Desk, message_ref: UUID, case_ref: UUID) -> tuple[bool, int]:
    """Tell whether the shelter's list of a case has a message, and how its opening is answered."""
    answer = await desk.sam.get(file_of(await desk.shelter_case_ref(case_ref)))
    refs = [message["message_ref"] for message in answer.json().get("messages", [])]
    return str(message_ref) in refs, (await desk.opening(message_ref)).status_code


async def test_d16_a_grant_is_told_only_while_it_is_in_force(desk: Desk) -> None:
    case_ref, directive_ref = await desk.released()
    message_ref = await announce(desk, case_ref, directive_ref, DataCategory.NEEDS)
    before = await listed_or_opened(desk, message_ref, case_ref)

    await desk.town.revoke(case_ref, directive_ref)

    assert before == (True, 200)
    assert await listed_or_opened(desk, message_ref, case_ref) == (False, 404)
    own = await desk.newest(case_ref, HOTLINE)
    opened = await desk.opening(own, purpose="advocacy", by=desk.ana)
    assert opened.json()["terms"]["directive_ref"] == str(directive_ref)


async def test_d16_a_grant_that_has_run_out_is_told_no_more(desk: Desk) -> None:
    case_ref = await desk.town.open_case(HOTLINE)
    over = await desk.town.direct(case_ref, desk.shelter, Purpose.SHELTER, [DataCategory.NEEDS], days=-1)

    message_ref = await announce(desk, case_ref, over, DataCategory.NEEDS)

    assert await listed_or_opened(desk, message_ref, case_ref) == (False, 404)


async def test_d16_a_narrowing_is_told_until_that_is_over_too(desk: Desk) -> None:
    case_ref, directive_ref = await desk.released()
    message_ref = await say(desk, case_ref, narrowed(desk, case_ref, directive_ref))
    before = await listed_or_opened(desk, message_ref, case_ref)

    await desk.town.revoke(case_ref, directive_ref)

    assert before == (True, 200)
    assert await listed_or_opened(desk, message_ref, case_ref) == (False, 404)


async def test_d16_a_narrowing_that_starts_later_is_told_at_once(desk: Desk) -> None:
    """Whoever has a copy is told to stop before the narrower release begins to open anything."""
    case_ref, directive_ref = await desk.released()
    desk.rows(
        "UPDATE register.directive SET valid_from = valid_from + interval '1 day', starts_when = 'conflict_clear' "
        "WHERE directive_ref = %(ref)s",
        ref=directive_ref,
    )
    await desk.permit(await desk.town.open_case(HOTLINE))

    message_ref = await say(desk, case_ref, narrowed(desk, case_ref, directive_ref))

    assert await listed_or_opened(desk, message_ref, case_ref) == (True, 200)


async def test_d16_a_grant_that_was_told_counts_as_nothing_sent(desk: Desk) -> None:
    """Only whoever got something of hers under a release is told that it ended."""
    case_ref, directive_ref = await desk.released()
    await announce(desk, case_ref, directive_ref, DataCategory.NEEDS)
    relayed = "SELECT relayed FROM register.directive WHERE directive_ref = %(ref)s"

    marks = []
    for only_announced in (True, False):
        if not only_announced:
            await desk.offer(an_incident(case_ref))
        await relay(desk, case_ref)
        marks.append(desk.rows(relayed, ref=directive_ref)[0][0])

    assert marks == [False, True]


async def relay(desk: Desk, case_ref: UUID) -> None:
    """Note what waits for the shelter as delivered, as the relay does."""
    query = "SELECT id, subject_id, message_ref FROM carrying.outbox WHERE recipient = %(to)s"
    waiting = desk.rows(query, to=desk.shelter)
    now, shelter_ref = datetime.now(UTC), await desk.shelter_case_ref(case_ref)
    async with desk.town.session("accord_relay") as session:
        rows = [
            table.OutboxRow(row_id, subject, message, desk.shelter, shelter_ref, "", HOTLINE, now, b"")
            for row_id, subject, message in waiting
        ]
        await table.number(desk.town.engine("accord_relay"), rows)
        await table.relayed(session, rows)
        await session.commit()
