"""When the survivor stops it, it stops: at the answer, whatever else is broken, and for whoever is told."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from kernel.sealing.envelope import Sealed
from runtime import disclosure, register
from runtime.database.engine import BATCH_SECONDS, engine, sessions
from runtime.keyring import KeyringError
from runtime.messaging.outbox import table
from runtime.messaging.outbox.queue import SHARDS
from schemas.codes import Purpose
from schemas.facts import IncidentReported
from services.consent import store
from services.consent.api import routes
from tests.services.consent.conftest import TAKES_PART, Desk, a_denial, a_permit, a_signature, now
from tests.support.database import Database
from tests.support.web import Web

TOLD = "SELECT told_at, revoked_at FROM register.directive WHERE directive_ref = %(ref)s"


async def an_offer(desk: Desk, case_ref: UUID) -> Sealed:
    """Offer an incident and return the shelter's sealed copy, as it lies in its mailbox."""
    fact = IncidentReported(
        case_ref=case_ref, incident_ref=uuid4(), version=1, reported_at=now(), given_name="Marisol", needs=["shelter"]
    )
    async with desk.town.unit("accord_intake", "bay-hotline", "ana") as unit:
        await disclosure.offer(unit, fact)
        await unit.session.commit()
    their_case = await desk.town.case_ref_of(case_ref, "harbor-house")
    row = desk.rows(
        "SELECT message_ref, recipient, type, body FROM carrying.outbox WHERE key = %(key)s "
        "AND type = 'accord.incident.reported.v1' ORDER BY id DESC",
        key=their_case,
    )[0]
    return Sealed(row[0], row[1], row[2], 0, bytes(row[3]))


async def looked(desk: Desk, sealed: Sealed) -> bool:
    """Open as the shelter's Sam; tell whether anything was shown."""
    async with desk.town.unit("accord_exchange", "harbor-house", "sam") as unit:
        return bool(await disclosure.open(unit, [sealed], Purpose.SHELTER))


async def test_a_stop_needs_no_body_no_version_and_no_reason(desk: Desk) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref)

    answer = await desk.ana.post(f"/v1/directives/{ref}/revocation")

    assert answer.status_code == 200
    assert answer.json() == {"directive_ref": ref, "state": "revoked", "ended": [ref]}
    assert await desk.opens(case_ref) == set()


@pytest.mark.parametrize(
    "terms",
    [
        {"by": "survivor", "channel": "phone"},
        {"by": "custodian"},
        {"by": "court", "channel": "letter"},
        {"channel": "through_a_neighbour"},
    ],
)
async def test_it_is_told_on_any_channel_by_anybody(desk: Desk, terms: dict[str, Any]) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref)

    answer = await desk.stop(ref, **terms)

    assert answer.json()["state"] == "revoked"
    revocation = desk.rows("SELECT revocation FROM register.directive WHERE directive_ref = %(ref)s", ref=ref)[0][0]
    assert revocation == {"by": "survivor", "recorded_by": "ana"} | terms


async def test_when_she_said_it_is_kept(desk: Desk) -> None:
    ref = await desk.permit(await desk.case())

    answer = await desk.stop(ref, told_at="2026-01-02T03:04:05Z")

    assert answer.status_code == 200, answer.text
    ((told_at, revoked_at),) = desk.rows(TOLD, ref=ref)
    assert (told_at.isoformat(), told_at < revoked_at) == ("2026-01-02T03:04:05+00:00", True)


async def test_a_stop_that_is_said_to_be_ahead_counts_as_now(desk: Desk) -> None:
    ref = await desk.permit(await desk.case())

    answer = await desk.stop(ref, told_at=now(days=2))

    assert answer.status_code == 200, answer.text
    ((told_at, revoked_at),) = desk.rows(TOLD, ref=ref)
    assert told_at == revoked_at


