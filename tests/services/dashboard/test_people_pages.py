"""The pages of an agency's people, its sessions, and of shutting a colleague out."""

import re
from dataclasses import dataclass
from uuid import UUID

import pytest

from services.dashboard.forms.people_forms import REASONS
from services.dashboard.navigation import CASES, PEOPLE
from services.dashboard.pages.open_session_pages import OWN
from services.dashboard.rows.people_rows import ROLES
from services.intake.domain import ColleagueReason
from services.intake.requests import StaffRole
from tests.services.dashboard.browser import OWN_FORM, Browser, Read
from tests.services.dashboard.conftest import Square

STAFF = ("administrator", "privacy_officer", "case_worker")


@dataclass
class Office:
    """An agency of one test's own, its people by what they are, and a browser before each."""

    square: Square
    agency: str
    people: dict[str, str]
    browsers: dict[str, Browser]

    async def page(self, by: str, place: str) -> str:
        answer = await self.browsers[by].get(place)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def added(self, *roles: str, name: str = "Rosa Vega") -> str:
        """Add a person as the administrator does; return the address of their page."""
        form = Read(await self.page("administrator", f"{PEOPLE}/new"))
        fields: dict[str, str | list[str]] = {**form.fields, "name": name, "roles": list(roles)}
        answer = await self.browsers["administrator"].client.post(f"{PEOPLE}/new", data=fields, headers=OWN_FORM)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"].partition("?")[0]


@pytest.fixture
async def office(square: Square) -> Office:
    agency = await square.agency()
    people = {role: await square.person(agency, role) for role in STAFF}
    return Office(square, agency, people, {role: await square.sign_in(ref) for role, ref in people.items()})


def test_each_role_and_each_reason_has_words() -> None:
    assert set(ROLES) == set(StaffRole.__args__)  # type: ignore[attr-defined]
    assert set(REASONS) == set(ColleagueReason)


async def test_an_administrator_begins_at_the_people(office: Office) -> None:
    page = await office.page("administrator", PEOPLE)

    assert "Work here (3)" in page
    assert Read(page).rows == 3
    assert CASES not in Read(page).links


async def test_who_is_added_waits_and_gets_a_passphrase_once(office: Office) -> None:
    place = await office.added("case_worker")
    waiting = await office.page("administrator", place)

    confirmed = await office.browsers["privacy_officer"].submit(place)
    again = await office.page("privacy_officer", place)

    assert "Waits for a privacy officer" in waiting
    assert "Confirm these roles" not in waiting
    (passphrase,) = re.findall(r"<code>(.+)</code>", confirmed.text)
    (ref,) = re.findall(r"rosa-[0-9a-f]{4}", confirmed.text.partition("Signs in as")[2].partition("</dd>")[0])
    assert passphrase not in again
    assert (await office.square.browser().sign_in(ref, passphrase)).status_code == 200


async def test_a_person_without_a_name_is_told_at_the_field(office: Office) -> None:
    answer = await office.browsers["administrator"].submit(f"{PEOPLE}/new", roles="auditor")

    assert answer.status_code == 422
    assert 'href="#name"' in answer.text
    assert re.search(r'value="auditor"[^>]*checked', answer.text)


async def test_a_role_that_is_taken_away_is_gone_at_the_next_click(office: Office) -> None:
    place = f"{PEOPLE}/{office.people['case_worker']}"
    before = await office.browsers["case_worker"].get(CASES)

    answer = await office.browsers["administrator"].submit(f"{place}/roles", roles="coordinator")

    assert (before.status_code, answer.headers["location"]) == (200, f"{place}?done=roles")
    assert CASES not in Read((await office.browsers["case_worker"].get(OWN)).text).links


async def test_a_stale_change_shows_what_stands_now(office: Office) -> None:
    place = f"{PEOPLE}/{office.people['case_worker']}/roles"
    boss = office.browsers["administrator"]
    form = Read(await office.page("administrator", place))
    await boss.submit(place, roles="coordinator")

    answer = await boss.client.post(form.action, data=form.fields | {"roles": "auditor"}, headers=OWN_FORM)

    assert answer.status_code == 412
    assert "Somebody changed this" in answer.text
    assert "Coordinator" in answer.text.partition("Now:")[2].partition("</p>")[0]
    assert re.search(r'value="auditor"[^>]*checked', answer.text)


async def test_who_is_taken_out_is_out_at_the_next_click(office: Office) -> None:
    worker, boss = office.browsers["case_worker"], office.browsers["administrator"]
    await worker.submit(f"{CASES}/new")
    place = f"{PEOPLE}/{office.people['case_worker']}"

    refused = await boss.submit(f"{place}/leaving")
    done = await boss.submit(f"{place}/leaving", successor_ref=office.people["privacy_officer"])

    assert (refused.status_code, "still works on open cases" in refused.text) == (409, True)
    assert done.headers["location"] == f"{place}?done=leaving"
    assert (await worker.get(CASES)).status_code == 303
    assert "Left (1)" in await office.page("administrator", PEOPLE)


async def test_nobody_is_offered_to_change_themself(office: Office) -> None:
    place = f"{PEOPLE}/{office.people['administrator']}"

    assert "Take out" not in await office.page("administrator", place)
    answer = await office.browsers["administrator"].submit(f"{place}/leaving")
    assert (answer.status_code, "Nobody changes themself" in answer.text) == (409, True)


async def test_changes_are_read_by_the_privacy_officer(office: Office) -> None:
    await office.added("auditor", name="Nia Bell")

    page = await office.page("privacy_officer", f"{PEOPLE}/changes")

    row = page.partition("<tbody")[2].partition("</tr>")[0]
    assert "Nia Bell" in row
    assert "Added: Auditor" in row
    assert "Robin Vale" in row
    assert "the operator" in page


