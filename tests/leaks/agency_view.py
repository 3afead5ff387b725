"""All that an agency can see of its world: answers, pages of the board, and the letters in its mailbox."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from devstack.story.speaker import Speaker
from services.consent.release_lists import ReleaseState
from tests.leaks.normalise import Eyes
from tests.leaks.worlds import PURPOSES, World
from tests.services.dashboard.browser import Browser, Read
from tests.services.dashboard.form_walk import FormsOfPage
from tests.support.outsider import Outsider
from tests.support.waits import PATIENCE

OF_A_CASE = (
    ("intake", "/v1/cases/{case_ref}"),
    ("consent", "/v1/cases/{case_ref}/directives"),
    ("consent", "/v1/cases/{case_ref}/preview?recipient=county-sheriff&purpose=investigation"),
    ("notifications", "/v1/cases/{case_ref}/notices"),
    ("audit", "/v1/cases/{case_ref}/accounting"),
)
LISTS = (
    "direction=received&limit=1",
    "direction=followed&limit=1",
    "direction=sent&limit=1",
    "direction=received&state=sent",
    "direction=followed&state=accepted",
    "direction=followed&overdue=false",
    "direction=received&closed=false&order=deadline",
    "direction=followed&order=changed&limit=1",
)
# GET /v1/agencies is not here: it names the agencies of both worlds, which are in one town, and is nobody's case.
BOARDS = (
    *(("exchange", f"/v1/inbox?queue={queue}") for queue in ("unread", "opened", "handled")),
    ("notifications", "/v1/braked-notices"),
    ("law_enforcement_bridge", "/v1/orders"),
    ("consent", "/v1/directives?ending_within_days=90"),
    ("tasks", "/v1/tasks"),
    ("tasks", "/v1/tasks/count"),
    *(("consent", f"/v1/directives?state={state}") for state in ReleaseState),
    ("dashboard", "/v1/board"),
    *(
        ("dashboard", f"/v1/board/{name}")
        for name in ("messages", "waiting", "overdue", "questions", "releases", "orders")
    ),
)

DESK = (
    *(f"/app/referrals?view={view}" for view in ("mine", "agency", "unassigned", "sent", "closed", "sent-closed")),
    *(f"/app/messages?queue={queue}" for queue in ("unread", "opened", "handled")),
    *(f"/app/cases?view={view}" for view in ("mine", "agency", "closed")),
    *(f"/app/releases?tab={tab}" for tab in ("to-sign", "in-force", "stopped", "denied")),
    *(f"/app/orders?tab={tab}" for tab in ("to-serve", "in-force", "ended")),
)
PLACES = ("/app/referrals", "/app/messages", "/app/cases", "/app/releases", "/app/orders")
ROWS = tuple(f"{place}/{digit}" for place in PLACES for digit in "0123456789abcdef")


def seen_by(world: World, role: str) -> dict[str, str]:
    """Return all that an agency sees of its world, by channel, made plain."""
    eyes = Eyes(world.mark)
    views: dict[str, str] = {}
    for asker in (role, f"system of {role}"):
        views |= {f"{asker}: {name}": text for name, text in _by_http(world, role, asker, eyes).items()}
    views |= asyncio.run(_pages(world, role, eyes))
    views["mailbox"] = "\n".join(_mailbox(world, role, eyes))
    return views


@dataclass
class Asking:
    """One asker, and every answer they got, by what they asked."""

    speaker: Speaker
    eyes: Eyes
    answers: dict[str, str] = field(default_factory=dict)

    def ask(self, service: str, method: str, path: str, body: Any = None) -> httpx.Response:
        answer = self.speaker.ask(service, method, path, body)
        label = (
            f"{len(self.answers):03} {method} {self.eyes.plain(path)} {'' if body is None else json.dumps(body)[:30]}"
        )
        self.answers[label] = self.eyes.answer(answer)
        return answer

    def pages(self, service: str, path: str, member: str) -> list[dict[str, Any]]:
        """Ask for all pages of a list and return the rows."""
        answer = self.ask(service, "GET", path)
        rows: list[dict[str, Any]] = answer.json().get(member, [])
        while "next" in answer.links:
            answer = self.ask(service, "GET", path.partition("?")[0] + answer.links["next"]["url"])
            rows += answer.json()[member]
        return rows


def _by_http(world: World, role: str, asker: str, eyes: Eyes) -> dict[str, str]:
    asking = Asking(world.asker(role, asker), eyes)
    messages = asking.pages("exchange", "/v1/inbox?limit=2", "messages")
    for case_ref in dict.fromkeys(message["case_ref"] for message in messages):
        asking.pages("exchange", f"/v1/cases/{case_ref}/messages?limit=2", "messages")
        for service, path in OF_A_CASE:
            asking.ask(service, "GET", path.format(case_ref=case_ref))
    refs = [message["message_ref"] for message in messages]
    for purpose in PURPOSES[role]:
        for ref in refs:
            asking.ask("exchange", "POST", f"/v1/messages/{ref}/opening", {"purpose": purpose})
        asking.ask("exchange", "POST", "/v1/openings", {"purpose": purpose, "message_refs": refs})
    for query in LISTS:
        for referral in asking.pages("referrals", f"/v1/referrals?{query}", "referrals"):
            asking.ask("referrals", "GET", f"/v1/referrals/{referral['referral_ref']}")
    for service, path in BOARDS:
        asking.ask(service, "GET", path)
    return asking.answers


async def _pages(world: World, role: str, eyes: Eyes) -> dict[str, str]:
    """Return the pages of the board as the agency's person reads them in a browser."""
    town, person = world.started.town, world.speakers[role].person
    (secret,) = (member.passphrase_file for member in town.people if member.id == person)
    async with httpx.AsyncClient(base_url=town.services["dashboard"], timeout=20, trust_env=False) as client:
        browser = Browser(client)
        await browser.sign_in(person, Path(secret).read_text().strip())
        board = await browser.get("/app/board")
        pages = {link: await browser.get(link) for link in (*Read(board.text).lists, *DESK)}
        rows = [link for page in pages.values() for link in Read(page.text).links if link.startswith(ROWS)]
        pages |= {link: await browser.get(link) for link in dict.fromkeys(rows)}
        pages |= {
            name: page for text in [page.text for page in pages.values()] for name, page in await _looks(browser, text)
        }
        return {"page /app/board": eyes.answer(board)} | {
            f"page {eyes.plain(link)}": eyes.answer(page) for link, page in pages.items()
        }


