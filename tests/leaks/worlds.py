"""Two worlds in one town, told alike but for what is hidden from an agency, and all that the agency can see of each.

Every world has agencies and people of its own, so that whatever an agency can list or count is of its world.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from cli import stack
from cli import town as places
from cli.enrolment import take_in_agency, take_in_person
from cli.fixture import Member, an_agency
from cli.story.speaker import Speaker
from cli.story.words import EXPLAINED, in_days, now
from cli.tokens import system_token
from schemas.codes import AgencyKind
from tests.services.dashboard.browsing import Browser, Read
from tests.world.outsider import Outsider
from tests.world.upsets import superuser

CAST = {
    "hotline": (AgencyKind.HOTLINE, "ana", "advocate"),
    "shelter": (AgencyKind.SHELTER, "sam", "case_worker"),
    "police": (AgencyKind.POLICE, "lee", "liaison"),
    "legal": (AgencyKind.LEGAL_AID, "jude", "attorney"),
    "cell": (AgencyKind.COORDINATION, "cora", "coordinator"),
}
PURPOSES = {
    "shelter": ("shelter", "advocacy"),
    "police": ("order_enforcement", "investigation"),
    "cell": ("coordination",),
}
PATIENCE = 30.0
TOLD: dict[str, Any] = {"channel": "hotline", "given_name": "Marisol", "needs": ["shelter"], "children_count": 2}
# What no release of either world opens to the shelter, the police or the cell.
HIDDEN: dict[str, Any] = {
    "narrative": "He waited outside. " * 120,
    "injuries": "a broken wrist",
    "strangulation": "yes",
    "offender_name": "R. Calder",
    "place": {"line_1": "12 Low Road", "city": "Fairview"},
    "weapon_involved": "yes",
    "weapon_kinds": ["blade"],
}
ON_ITS_WAY = """
SELECT count(*) FROM carrying.offer AS o JOIN register."case" AS c USING (subject_id)
WHERE c.case_ref = %s AND (o.state = 'offered'
    OR o.state = 'relayed' AND NOT EXISTS (SELECT FROM exchange.message AS m WHERE m.message_ref = o.message_ref))