async def test_systems_are_shown_with_their_keys(office: Office) -> None:
    assert office.agency in await office.page("administrator", f"{PEOPLE}/systems")


@pytest.mark.parametrize("place", ["", "/new", "/changes", "/systems", "/sessions"])
async def test_a_case_worker_finds_no_people(office: Office, place: str) -> None:
    assert (await office.browsers["case_worker"].get(PEOPLE + place)).status_code == 403


@pytest.mark.parametrize("step", ["roles", "leaving"])
async def test_a_privacy_officer_is_shown_no_step_of_an_administrator(office: Office, step: str) -> None:
    answer = await office.browsers["privacy_officer"].get(f"{PEOPLE}/{office.people['case_worker']}/{step}")

    assert answer.status_code == 403


async def test_a_person_ends_their_other_sessions(office: Office) -> None:
    ref = office.people["case_worker"]
    other = await office.square.sign_in(ref)
    page = await office.page("case_worker", OWN)

    answer = await office.browsers["case_worker"].submit(OWN)

    assert (Read(page).rows, "Last sign-in before this one" in page) == (2, True)
    assert answer.headers["location"] == f"{OWN}?done=ended"
    assert (await other.get(OWN)).status_code == 303
    assert Read(await office.page("case_worker", OWN)).rows == 1


async def test_an_administrator_ends_a_colleagues_session(office: Office) -> None:
    boss, place = office.browsers["administrator"], f"{PEOPLE}/sessions"
    page = await office.page("administrator", place)
    ends = re.findall(rf'action="({place}/[0-9a-f-]+/end)".*?name="token" value="([^"]+)"', page, re.DOTALL)

    answers = [await boss.client.post(end, data={"token": token}, headers=OWN_FORM) for end, token in ends]

    assert [answer.headers["location"] for answer in answers] == [f"{place}?done=ended"] * 2
    assert (await office.browsers["case_worker"].get(CASES)).status_code == 303
    assert "Session ended" in await office.page("administrator", f"{PEOPLE}/changes")


async def test_a_session_is_ended_by_its_own_forms_token_only(office: Office) -> None:
    place = f"{PEOPLE}/sessions"
    ends = re.findall(rf'action="({place}/[0-9a-f-]+/end)"', await office.page("administrator", place))

    for by in ("administrator", "case_worker"):
        for end in ends:
            answer = await office.browsers[by].client.post(end, data={"token": "x"}, headers=OWN_FORM)
            assert answer.status_code == 403


async def test_a_privacy_officer_shuts_a_colleague_out_by_name(office: Office) -> None:
    await office.browsers["case_worker"].submit(f"{CASES}/new", nickname="Blue door")
    results = await office.browsers["privacy_officer"].submit(CASES, words="Blue door")
    (ref,) = set(re.findall(rf'href="{CASES}/([0-9a-f-]{{36}})"', results.text))
    place = f"{CASES}/{ref}/exclusion"

    empty = await office.browsers["privacy_officer"].submit(place)
    answer = await office.browsers["privacy_officer"].submit(place, person_ref=office.people["case_worker"])

    assert (empty.status_code, 'href="#person_ref"' in empty.text) == (422, True)
    assert (answer.status_code, "Shut out: Robin Vale" in answer.text) == (200, True)
    assert "My cases (0)" in await office.page("case_worker", CASES)
    changes = office.square.sql("SELECT case_ref FROM dashboard.change WHERE agency_id = %s", office.agency)
    assert changes.count((UUID(ref),)) == 2  # open lists were told when it was opened, and when somebody lost it


async def test_a_colleagues_case_is_opened_by_a_reason(office: Office) -> None:
    other = await office.square.sign_in(await office.square.person(office.agency, "case_worker"))
    await office.browsers["case_worker"].submit(f"{CASES}/new", nickname="Blue door")
    results = await other.submit(CASES, words="Blue door")
    (ref,) = set(re.findall(rf'href="{CASES}/([0-9a-f-]{{36}})"', results.text))
    place = f"{CASES}/{ref}"

    led = await other.get(f"{place}/exclusion")
    empty = await other.submit(f"{place}/opening")
    answer = await other.submit(f"{place}/opening", reason_code="covering")

    assert (led.status_code, led.headers["location"].partition("?")[0]) == (303, f"{place}/opening")
    assert (empty.status_code, 'href="#reason_code"' in empty.text) == (422, True)
    assert (answer.status_code, answer.headers["location"]) == (303, place)
    assert (await other.get(f"{place}/exclusion")).status_code == 200


async def test_of_another_agencys_case_nobody_can_be_shut_out(office: Office) -> None:
    case_ref = await office.square.town.open_case("bay-hotline")

    answer = await office.browsers["privacy_officer"].get(f"{CASES}/{case_ref}/exclusion")

    assert answer.status_code == 404


async def test_where_intake_is_away_nobody_is_counted(office: Office) -> None:
    office.square.streets.away.add("intake.test")

    answer = await office.browsers["administrator"].get(PEOPLE)

    assert answer.status_code == 503
    assert "Not available just now" in answer.text
    assert "(0)" not in answer.text


async def test_people_are_shown_in_spanish(office: Office) -> None:
    boss = office.browsers["administrator"]
    await boss.get("/app/language/es")

    page = (await boss.get(f"{PEOPLE}/{office.people['case_worker']}/leaving")).text

    assert "Dar de baja: Robin Vale" in page
    assert "No trabaja en ningún caso abierto." in page
