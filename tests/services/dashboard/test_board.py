"""The board: numbers that are the lengths of the lists behind them, by case code, with what the person may see now."""

import re
from typing import Any
from uuid import UUID

import httpx
import pytest

from schemas.categories import DataCategory
from schemas.codes import AgencyKind, Purpose
from services.dashboard.domain import case_code
from services.dashboard.navigation import BOARD
from services.dashboard.templates import UI
from services.dashboard.ui_files import FILES
from tests.services.dashboard.browser import Browser, Read
from tests.services.dashboard.conftest import PLACES, Square

LATE = """
UPDATE referrals.referral SET overdue_since = register.instant() WHERE referral_ref IN
    (SELECT referral_ref FROM referrals.referral WHERE receiving_agency = %s ORDER BY created_at LIMIT 1)
"""
VERSION = "SELECT CAST(xmin AS text) FROM dashboard.session WHERE person_ref = %s"
ENTRIES = "SELECT count(*) FROM ledger.pending"
CANARY = {"given_name": "Canarina", "family_name": "Vogelsang", "code_word": "kingfisher"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
NOTHING_ACTIVE = "default-src 'none'; frame-ancestors 'none'"  # of a redirect
BRIDGE = PLACES["law_enforcement_bridge_url"]


async def check_numbers(browser: Browser) -> dict[str, int]:
    """Return the numbers of a board, each being the length of the list that its link leads to."""
    counts = await browser.counts()
    for place, number in counts.items():
        page = await browser.read(place)
        assert page.rows == number, place
    return {place.rsplit("/", 1)[1]: number for place, number in counts.items()}


async def test_each_number_is_the_length_of_the_list_behind_it(square: Square) -> None:
    shelter, person = await square.worker()
    for _ in range(3):
        await square.referral(shelter)
    square.sql(LATE, shelter)
    delivered = await square.deliver(shelter)

    counts = await check_numbers(await square.sign_in(person))

    nothing = {"questions": 0, "releases": 0, "to-confirm": 0, "my-tasks": 0, "late-tasks": 0}
    assert counts == {"waiting": 3, "overdue": 1, "messages": delivered} | nothing
    assert delivered >= 3


async def test_a_case_is_shown_by_the_viewers_own_short_reference(square: Square) -> None:
    shelter, person = await square.worker()
    hotline_ref = await square.referral(shelter)
    shelter_ref = await square.town.case_ref_of(hotline_ref, shelter)

    page = await (await square.sign_in(person)).read(f"{BOARD}/waiting")

    assert case_code(shelter_ref) in page.words
    assert case_code(hotline_ref) not in page.words


async def test_a_script_gets_its_part_without_the_frame(square: Square) -> None:
    _, person = await square.worker()
    browser = await square.sign_in(person)

    whole = await browser.client.get(BOARD)
    part = await browser.client.get(BOARD, headers={"HX-Request": "true"})

    assert ["<html" in answer.text for answer in (whole, part)] == [True, False]
    assert part.text.lstrip().startswith('<div id="live"')
    assert '<div id="counted">' in part.text


async def test_what_a_page_asks_by_itself_is_not_written(square: Square) -> None:
    _, person = await square.worker()
    browser = await square.sign_in(person)
    versions = [square.sql(VERSION, person)]

    for headers in ({"accord-background": "1"}, {}):
        assert (await browser.client.get(BOARD, headers=headers)).status_code == 200
        versions.append(square.sql(VERSION, person))

    assert versions[0] == versions[1] != versions[2]


async def test_no_personal_field_is_on_any_page_or_in_any_answer(square: Square) -> None:
    shelter, person = await square.worker()
    case_ref = await square.town.open_case("bay-hotline")
    categories = [DataCategory.REFERRAL_STATUS, DataCategory.IDENTITY, DataCategory.SAFE_CONTACT, DataCategory.NEEDS]
    await square.town.direct(case_ref, shelter, Purpose.SHELTER, categories)
    await square.referral(shelter, case_ref, **CANARY)
    await square.deliver(shelter)
    browser = await square.sign_in(person)

    counts = await check_numbers(browser)

    assert counts["waiting"] == 1
    texts = [page.text for page in browser.pages]
    assert not [word for word in (*CANARY.values(), str(case_ref)) for text in texts if word in text]


async def test_what_a_survivor_stops_is_off_the_board_at_once(square: Square) -> None:
    shelter, person = await square.worker()
    case_ref = await square.town.open_case("bay-hotline")
    release = await square.town.direct(case_ref, shelter, Purpose.SHELTER, [DataCategory.REFERRAL_STATUS])
    await square.referral(shelter, case_ref)
    await square.deliver(shelter)
    browser = await square.sign_in(person)
    before = await check_numbers(browser)

    await square.town.revoke(case_ref, release)

    assert (before["waiting"], before["messages"]) == (1, 1)
    assert await check_numbers(browser) == dict.fromkeys(before, 0)


async def test_a_coordinator_sees_cases_released_for_coordination(square: Square) -> None:
    cell = await square.agency(AgencyKind.COORDINATION)
    person = await square.person(cell, "coordinator")
    shelter = await square.agency()
    case_ref = await square.referral(shelter)
    hidden = await square.referral(shelter)
    await square.town.direct(case_ref, cell, Purpose.COORDINATION, [DataCategory.REFERRAL_STATUS])
    square.sql(LATE, shelter)
    browser = await square.sign_in(person)

    counts = await check_numbers(browser)

    page = await browser.read(f"{BOARD}/overdue")
    assert (counts["waiting"], counts["overdue"]) == (1, 1)
    assert case_code(await square.town.case_ref_of(case_ref, cell)) in page.words
    assert case_code(hidden) not in page.words


async def test_m11_board_loads_leave_one_entry_per_list_and_hour(square: Square) -> None:
    cell = await square.agency(AgencyKind.COORDINATION)
    shelter = await square.agency()
    for _ in range(7):
        case_ref = await square.referral(shelter)
        await square.town.direct(case_ref, cell, Purpose.COORDINATION, [DataCategory.REFERRAL_STATUS])
    browser = await square.sign_in(await square.person(cell, "coordinator"))
    before = square.sql(ENTRIES)[0][0]

    counts = await browser.counts()
    once = square.sql(ENTRIES)[0][0]
    await browser.counts()

    assert counts[f"{BOARD}/waiting"] == 7
    # One for each list, and one for each case among the rows that are due soon.
    assert (once - before, square.sql(ENTRIES)[0][0] - once) == (3 + 7, 0)


async def test_a_custodian_sees_its_releases_that_end_within_a_week(square: Square) -> None:
    hotline = await square.agency(AgencyKind.HOTLINE)
    person = await square.person(hotline, "advocate")
    cases = [await square.town.open_case(hotline) for _ in range(2)]
    for case_ref, days in zip(cases, (3, 30), strict=True):
        await square.town.direct(case_ref, "harbor-house", Purpose.SHELTER, [DataCategory.NEEDS], days=days)
    browser = await square.sign_in(person)

    counts = await check_numbers(browser)

    page = await browser.read(f"{BOARD}/releases")
    assert counts["releases"] == 1
    assert {case_code(cases[0]), "Shelter", "Harbor-House", "in 2 days"} <= set(page.words)


async def test_the_police_see_which_orders_wait_for_service(square: Square) -> None:
    police = await square.agency(AgencyKind.POLICE)
    person = await square.person(police, "liaison")
    token = square.web.issuer.person(person, agency=police, roles=["liaison"])
    waiting = [await square.ask(token, BRIDGE, "/v1/orders", {"status": "temporary"}) for _ in range(2)]
    await square.ask(token, BRIDGE, "/v1/orders", {"status": "requested"})
    service_path = f"/v1/orders/{waiting[0]['order_ref']}/service"
    await square.ask(token, BRIDGE, service_path, {"service_status": "in_hand"}, **{"If-Match": '"1"'})
    browser = await square.sign_in(person)

    counts = await check_numbers(browser)

    page = await browser.read(f"{BOARD}/orders")
    assert counts["orders"] == 2
    assert {"An officer has it", "Not served yet", *(case_code(UUID(order["case_ref"])) for order in waiting)} <= set(
        page.words
    )


async def test_a_tile_that_the_person_may_not_ask_for_is_left_out(square: Square) -> None:
    person = await square.person(await square.agency(), "auditor", "coordinator")
    coordinator = await square.person(await square.agency(), "coordinator")
    square.sql("UPDATE register.person SET roles = '{auditor}' WHERE person_ref = %s", coordinator)

    browser = await square.sign_in(person)
    square.sql("UPDATE register.person SET roles = '{auditor}' WHERE person_ref = %s", person)

    page = await browser.read(BOARD)
    assert "Nothing is shown here for your role." in page.words
    assert (await browser.get(f"{BOARD}/waiting")).status_code == 404


async def test_whoever_may_ask_for_no_list_at_all_is_not_signed_in(square: Square) -> None:
    person = await square.person(await square.agency())
    browser = square.browser()

    answer = await browser.sign_in(person, "four plain words here")

    assert answer.status_code == 403
    assert "accord-session" not in browser.client.cookies


async def test_a_service_that_is_away_costs_its_own_number_only(square: Square) -> None:
    shelter, person = await square.worker()
    await square.referral(shelter)
    browser = await square.sign_in(person)
    square.streets.away.add("exchange.test")

    page = await browser.read(BOARD)
    behind = await browser.get(f"{BOARD}/messages")

    assert page.words.count("Not available just now") == 1
    assert f"{BOARD}/messages" not in page.lists
    assert (await check_numbers(browser))["waiting"] == 1
    assert behind.status_code == 503
    assert Read(behind.text).headings == ["Messages to open"]


async def test_no_such_list_and_no_such_page_are_told_by_a_plain_page(square: Square) -> None:
    _, person = await square.worker()
    browser = await square.sign_in(person)

    places = (f"{BOARD}/canarina", "/app/canarina", "/app/board/a/b")
    answers = [await browser.get(place) for place in places]
    answers.append(await browser.client.post(BOARD, content=b"canarina"))

    assert {answer.status_code for answer in answers} == {404}
    assert {tuple(Read(answer.text).headings) for answer in answers} == {("Page not found",)}
    assert not [answer for answer in answers if "canarina" in answer.text]


PAGES = ["/app", BOARD, f"{BOARD}/waiting", f"{BOARD}/none", "/app/sign-in", "/app/signed-in"]


@pytest.mark.parametrize("place", PAGES)
async def test_every_answer_carries_the_headers_that_keep_it_private(square: Square, place: str) -> None:
    _, person = await square.worker()
    browser = await square.sign_in(person)

    answer = await browser.get(place)

    headers = answer.headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] in (POLICY, NOTHING_ACTIVE)


