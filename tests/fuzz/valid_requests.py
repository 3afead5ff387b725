"""Requests that are good as they stand: real references, fitting bodies, and who sends them.

What schemathesis makes up refers to nothing, so that it would learn of little but 404; it gets these to work with.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any, Final
from uuid import UUID, uuid4

import httpx

from devstack.story import words
from devstack.story.words import EXPLAINED
from runtime.tasks import NewTask, open_task
from schemas.categories import DataCategory
from schemas.codes import Purpose, StartsWhen, TaskReason
from tests.fuzz.all_services import Street

HOME: Final = "bay-hotline"
BRAKED: Final = """
INSERT INTO notifications.notice
    (notice_ref, agency_id, case_ref, kind, cause_ref, source, state, reason, planned_at, planned_for)
VALUES (gen_random_uuid(), 'bay-hotline', %s, 'hearing_set', gen_random_uuid(), %s, 'held', 'brake', now(),
    now() + interval '1 day')
"""
PARKED: Final = """
INSERT INTO carrying.parked (parked_ref, consumer, topic, partition, "offset", headers, body, reason, tries)
VALUES (%s, 'exchange', 'to.bay-hotline', 0, 0, '[]', %s, 'failed', 5)
"""
RELAYED: Final = "UPDATE register.directive SET relayed = true WHERE directive_ref = %s"
RELEASED: Final = (DataCategory.NEEDS, DataCategory.IDENTITY, DataCategory.REFERRAL_STATUS)
FIRST: Final = {"If-Match": '"1"'}
SECOND: Final = {"If-Match": '"2"'}
REVIEW: Final = {"held_on": "2026-03-01", "trigger": "asked", "attendees": ["ana"], "changes": "It stands"}
NEAR_MISS: Final = {"happened_on": "2026-02-01", "what_happened": "He stood at the gate", "worked": "A neighbour rang"}
FIELDS_ASKED: Final = {
    "custodian_ref": "bay-hotline",
    "purpose": "shelter",
    "categories": ["children"],
    "reason": "She needs a cot",
}
SCREEN: Final = {"instrument_id": "accord-first"}
ANSWERED: Final = {"answers": [{"code": f"b{number}", "answer": "no"} for number in range(1, 11)]}
SIGNED: Final = EXPLAINED | {"signer_role": "survivor"}
DENIAL: Final = {"effect": "deny", "recipient": "county-sheriff"}
CONSIDERED: Final = {
    "recipient": "harbor-house",
    "purpose": "advocacy",
    "categories": ["needs"],
    "valid_until": words.in_days(20),
}
REFERRAL: Final = {
    "to_agency_ref": "harbor-house",
    "mode": "live",
    "service_code": "shelter",
    "priority": "urgent",
    "purpose": "shelter",
}

TO_LEGAL_AID: Final = {
    "to_agency_ref": "riverside-legal",
    "mode": "live",
    "service_code": "legal_aid",
    "priority": "urgent",
    "purpose": "legal_representation",
    "offender_name": "R. Calder",
}
CHECKED_FIRST: Final[dict[Purpose, dict[str, Any]]] = {
    Purpose.CONFLICT_CHECK: {
        "categories": [DataCategory.ALLEGED_OFFENDER],
        "only_fields": ["alleged_offender.offender_name"],
    },
    Purpose.LEGAL_REPRESENTATION: {
        "categories": [DataCategory.REFERRAL_STATUS, DataCategory.ALLEGED_OFFENDER],
        "starts_when": StartsWhen.CONFLICT_CLEAR,
    },
}


@dataclass(frozen=True)
class Good:
    """One request that is answered with success, if it is the first of its kind."""

    who: str
    path: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)


Stock = dict[str, list[Good]]  # by the operation's own name


class Clerk:
    """Puts things into the town and writes down what may be asked about them."""

    def __init__(self, street: Street, client: httpx.Client) -> None:
        self.street = street
        self.client = client
        self.stock: defaultdict[str, list[Good]] = defaultdict(list)

    def asks(self, who: str, service: str, method: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        """Send a request that has to succeed."""
        headers = {"Authorization": f"Bearer {self.street.token(who)}"} | more
        answer = self.client.request(method, self.street.addresses[service] + path, json=body, headers=headers)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        content: dict[str, Any] = answer.json() if answer.content else {}
        return content

    def note(
        self, operation: str, who: str, body: Any = None, headers: Mapping[str, str] | None = None, **path: str
    ) -> None:
        """Write down one good request."""
        self.stock[operation].append(Good(who, path, body, headers or {}))

    def a_case(self) -> str:
        """Open a case of the hotline's with a survivor who takes part and lets the shelter know some things."""
        case_ref = self.street.do(self.street.town.open_case(HOME))
        self.street.do(self.street.town.direct(case_ref, "harbor-house", Purpose.SHELTER, RELEASED))
        return str(case_ref)

    def casework(self) -> None:
        """Intake, notices, and the accounting of a case."""
        case = self.a_case()
        path = f"/v1/cases/{case}/incidents"
        incident = self.asks("ana", "intake", "POST", path, words.incident())["incident_ref"]
        self.asks("ana", "intake", "POST", f"/v1/cases/{case}/plans", words.plan(1))
        self.note("open_case", "ana", {"channel": "hotline"})
        self.note("read_case", "ana", case_ref=case)
        self.note("report_incident", "ana", words.incident(), case_ref=case)
        self.note("correct_incident", "ana", words.incident(), case_ref=case, incident_ref=incident)
        self.note("write_plan", "ana", words.plan(2), FIRST, case_ref=case)
        planned = self.a_case()
        self.asks("ana", "intake", "POST", f"/v1/cases/{planned}/plans", words.plan(1))
        self.note("review_plan", "ana", {"review": REVIEW}, FIRST, case_ref=planned)
        self.note("log_near_miss", "ana", NEAR_MISS, case_ref=case)
        self.note("list_near_misses", "ana", case_ref=case)
        self.screens(case)
        self.note("assign_case", "ana", {"person_refs": ["ana", "mia"]}, FIRST, case_ref=case)
        self.note("open_colleagues_case", "mia", {"reason_code": "covering"}, case_ref=case)
        self.note("read_opening_step", "mia", case_ref=case)
        self.note("name_case", "ana", {"nickname": "Blue door"}, FIRST, case_ref=self.a_case())
        self.note("search_cases", "ana", {"nickname": "blue door"})
        self.note("close_case", "ana", {"reason_code": "completed"}, FIRST, case_ref=self.a_case())
        self.note("reopen_case", "ana", None, FIRST, case_ref=self.a_case())
        self.note("read_notices", "ana", case_ref=case)
        self.note("read_accounting", "priya", case_ref=case)
        for operation in ("list_braked_notices", "release_braked", "drop_braked"):
            self.braked(operation, case)
        for operation in ("retry_dead_letter", "end_dead_letter"):
            self.dead_letter(operation)
        self.mail(case)

    def screens(self, case: str) -> None:
        """Risk screens, each step with one in a case of its own, as a later screen takes the place of an earlier."""
        self.note("start_screen", "ana", SCREEN, case_ref=case)
        self.note("list_screens", "ana", case_ref=case)
        for operation, body, headers in (
            ("complete_screen", ANSWERED, FIRST),
            ("abandon_screen", None, FIRST),
            ("override_band", {"override": {"band": "high", "reason": "He knows where she works"}}, SECOND),
        ):
            own = self.a_case()
            path = f"/v1/cases/{own}/risk-screens"
            screen = self.asks("ana", "intake", "POST", path, SCREEN)["screen_ref"]
            if operation == "override_band":
                self.asks("ana", "intake", "POST", f"{path}/{screen}/completion", ANSWERED, **FIRST)
            self.note(operation, "ana", body, headers, case_ref=own, screen_ref=screen)

    def dead_letter(self, operation: str) -> None:
        """A message of the hotline's mailbox that was set aside."""
        ref = uuid4()
        with self.street.town.database.superuser() as connection:
            connection.execute(PARKED, [ref, token_hex(8).encode()])
        self.note(operation, "priya", None, parked_ref=str(ref))

    def proven_entry(self) -> None:
        """A line about the hotline's own records that a published checkpoint covers."""
        entries = self.asks("priya", "audit", "GET", "/v1/entries?act=granted&limit=200")["entries"]
        index = next(entry["index"] for entry in entries if entry["index"] is not None)
        self.stock["prove_entry"].append(Good("olu", query={"index": str(index)}))

    def people(self) -> None:
        """Somebody of the hotline for each step of its administrator and its privacy officer."""
        person = {"name": "Rosa Vega", "roles": ["advocate"]}
        self.note("add_person", "olga", person)
        for operation, who, body in (
            ("read_person", "olga", None),
            ("set_roles", "olga", {"roles": ["auditor"]}),
            ("confirm_person", "priya", None),
            ("take_out_person", "olga", None),
            ("list_certifications", "olga", None),
        ):
            ref = self.asks("olga", "intake", "POST", "/v1/people", person)["person_ref"]
            self.note(operation, who, body, FIRST, person_ref=ref)
        certified = {"certified_until": "2099-01-01"}
        self.note("certify_person", "olga", certified, person_ref="ana", instrument_id="accord-first")
        self.note("exclude_person", "priya", {"person_ref": "mia"}, case_ref=self.a_case())

    def braked(self, operation: str, case: str) -> None:
        """A notice of the case that the brake holds, on the news of an agency of its own."""
        source = f"police-{token_hex(4)}"
        with self.street.town.database.superuser() as connection:
            connection.execute(BRAKED, [case, source])
        body = None if operation == "list_braked_notices" else {"planned_until": words.in_days(1)}
        self.note(operation, "ana", body, source_agency_ref=source, kind="hearing_set")

    def mail(self, case: str) -> None:
        """What lies in the shelter's mailbox of a case, and in the hotline's own."""
        street = self.street
        street.do(street.delivery.deliver(UUID(case), HOME, "harbor-house"))
        for who, purpose in (("ana", "advocacy"), ("sam", "shelter")):
            for message in self.asks(who, "exchange", "GET", "/v1/inbox?limit=200")["messages"]:
                ref = message["message_ref"]
                self.note("read_case", who, case_ref=message["case_ref"])
                self.note("open_message", who, {"purpose": purpose}, message_ref=ref)
                self.note("open_messages", who, {"purpose": purpose, "message_refs": [ref]})
                self.note("read_purposes", who, message_ref=ref)
                self.note("handle_message", who, {"handled": True}, message_ref=ref)
                if who == "ana":
                    self.note("offer_message", who, {"to": ["harbor-house"]}, message_ref=ref)

    def releases(self) -> None:
        """Participation, drafts to sign or refuse, and a directive to read and to stop."""
        case = self.a_case()
        provision: dict[str, Any] = {"effect": "permit", "recipient": "county-sheriff", "purpose": "order_enforcement"}
        provision |= {"categories": ["identity", "order_terms"], "valid_until": words.in_days(20)}
        # A no to the same agency, said later than the signature, would take the signature back.
        to_refuse = provision | {"recipient": "harbor-house", "purpose": "advocacy", "categories": ["needs"]}
        drafts = [
            self.asks("ana", "consent", "POST", f"/v1/cases/{case}/directives", terms)["directive_ref"]
            for terms in (provision, to_refuse)
        ]
        listed = self.asks("ana", "consent", "GET", f"/v1/cases/{case}/directives")["directives"]
        self.note("choose_participation", "ana", {"participation": "yes", "evidence": EXPLAINED}, case_ref=case)
        self.note("draft_directive", "ana", provision, case_ref=case)
        self.note("list_directives", "ana", case_ref=case)
        query = {"recipient": "harbor-house", "purpose": "shelter"}
        self.stock["preview_case"].append(Good("ana", {"case_ref": case}, query=query))
        self.note("compare_agencies", "ana", {"considered": [CONSIDERED]}, case_ref=case)
        self.note("refuse_directive", "ana", {}, FIRST, directive_ref=drafts[1])
        for directive in listed:
            for operation in ("read_directive", "read_receipt", "stop_directive"):
                if operation == "stop_directive" and directive["state"] == "draft":
                    continue  # the drafts are there to be signed and refused
                body = {"by": "survivor", "channel": "phone"} if operation == "stop_directive" else None
                self.note(operation, "ana", body, directive_ref=directive["directive_ref"])
        self.field_requests(self.a_case())
        self.endings(self.a_case())
        self.denials(case)
        self.note("sign_directive", "ana", SIGNED | {"signed_at": words.now()}, FIRST, directive_ref=drafts[0])
        self.deaths()
        last = self.a_case()
        self.note("stop_everything", "ana", {"by": "survivor"}, case_ref=last)
        self.note("record_death", "ana", {"died_on": "2026-01-02"}, case_ref=last)

    def field_requests(self, case: str) -> None:
        """What the shelter asks to see besides: to ask, to answer and to take back."""
        own = str(self.street.do(self.street.town.case_ref_of(UUID(case), "harbor-house")))
        self.note("request_fields", "sam", FIELDS_ASKED, case_ref=own)
        self.note("list_field_requests", "ana", case_ref=case)
        requests = [self.asks("sam", "consent", "POST", f"/v1/cases/{own}/field-requests", FIELDS_ASKED) for _ in "ab"]
        received = self.asks("ana", "consent", "GET", f"/v1/cases/{case}/field-requests")["requests"]
        self.note("decline_fields", "ana", {"channel": "voice"}, FIRST, request_ref=received[0]["request_ref"])
        self.note("withdraw_fields", "sam", None, FIRST, request_ref=requests[1]["request_ref"])

    def endings(self, case: str) -> None:
        """A release that was stopped after something was relayed under it, for the shelter to acknowledge."""
        town = self.street.town
        release = self.street.do(town.direct(UUID(case), "harbor-house", Purpose.ADVOCACY, RELEASED))
        with town.database.superuser() as connection:
            connection.execute(RELAYED, [release])
        self.asks("ana", "consent", "POST", f"/v1/directives/{release}/revocation")
        own = self.street.do(town.case_ref_of(UUID(case), "harbor-house"))
        received = self.asks("sam", "consent", "GET", f"/v1/cases/{own}/acknowledgements")["acknowledgements"]
        self.note("acknowledge_ending", "sam", directive_ref=received[0]["directive_ref"])
        self.note("list_acknowledgements", "ana", case_ref=case)

    def denials(self, case: str) -> None:
        """A denial to sign away, and one that was, for a second person to confirm."""
        denied = [
            self.asks("ana", "consent", "POST", f"/v1/cases/{case}/directives", DENIAL | {"categories": [category]})
            for category in ("location", "children")
        ]
        standing, lifted = [denial["directive_ref"] for denial in denied]
        signed = SIGNED | {"signed_at": words.now()}
        self.asks("ana", "consent", "POST", f"/v1/directives/{lifted}/lifting", signed, **FIRST)
        self.note("lift_denial", "ana", signed, FIRST, directive_ref=standing)
        self.note("confirm_directive", "mia", None, {"If-Match": '"2"'}, directive_ref=lifted)

    def deaths(self) -> None:
        """A death recorded by mistake, and one whose correction waits for a second person."""
        mistaken, corrected = self.a_case(), self.a_case()
        for case in (mistaken, corrected):
            self.asks("ana", "consent", "PUT", f"/v1/cases/{case}/death", {"died_on": "2026-01-02"})
        self.asks("ana", "consent", "POST", f"/v1/cases/{corrected}/death/correction")
        self.note("correct_death", "ana", case_ref=mistaken)
        self.note("confirm_correction", "mia", case_ref=corrected)

    def orders(self) -> None:
        """An order for each thing that may become of it."""
        self.note("record_order", "lee", {"status": "temporary", "court_name": "County Court"})
        for operation, (status, body) in COURSE.items():
            request = {"status": status, "respondents": [{"name": "R"}]}
            order = self.asks("lee", "law_enforcement_bridge", "POST", "/v1/orders", request)
            self.note(operation, "lee", body, FIRST, order_ref=order["order_ref"])
            self.note("search_orders", "lee", {"order_number": "26-PO-0117"})
            self.note("read_order", "lee", order_ref=order["order_ref"])
            self.note("record_order", "lee", {"status": status, "case_ref": order["case_ref"]})

    def referrals(self) -> None:
        """A referral for each thing that may become of it."""
        case = self.a_case()
        self.note("send_referral", "ana", REFERRAL | {"case_ref": case})
        sender_ref, _ = self.a_referral(case)
        self.note("withdraw_referral", "ana", {"reason_code": "survivor_declined"}, referral_ref=sender_ref)
        for operation, body in ANSWERS.items():
            sender_ref, receiver_ref = self.a_referral(case)
            version = FIRST
            if operation in AFTER_ACCEPTANCE:
                accepted = f"/v1/referrals/{receiver_ref}/acceptance"
                self.asks("sam", "referrals", "POST", accepted, ANSWERS["accept_referral"], **FIRST)
                version = {"If-Match": '"2"'}
            self.note(operation, "sam", body, version, referral_ref=receiver_ref)
            self.note("read_referral", "ana", referral_ref=sender_ref)
            code = self.asks("ana", "referrals", "GET", f"/v1/referrals/{sender_ref}")["spoken_code"]
            self.note("search_referrals", "sam", {"spoken_code": code})
            self.note("read_referral", "sam", referral_ref=receiver_ref)
        _, receiver_ref = self.a_referral(case)
        self.note("assign_referral", "sam", {"person_ref": "sam"}, referral_ref=receiver_ref)

    def tasks(self) -> None:
        """A task for each step that may be taken of it, and who is on call."""
        for operation, (who, body) in TASK_STEPS.items():
            ref, version = self.a_task(), {} if operation == "read_task" else FIRST
            if operation == "complete_task":
                self.asks(who, "tasks", "POST", f"/v1/tasks/{ref}/claim", None, **FIRST)
                version = {"If-Match": '"2"'}
            self.note(operation, who, body, version, task_ref=ref)
        named = {"tasks": [{"task_ref": self.a_task(), "version": 1}]}
        self.note("assign_tasks", "ana", named | {"person_ref": "mia"})
        self.note("snooze_tasks", "ana", named | SNOOZE)
        self.note("flag_tasks", "ana", named | {"flagged": True})
        version = self.asks("olga", "tasks", "GET", "/v1/duty-roster")["version"]
        shift = {"person_ref": "ana", "starts_at": words.now(), "ends_at": words.in_days(1)}
        self.note("write_duty_roster", "olga", {"shifts": [shift]}, {"If-Match": f'"{version}"'})

    def a_task(self) -> str:
        """Open a task about a case of the hotline's."""
        task = NewTask(HOME, TaskReason.PLAN_REVIEW, uuid4(), datetime.now(UTC), UUID(self.a_case()))
        self.street.do(self._open(task))
        with self.street.town.database.superuser() as connection:
            rows = connection.execute("SELECT task_ref FROM carrying.task WHERE cause_ref = %s", [task.cause_ref])
            return str(rows.fetchone()[0])  # type: ignore[index]

    async def _open(self, task: NewTask) -> None:
        async with self.street.town.unit("accord_intake", HOME) as unit:
            await open_task(unit.session, task)
            await unit.session.commit()

    def conflict_check(self) -> None:
        """A referral to legal aid, whose system has one name to compare before anybody sees more."""
        case_ref = self.street.do(self.street.town.open_case(HOME))
        for purpose, terms in CHECKED_FIRST.items():
            self.street.do(self.street.town.direct(case_ref, "riverside-legal", purpose, **terms))
        self.asks("ana", "referrals", "POST", "/v1/referrals", TO_LEGAL_AID | {"case_ref": str(case_ref)})
        receiver_case_ref = self.street.do(self.street.town.case_ref_of(case_ref, "riverside-legal"))
        checked = {"case_ref": str(receiver_case_ref), "conflict_check": "clear"}
        self.note("record_conflict_check", "system:riverside-legal", checked)

    def a_referral(self, case: str) -> tuple[str, str]:
        """Send a referral; return how its sender and how its receiver knows it."""
        sent = self.asks("ana", "referrals", "POST", "/v1/referrals", REFERRAL | {"case_ref": case})
        path = "/v1/referrals?direction=received&limit=200"
        received = self.asks("sam", "referrals", "GET", path)["referrals"]
        return sent["referral_ref"], received[-1]["referral_ref"]


