"""Where a survivor hides from somebody, the system before which they sit says for whom it asks."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from runtime.auth.on_behalf import HEADER
from tests.services.exchange.conftest import HOTLINE, Desk, listed
from tests.support.web import a_key

OPENING = {"purpose": "shelter"}


async def a_hidden_case(desk: Desk) -> tuple[UUID, UUID]:
    """Return a case whose survivor hides from Kim, and the message of it that the shelter got."""
    case_ref, _ = await desk.released()
    await desk.tell(case_ref)
    await desk.block_kim(case_ref)
    return case_ref, await desk.newest(case_ref)


async def opening(desk: Desk, message_ref: UUID, headers: dict[str, str]) -> httpx.Response:
    return await desk.system.post(f"/v1/messages/{message_ref}/opening", json=OPENING, headers=headers)


async def test_h12_a_system_opens_for_a_colleague_it_names(desk: Desk) -> None:
    _, message_ref = await a_hidden_case(desk)

    answers = {name: (await opening(desk, message_ref, desk.claim(name))).status_code for name in (None, "kim", "sam")}

    assert answers == {None: 404, "kim": 404, "sam": 200}


async def test_h12_where_nobody_is_shut_out_a_system_names_nobody(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.tell(case_ref)

    assert (await opening(desk, await desk.newest(case_ref), {})).status_code == 200


async def test_h12_a_system_that_names_nobody_meets_what_never_was(desk: Desk) -> None:
    case_ref, message_ref = await a_hidden_case(desk)
    shelter_ref = await desk.shelter_case_ref(case_ref)

    hidden = await opening(desk, message_ref, {})
    never = await opening(desk, uuid4(), {})
    file = await desk.system.get(f"/v1/cases/{shelter_ref}/messages")
    bulk = await desk.system.post("/v1/openings", json={"message_refs": [str(message_ref)], **OPENING})

    assert (hidden.status_code, hidden.content) == (never.status_code, never.content)
    assert (file.status_code, bulk.json()) == (404, {"opened": []})
    assert await listed(desk.system) == []


async def test_h12_lists_and_files_show_what_the_named_may_see(desk: Desk) -> None:
    case_ref, message_ref = await a_hidden_case(desk)
    shelter_ref = await desk.shelter_case_ref(case_ref)

    inbox = await desk.system.get("/v1/inbox", headers=desk.claim("sam"))
    file = await desk.system.get(f"/v1/cases/{shelter_ref}/messages", headers=desk.claim("sam"))

    assert [message["message_ref"] for message in inbox.json()["messages"]] == [str(message_ref)]
    assert len(file.json()["messages"]) == 1


async def test_h12_an_own_record_is_not_offered_again_for_nobody(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.tell(case_ref)
    await desk.town.direct(case_ref, None, None, effect="deny", excluded="ana")
    own = await desk.newest(case_ref, HOTLINE)

    async with desk.web.as_system(desk.app, HOTLINE) as system, desk.web.as_system(desk.app, HOTLINE, "priya") as named:
        refused = await system.post(f"/v1/messages/{own}/offering", json={})
        done = await named.post(f"/v1/messages/{own}/offering", json={})

    assert (refused.status_code, done.status_code) == (404, 204)


async def test_h12_the_leaf_names_the_person_and_the_refusal_says_why(desk: Desk) -> None:
    _, message_ref = await a_hidden_case(desk)

    for name in (None, "kim", "sam"):
        await opening(desk, message_ref, desk.claim(name))

    looks = [leaf for leaf in desk.leaves() if leaf["custodian"] is not None]
    of = {name: desk.pseudonym(f"{name}-{desk.shelter}") for name in ("kim", "sam")}
    assert [(leaf["act"], leaf["reason"], leaf["actor"]) for leaf in looks[-3:]] == [
        ("refused", "person_not_named", desk.pseudonym(desk.shelter)),
        ("refused", "blocked_person", of["kim"]),
        ("opened", None, of["sam"]),
    ]


REFUSED = {
    "another's key": {"key": a_key()},
    "over": {"iat": 1_700_000_000, "exp": 1_700_000_060},
    "too long": {"exp": 4_000_000_000},
    "another client": {"iss": "county-sheriff"},
    "another audience": {"aud": "elsewhere"},
    "several audiences": {"aud": ["accord", "elsewhere"]},
    "no jti": {"jti": None},
    "a token": {"header": {"typ": "at+jwt"}},
    "no type": {"header": {"typ": "JWT"}},
    "a key beside it": {"header": {"kid": "another"}},
}


@pytest.mark.parametrize("wrong", REFUSED.values(), ids=REFUSED)
async def test_h12_a_claim_that_does_not_hold_is_refused(desk: Desk, wrong: dict[str, Any]) -> None:
    _, message_ref = await a_hidden_case(desk)

    answer = await opening(desk, message_ref, desk.claim("sam", **wrong))

    assert (answer.status_code, answer.json()["code"]) == (403, "person_claim_refused")


async def test_h12_no_claim_tells_who_works_anywhere(desk: Desk) -> None:
    message_ref = (await a_hidden_case(desk))[1]
    desk.rows("UPDATE register.person SET active = false WHERE person_ref = %(ref)s", ref=desk.kim_ref)
    names = ("lee", "nobody-of-this-name", desk.kim_ref)  # another agency's, unknown, gone

    answers = [await opening(desk, message_ref, {HEADER: desk.web.claim(desk.shelter, name)}) for name in names]

    problems = [{name: value for name, value in answer.json().items() if name != "instance"} for answer in answers]
    assert all(problem == problems[0] for problem in problems)
    assert problems[0]["code"] == "person_claim_refused"


async def test_h12_a_person_names_nobody_and_a_header_comes_once(desk: Desk) -> None:
    claim = desk.claim("sam")[HEADER]

    by_a_person = await desk.sam.get("/v1/inbox", headers={HEADER: claim})
    twice = await desk.system.get("/v1/inbox", headers=[(HEADER, claim), (HEADER, claim)])
    nonsense = await desk.system.get("/v1/inbox", headers={HEADER: "sam"})

    assert (by_a_person.status_code, by_a_person.json()["code"]) == (403, "person_claim_refused")
    assert (twice.status_code, twice.json()["code"]) == (400, "duplicate_header")
    assert (nonsense.status_code, nonsense.json()["code"]) == (403, "person_claim_refused")


async def test_h12_a_claim_adds_nothing_to_what_a_system_may(desk: Desk) -> None:
    """Priya reads the ledger by her own sign-in; the system that names her does not."""
    async with desk.web.as_system(desk.app, HOTLINE, "priya") as system:
        may = (await system.get("/v1/inbox")).status_code

    assert may == 200  # a privacy officer alone has no inbox: the scopes stay the system's
    assert (await desk.people["priya"].get("/v1/inbox")).status_code == 403
