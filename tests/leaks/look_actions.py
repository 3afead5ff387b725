"""Everybody reads all that they may read: openings, lists, accounts, proofs and the board."""

import re
from html import unescape
from pathlib import Path
from typing import Any

from services.consent.release_lists import ReleaseState
from tests.leaks.scene import Scene

FIELDS = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')
LISTS = ("waiting", "overdue", "questions", "messages", "releases", "orders")
MOST = 100
CONSIDERED = [
    {"recipient": "harbor-house", "purpose": "shelter", "categories": ["needs"]},
    {"recipient": "riverside-legal", "purpose": "legal_representation", "categories": ["financial"]},
]


def open_everything(scene: Scene) -> dict[str, list[dict[str, Any]]]:
    """Let each person open all that lies in their inbox, at once and one by one; return what each was shown."""
    openings: dict[str, list[dict[str, Any]]] = {}
    for name, person in scene.people.items():
        if name == "priya":  # a privacy officer opens no mail
            continue
        mail = person.inbox()
        refs = [message["message_ref"] for message in mail]
        openings[name] = []
        for begin in range(0, len(refs), MOST):
            request = {"purpose": person.purpose, "message_refs": refs[begin : begin + MOST]}
            openings[name] += person.does("exchange", "POST", "/v1/openings", request)["opened"]
        for ref in refs[:3]:
            person.opens(ref)
        for case_ref in {message["case_ref"] for message in mail}:
            person.ask("exchange", "GET", f"/v1/cases/{case_ref}/messages?limit=2")
    return openings


def look_at_cases(scene: Scene, case: str) -> None:
    """Read the case, the list in which it is, and who could work on it."""
    lists = ("/v1/cases?limit=1", "/v1/cases?assigned=me", "/v1/cases/count", "/v1/colleagues?limit=1")
    for path in (case, *lists):
        scene.people["ana"].ask("intake", "GET", path)


def look_at_referrals(scene: Scene) -> None:
    """Read the lists of referrals, each of those sent, and what is found by a spoken code."""
    for name, direction in (("ana", "sent"), ("sam", "received"), ("cora", "followed")):
        scene.people[name].ask("referrals", "GET", f"/v1/referrals?direction={direction}&limit=2")
    sent = scene.people["ana"].does("referrals", "GET", "/v1/referrals?limit=200")["referrals"]
    for referral in sent:
        scene.people["ana"].ask("referrals", "GET", f"/v1/referrals/{referral['referral_ref']}")
    for name in ("ana", "sam", "cora"):
        scene.does(name, "referrals", "POST /v1/referrals/search", {"spoken_code": sent[-1]["spoken_code"]})


def look_around(scene: Scene, case_ref: str) -> None:
    """Read every list and every state, page by page."""
    ana, lee, sam, priya = (scene.people[name] for name in ("ana", "lee", "sam", "priya"))
    case = f"/v1/cases/{case_ref}"
    look_at_cases(scene, case)
    ana.ask("notifications", "GET", f"{case}/notices")
    lists = [f"/v1/directives?state={state}&limit=2" for state in ReleaseState]
    for path in (
        f"{case}/directives",
        "/v1/directives?ending_within_days=90&limit=2",
        *lists,
        "/v1/agencies?limit=2",
        "/v1/release-texts",
    ):
        ana.ask("consent", "GET", path)
    for directive in ana.does("consent", "GET", f"{case}/directives")["directives"]:
        ana.ask("consent", "GET", f"/v1/directives/{directive['directive_ref']}")
        ana.ask("consent", "GET", f"/v1/directives/{directive['directive_ref']}/receipt")
    ana.ask("consent", "GET", f"{case}/preview?recipient=harbor-house&purpose=shelter")
    look_at_referrals(scene)
    scene.does("ana", "consent", f"POST {case}/previews", {"considered": CONSIDERED})
    for person, direction in ((ana, "sent"), (sam, "received"), (scene.people["cora"], "followed")):
        person.ask("referrals", "GET", f"/v1/referrals?direction={direction}&limit=2")
    for referral in ana.does("referrals", "GET", "/v1/referrals?limit=200")["referrals"]:
        ana.ask("referrals", "GET", f"/v1/referrals/{referral['referral_ref']}")
    for order in lee.does("law_enforcement_bridge", "GET", "/v1/orders?limit=200")["orders"]:
        lee.ask("law_enforcement_bridge", "GET", f"/v1/orders/{order['order_ref']}")
    lee.ask("law_enforcement_bridge", "GET", "/v1/orders?limit=1")
    scene.does("lee", "law_enforcement_bridge", "POST /v1/orders/search", {"order_number": "26-PO-0117"})
    own = next(message["message_ref"] for message in ana.inbox() if message["type"] == "accord.incident.reported.v1")
    ana.ask("exchange", "GET", "/v1/inbox?limit=2")
    scene.does("ana", "exchange", f"POST /v1/messages/{own}/offering", {"to": ["harbor-house"]})
    scene.does("ana", "exchange", f"POST /v1/messages/{own}/opening", {"purpose": "advocacy"})
    scene.does("ana", "exchange", "POST /v1/openings", {"purpose": "advocacy", "message_refs": [own]})
    scene.does("ana", "exchange", f"PUT /v1/messages/{own}/handling", {"handled": True})
    sam.ask("exchange", "GET", "/v1/inbox?queue=opened&limit=2")
    priya.ask("audit", "GET", f"{case}/accounting?limit=200")
    priya.ask("audit", "GET", f"{case}/accounting?limit=2")
    for path in ("/v1/checkpoint", "/v1/proofs/inclusion?index=3", "/v1/proofs/consistency?from=1&to=2"):
        priya.ask("audit", "GET", path)
    scene.people["cora"].ask("dashboard", "GET", "/v1/board")
    for name in LISTS:
        scene.people["cora"].ask("dashboard", "GET", f"/v1/board/{name}")


def sit_before_the_board(scene: Scene, name: str = "cora") -> None:
    """Sign in with a browser, mistype the name first, read every page and sign out."""
    board, issuer = scene.town.services["dashboard"], scene.town.issuer.url
    place = next(person.passphrase_file for person in scene.town.people if person.id == name)
    with scene.recorder.client(follow_redirects=True) as browser:
        page = browser.get(f"{board}/app/sign-in")
        hidden_fields = {unescape(key): unescape(value) for key, value in FIELDS.findall(page.text)}
        assert hidden_fields, page.text
        mistyped = scene.nursery.word("typed", "the sign-in page: name")
        wrong = scene.nursery.word("refused", "the sign-in page: passphrase")
        own = {"Sec-Fetch-Site": "same-origin", "Origin": issuer}
        browser.post(
            f"{issuer}/authorize", data={**hidden_fields, "person": mistyped, "passphrase": wrong}, headers=own
        )
        honest = {**hidden_fields, "person": name, "passphrase": Path(place).read_text().strip()}
        browser.post(f"{issuer}/authorize", data=honest, headers=own)
        board_page = browser.get(f"{board}/app/board")
        assert "Sign out" in board_page.text, board_page.text
        for list_name in LISTS:
            browser.get(f"{board}/app/board/{list_name}")
        browser.get(f"{board}/app/{scene.nursery.slug('refused', 'a page of the board')}")
        browser.get(f"{board}/app/board", params={scene.nursery.slug("refused", "board: query"): "1"})
