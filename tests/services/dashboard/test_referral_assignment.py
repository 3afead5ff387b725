"""Assigning referrals at the desk: ticked in the list, a recommended colleague each, and each row done or refused."""

import re
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from services.dashboard.recommendation import recommended
from tests.services.dashboard.browser import OWN_FORM, Browser, Read
from tests.services.dashboard.conftest import Square
from tests.services.dashboard.desk_forms import PageForms
from tests.services.dashboard.test_referral_pages import LIST, counts_of, page_of, pages_of

PLACE = f"{LIST}/assignment"
ASSIGNED = "SELECT person_ref FROM referrals.assignment WHERE agency_id = %s ORDER BY person_ref"
PEOPLE = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 5), min_size=1)


@given(loads=PEOPLE, count=st.integers(0, 12))
def test_nobody_is_given_two_while_another_has_less(loads: dict[str, int], count: int) -> None:
    refs = [uuid4() for _ in range(count)]

    chosen = recommended(refs, sorted(loads), loads)

    counts = {person: load + list(chosen.values()).count(person) for person, load in loads.items()}
    given_one = [counts[person] for person in chosen.values()]
    assert set(chosen) == set(refs)
    assert max(given_one, default=0) <= min(counts.values()) + 1


def test_without_people_nobody_is_recommended() -> None:
    assert recommended([uuid4()], [], {}) == {}


async def a_shelter(square: Square, *priorities: str) -> tuple[str, str, str, Browser]:
    """Take in a shelter of two that was sent referrals; the first of the two is signed in."""
    agency, person = await square.worker()
    other = await square.person(agency, "case_worker")
    for priority in priorities:
        await square.referral(agency, priority=priority)
    return agency, person, other, await square.sign_in(person)


def choices_of(text: str) -> list[list[str]]:
    """Return the choices of each row."""
    selects = re.findall(r'<select class="govuk-select" id="row-\d+" name="row">(.*?)</select>', text, re.DOTALL)
    return [re.findall(r'<option value="([^"]*)"', select) for select in selects]


def recommended_in(text: str) -> list[str]:
    return re.findall(r'<option value="([^"]*)" selected>', text)


async def tick(browser: Browser, view: str = "agency") -> str:
    """Tick every row of a list; return the page that is led to."""
    text = (await browser.get(f"{LIST}?view={view}")).text
    boxes = re.findall(r'type="checkbox" id="row-\d+" name="row" value="([0-9a-f-]{36})"', text)
    assert len(boxes) == Read(text).rows
    assert f'<form method="get" action="{PLACE}">' in text
    return (await browser.get(f"{PLACE}?view={view}" + "".join(f"&row={box}" for box in boxes))).text


async def save(browser: Browser, page: str, *rows: str) -> str:
    ((action, form),) = PageForms(page).forms.items()
    answer = await browser.client.post(action, data=form | {"row": list(rows)}, headers=OWN_FORM)
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_ticked_referrals_are_shared_out_evenly(square: Square) -> None:
    agency, person, other, browser = await a_shelter(square, "urgent", "day", "soon", "routine")

    page = await tick(browser)
    assert square.sql(ASSIGNED, agency) == [], "nothing happens before Save"
    result = await save(browser, page, *recommended_in(page))

    assert square.sql(ASSIGNED, agency) == sorted([(person,), (person,), (other,), (other,)])
    assert result.count("govuk-tag--green") == Read(result).rows == 4
    counts = counts_of((await browser.get(LIST)).text)
    assert {name: counts[name] for name in ("mine", "agency", "unassigned")} == {
        "mine": 2,
        "agency": 4,
        "unassigned": 0,
    }
    assert len(pages_of((await browser.get(f"{LIST}?view=mine")).text)) == 2


async def test_a_refused_row_says_why_and_the_others_are_saved(square: Square) -> None:
    agency, person, other, browser = await a_shelter(square, "urgent", "day", "soon")
    page = await tick(browser)
    assigned, closed, free = [row[1] for row in choices_of(page)]
    square.sql(
        "INSERT INTO referrals.assignment VALUES (%s, %s, %s, now())",
        assigned[:36],
        agency,
        other if assigned.endswith(person) else person,
    )
    square.sql("UPDATE referrals.referral SET state = 'declined' WHERE receiver_ref = %s", closed[:36])

    result = await save(browser, page, assigned, closed, free, f"{uuid4()}..{person}", "not-a-choice", "")

    assert "Somebody else was assigned meanwhile." in result
    assert "It is closed by now." in result
    assert "No longer available." in result
    assert (result.count("govuk-tag--green"), Read(result).rows) == (1, 4)


async def test_a_referral_is_given_back_from_its_page(square: Square) -> None:
    agency, person, _, browser = await a_shelter(square, "urgent")
    page = await page_of(browser)
    first = await tick(browser)
    await save(browser, first, next(choice for choice in choices_of(first)[0] if choice.endswith(person)))

    again = (await browser.get(f"{PLACE}?row={page.rsplit('/', 1)[1]}")).text
    text = (await browser.get(page)).text
    await save(browser, again, choices_of(again)[0][-1])

    assert recommended_in(again) == [], "what somebody has stays with them"
    assert "Robin Vale" in text.partition("Who answers")[2]
    assert square.sql(ASSIGNED, agency) == []


async def test_without_a_tick_the_page_says_what_to_do(square: Square) -> None:
    _, _, _, browser = await a_shelter(square)

    page = (await browser.get(f"{PLACE}?view=agency")).text

    assert "No referral is ticked." in page
    assert (await browser.get(f"{PLACE}?row=nothing")).status_code == 404
