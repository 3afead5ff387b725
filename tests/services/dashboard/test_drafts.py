"""Work that is not lost: kept on the server by person and page, offered on return, and of one page only."""

from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.sealing.envelope import NotOpenable
from runtime.local_drafts import seal_draft, unseal_draft
from services.dashboard import draft_store
from services.dashboard.draft_store import MOST_KEPT, Writer
from services.dashboard.navigation import CASES
from services.dashboard.page_drafts import DISCARD, SAVE
from tests.services.dashboard.browser import OWN_FORM, Browser, Read
from tests.services.dashboard.conftest import Square

NEW = f"{CASES}/new"
TYPED = "Blue door, third bell"
OFFER = "You have unsaved work from"
ROWS = "SELECT count(*) FROM dashboard.draft WHERE person_ref = %s"


async def typed(browser: Browser, page: str = NEW, text: str = TYPED, **headers: str) -> httpx.Response:
    """Type into a page's form, as its script sends it a second later."""
    fields = Read((await browser.get(page)).text).fields | {"nickname": text}
    return await browser.client.post(SAVE, data=fields, headers=OWN_FORM | {"HX-Request": "true"} | headers)


def drafts_of(square: Square, person_ref: str) -> int:
    return int(square.sql(ROWS, person_ref)[0][0])


def resume_address(text: str) -> str:
    (address,) = [link for link in Read(text).links if "draft=" in link]
    return address


@pytest.fixture
async def robin(square: Square) -> tuple[Browser, str]:
    _, person_ref = await square.worker()
    return await square.sign_in(person_ref), person_ref


async def test_what_is_typed_is_kept_and_offered_on_return(square: Square, robin: tuple[Browser, str]) -> None:
    browser, person_ref = robin

    saved = await typed(browser)
    await browser.get("/app/sign-out")
    later = await square.sign_in(person_ref)
    offer = (await later.get(NEW)).text
    resumed = (await later.get(resume_address(offer))).text

    assert saved.text.startswith("Saved ")
    assert saved.text.endswith(", on your agency&#39;s server") or saved.text.endswith("on your agency's server")
    assert OFFER in offer
    assert TYPED not in offer
    assert TYPED in resumed
    assert OFFER not in resumed


async def test_going_on_replaces_nothing_that_is_being_typed(robin: tuple[Browser, str]) -> None:
    browser, _ = robin
    await typed(browser)
    address = resume_address((await browser.get(NEW)).text)

    await typed(browser, text="Something else")
    page = (await browser.get(address)).text

    assert TYPED in page
    assert OFFER in page  # the other work
    assert "Something else" in (await browser.get(resume_address(page))).text


async def test_a_form_that_was_sent_leaves_no_draft(square: Square, robin: tuple[Browser, str]) -> None:
    browser, person_ref = robin
    await typed(browser)
    page = Read((await browser.get(resume_address((await browser.get(NEW)).text))).text)

    answers = [await browser.client.post(NEW, data=page.fields | {"nickname": TYPED}, headers=OWN_FORM) for _ in "ab"]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert drafts_of(square, person_ref) == 0
    assert OFFER not in (await browser.get(NEW)).text


async def test_a_refused_form_keeps_its_draft(square: Square, robin: tuple[Browser, str]) -> None:
    browser, person_ref = robin
    await typed(browser)
    page = Read((await browser.get(resume_address((await browser.get(NEW)).text))).text)

    refusal = await browser.client.post(NEW, data=page.fields | {"nickname": "x" * 99}, headers=OWN_FORM)
    again = Read(refusal.text)

    assert refusal.status_code == 422
    assert drafts_of(square, person_ref) == 1
    assert again.fields["key"] == page.fields["key"]
    assert again.fields["page"] == NEW


async def test_a_draft_can_be_discarded(square: Square, robin: tuple[Browser, str]) -> None:
    browser, person_ref = robin
    saved = Read((await browser.get(NEW)).text).fields | {"nickname": TYPED}
    await browser.client.post(SAVE, data=saved, headers=OWN_FORM)
    token = {"token": (await token_of(browser, DISCARD))}

    answer = await browser.client.post(DISCARD, data=saved | token, headers=OWN_FORM)

    assert (answer.status_code, answer.headers["location"]) == (303, NEW)
    assert drafts_of(square, person_ref) == 0


async def token_of(browser: Browser, action: str) -> str:
    """Return the token that the page's form for this action carries."""
    text = (await browser.get(NEW)).text
    return text.split(f'action="{action}"')[1].split('name="token" value="')[1].split('"')[0]


async def test_without_script_a_button_saves_and_says_so(robin: tuple[Browser, str]) -> None:
    browser, _ = robin
    fields = Read((await browser.get(NEW)).text).fields | {"nickname": TYPED}

    answer = await browser.client.post(SAVE, data=fields, headers=OWN_FORM)
    page = (await browser.get(answer.headers["location"])).text

    assert answer.status_code == 303
    assert "go on with it within 24 hours" in page
    assert OFFER in page


