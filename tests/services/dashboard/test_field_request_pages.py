"""Asking for more at the desk: the shelter asks, the hotline asks her, and each sees what is theirs to see."""

from uuid import UUID

import pytest

from schemas.categories import DataCategory
from schemas.codes import AgencyKind, Purpose
from services.dashboard.navigation import RELEASES, TASKS
from tests.services.dashboard.browser import Browser, Read
from tests.services.dashboard.conftest import PLACES, Square
from tests.services.dashboard.desk_forms import send

REASON = "She needs a cot for the child"


async def both(square: Square) -> tuple[Browser, str, Browser, str]:
    """Have a hotline share something with a shelter; return each one's browser and its page of what was asked."""
    hotline, shelter = await square.agency(AgencyKind.HOTLINE), await square.agency()
    person = await square.person(hotline, "advocate")
    ana, sam = await square.sign_in(person), await square.sign_in(await square.person(shelter, "case_worker"))
    case_ref = await square.town.open_case(hotline)
    permitted = [DataCategory.REFERRAL_STATUS, DataCategory.NEEDS]
    await square.town.direct(case_ref, shelter, Purpose.SHELTER, permitted)
    token = square.web.issuer.person(person, agency=hotline, roles=["advocate"])
    await square.ask(token, PLACES["intake_url"], f"/v1/cases/{case_ref}/incidents", {"needs": ["shelter"]})
    await square.deliver(shelter)
    own: UUID = await square.town.case_ref_of(case_ref, shelter)
    return ana, f"{RELEASES}/{case_ref}/requests", sam, f"{RELEASES}/{own}/requests"


async def asked(sam: Browser, place: str) -> None:
    page = await sam.read(f"{place}/new")
    fields = {"custodian_ref": page.fields["custodian_ref"], "purpose": "shelter", "categories": "children"}
    answer = await send(sam, f"{place}/new", "/new", **fields, reason=REASON)
    assert answer.status_code == 303, answer.text


async def test_she_is_asked_and_says_no(square: Square) -> None:
    ana, hers, sam, theirs = await both(square)
    await asked(sam, theirs)

    to_do = await ana.get(f"{TASKS}?view=unassigned")
    before = await ana.get(hers)
    declined = await send(ana, hers, "/decline", channel="voice")

    assert "Another agency asks for more: ask her" in to_do.text
    assert REASON in before.text
    assert declined.headers["location"] == f"{hers}?done=decline"
    assert "She said no" in (await ana.get(hers)).text
    page = (await sam.get(theirs)).text
    assert "Not authorised" in page
    assert REASON not in page
    assert "Another agency asks" not in (await ana.get(f"{TASKS}?view=unassigned")).text


async def test_a_request_is_taken_back(square: Square) -> None:
    ana, hers, sam, theirs = await both(square)
    await asked(sam, theirs)

    answer = await send(sam, theirs, "/withdrawal")

    assert answer.headers["location"] == f"{theirs}?done=withdrawal"
    assert "Taken back" in (await ana.get(hers)).text


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"reason": ""}, "Say why."),
        ({"categories": []}, "Choose at least one."),
        ({"purpose": "counselling"}, "problem"),
    ],
)
async def test_what_is_missing_is_said_at_its_field(square: Square, fields: dict[str, str], text: str) -> None:
    _, _, sam, theirs = await both(square)
    page = await sam.read(f"{theirs}/new")
    typed = {"custodian_ref": page.fields["custodian_ref"], "purpose": "shelter", "categories": "children"}

    answer = await send(sam, f"{theirs}/new", "/new", **{**typed, "reason": REASON, **fields})

    assert answer.status_code == 422
    assert text in answer.text


async def test_where_nobody_shared_anything_nobody_is_asked(square: Square) -> None:
    ana, hers, _, _ = await both(square)

    page = await ana.get(f"{hers}/new")

    assert "there is nobody to ask" in page.text
    assert Read((await ana.get(hers)).text).headings == ["What was asked (0)"]