@pytest.mark.parametrize("place", ["/app", BOARD, f"{BOARD}/waiting", f"{BOARD}/none"])
async def test_every_page_can_be_walked_without_a_script(square: Square, place: str) -> None:
    shelter, person = await square.worker()
    await square.referral(shelter)
    browser = await square.sign_in(person)

    answer = await browser.get(place)

    page = Read(answer.text)
    assert "form-action 'self'" in answer.headers["content-security-policy"]
    assert page.links[0] == "#main"
    assert len(page.headings) == 1
    assert not {"style", "img", "iframe"} & set(page.tags)
    assert all(address.startswith(f"{UI}/") for address in page.scripts)
    assert "</script>" not in re.sub(r"<script [^>]*src=[^>]*></script>", "", answer.text)
    assert " style=" not in answer.text
    assert not re.search(r"\son[a-z]+=", answer.text)
    assert page.tags.count("table") == page.tags.count("caption")


async def test_the_api_tells_the_same_numbers_and_lists(square: Square) -> None:
    cell = await square.agency(AgencyKind.COORDINATION)
    person = await square.person(cell, "coordinator")
    case_ref = await square.referral(await square.agency())
    await square.town.direct(case_ref, cell, Purpose.COORDINATION, [DataCategory.REFERRAL_STATUS])
    token = square.web.issuer.person(person, agency=cell, roles=["coordinator"])

    board: dict[str, Any] = await square.ask(token, "http://board.test", "/v1/board")
    lists = [await square.ask(token, "http://board.test", tile["href"]) for tile in board["tiles"]]

    counts = await check_numbers(await square.sign_in(person))
    assert {tile["name"]: tile["count"] for tile in board["tiles"]} == counts
    assert [tile["count"] for tile in board["tiles"]] == [len(listing["items"]) for listing in lists]
    assert lists[0]["items"][0]["case_code"] == case_code(await square.town.case_ref_of(case_ref, cell))