"""


@dataclass
class World:
    """One survivor, five agencies, and what they do; `richer` is the world in which there is more to hide."""

    started: stack.Stack
    client: httpx.Client
    richer: bool
    mark: str = field(default_factory=lambda: token_hex(4))
    speakers: dict[str, Speaker] = field(default_factory=dict)
    case_ref: str = ""

    def agency(self, role: str) -> str:
        """Return the id of this world's agency of a role."""
        return f"{role}-{self.mark}"

    def asker(self, role: str, name: str) -> Speaker:
        """Return the person of a role, or its agency's system."""
        person = self.speakers[role]
        if name == role:
            return person
        token = system_token(self.started.town, self.agency(role))
        return Speaker(self.started.town, person.person, "", self.client, token)

    def settle(self) -> None:
        """Take the agencies and their people into the town."""
        for role, (kind, person, post) in CAST.items():
            take_in_agency(self.started.run, an_agency(self.agency(role), role.title(), kind))
            take_in_person(self.started.run, Member(f"{person}-{self.mark}", self.agency(role), person, (post,)))
        self.started.town = places.read(self.started.run.folder)
        for role, (_, person, _) in CAST.items():
            self.speakers[role] = Speaker(self.started.town, f"{person}-{self.mark}", "", self.client)

    def tell(self) -> None:
        """Tell the story; the richer world has more of it, and none of that is open to those who are looked at."""
        ana = self.speakers["hotline"]
        self.case_ref = ana.does("intake", "POST", "/v1/cases", {})["case_ref"]
        chosen = {"participation": "yes", "evidence": self._explained()}
        ana.does("consent", "PUT", f"/v1/cases/{self.case_ref}/participation", chosen)
        self._permit("shelter", "shelter", ["needs", "children", "referral_status"])
        self._permit("police", "order_enforcement", ["identity"])
        self._permit("cell", "coordination", ["referral_status"], only_fields=["referral_status.service_code"])
        self._permit("legal", "legal_representation", ["referral_status"])
        if self.richer:
            self._hide_more()
        more = HIDDEN if self.richer else {}
        told = ana.does("intake", "POST", f"/v1/cases/{self.case_ref}/incidents", TOLD | more)
        path = f"/v1/cases/{self.case_ref}/incidents/{told['incident_ref']}/versions"
        ana.does("intake", "POST", path, TOLD | {"children_count": 3} | more)
        self._refer("shelter", "shelter", more)
        self._refer("legal", "legal_representation", more)
        if self.richer:
            self._answer_out_of_sight()
        ana.does("intake", "POST", f"/v1/cases/{self.case_ref}/incidents", TOLD | {"children_count": 4} | more)
        self._settled()

    def _hide_more(self) -> None:
        """Add facts and provisions of which those who are looked at must not see a trace."""
        ana = self.speakers["hotline"]
        plan = {"threat_type": "intimate_partner", "goals": ["A safe bed"], "escape_code_word": "lemon tea"}
        ana.does("intake", "POST", f"/v1/cases/{self.case_ref}/plans", plan)
        hidden = {"narrative": "He called again.", "offender_name": "R. Calder"}
        ana.does("intake", "POST", f"/v1/cases/{self.case_ref}/incidents", hidden)
        self._permit("legal", "conflict_check", ["alleged_offender"], only_fields=["alleged_offender.offender_name"])
        for denial in (
            {"recipient": self.agency("police"), "categories": ["medical"]},
            {"recipient": self.agency("shelter"), "categories": ["incident_narrative"]},
            {"excluded_person_ref": f"jude-{self.mark}"},
        ):
            made = ana.does("consent", "POST", f"/v1/cases/{self.case_ref}/directives", {"effect": "deny"} | denial)
            if "excluded_person_ref" in denial:
                lifted = self._explained() | {"signed_at": now(), "signer_role": "survivor", "second_channel": "voice"}
                path = f"/v1/directives/{made['directive_ref']}/revocation"
                ana.does("consent", "POST", path, {"by": "survivor", "evidence": lifted})

    def _answer_out_of_sight(self) -> None:
        """Let legal aid accept, which is between it and the hotline."""
        jude = self.speakers["legal"]
        deadline = time.monotonic() + PATIENCE
        while True:
            found = jude.does("referrals", "GET", "/v1/referrals?direction=received")["referrals"]
            if found:
                break
            assert time.monotonic() < deadline, "the referral did not come"
        path = f"/v1/referrals/{found[0]['referral_ref']}/acceptance"
        jude.does("referrals", "POST", path, {"advocate_name": "Jude"}, If_Match=f'"{found[0]["version"]}"')

    def _refer(self, role: str, purpose: str, more: Mapping[str, Any]) -> None:
        said = {"case_ref": self.case_ref, "to_agency_ref": self.agency(role), "mode": "live", "purpose": purpose}
        body = said | {"service_code": "shelter", "priority": "urgent"}
        self.speakers["hotline"].does("referrals", "POST", "/v1/referrals", body | dict(more))

    def _permit(self, role: str, purpose: str, categories: list[str], **more: Any) -> None:
        ana = self.speakers["hotline"]
        said = {"effect": "permit", "recipient": self.agency(role), "purpose": purpose, "categories": categories}
        said |= {"valid_until": in_days(5)} | more
        draft = ana.does("consent", "POST", f"/v1/cases/{self.case_ref}/directives", said)
        signature = self._explained() | {"signed_at": now(), "signer_role": "survivor"}
        path = f"/v1/directives/{draft['directive_ref']}/signature"
        ana.does("consent", "POST", path, signature, If_Match=draft["etag"])

    def _explained(self) -> dict[str, Any]:
        return EXPLAINED | {"explained_by": f"ana-{self.mark}"}

    def _settled(self) -> None:
        deadline = time.monotonic() + PATIENCE
        with superuser(self.started) as connection:
            while connection.execute(ON_ITS_WAY, [self.case_ref]).fetchone() != (0,):
                assert time.monotonic() < deadline, "the messages did not arrive"
                time.sleep(0.05)


UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
SHOWN_INSTANT = re.compile(r"\d{1,2} [A-Z][a-z]+ 20\d\d(, | at | )?\d\d:\d\d|20\d\d-\d\d-\d\d \d\d:\d\d")
TRACE = re.compile(r"\b00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]\b")
CURSOR = re.compile(r"\bW[yz][A-Za-z0-9_-]{10,}")
CODE = re.compile(r"\b[0-9A-F]{4}-[0-9A-F]{4}\b")  # how staff call a case: the beginning of its reference
# The place of an entry in the one tree of the town counts what everybody does, and is known from each checkpoint.
PLACE = re.compile(r'(?<="index":)(\d+|null)')
SECRET = re.compile(r'(?<=name="token" value=")[A-Za-z0-9_-]+')