SNOOZE: Final = {"until": words.in_days(3), "reason_code": "appointment_made"}
TASK_STEPS: Final[dict[str, tuple[str, Any]]] = {
    "read_task": ("ana", None),
    "claim_task": ("ana", None),
    "assign_task": ("ana", {"person_ref": "mia"}),
    "snooze_task": ("ana", SNOOZE),
    "flag_task": ("ana", {"flagged": True}),
    "complete_task": ("ana", {"outcome_code": "handled"}),
}
COURSE: Final[dict[str, tuple[str, Any]]] = {
    "issue_order": ("requested", {"status": "temporary", "order_number": "26-PO-0117"}),
    "set_hearing": ("requested", {"hearing_at": "2026-04-01T09:00:00Z"}),
    "serve_order": ("temporary", {"service_status": "in_hand"}),
    "modify_order": ("temporary", {"modification": "terms", "court_name": "High Court"}),
    "note_violation": ("final", {"violated_on": "2026-03-02"}),
    "end_order": ("final", {"end_reason": "vacated"}),
}
ANSWERS: Final[dict[str, Any]] = {
    "accept_referral": {"advocate_name": "Sam Okafor"},
    "decline_referral": {"reason_code": "no_capacity"},
    "ask_for_more": None,
    "begin_referral": None,
    "complete_referral": {"outcome_code": "got_help"},
    "fail_contact": {"contact_attempts": 3},
}
AFTER_ACCEPTANCE: Final = frozenset({"begin_referral", "complete_referral", "fail_contact"})


