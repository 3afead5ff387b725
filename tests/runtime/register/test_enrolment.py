"""Whom the register takes in, whoever asks it and by whichever way."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from runtime.names import RESERVED
from runtime.register.enrolment import NewAgency, ReservedName, enrol_agency
from schemas.codes import AgencyKind
from tests.world.town import Town

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