async def test_no_opening_that_starts_after_the_answer_shows_anything(desk: Desk) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref, "needs", "identity")
    sealed = await an_offer(desk, case_ref)
    assert await looked(desk, sealed)
    answered = asyncio.Event()
    late: list[bool] = []

    async def keep_looking() -> None:
        while len(late) < 5:
            started_after = answered.is_set()
            opened = await looked(desk, sealed)
            if started_after:
                late.append(opened)

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(keep_looking())
        await asyncio.sleep(0.05)
        answer = await desk.stop(ref)
        answered.set()

    assert answer.status_code == 200
    assert not any(late)


async def test_what_waits_in_the_outbox_is_withheld_after_a_stop(desk: Desk) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref)
    sealed = await an_offer(desk, case_ref)
    await desk.stop(ref)

    async with desk.town.session("accord_relay") as session:
        query = text("SELECT message_ref, subject_id FROM carrying.outbox WHERE message_ref = :ref")
        rows = (await session.execute(query, {"ref": sealed.message_ref})).all()
        going = await disclosure.relayable(session, rows)
        await session.commit()

    assert going == set()


async def test_stopping_twice_is_answered_as_once(desk: Desk) -> None:
    ref = await desk.permit(await desk.case())
    await desk.stop(ref)

    again = await desk.stop(ref)

    assert (again.status_code, again.json()["state"], again.json()["ended"]) == (200, "revoked", [])


async def test_stopping_a_draft_is_a_no_to_it(desk: Desk) -> None:
    case_ref = await desk.case()
    ref = (await desk.draft(case_ref, a_permit()))["directive_ref"]

    answer = await desk.stop(ref)

    assert answer.json()["state"] == "refused"
    assert (await desk.sign(ref, version=2)).json()["code"] == "not_a_draft"


async def test_the_recipient_may_record_a_stop_by_its_own_reference(desk: Desk) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref)
    known_ref = desk.known_as(ref, "harbor-house")

    answer = await desk.stop(known_ref, "sam")
    again = await desk.stop(known_ref, "sam")

    assert answer.json() == again.json() == {"directive_ref": str(known_ref), "state": "revoked", "ended": []}
    assert await desk.opens(case_ref) == set()


async def test_a_recipient_reads_the_same_whoever_stopped_it_first(desk: Desk) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref)
    known_ref = desk.known_as(ref, "harbor-house")
    await desk.stop(ref)

    answer = await desk.stop(known_ref, "sam")

    assert answer.json() == {"directive_ref": str(known_ref), "state": "revoked", "ended": []}


async def test_d15_a_recipient_stops_by_its_own_reference_only(desk: Desk) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref)

    answers = [await desk.stop(reference, "sam") for reference in (ref, uuid4())]

    assert {(answer.status_code, answer.content) for answer in answers} == {(404, answers[1].content)}
    assert await desk.opens(case_ref) == {"needs"}


async def test_no_third_agency_can_stop_or_see_it(desk: Desk) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref)

    answers = [await desk.stop(reference, "lee") for reference in (ref, desk.known_as(ref, "harbor-house"), uuid4())]

    assert {(answer.status_code, answer.content) for answer in answers} == {(404, answers[2].content)}
    assert await desk.opens(case_ref) == {"needs"}


async def test_stopping_what_was_replaced_stops_what_replaced_it(desk: Desk) -> None:
    case_ref = await desk.case()
    old = await desk.permit(case_ref, "needs", "children")
    known_ref = desk.known_as(old, "harbor-house")
    new = await desk.draft(case_ref, a_permit("needs", supersedes_ref=old, valid_until=None))
    assert await desk.opens(case_ref) == {"needs"}

    await desk.stop(known_ref, "sam")

    assert await desk.opens(case_ref) == set()
    assert (await desk.ana.get(f"/v1/directives/{new['directive_ref']}")).json()["state"] == "revoked"


async def test_the_recipient_is_told_to_stop_only_after_a_relay(desk: Desk) -> None:
    case_ref = await desk.case()
    quiet, relayed = await desk.permit(case_ref), await desk.permit(case_ref, purpose="advocacy")
    desk.relayed(relayed)

    await desk.stop(quiet)
    before = await desk.facts_of(case_ref, "harbor-house")
    await desk.stop(relayed)

    assert before == ["granted.v1", "granted.v1"]
    assert await desk.facts_of(case_ref, "harbor-house") == [*before, "revoked.v1"]
    assert (await desk.facts_of(case_ref, "bay-hotline")).count("revoked.v1") == 2