async def _looks(browser: Browser, page: str) -> list[tuple[str, httpx.Response]]:
    """Press each button of a page that opens something, and return what is shown then."""
    forms = [form for form in FormsOfPage(page, browser).forms if form.action.endswith("/opening")]
    buttons = [(form, field) for form in forms for field in form.fields if field.name == "purpose"]
    return [(f"{form.action} {field.value}", await form.send({"purpose": field.value})) for form, field in buttons]


def _mailbox(world: World, role: str, eyes: Eyes) -> list[str]:
    """Return every letter in the agency's mailbox as its own user reads it: key, headers, length of what is sealed."""
    outsider = Outsider(world.started.run.town_file, world.agency(role))
    consumer = Consumer(outsider._settings("two-worlds"))
    topic, letters = outsider.agency["mailbox"], list[Any]()
    try:
        partitions = consumer.list_topics(topic, timeout=20).topics[topic].partitions
        places = [TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions]
        ends = sum(consumer.get_watermark_offsets(place, timeout=20)[1] for place in places)
        consumer.assign(places)
        deadline = time.monotonic() + PATIENCE
        while len(letters) < ends:
            assert time.monotonic() < deadline, "the mailbox could not be read to its end"
            letter: Any = consumer.poll(0.2)
            if letter is not None and not letter.error():
                letters.append(letter)
    finally:
        consumer.close()
    rows = [
        ([(name, value.decode()) for name, value in letter.headers()], letter.key().decode(), letter)
        for letter in letters
    ]
    rows.sort(key=lambda row: (row[1], dict(row[0])["ce_sequence"]))
    return [eyes.plain(json.dumps([key, headers, len(letter.value())])) for headers, key, letter in rows]
