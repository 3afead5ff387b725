"""Whom the register takes in, whoever asks it and by whichever way."""

from secrets import token_hex

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from kernel.ledger.entry import Act
from runtime.register.agencies import agencies_with_mailboxes
from runtime.register.enrolment import (
    NewAgency,
    NewPerson,
    ReservedName,
    Standing,
    close_agency,
    enrol_agency,
    enrol_person,
    remove_person,
    standing,
)
from schemas.categories import DataCategory
from schemas.codes import AgencyKind, Purpose
from schemas.services import RESERVED
from tests.runtime.register.test_locks import lock_subject
from tests.support.town import Town, all_purposes

AGENCY = text("INSERT INTO register.agency (agency_id, name, kind) VALUES (:name, 'One', 'shelter')")
CLIENT = text("INSERT INTO register.client (client_id, agency_id, public_jwk) VALUES (:name, 'harbor-house', '{}')")


async def test_l10_no_agency_is_enrolled_under_one_of_our_names(town: Town) -> None:
    async with town.session("accord_admin") as session:
        for name in sorted(RESERVED):
            with pytest.raises(ReservedName):
                await enrol_agency(session, NewAgency(name, "One of us", AgencyKind.SHELTER), {})


@pytest.mark.parametrize("statement", [AGENCY, CLIENT], ids=["agency", "client"])
async def test_l10_the_tables_refuse_each_of_our_names(town: Town, statement: object) -> None:
    async with town.session("accord_admin") as session:
        for name in sorted(RESERVED):
            with pytest.raises(IntegrityError, match="check"):
                await session.execute(text(str(statement)), {"name": name})
            await session.rollback()


PERSON = text("SELECT active, roles, passphrase_hash, name FROM register.person WHERE person_ref = :ref")
ACTIVE = text("""
SELECT a.active, (SELECT bool_or(active) FROM register.person WHERE agency_id = a.agency_id),
    (SELECT bool_or(active) FROM register.client WHERE agency_id = a.agency_id)
FROM register.agency AS a WHERE agency_id = :agency
""")
LEAVES = text("""
SELECT convert_from(header, 'UTF8') FROM ledger.pending UNION ALL SELECT convert_from(header, 'UTF8') FROM ledger.leaf
""")


async def an_agency(town: Town, *people: str) -> str:
    agency_id = f"oak-{token_hex(4)}"
    town.keys.create(agency_id)
    async with town.session("accord_admin") as session:
        agency = NewAgency(agency_id, "Oak House", AgencyKind.SHELTER, purposes=all_purposes())
        await enrol_agency(session, agency, {"kty": "EC", "kid": agency_id})
        for name in people:
            person = NewPerson(f"{name}-{agency_id}", agency_id, name.title(), ("case_worker",), "a hash")
            await enrol_person(session, person)
        await session.commit()
    return agency_id


async def administered(town: Town) -> int:
    """Return how many acts of administration are on record."""
    with town.database.superuser() as connection:
        rows = connection.execute(LEAVES.text).fetchall()
    return sum(f'"{Act.ADMINISTERED}"' in str(header) for (header,) in rows)


async def test_an_agencys_time_zone_is_set_when_it_comes(town: Town) -> None:
    agency_id = await an_agency(town)
    zones = []
    for zone in ("Asia/Tokyo", "Europe/Paris"):
        async with town.session("accord_admin") as session:
            again = NewAgency(f"east-{agency_id}", "East House", AgencyKind.SHELTER, time_zone=zone)
            town.keys.create(again.agency_id)
            await enrol_agency(session, again, {"kty": "EC", "kid": again.agency_id})
            await session.commit()
        with town.database.superuser() as connection:
            query = "SELECT time_zone FROM register.agency WHERE agency_id = ANY(%s) ORDER BY agency_id"
            zones.append([row[0] for row in connection.execute(query, [[again.agency_id, agency_id]])])

    assert zones == [["Asia/Tokyo", "UTC"]] * 2


async def test_l12_d18_a_removed_person_keeps_the_row_alone(town: Town) -> None:
    agency = await an_agency(town, "rosa", "mia")
    before = await administered(town)

    async with town.session("accord_admin") as session:
        assert not await remove_person(session, "harbor-house", f"rosa-{agency}")
        assert await remove_person(session, agency, f"rosa-{agency}")
        assert not await remove_person(session, agency, f"rosa-{agency}")
        await session.commit()
        removed = (await session.execute(PERSON, {"ref": f"rosa-{agency}"})).one()
        stays = (await session.execute(PERSON, {"ref": f"mia-{agency}"})).one()

    assert tuple(removed) == (False, [], None, "Rosa")
    assert stays.active
    assert await administered(town) == before + 1


async def test_l12_d18_a_closed_agency_is_closed_with_all_its_people(town: Town) -> None:
    agency = await an_agency(town, "rosa", "mia")
    before = await administered(town)

    async with town.session("accord_admin") as session:
        assert agency in await agencies_with_mailboxes(session)
        assert await close_agency(session, agency)
        assert not await close_agency(session, agency)
        await session.commit()
        active = (await session.execute(ACTIVE, {"agency": agency})).one()
        mailboxes = await agencies_with_mailboxes(session)

    assert tuple(active) == (False, False, False)
    assert agency not in mailboxes
    assert await administered(town) == before + 1


async def test_l12_d18_what_hangs_on_an_agency_is_counted(town: Town) -> None:
    agency = await an_agency(town)
    case_ref = await town.open_case("bay-hotline", agency)
    await town.direct(case_ref, agency, Purpose.SHELTER, [DataCategory.NEEDS])

    async with town.session("accord_admin") as session:
        of_shelter, before = await standing(session, agency), await standing(session, "bay-hotline")
        await close_agency(session, agency)

    assert of_shelter == Standing(home=0, granted=0, received=1)
    assert before.home >= 1
    assert before.granted >= 1


async def test_l12_d18_a_closed_agency_is_offered_nothing(town: Town) -> None:
    agency = await an_agency(town)
    case_ref = await town.open_case("bay-hotline", agency)
    await town.direct(case_ref, agency, Purpose.SHELTER, [DataCategory.NEEDS])
    async with town.session("accord_intake") as session:
        subject = await lock_subject(session, case_ref)
        assert subject.cases[agency].active

    async with town.session("accord_admin") as session:
        await close_agency(session, agency)
        await session.commit()

    async with town.session("accord_intake") as session:
        assert not (await lock_subject(session, case_ref)).cases[agency].active
