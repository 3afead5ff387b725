"""The story of one case, in six chapters; each does real requests and checks what came of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx

from devstack.story import words
from devstack.story.broker import sealed_in_mailbox
from devstack.story.chapter import Chapter, opening_text
from devstack.story.record import one_edit_is_named, whole
from devstack.story.speaker import PATIENCE_SECONDS, Speaker, Surprise
from devstack.story.stall import paused
from schemas.town import Town

PEOPLE = {
    "ana": "advocacy",
    "sam": "shelter",
    "lee": "order_enforcement",
    "noor": "counselling",
    "jude": "legal_representation",
    "priya": "advocacy",
}
WAITING = ("ana", "sam", "lee", "noor", "jude")
ELSEWHERE = {"sam": "Harbor House", "lee": "County Sheriff", "noor": "Lantern Counselling"}
INCIDENT = "accord.incident.reported.v1"
ACCEPTED = "accord.referral.accepted.v1"
SERVED = "accord.protective_order.served.v1"
PLANNED = "accord.safety_plan.updated.v1"


class Story:
    """One case from the first call to the last look, told by the people of the town."""

    def __init__(self, town: Town, client: httpx.Client) -> None:
        self.town = town
        self.people = {name: Speaker(town, name, purpose, client) for name, purpose in PEOPLE.items()}
        self.case_ref = ""
        self.directives: dict[str, str] = {}
        self.incident: dict[str, dict[str, Any]] = {}
        self.before: dict[str, set[str]] = {}

    def __getattr__(self, name: str) -> Speaker:
        """Return the person of this name."""
        try:
            return self.__dict__["people"][name]  # type: ignore[no-any-return]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def _case(self) -> str:
        return f"/app/cases/{self.case_ref}"

    @property
    def _releases(self) -> str:
        return f"/app/releases/{self.case_ref}"

    def chapters(self) -> Iterator[Chapter]:
        """Tell the chapters in order; each begins where the last one ended."""
        for tell in (
            self.the_call,
            self.the_release,
            self.the_incident,
            self.the_answers,
            self.the_stop,
            self.the_record,
        ):
            chapter = Chapter("")
            tell(chapter)
            yield chapter

    def the_call(self, chapter: Chapter) -> None:
        chapter.title = "1. A call at night: a case without a name"
        for name in WAITING:
            self.people[name].sets_aside_what_is_there()
        self.before = {name: _refs(self.people[name]) for name in ELSEWHERE}
        opened = self.ana.does("intake", "POST", "/v1/cases", {})
        self.case_ref = opened["case_ref"]
        chapter.tell("Ana at the hotline opens a case: no name, no field about anybody.", "ana", self._case)
        chosen = {"participation": "yes", "evidence": words.EXPLAINED}
        self.ana.does("consent", "PUT", f"/v1/cases/{self.case_ref}/participation", chosen)
        chapter.tell("Marisol agrees to take part; Ana records how it was explained.", "ana", self._releases)
        self.ana.does("intake", "POST", f"/v1/cases/{self.case_ref}/incidents", words.incident())
        self.ana.does("intake", "POST", f"/v1/cases/{self.case_ref}/plans", words.plan(1))
        chapter.tell("Ana writes down the incident and a first safety plan.", "ana", f"{self._case}/plan")
        self.incident["ana"] = self.ana.waits_for(INCIDENT, {"case_ref": self.case_ref})
        chapter.views["Bay Hotline"] = opening_text(self.ana.opens(self.incident["ana"]["message_ref"]))
        for name, agency in ELSEWHERE.items():
            fresh = [message for message in self._mail_since(name) if message["sender"] == self.ana.agency]
            chapter.views[agency] = "nothing" if not fresh else "SOMETHING"
            chapter.claim(f"before any release, {agency} has nothing of this case", not fresh)

    def the_release(self, chapter: Chapter) -> None:
        chapter.title = "2. What Marisol allows, and to whom"
        for recipient, purpose, categories in words.RELEASE:
            self.directives[recipient] = self._sign(recipient, purpose, categories)
            page = f"{self._releases}/release/{self.directives[recipient]}"
            chapter.tell(f"She allows {recipient}, for {purpose}: {', '.join(categories)}.", "ana", page)
        draft = self._draft(*words.REFUSED)
        self.ana.does("consent", "POST", f"/v1/directives/{draft['directive_ref']}/refusal", If_Match=draft["etag"])
        refused = f"She says no to {words.REFUSED[0]}; the refusal is kept, and nobody there learns of it."
        chapter.tell(refused, "ana", f"{self._releases}/release/{draft['directive_ref']}")
        for recipient, purpose, categories in words.RELEASE:
            path = f"/v1/cases/{self.case_ref}/preview?recipient={recipient}&purpose={purpose}"
            preview = self.ana.does("consent", "GET", path)
            chapter.views[recipient] = ", ".join(_open_categories(preview))
            # What would open can be less than what was named: a ceiling bounds each kind of agency.
            within = set(_open_categories(preview)) <= set(categories)
            chapter.claim(f"the preview for {recipient} names nothing that was not allowed", within)

    def the_incident(self, chapter: Chapter) -> None:
        chapter.title = "3. The incident is offered; each agency opens its own part"
        own = self.incident["ana"]["message_ref"]
        self.ana.does("exchange", "POST", f"/v1/messages/{own}/offering", {})
        offered = "Ana offers the incident that is already on record; nobody types it twice."
        chapter.tell(offered, "ana", f"/app/messages/{own}")
        expected = {"sam": {"identity", "safe_contact", "needs", "children", "weapons_risk"}, "lee": {"identity"}}
        for name, categories in expected.items():
            speaker = self.people[name]
            self.incident[name] = speaker.waits_for(INCIDENT, {"sender": self.ana.agency})
            opened = speaker.opens(self.incident[name]["message_ref"])
            page = f"/app/messages/{self.incident[name]['message_ref']}"
            chapter.tell(f"It comes to {speaker.agency}, which opens its own part.", name, page)
            chapter.views[speaker.agency] = opening_text(opened)
            exact = opened is not None and set(opened["categories"]) == categories
            chapter.claim(f"{speaker.agency} opens exactly: {', '.join(sorted(categories))}", exact)
        nothing = self.noor.ask("exchange", "GET", f"/v1/cases/{self.case_ref}/messages")
        unknown = self.noor.ask("exchange", "GET", "/v1/cases/00000000-0000-4000-8000-000000000000/messages")
        chapter.views[self.noor.agency] = f"inbox: {len(self.noor.inbox())} messages\nlook-up: {nothing.status_code}"
        chapter.claim("the counsellor's look-up answers as for an unknown case", nothing.content == unknown.content)
        chapter.claim("the counsellor's inbox holds nothing of it", not self._mail_since("noor"))

    def the_answers(self, chapter: Chapter) -> None:
        chapter.title = "4. An order, a referral, a better plan: four facts travel"
        sheriff_case_ref = self.incident["lee"]["case_ref"]
        self._let_the_hotline_watch_the_order(sheriff_case_ref)
        recorded = self.lee.does("law_enforcement_bridge", "POST", "/v1/orders", words.order(sheriff_case_ref))
        path = f"/v1/orders/{recorded['order_ref']}"
        state = recorded
        for news in ({"service_status": "in_hand"}, {"service_status": "served", "served_at": words.now()}):
            state = self.lee.does("law_enforcement_bridge", "POST", f"{path}/service", news, If_Match=state["etag"])
        page = f"/app/orders/{recorded['order_ref']}"
        chapter.tell("Lee records the court's order and, later, that it was served.", "lee", page)
        self._refer_and_accept(chapter)
        plan = self.ana.ask("intake", "GET", f"/v1/cases/{self.case_ref}")
        etag = plan.headers.get("etag") or _etag_of_plan(plan.json())
        self.ana.does("intake", "POST", f"/v1/cases/{self.case_ref}/plans", words.plan(2), If_Match=etag)
        chapter.tell("Ana and Marisol rewrite the plan around the order.", "ana", f"{self._case}/plan")
        for name, type_name in (("ana", SERVED), ("ana", ACCEPTED), ("sam", PLANNED), ("jude", PLANNED)):
            speaker = self.people[name]
            opened = speaker.opens(speaker.waits_for(type_name)["message_ref"])
            heading = f"{speaker.agency}: {type_name.removeprefix('accord.').removesuffix('.v1')}"
            chapter.views[heading] = opening_text(opened)
            chapter.claim(f"{heading} can be opened", opened is not None and bool(opened["categories"]))

    def the_stop(self, chapter: Chapter) -> None:
        chapter.title = "5. Marisol stops it: from the answer on, it has stopped"
        message_ref = self.incident["sam"]["message_ref"]
        chapter.claim("just before, the shelter can open the incident", self.sam.opens(message_ref) is not None)
        with paused(self.town, "exchange-relay"):
            changed = words.incident() | {"needs": ["shelter", "medical"]}
            incident_ref = self._incident_ref()
            self.ana.does("intake", "POST", f"/v1/cases/{self.case_ref}/incidents/{incident_ref}/versions", changed)
            corrected = "Ana corrects the incident; the relay stands still, so the news waits in the outbox."
            chapter.tell(corrected, "ana", self._case)
            revocation = {"by": "survivor", "channel": "phone"}
            directive = self.directives["harbor-house"]
            self.ana.does("consent", "POST", f"/v1/directives/{directive}/revocation", revocation)
            stopped_by_phone = "Marisol says on the phone: stop the shelter's. Ana records it in one step."
            chapter.tell(stopped_by_phone, "ana", f"{self._releases}/stopped")
            chapter.claim("the shelter's very next opening finds nothing", self.sam.opens(message_ref) is None)
        unknown = self.sam.ask("exchange", "POST", f"/v1/messages/{_unknown_ref()}/opening", {"purpose": "shelter"})
        stopped = self.sam.ask("exchange", "POST", f"/v1/messages/{message_ref}/opening", {"purpose": "shelter"})
        same = (unknown.status_code, unknown.content) == (stopped.status_code, stopped.content)
        chapter.claim("stopped and unknown are one answer, to the byte", same)
        chapter.claim("what waited in the outbox is withheld and on record", self._was_withheld())
        sealed = sealed_in_mailbox(self.town, "harbor-house", message_ref)
        chapter.claim(
            "the sealed message still lies in Kafka, and says nothing", sealed is not None and b"Marisol" not in sealed
        )
        chapter.views["harbor-house"] = (
            f"{stopped.status_code} {stopped.json()['title']}\nin Kafka: {len(sealed or b'')} bytes of noise"
        )
        police = self.lee.opens(self.incident["lee"]["message_ref"])
        chapter.views["county-sheriff"] = opening_text(police)
        chapter.claim("the police's own permission stands as it was", police is not None)

    def the_record(self, chapter: Chapter) -> None:
        chapter.title = "6. Who looked: the accounting, and the proof that nobody rewrote it"
        entries = self._accounting()
        acts = [entry["act"] for entry in entries]
        read_by = f"Priya, the hotline's privacy officer, reads the accounting: {len(entries)} entries."
        chapter.tell(read_by, "priya", f"{self._case}/accounting")
        counted = {act: acts.count(act) for act in dict.fromkeys(acts)}
        chapter.views["accounting"] = "\n".join(f"{act}: {count}" for act, count in counted.items())
        for act in ("offered", "opened", "refused", "withheld", "granted", "revoked"):
            chapter.claim(f"the accounting lists what was {act}", act in acts)
        chapter.tell("Audrey, an auditor, checks that the record is whole.", "audrey", "/app/ledger/check")
        chapter.claim("`accord ledger verify` says the record is whole", whole(self.town))
        chapter.claim("one edited row in a copy is named", one_edit_is_named(self.town))

    def _draft(self, recipient: str, purpose: str, categories: list[str], **more: object) -> dict[str, Any]:
        provision = {
            "effect": "permit",
            "recipient": recipient,
            "purpose": purpose,
            "categories": categories,
            "valid_until": words.in_days(60),
        }
        return self.ana.does("consent", "POST", f"/v1/cases/{self.case_ref}/directives", provision | more)

    def _sign(self, recipient: str, purpose: str, categories: list[str], *, by: str = "ana", **more: object) -> str:
        draft = self._draft(recipient, purpose, categories, **more)
        signature = words.EXPLAINED | {"explained_by": by, "signed_at": words.now(), "signer_role": "survivor"}
        path = f"/v1/directives/{draft['directive_ref']}/signature"
        self.people[by].does("consent", "POST", path, signature, If_Match=draft["etag"])
        return str(draft["directive_ref"])

    def _let_the_hotline_watch_the_order(self, _: str) -> None:
        """Record the release that runs the other way: Ana asks for it, the police as custodian have it signed."""
        terms = ["order_terms", "order_service"]
        self.directives["watch"] = self._sign("bay-hotline", "advocacy", terms, by="lee", custodian="county-sheriff")

    def _refer_and_accept(self, chapter: Chapter) -> None:
        referral = {
            "case_ref": self.case_ref,
            "to_agency_ref": "harbor-house",
            "mode": "live",
            "service_code": "shelter",
            "priority": "urgent",
            "purpose": "shelter",
            "given_name": "Marisol",
            "needs": ["shelter"],
        }
        self.ana.does("referrals", "POST", "/v1/referrals", referral)
        created = self.sam.waits_for("accord.referral.created.v1")
        opened = self.sam.opens(created["message_ref"])
        if opened is None:
            raise Surprise("the shelter could not open its referral")
        path = f"/v1/referrals/{opened['categories']['referral_status']['referral_ref']}"
        state = self.sam.does("referrals", "GET", path)
        answer = {"advocate_name": "Sam Okoye"}
        self.sam.does("referrals", "POST", f"{path}/acceptance", answer, If_Match=state["etag"])
        page = f"/app/referrals/{path.rpartition('/')[2]}"
        chapter.tell("Ana refers Marisol to the shelter; Sam takes her on.", "sam", page)

    def _incident_ref(self) -> str:
        opened = self.ana.opens(self.incident["ana"]["message_ref"])
        if opened is None:
            raise Surprise("the hotline could not open its own incident")
        return str(opened["categories"]["incident_summary"]["incident_ref"])

    def _mail_since(self, name: str) -> list[dict[str, Any]]:
        """Return the messages that came since the story began: times of others' facts are not exact."""
        return [message for message in self.people[name].inbox() if message["message_ref"] not in self.before[name]]

    def _accounting(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = []
        path = f"/v1/cases/{self.case_ref}/accounting?limit=200"
        while path:
            answer = self.priya.ask("audit", "GET", path)
            if answer.status_code != 200:
                raise Surprise(f"the accounting was answered {answer.status_code} {answer.text}")
            entries += answer.json()["entries"]
            following = answer.links.get("next", {}).get("url", "")
            path = f"/v1/cases/{self.case_ref}/accounting{following}" if following else ""
        return entries

    def _was_withheld(self) -> bool:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if any(entry["act"] == "withheld" for entry in self._accounting()):
                return True
            time.sleep(0.2)
        return False


def _open_categories(preview: dict[str, Any]) -> list[str]:
    return sorted(verdict["category"] for verdict in preview["categories"] if verdict["open"])


def _refs(speaker: Speaker) -> set[str]:
    return {message["message_ref"] for message in speaker.inbox()}


def _etag_of_plan(case: dict[str, Any]) -> str:
    return f'"{case["plan"]["version"]}"'


def _unknown_ref() -> str:
    return "00000000-0000-4000-8000-000000000000"