def filled(street: Street, times: int) -> Stock:
    """Put so many cases, releases, orders and referrals into the town, and return what may be asked about them."""
    with httpx.Client(timeout=30, trust_env=False) as client:
        clerk = Clerk(street, client)
        for _ in range(times):
            clerk.casework()
            clerk.people()
            clerk.releases()
            clerk.orders()
            clerk.referrals()
            clerk.conflict_check()
            clerk.tasks()
    street.do(street.sequence())
    for operation, (who, query) in ANYTIME.items():
        clerk.stock[operation].append(Good(who, query=query))
    with httpx.Client(timeout=30, trust_env=False) as client:
        clerk.client = client
        clerk.proven_entry()
    clerk.stock["read_list"].append(Good("cora", {"name": "waiting"}))
    return dict(clerk.stock)


# What needs no reference, and who may ask it.
ANYTIME: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "read_checkpoint": ("priya", {}),
    "prove_inclusion": ("olu", {"index": "3"}),
    "prove_consistency": ("olu", {"from": "1", "to": "4"}),
    "read_inbox": ("sam", {"limit": "3"}),
    "list_cases": ("ana", {"assigned": "anybody", "limit": "3"}),
    "count_cases": ("ana", {"state": "open"}),
    "list_colleagues": ("ana", {"limit": "2"}),
    "list_instruments": ("ana", {}),
    "list_people": ("olga", {"limit": "2"}),
    "count_people": ("priya", {"state": "active"}),
    "list_person_changes": ("priya", {"limit": "2"}),
    "list_systems": ("olga", {}),
    "list_orders": ("lee", {"limit": "2"}),
    "list_referrals": ("ana", {"direction": "sent"}),
    "list_awaiting": ("mia", {}),
    "read_workload": ("sam", {}),
    "list_braked": ("ana", {}),
    "list_conflicts": ("priya", {}),
    "list_releases": ("ana", {"ending_within_days": "60"}),
    "count_releases": ("ana", {"state": "draft"}),
    "count_awaiting": ("mia", {}),
    "list_agencies": ("ana", {"purpose": "shelter", "limit": "2"}),
    "list_texts": ("ana", {}),
    "count_inbox": ("sam", {}),
    "count_orders": ("lee", {}),
    "count_referrals": ("ana", {"direction": "sent"}),
    "read_board": ("cora", {}),
    "list_entries": ("priya", {"act": "offered"}),
    "count_entries": ("olu", {}),
    "export_entries": ("olu", {"act": "granted"}),
    "verify_ledger": ("olu", {}),
    "read_freshness": ("priya", {}),
    "read_carriage": ("priya", {}),
    "read_operations": ("priya", {}),
    "list_dead_letters": ("priya", {}),
    "count_dead_letters": ("priya", {}),
    "read_statistics": ("cora", {}),
    "list_tasks": ("ana", {"limit": "2"}),
    "count_tasks": ("ana", {"state": "open"}),
    "read_duty_roster": ("ana", {}),
}