async def test_the_recipient_is_told_to_stop_what_the_relay_delivered(desk: Desk) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref)
    sealed = await an_offer(desk, case_ref)
    async with desk.town.session("accord_relay") as session:
        waiting = await table.claim(session, range(SHARDS), [], 1000)
        sent = [row for row in waiting if row.message_ref == sealed.message_ref]
        await table.number(desk.town.engine("accord_relay"), sent)
        await table.relayed(session, sent)
        await session.commit()

    await desk.stop(ref)

    assert (await desk.facts_of(case_ref, "harbor-house"))[-1] == "revoked.v1"


async def test_a_stop_is_a_leaf(desk: Desk) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref)

    await desk.stop(ref)

    headers = desk.rows(
        "SELECT convert_from(header, 'utf8') FROM ledger.pending WHERE convert_from(header, 'utf8') "
        "LIKE '%%' || %(ref)s || '%%' ORDER BY id",
        ref=ref,
    )
    assert '"act":"revoked"' in headers[-1][0]


async def test_a_directive_nobody_can_read_can_still_be_stopped(desk: Desk) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref)
    with desk.town.database.superuser() as connection:
        connection.execute(
            "UPDATE register.directive SET purpose = 'whatever', starts_when = 'never', "
            "state = 'sleeping' WHERE directive_ref = %s",
            [ref],
        )

    answer = await desk.stop(ref)

    assert answer.json() == {"directive_ref": ref, "state": "revoked", "ended": [ref]}


async def test_stopping_everything_ends_all_permits_and_no_denial(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref, "needs", "children")
    await desk.permit(case_ref, "needs", recipient="riverside-legal", purpose="legal_representation")
    await desk.draft(case_ref, a_denial("children"))

    answer = await desk.ana.post(f"/v1/cases/{case_ref}/revocation", json={"by": "survivor", "channel": "phone"})

    assert answer.json()["everything"]
    assert len(answer.json()["ended"]) == 2
    assert await desk.opens(case_ref) == set()
    assert await desk.opens(case_ref, "riverside-legal", Purpose.LEGAL_REPRESENTATION) == set()
    await desk.permit(case_ref, "needs", "children")
    assert await desk.opens(case_ref) == {"needs"}


async def test_elsewhere_it_ends_what_that_agency_is_a_side_of(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref)
    await desk.permit(case_ref, recipient="riverside-legal", purpose="legal_representation")
    their_case = await desk.town.case_ref_of(case_ref, "harbor-house")

    answer = await desk.sam.post(f"/v1/cases/{their_case}/revocation")

    assert answer.json() == {"case_ref": str(their_case), "everything": False, "ended": []}
    assert await desk.opens(case_ref) == set()
    assert await desk.opens(case_ref, "riverside-legal", Purpose.LEGAL_REPRESENTATION) == {"needs"}


async def test_taking_no_part_closes_all_at_once_without_evidence(desk: Desk) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref)
    desk.relayed(ref)

    answer = await desk.ana.put(f"/v1/cases/{case_ref}/participation", json={"participation": "no"})

    assert answer.json() == {"case_ref": str(case_ref), "participation": "no", "everything": True, "revoked": [ref]}
    assert await desk.opens(case_ref) == set()
    assert (await desk.facts_of(case_ref, "harbor-house"))[-1] == "revoked.v1"


async def test_a_later_yes_opens_nothing_again(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref)
    await desk.ana.put(f"/v1/cases/{case_ref}/participation", json={"participation": "no"})

    await desk.ana.put(f"/v1/cases/{case_ref}/participation", json=TAKES_PART)

    assert await desk.opens(case_ref) == set()


async def test_a_no_told_to_another_agency_is_not_turned_away(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref)
    their_case = await desk.town.case_ref_of(case_ref, "harbor-house")

    answer = await desk.sam.put(f"/v1/cases/{their_case}/participation", json={"participation": "no"})

    assert (answer.status_code, answer.json()["everything"]) == (200, False)
    assert await desk.opens(case_ref) == set()


