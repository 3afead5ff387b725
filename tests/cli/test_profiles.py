"""Of which jurisdiction an agency is: said when it is taken in or later, and nothing that nobody wrote down."""

from uuid import uuid4

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from cli.main import app
from runtime.register.enrolment import NewAgency, enrol_agency, set_profile
from schemas.codes import AgencyKind
from tests.support.town import Town

PROFILE = text("SELECT profile FROM register.agency WHERE agency_id = :agency_id")
ADD = ["agency", "add", "far-house", "--name", "Far House", "--kind", "shelter"]


@pytest.mark.parametrize("command", [ADD, ["agency", "set", "bay-hotline"]], ids=["add", "set"])
def test_a_profile_that_nobody_wrote_down_is_refused(command: list[str]) -> None:
    answer = CliRunner().invoke(app, [*command, "--profile", "atlantis"])

    assert answer.exit_code == 2
    assert all(name in answer.output for name in ("default", "minor_alone", "us_wa"))


async def test_an_agency_gets_its_profile_and_another_later(town: Town) -> None:
    name = f"house-{uuid4().hex[:8]}"
    async with town.session("accord_admin") as session:
        agency = NewAgency(name, "House", AgencyKind.SHELTER, profile="us_wa")
        for _ in range(2):
            await enrol_agency(session, agency, {"kty": "EC"})
        first = await session.scalar(PROFILE, {"agency_id": name})
        await set_profile(session, name, "minor_alone")
        await enrol_agency(session, agency, {"kty": "EC"})
        await session.commit()
        second = await session.scalar(PROFILE, {"agency_id": name})

    assert (first, second) == ("us_wa", "minor_alone")
    with town.database.superuser() as connection:
        query = """SELECT count(*) FROM ledger.pending WHERE convert_from(header, 'utf8') LIKE
            (SELECT '%%"act":"administered"%%' || pseudonym || '%%' FROM register.agency WHERE agency_id = %s)"""
        row = connection.execute(query, [name]).fetchone()
    assert row == (4,)


async def test_nobody_gives_a_profile_to_an_agency_that_is_not_there(town: Town) -> None:
    async with town.session("accord_admin") as session:
        with pytest.raises(LookupError):
            await set_profile(session, "no-such-agency", "us_wa")