@dataclass
class Eyes:
    """What may differ between two worlds, and nothing besides: its name, references, instants, places in the tree.

    A reference becomes the number of its first appearance, so that which things are the same stays to be seen.
    """

    mark: str
    refs: dict[str, int] = field(default_factory=dict)

    def plain(self, text: str) -> str:
        """Return the text with what is random or of the clock made plain."""
        text = CURSOR.sub(lambda found: self._cursor(found[0]), text.replace(self.mark, "W"))
        text = PLACE.sub("0", UUID.sub(lambda found: self._number(found[0]), text))
        text = SECRET.sub(
            "<form>", TRACE.sub("<trace>", SHOWN_INSTANT.sub("<instant>", INSTANT.sub("<instant>", text)))
        )
        return CODE.sub(lambda found: self._number(found[0]), text)

    def _number(self, ref: str) -> str:
        return f"<{self.refs.setdefault(ref, len(self.refs))}>"

    def answer(self, answer: httpx.Response) -> str:
        """Return all that an answer says; its length is that of the plain text, as an instant has no fixed one."""
        left_out = {"date", "content-length", "set-cookie"}
        headers = {name: value for name, value in answer.headers.items() if name not in left_out}
        return self.plain(json.dumps([answer.status_code, headers]) + "\n" + answer.text)

    def _cursor(self, text: str) -> str:
        try:
            return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        except ValueError:
            return text


def seen_by(world: World, role: str) -> dict[str, str]:
    """Return all that an agency sees of its world, by channel, made plain."""
    eyes = Eyes(world.mark)
    found: dict[str, str] = {}
    for asker in (role, f"system of {role}"):
        found |= {f"{asker}: {name}": text for name, text in _by_http(world, role, asker, eyes).items()}
    found |= asyncio.run(_pages(world, role, eyes))
    found["mailbox"] = "\n".join(_mailbox(world, role, eyes))
    return found


@dataclass
class Asking:
    """One asker, and every answer they got, by what they asked."""

    speaker: Speaker
    eyes: Eyes
    found: dict[str, str] = field(default_factory=dict)

    def ask(self, service: str, method: str, path: str, body: Any = None) -> httpx.Response:
        answer = self.speaker.ask(service, method, path, body)
        what = f"{len(self.found):03} {method} {self.eyes.plain(path)} {'' if body is None else json.dumps(body)[:30]}"
        self.found[what] = self.eyes.answer(answer)
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
    for case_ref in dict.fromkeys(one["case_ref"] for one in messages):
        asking.pages("exchange", f"/v1/cases/{case_ref}/messages?limit=2", "messages")
        for service, path in OF_A_CASE:
            asking.ask(service, "GET", path.format(case_ref=case_ref))
    refs = [one["message_ref"] for one in messages]
    for purpose in PURPOSES[role]:
        for ref in refs:
            asking.ask("exchange", "POST", f"/v1/messages/{ref}/opening", {"purpose": purpose})
        asking.ask("exchange", "POST", "/v1/openings", {"purpose": purpose, "message_refs": refs})
    for query in LISTS:
        for one in asking.pages("referrals", f"/v1/referrals?{query}", "referrals"):
            asking.ask("referrals", "GET", f"/v1/referrals/{one['referral_ref']}")
    for service, path in BOARDS:
        asking.ask(service, "GET", path)
    return asking.found


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
)


BOARDS = (
    ("law_enforcement_bridge", "/v1/orders"),
    ("consent", "/v1/directives?ending_within_days=90"),
    ("dashboard", "/v1/board"),
    *(
        ("dashboard", f"/v1/board/{name}")
        for name in ("messages", "waiting", "overdue", "questions", "releases", "orders")
    ),
)


async def _pages(world: World, role: str, eyes: Eyes) -> dict[str, str]:
    """Return the pages of the board as the agency's person reads them in a browser."""
    town, person = world.started.town, world.speakers[role].person
    (secret,) = (one.passphrase_file for one in town.people if one.id == person)
    async with httpx.AsyncClient(base_url=town.services["dashboard"], timeout=20, trust_env=False) as client:
        browser = Browser(client)
        await browser.sign_in(person, Path(secret).read_text().strip())
        board = await browser.get("/app/board")
        lists = [link for link in Read(board.text).links if link.startswith("/app/board/")]
        return {"page /app/board": eyes.answer(board)} | {
            f"page {link}": eyes.answer(await browser.get(link)) for link in lists
        }


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
    told = [([(name, value.decode()) for name, value in one.headers()], one.key().decode(), one) for one in letters]
    told.sort(key=lambda one: (one[1], dict(one[0])["ce_sequence"]))
    return [eyes.plain(json.dumps([key, headers, len(one.value())])) for headers, key, one in told]