async def test_an_agencys_own_system_may_read_the_board_too(square: Square) -> None:
    board = await square.ask(square.web.issuer.system("harbor-house"), "http://board.test", "/v1/board")

    names = ["waiting", "overdue", "questions", "messages", "releases", "to-confirm"]
    assert [tile["name"] for tile in board["tiles"]] == names


async def fetch(square: Square, path: str, token: str | None) -> httpx.Response:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=square.streets, base_url="http://board.test", headers=headers) as client:
        return await client.get(path)


@pytest.mark.parametrize("path", ["/v1/board", "/v1/board/waiting"])
async def test_the_api_needs_a_token_and_the_scope(square: Square, path: str) -> None:
    anonymous = await fetch(square, path, None)
    scopeless = await fetch(square, path, square.web.issuer.person("sam"))

    assert (anonymous.status_code, scopeless.status_code) == (401, 403)


async def test_a_session_cookie_opens_no_api(square: Square) -> None:
    person = await square.person(await square.agency(AgencyKind.COORDINATION), "coordinator")
    browser = await square.sign_in(person)

    assert (await browser.get("/v1/board")).status_code == 401


async def test_the_api_says_what_is_away_and_what_is_absent(square: Square) -> None:
    token = square.web.issuer.person("cora")
    square.streets.away.add("referrals.test")

    board = (await fetch(square, "/v1/board", token)).json()
    away, absent = await fetch(square, "/v1/board/waiting", token), await fetch(square, "/v1/board/no", token)

    waiting = board["tiles"][0]
    assert (waiting["available"], "count" in waiting) == (False, False)
    assert (away.status_code, away.json()["code"]) == (503, "unavailable")
    assert (absent.status_code, absent.json()["code"]) == (404, "absent")


