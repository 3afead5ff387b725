"""What a real browser sends with the sign-in form, and what an application gets that asks for all it can use."""

import pytest

from tests.devstack.issuer.conftest import ADDRESS, PASSPHRASE, Issued
from tests.devstack.issuer.test_issuer import REQUEST, code_for, exchange, verifier


async def send_form(issued: Issued, headers: dict[str, str]) -> int:
    form = REQUEST | {"person": issued.join(), "passphrase": PASSPHRASE}
    return (await issued.web.post("/authorize", data=form, headers=headers)).status_code


async def test_a_browser_signs_in_from_a_page_that_sends_no_referrer(issued: Issued) -> None:
    assert await send_form(issued, {"Origin": "null", "Sec-Fetch-Site": "same-origin"}) == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "same-site"},
        {"Origin": "null", "Sec-Fetch-Site": "none"},
        {"Origin": ADDRESS, "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://elsewhere.test", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_a_form_of_another_site_signs_nobody_in(issued: Issued, headers: dict[str, str]) -> None:
    assert await send_form(issued, headers) == 400


async def test_an_application_gets_only_scopes_the_person_holds(issued: Issued) -> None:
    back = await code_for(issued, issued.join("auditor"), scope="openid ledger:read messages:open")

    answer = (await issued.token(**exchange(back["code"]))).json()

    assert answer["scope"] == "ledger:read"
    assert (await verifier(issued).verify(answer["access_token"])).scopes == {"ledger:read"}


async def test_no_token_where_a_person_has_none_of_the_scopes_asked(issued: Issued) -> None:
    back = await code_for(issued, issued.join("auditor"), scope="openid messages:open")

    answer = await issued.token(**exchange(back["code"]))

    assert answer.json() == {"error": "invalid_scope"}