async def test_nobody_else_reads_a_draft(square: Square) -> None:
    agency_id = await square.agency()
    browser, colleague = [
        await square.sign_in(await square.person(agency_id, "case_worker")) for _ in ("robin", "colleague")
    ]
    await typed(browser)
    address = resume_address((await browser.get(NEW)).text)

    pages = [(await colleague.get(place)).text for place in (NEW, address)]

    assert [TYPED in page or OFFER in page for page in pages] == [False, False]


async def test_after_a_day_a_draft_is_gone(square: Square, robin: tuple[Browser, str]) -> None:
    browser, person_ref = robin
    await typed(browser)
    address = resume_address((await browser.get(NEW)).text)
    square.sql("UPDATE dashboard.draft SET saved_at = saved_at - interval '1 day' WHERE person_ref = %s", person_ref)

    offer, page = (await browser.get(NEW)).text, (await browser.get(address)).text
    async with square.town.session("accord_dashboard") as session:
        await draft_store.forget(session)
        await session.commit()

    assert OFFER not in offer
    assert TYPED not in page
    assert drafts_of(square, person_ref) == 0


async def test_no_draft_lies_in_the_database_in_the_clear(square: Square, robin: tuple[Browser, str]) -> None:
    browser, person_ref = robin
    await typed(browser)

    ((row, body),) = square.sql("SELECT d::text, body FROM dashboard.draft AS d WHERE person_ref = %s", person_ref)

    assert not [word for word in (TYPED, NEW) if word in row or word.encode() in bytes(body)]


async def test_a_draft_of_one_page_opens_at_no_other(square: Square, robin: tuple[Browser, str]) -> None:
    browser, _ = robin
    fields = Read((await browser.get(f"{NEW}?for=one")).text).fields | {"nickname": TYPED}
    await browser.client.post(SAVE, data=fields, headers=OWN_FORM)
    address = resume_address((await browser.get(f"{NEW}?for=one")).text)

    other = await browser.get(address.replace("for=one", "for=two"))

    assert TYPED not in other.text
    assert OFFER not in other.text


async def opened_case(browser: Browser) -> str:
    """Open a case; return the address of its intake."""
    answer = await browser.client.post(NEW, data=Read((await browser.get(NEW)).text).fields, headers=OWN_FORM)
    return str(answer.headers["location"]).partition("?")[0] + "/intake"


async def test_nothing_typed_in_one_case_shows_in_another(robin: tuple[Browser, str]) -> None:
    browser, _ = robin
    first, other = await opened_case(browser), await opened_case(browser)
    fields = Read((await browser.get(first)).text).fields | {"narrative": "canary of one", "nickname": TYPED}
    await browser.client.post(SAVE, data=fields, headers=OWN_FORM)
    address = resume_address((await browser.get(first)).text)

    resumed = (await browser.get(address)).text
    others = [(await browser.get(place)).text for place in (other, address.replace(first, other), NEW, "/app/cases")]

    assert TYPED in resumed
    assert not [text for text in others if "canary" in text or TYPED in text or OFFER in text]


async def test_a_sealed_draft_opens_for_its_place_only(square: Square) -> None:
    keys, first, other = square.town.keys, await square.agency(), await square.agency()
    sealed = await seal_draft(keys, first, b"here", [("a", "1"), ("a", "2")])

    assert await unseal_draft(keys, first, b"here", sealed) == [("a", "1"), ("a", "2")]
    for agency_id, place in ((other, b"here"), (first, b"there")):
        with pytest.raises(NotOpenable):
            await unseal_draft(keys, agency_id, place, sealed)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"token": "x"}, 403),
        ({"page": "/app/cases"}, 403),
        ({"page": "//elsewhere.test"}, 400),
        ({"page": "/app/sign-out"}, 400),
        ({"page": "/app/cases/../new"}, 400),
        ({"key": "none"}, 400),
    ],
)
async def test_a_draft_is_of_a_form_that_was_shown(
    square: Square, robin: tuple[Browser, str], changes: dict[str, str], status: int
) -> None:
    browser, person_ref = robin
    fields = Read((await browser.get(NEW)).text).fields | {"nickname": TYPED} | changes

    assert (await browser.client.post(SAVE, data=fields, headers=OWN_FORM)).status_code == status
    assert drafts_of(square, person_ref) == 0


async def test_the_oldest_of_many_drafts_make_room(square: Square) -> None:
    sealed = await seal_draft(square.town.keys, "harbor-house", b"", [])
    writer = Writer("harbor-house", f"p-{uuid4().hex}", bytes(32))
    refs: list[UUID] = [uuid4() for _ in range(MOST_KEPT + 2)]
    session: AsyncSession
    async with square.town.session("accord_dashboard") as session:
        for ref in refs:
            await draft_store.save(session, writer, ref, sealed)
            await session.commit()

        assert await draft_store.sealed_draft(session, writer, refs[1]) is None
        assert await draft_store.sealed_draft(session, writer, refs[2]) is not None
