"""Forms of the desk: only from our own pages and this session, sent twice one act, and what was typed is kept."""

import re
from uuid import UUID

import pytest

from services.dashboard.form_parser import MOST_BYTES
from services.dashboard.language import COOKIE
from services.dashboard.navigation import CASES
from tests.services.dashboard.browser import OWN_FORM, Read
from tests.services.dashboard.conftest import BOARD as ADDRESS
from tests.services.dashboard.conftest import PASSPHRASE, Square

NEW = f"{CASES}/new"
COUNT = 'SELECT count(*) FROM register."case" WHERE agency_id = %s'


def cases_of(square: Square, agency_id: str) -> int:
    return int(square.sql(COUNT, agency_id)[0][0])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "http://elsewhere.test"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": ADDRESS, "Sec-Fetch-Site": "same-site"},
        {"Origin": "http://elsewhere.test", "Sec-Fetch-Site": "same-origin"},
    ],
)
async def test_another_sites_form_does_nothing(square: Square, headers: dict[str, str]) -> None:
    agency, person = await square.worker()
    browser = await square.sign_in(person)
    form = Read((await browser.get(NEW)).text)

    answer = await browser.client.post(NEW, data=form.fields, headers=headers)

    assert answer.status_code == 403
    assert cases_of(square, agency) == 0


@pytest.mark.parametrize("token", ["", "A" * 43, "é"])
async def test_a_form_without_the_token_of_its_session_does_nothing(square: Square, token: str) -> None:
    agency, person = await square.worker()
    browser = await square.sign_in(person)

    assert (await browser.submit(NEW, token=token)).status_code == 403
    assert cases_of(square, agency) == 0


async def test_a_token_of_another_session_or_another_form_does_nothing(square: Square) -> None:
    agency, person = await square.worker()
    browser, other = await square.sign_in(person), await square.sign_in(person)
    tokens = [Read((await other.get(NEW)).text).fields["token"], Read((await browser.get(CASES)).text).fields["token"]]

    answers = [await browser.submit(NEW, token=token) for token in tokens]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert cases_of(square, agency) == 0


async def test_a_large_or_foreign_form_is_refused(square: Square) -> None:
    _, person = await square.worker()
    browser = await square.sign_in(person)
    form = {"Content-Type": "application/x-www-form-urlencoded", **OWN_FORM}

    large = await browser.client.post(NEW, content=b"token=" + b"x" * MOST_BYTES, headers=form)
    foreign = await browser.client.post(NEW, content=b"\xff\xfe", headers=form)

    assert [answer.status_code for answer in (large, foreign)] == [413, 400]


async def test_a_page_that_is_not_there_leads_on_to_others(square: Square) -> None:
    _, person = await square.worker()
    browser = await square.sign_in(person)

    absent = await browser.get(f"{CASES}/0b8e6f0e-1f8b-4a68-b0e8-6f6f0b5ad1c4")

    assert absent.status_code == 404
    assert {CASES, "/app/referrals", "/app/sign-out"} <= set(Read(absent.text).links)


async def test_a_form_sent_twice_is_one_record(square: Square) -> None:
    agency, person = await square.worker()
    browser = await square.sign_in(person)
    fields = Read((await browser.get(NEW)).text).fields | {"nickname": "Blue door"}

    answers = [await browser.client.post(NEW, data=fields, headers=OWN_FORM) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert cases_of(square, agency) == 1


async def test_what_is_refused_is_told_and_what_was_typed_is_kept(square: Square) -> None:
    agency, person = await square.worker()
    browser = await square.sign_in(person)

    answer = await browser.submit(NEW, nickname="Blue \u202edoor")
    fields = Read(answer.text).fields | {"nickname": "Blue door"}
    corrected = await browser.client.post(NEW, data=fields, headers=OWN_FORM)

    assert answer.status_code == 422
    assert 'href="#nickname"' in answer.text
    assert "Blue" in answer.text
    assert corrected.status_code == 303
    assert cases_of(square, agency) == 1


async def test_a_case_is_found_by_its_name_and_not_by_an_address(square: Square) -> None:
    _, person = await square.worker()
    browser = await square.sign_in(person)
    await browser.submit(NEW, nickname="Blue door")

    answer = await browser.submit(CASES, words="Blue door")
    nothing = await browser.submit(CASES, words="Red door")

    (ref,) = set(re.findall(rf'href="{CASES}/([0-9a-f-]{{36}})"', answer.text))
    assert UUID(ref)
    assert "No case of your agency has that code or that name" in nothing.text

    by_code = await browser.submit(CASES, words=f" {ref[:4]}{ref[4:8].upper()} ")
    assert ref in by_code.text


async def test_each_number_is_the_length_of_its_list(square: Square) -> None:
    _, person = await square.worker()
    browser = await square.sign_in(person)
    for _ in range(3):
        await browser.submit(NEW)

    text = (await browser.get(CASES)).text

    assert "My cases (3)" in text
    assert "Nobody works on (0)" in text
    assert Read(text).rows == 3


async def test_where_intake_is_away_no_number_stands(square: Square) -> None:
    _, person = await square.worker()
    browser = await square.sign_in(person)
    square.streets.away.add("intake.test")

    answer = await browser.get(CASES)

    assert answer.status_code == 503
    assert "Not available just now" in answer.text
    assert "(0)" not in answer.text


async def test_a_language_that_was_chosen_stays(square: Square) -> None:
    _, person = await square.worker()
    browser = await square.sign_in(person)

    answer = await browser.get("/app/language/es")

    assert answer.status_code == 303
    assert browser.client.cookies[COOKIE] == "es"
    assert '<html lang="es"' in (await browser.get(CASES)).text
    assert (await browser.get("/app/language/xx")).status_code == 404


async def test_a_file_that_is_uploaded_is_refused(square: Square) -> None:
    agency, person = await square.worker()
    browser = await square.sign_in(person)
    fields = Read((await browser.get(NEW)).text).fields

    files = {"narrative": ("a.txt", b"what she told", "text/plain")}
    answer = await browser.client.post(NEW, data=fields, files=files, headers=OWN_FORM)

    assert answer.status_code in (400, 403)
    assert "what she told" not in answer.text
    assert cases_of(square, agency) == 0


async def test_two_who_share_a_browser_see_nothing_of_each_other(square: Square) -> None:
    agency, first = await square.worker()
    second = await square.person(agency, "case_worker")
    browser = await square.sign_in(first)
    old_form = Read((await browser.get(NEW)).text).fields | {"nickname": "Blue door"}

    await browser.sign_in(second, PASSPHRASE)
    answer = await browser.client.post(NEW, data=old_form, headers=OWN_FORM)

    assert answer.status_code == 403
    assert "Blue door" not in answer.text
    assert "Blue door" not in (await browser.get(NEW)).text
    assert cases_of(square, agency) == 0


async def test_each_field_refuses_what_no_record_keeps(square: Square) -> None:
    agency, person = await square.worker()
    browser = await square.sign_in(person)
    texts = {"nul": "a\x00b", "bidi": "a\u202eb", "long": "x" * 30_000}

    answers = {
        (field, name): await browser.submit(NEW, **{field: text})
        for field in ("known_as", "narrative", "offender_name")
        for name, text in texts.items()
    }

    assert {answer.status_code for answer in answers.values()} == {422}
    assert all(f'href="#{field}"' in answer.text for (field, _), answer in answers.items())
    assert cases_of(square, agency) == 0