async def stop_one(desk: Desk, case_ref: UUID) -> None:
    await desk.stop(await desk.permit(case_ref))


async def stop_everything(desk: Desk, case_ref: UUID) -> None:
    await desk.permit(case_ref)
    await desk.ana.post(f"/v1/cases/{case_ref}/revocation")


async def stop_everything_where_nothing_stood(desk: Desk, case_ref: UUID) -> None:
    await desk.ana.post(f"/v1/cases/{case_ref}/revocation")


async def take_no_part(desk: Desk, case_ref: UUID) -> None:
    await desk.ana.put(f"/v1/cases/{case_ref}/participation", json={"participation": "no"})
    await desk.takes_part(case_ref)


async def deny(desk: Desk, case_ref: UUID) -> None:
    await desk.draft(case_ref, a_denial("medical"))


async def narrow(desk: Desk, case_ref: UUID) -> None:
    old = await desk.permit(case_ref, "needs", "children")
    await desk.draft(case_ref, a_permit("needs", supersedes_ref=old, valid_until=None))


async def stop_by_its_recipient(desk: Desk, case_ref: UUID) -> None:
    await desk.permit(case_ref)
    their_case = await desk.town.case_ref_of(case_ref, "harbor-house")
    await desk.sam.post(f"/v1/cases/{their_case}/revocation")


@pytest.mark.parametrize("purpose", ["shelter", "advocacy"])
@pytest.mark.parametrize(
    "no",
    [
        stop_one,
        stop_everything,
        stop_everything_where_nothing_stood,
        stop_by_its_recipient,
        take_no_part,
        deny,
        narrow,
    ],
)
async def test_m3_a_paper_from_before_a_no_grants_nothing(desk: Desk, no: Any, purpose: str) -> None:
    case_ref = await desk.case()
    await no(desk, case_ref)
    overlaps = no is narrow and purpose == "shelter"
    others = desk.rows("SELECT directive_ref FROM register.directive WHERE state = 'active' ORDER BY drafted_at")
    terms = {"adds_to_ref": str(others[-1][0])} if overlaps else {}
    ref = (await desk.draft(case_ref, a_permit("medical", purpose=purpose, **terms)))["directive_ref"]

    answer = await desk.sign(ref, signed_at=now(minutes=-2))

    assert (answer.status_code, answer.json()["code"]) == (409, "signed_before_it_was_stopped")


async def test_m3_a_stop_elsewhere_closes_nothing_between_others(desk: Desk) -> None:
    case_ref = await desk.case()
    await stop_by_its_recipient(desk, case_ref)
    terms = {"recipient": "riverside-legal", "purpose": "legal_representation"}
    ref = (await desk.draft(case_ref, a_permit(**terms)))["directive_ref"]

    assert (await desk.sign(ref, signed_at=now(minutes=-2))).json()["state"] == "active"


async def test_after_a_death_only_what_survives_it_is_open(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref, "needs")
    await desk.permit(case_ref, "children", adds_to_ref=None, purpose="advocacy", survives_death=True)

    answer = await desk.ana.put(f"/v1/cases/{case_ref}/death", json={"died_on": now()[:10]})

    assert answer.status_code == 204
    assert await desk.opens(case_ref) == set()
    assert await desk.opens(case_ref, purpose=Purpose.ADVOCACY) == {"children"}


class NoKeys:
    """A keyring that cannot be reached."""

    async def wrap(self, *_: object) -> bytes:
        raise KeyringError("away")

    async def unwrap(self, *_: object) -> bytes:
        raise KeyringError("away")


@pytest.fixture
async def without_keys(web: Web) -> AsyncIterator[httpx.AsyncClient]:
    """Ana at a consent service that cannot reach the keyring."""
    app_state = web.app_state("accord_consent", keys=NoKeys())
    async with web.serving("consent", [routes], app_state=app_state) as app, web.as_person(app, "ana") as client:
        yield client