@pytest.mark.parametrize("name", FILES)
async def test_a_file_of_the_kits_may_be_kept_and_nothing_else(square: Square, name: str) -> None:
    browser = square.browser()

    answer = await browser.get(f"{UI}/{name}")
    plain = await browser.client.get(f"{UI}/{name}", headers={"Accept-Encoding": "identity"})

    assert answer.content == plain.content == FILES[name].body
    assert (answer.headers.get("content-encoding"), plain.headers.get("content-encoding")) == ("gzip", None)
    assert answer.headers["content-type"].split(";")[0] == FILES[name].media_type
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("place", [f"{UI}/none.css", f"{UI}/hashes.json", f"{UI[:-1]}/desk.css", f"{UI}/../main.py"])
async def test_no_other_file_is_served(square: Square, place: str) -> None:
    answer = await square.browser().get(place)

    assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")


async def test_a_script_without_a_session_is_led_to_the_start(square: Square) -> None:
    answer = await square.browser().client.get(BOARD, headers={"HX-Request": "true"})

    assert (answer.status_code, answer.headers["hx-redirect"], answer.text) == (200, "/app", "")


async def test_the_bare_address_leads_to_the_start(square: Square) -> None:
    answer = await square.browser().get("/")

    assert (answer.status_code, answer.headers["location"]) == (303, "/app")


async def test_a_page_is_told_in_the_agencys_own_time(square: Square) -> None:
    shelter, person = await square.worker()
    square.sql("UPDATE register.agency SET time_zone = 'Asia/Tokyo' WHERE agency_id = %s", shelter)

    page = await (await square.sign_in(person)).read(BOARD)

    assert [word for word in page.words if word.endswith(" JST")]


async def test_every_row_leads_to_its_page(square: Square) -> None:
    shelter, person = await square.worker()
    await square.referral(shelter)
    await square.deliver(shelter)
    browser = await square.sign_in(person)

    places = [place for place in (await browser.read(BOARD)).links if place.startswith(f"{BOARD}/")]
    rows = {link for place in places for link in await rows_of(browser, place)}
    answers = [await browser.get(place) for place in sorted(rows)]

    assert {place.split("/")[2] for place in rows} == {"referrals", "messages"}
    assert {answer.status_code for answer in answers} == {200}


async def rows_of(browser: Browser, place: str) -> list[str]:
    """Return where the rows of a list lead."""
    return re.findall(r'scope="row"[^>]*><a class="govuk-link" href="([^"]+)"', (await browser.get(place)).text)