async def test_a_stop_needs_no_keyring_and_is_told_when_it_can_be(desk: Desk, without_keys: httpx.AsyncClient) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref)
    desk.relayed(ref)

    answer = await without_keys.post(f"/v1/directives/{ref}/revocation")

    assert answer.json()["state"] == "revoked"
    assert await desk.opens(case_ref) == set()
    assert "revoked.v1" not in await desk.facts_of(case_ref, "harbor-house")
    await desk.ana.get(f"/v1/cases/{case_ref}/directives")
    assert (await desk.facts_of(case_ref, "harbor-house"))[-1] == "revoked.v1"
    assert desk.rows("SELECT count(*) FROM consent.untold WHERE directive_ref = %(ref)s", ref=ref) == [(0,)]


async def test_no_does_not_hang_on_the_keyring_either(desk: Desk, without_keys: httpx.AsyncClient) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref, "needs", "children")

    denied = await without_keys.post(f"/v1/cases/{case_ref}/directives", json=a_denial("children"))
    assert denied.status_code == 201
    assert await desk.opens(case_ref) == {"needs"}
    said_no = await without_keys.put(f"/v1/cases/{case_ref}/participation", json={"participation": "no"})

    assert said_no.status_code == 200
    assert await desk.opens(case_ref) == set()


async def test_a_grant_that_cannot_be_put_on_its_record_is_none(desk: Desk, without_keys: httpx.AsyncClient) -> None:
    case_ref = await desk.case()
    ref = (await desk.draft(case_ref, a_permit()))["directive_ref"]

    answer = await without_keys.post(f"/v1/directives/{ref}/signature", json=a_signature(), headers={"If-Match": '"1"'})

    assert answer.status_code >= 500
    assert await desk.opens(case_ref) == set()
    assert (await desk.ana.get(f"/v1/directives/{ref}")).json()["state"] == "draft"


async def test_a_stop_waits_for_the_lock_on_the_subject_and_then_stops(desk: Desk) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref)
    async with desk.town.session("accord_exchange") as session:
        await register.lock_shared(session, case_ref)
        stopping = asyncio.create_task(desk.stop(ref))
        await asyncio.sleep(0.2)
        waiting = not stopping.done()
        await session.rollback()

    assert waiting
    assert (await stopping).status_code == 200
    assert await desk.opens(case_ref) == set()


async def test_h4_a_stop_waits_longer_than_anybody_may_hold_a_subject(desk: Desk) -> None:
    query = text(
        "SELECT EXTRACT(epoch FROM current_setting('lock_timeout')::interval),"
        " EXTRACT(epoch FROM current_setting('statement_timeout')::interval),"
        " EXTRACT(epoch FROM current_setting('transaction_timeout')::interval)"
    )
    async with desk.town.session("accord_consent") as session:
        await store.wait_longer(session)
        waits, lasts, whole = (await session.execute(query)).one()

    assert BATCH_SECONDS < waits < lasts < whole


async def test_h4_a_stop_outlasts_the_limit_that_ends_any_other(database: Database) -> None:
    bound = engine(database.url("accord_consent"), seconds=1)
    async with sessions(bound)() as session:
        await store.wait_longer(session)
        for _ in range(3):
            await session.execute(text("SELECT pg_sleep(0.4)"))
        outlasted = await session.scalar(text("SELECT clock_timestamp() - now() > interval '1 second'"))
    await bound.dispose()

    assert outlasted


async def test_concurrent_acts_on_one_subject_all_come_through(desk: Desk) -> None:
    case_ref = await desk.case()
    refs = [await desk.permit(case_ref, purpose=purpose) for purpose in ("shelter", "advocacy", "case_conference")]

    async with asyncio.timeout(20):
        answers = await asyncio.gather(
            *(desk.stop(ref) for ref in refs),
            desk.ana.post(f"/v1/cases/{case_ref}/directives", json=a_denial("needs")),
            desk.ana.post(f"/v1/cases/{case_ref}/revocation"),
            *(desk.ana.get(f"/v1/cases/{case_ref}/directives") for _ in range(4)),
        )

    assert {answer.status_code for answer in answers} <= {200, 201}
    assert await desk.opens(case_ref) == set()
