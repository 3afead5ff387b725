"""The judge of a run: what clients were answered, held against what lies in Kafka, the database and behind the API.

It shares no code with what it judges.  What it is told, it is told by `journal` and `outside`; what it finds, it names
by the invariant that does not hold:

I1 nothing acknowledged is lost        I2 no effect twice           I3 nothing shown that consent did not permit
I4 nothing without a leaf and a source I5 order within a case       I6 openings and leaves one to one
I7 checkpoints consistent, ledger whole                             I10 nothing shown after an answered stop
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from tests.faults import record
from tests.faults.expected_consent import ExpectedConsent, expected_consent
from tests.faults.external_state import HOME, Outside, Row
from tests.faults.journal import Command

REPORTED = "accord.incident.reported.v1"
ACCEPTED, NOTICED = "accord.referral.accepted.v1", "accord.notice.sent.v1"
FACTS = {  # a type of fact: the rows that each have one of it on their custodian's own record
    REPORTED: "incidents",
    "accord.referral.created.v1": "referrals",
    "accord.protective_order.issued.v1": "orders",
}
CONSUMERS = ("exchange", "notifications", "dashboard", "intake")


@dataclass(frozen=True)
class Finding:
    """One violation: of which invariant, and where."""

    invariant: str
    detail: str


@dataclass(frozen=True)
class Run:
    """What a judge looks at, with what follows from it more than once."""

    commands: Sequence[Command]
    outside: Outside
    consent: ExpectedConsent
    offers: dict[str, Row]  # by message
    home_case: dict[int, str]  # by subject, as the custodian knows it

    def of(self, does: str, *outcomes: str) -> Iterator[Command]:
        """Yield the commands of one kind that came to one of these outcomes."""
        return (
            command for command in self.commands if command.does == does and command.outcome in (outcomes or ("yes",))
        )


def judge(commands: Sequence[Command], outside: Outside) -> list[Finding]:
    """Return all that does not hold."""
    homes = {row["subject_id"]: row["case_ref"] for row in outside["cases"] if row["agency_id"] == HOME}
    offers = {row["message_ref"]: row for row in outside["offers"]}
    run = Run(commands, outside, expected_consent(commands), offers, homes)
    checks = (commands_are_there, messages_arrived, nothing_is_twice, order_is_kept, fields_were_permitted, notices)
    findings = [finding for check in checks for finding in check(run)]
    findings += [Finding(invariant, detail) for invariant, detail in record.openings(commands, outside)]
    findings += [Finding(invariant, detail) for invariant, detail in record.offers(outside)]
    return findings + [Finding("I7", detail) for detail in record.tree(commands, outside)]


def commands_are_there(run: Run) -> Iterator[Finding]:
    """I1: each acknowledged command has its effect, in the database and where the API shows it."""
    for does, claim in _effects(run.outside, run.consent).items():
        for command in run.of(does):
            if not claim(command):
                yield Finding("I1", f"{does} {command.tries[0].command} was acknowledged and is not there")
    for case, listed in run.outside.shown_incidents.items():
        acknowledged = {
            command.answer["incident_ref"] for command in run.of("incident") if command.params["case"] == case
        }
        yield from (Finding("I1", f"incident {ref} is not shown") for ref in sorted(acknowledged - listed))


def _effects(outside: Outside, consent: ExpectedConsent) -> dict[str, Any]:
    cases = {row["case_ref"]: row for row in outside["cases"]}
    directives = {row["directive_ref"]: row["state"] for row in outside["directives"]}
    incidents = {row["incident_ref"] for row in outside["incidents"]}
    plans = {row["case_ref"]: row["version"] for row in outside["plans"]}
    orders = {row["order_ref"]: row["version"] for row in outside["orders"]}
    sent = {row["referral_ref"]: row for row in outside["referrals"]}
    received = {row["receiver_ref"]: row for row in outside["referrals"]}
    over = {"revoked", "refused", "superseded"}
    stopped = [(grant.case, grant.over, grant.directive) for grant in consent.grants if grant.over < inf]
    return {
        "case": lambda command: command.answer["case_ref"] in cases,
        "participation": lambda command: cases[command.params["case"]]["participation"] == "yes",
        "incident": lambda command: command.answer["incident_ref"] in incidents,
        "plan": lambda command: plans.get(command.params["case"], 0) >= command.answer["version"],
        "draft": lambda command: command.answer["directive_ref"] in directives,
        "denial": lambda command: directives.get(command.answer["directive_ref"]) == "active",
        "signature": lambda command: directives.get(command.params["directive"], "draft") != "draft",
        "confirmation": lambda command: directives.get(command.params["directive"]) in {"active", "revoked"},
        "stop": lambda command: directives.get(command.params["directive"]) in over,
        "stop_all": lambda command: all(
            directives.get(ref) in over
            for case, at, ref in stopped
            if case == command.params["case"] and at <= command.ended
        ),
        "referral": lambda command: command.answer["referral_ref"] in sent,
        "acceptance": lambda command: received.get(command.params["referral"], {"version": 0})["version"] >= 2,
        "order": lambda command: command.answer["order_ref"] in orders,
        "service": lambda command: orders.get(command.params["order"], 0) >= command.answer["version"],
    }


def messages_arrived(run: Run) -> Iterator[Finding]:
    """I1, I4: each message offered is in its mailbox and was handled by each consumer, or was withheld; no other is."""
    mailed = {agency: {message["message_ref"] for message in mail} for agency, mail in run.outside.mailboxes.items()}
    for ref, offer in run.offers.items():
        in_mailbox = ref in mailed.get(offer["recipient"], ())
        if offer["state"] != "withheld" and (offer["state"] != "relayed" or not in_mailbox):
            yield Finding("I1", f"message {ref} is {offer['state']} and {'' if in_mailbox else 'not '}in its mailbox")
    yield from _handled(run)
    for agency, mail in mailed.items():
        unknown = mail - run.offers.keys()
        yield from (Finding("I4", f"{ref} in the mailbox of {agency} was never offered") for ref in unknown)
    for row in run.outside["parked"]:
        yield Finding("I1", f"message {row['message_ref']} is parked by {row['consumer']}: {row['reason']}")


def _handled(run: Run) -> Iterator[Finding]:
    inbox = {(row["consumer"], row["message_ref"]) for row in run.outside["inbox"]}
    stored = {row["message_ref"] for row in run.outside["messages"]}
    for ref in (ref for ref, offer in run.offers.items() if offer["state"] != "withheld"):
        for consumer in CONSUMERS:
            if (consumer, ref) not in inbox:
                yield Finding("I1", f"message {ref} had no effect at {consumer}")
        if ref not in stored:
            yield Finding("I1", f"message {ref} cannot be listed")


def nothing_is_twice(run: Run) -> Iterator[Finding]:
    """I2: whatever was sent again, killed or replayed, each thing is there once, and no more than were asked for."""
    for name, column in (("inbox", None), ("messages", "message_ref")):
        rows = Counter(row[column] if column else (row["consumer"], row["message_ref"]) for row in run.outside[name])
        yield from (Finding("I2", f"{key} is {count} times in {name}") for key, count in rows.items() if count > 1)
    for agency, page in run.outside.listed.items():
        listed = Counter(message["message_ref"] for message in page)
        yield from (Finding("I2", f"{ref} is listed {n} times to {agency}") for ref, n in listed.items() if n > 1)
    own = Counter(row["type"] for row in run.offers.values() if row["custodian"] == row["recipient"])
    for fact, name in FACTS.items():
        if own[fact] != len(run.outside[name]):
            yield Finding("I2", f"{len(run.outside[name])} {name} have {own[fact]} facts")
    yield from _unrequested(run)
    accepted = Counter(row["case_ref"] for row in _own(run, ACCEPTED))
    answered = Counter(
        row["case_ref"] for row in run.outside["referrals"] if row["version"] > 1 and _was_answered(run, row)
    )
    for case in accepted.keys() | answered.keys():
        if accepted[case] != answered[case]:
            yield Finding("I2", f"{answered[case]} acceptances of case {case} have {accepted[case]} facts")


def _unrequested(run: Run) -> Iterator[Finding]:
    """Yield where more is there than clients asked for, sure and perhaps taken together."""
    created = {
        "incident": Counter(row["case_ref"] for row in run.outside["incidents"]),
        "referral": Counter(row["case_ref"] for row in run.outside["referrals"]),
        "case": Counter({"all": sum(row["agency_id"] == HOME for row in run.outside["cases"])}),
        "order": Counter(row["case_ref"] for row in run.outside["orders"]),
    }
    for does, counted in created.items():
        requested = Counter(_case_of(command) for command in run.of(does, "yes", "maybe"))
        for case, count in counted.items():
            if count > requested[case]:
                yield Finding("I2", f"{count} of {does} in case {case}, {requested[case]} were asked for")


def _case_of(command: Command) -> str:
    return "all" if command.does == "case" else str(command.params.get("case") or command.params.get("case_ref"))


def _own(run: Run, type_name: str) -> Iterator[Row]:
    return (row for row in run.offers.values() if row["type"] == type_name and row["custodian"] == row["recipient"])


def _was_answered(run: Run, referral: Row) -> bool:
    """Tell whether a referral was accepted: a withdrawn one has one version more if it was."""
    return bool(referral["state"] == "accepted" or referral["version"] > 2)


def order_is_kept(run: Run) -> Iterator[Finding]:
    """I5: within a case and recipient, numbers are given without a gap and arrive and are listed as they were given.

    A message that was never sent has none.
    """
    sequences = defaultdict[tuple[str, str], list[int]](list)
    for offer in run.offers.values():
        if offer["sequence"] is not None:
            sequences[offer["recipient"], offer["case_ref"]].append(offer["sequence"])
        elif offer["state"] == "relayed":
            yield Finding("I5", f"message {offer['message_ref']} was sent without a number")
    for place, numbers in sequences.items():
        if sorted(numbers) != list(range(1, len(numbers) + 1)):
            yield Finding("I5", f"the messages of {place} are not numbered one by one")
    numbered = {ref: offer["sequence"] or 0 for ref, offer in run.offers.items()}
    for source, places in (("mailbox", run.outside.mailboxes), ("list", run.outside.listed), ("table", _tables(run))):
        for agency, mail in places.items():
            yield from _in_order(source, agency, mail, numbered)


def _tables(run: Run) -> dict[str, list[Row]]:
    by_recipient = defaultdict[str, list[Row]](list)
    for row in run.outside["messages"]:
        by_recipient[row["recipient"]].append(row)
    return by_recipient


def _in_order(source: str, agency: str, mail: Sequence[Row], numbered: dict[str, int]) -> Iterator[Finding]:
    last: dict[str, int] = {}
    seen_refs = set[str]()
    for message in mail:
        ref, case = message["message_ref"], message.get("key") or message["case_ref"]
        if ref in seen_refs or ref not in numbered:
            continue
        seen_refs.add(ref)
        if numbered[ref] <= last.get(case, 0):
            yield Finding("I5", f"{ref} comes late in the {source} of {agency}")
        last[case] = max(last.get(case, 0), numbered[ref])


def fields_were_permitted(run: Run) -> Iterator[Finding]:
    """I3, I10, I4: each field that was shown had been told, and was permitted at some instant of its opening."""
    reported_names: dict[str, set[str]] = defaultdict(set)
    for report in run.of("incident", "yes", "maybe"):
        reported_names[report.params["case"]].add(report.params["given_name"])
    for command in run.of("opening"):
        for opened in command.answer.get("opened", [command.answer]):
            offer = run.offers.get(opened["message_ref"])
            if offer is None:
                yield Finding("I4", f"{opened['message_ref']} was opened and never offered")
                continue
            yield from _one_opening(run, command, opened, offer, reported_names)
    for agency, page in run.outside.listed.items():
        yield from _listed(run, agency, page)


def _one_opening(
    run: Run, command: Command, opened: dict[str, Any], offer: Row, reported_names: dict[str, set[str]]
) -> Iterator[Finding]:
    case, agency = run.home_case.get(offer["subject_id"], ""), command.agency
    where = f"{opened['message_ref']} to {agency}"
    if offer["recipient"] != agency:
        yield Finding("I3", f"{where} is {offer['recipient']}'s")
    name = opened["categories"].get("identity", {}).get("given_name")
    if name is not None and name not in reported_names[case]:
        yield Finding("I4", f"{where} shows what nobody told")
    if offer["custodian"] == agency:
        return
    for category in opened["categories"]:
        if not run.consent.permits(case, agency, command.params["purpose"], category, command.began, command.ended):
            stopped = run.consent.was_stopped(case, agency, category, command.began)
            yield Finding("I10" if stopped else "I3", f"{where} shows {category}, which was not permitted")


def _listed(run: Run, agency: str, page: Sequence[Row]) -> Iterator[Finding]:
    """Yield each message that is listed in the end although everything was stopped; facts about a directive may be."""
    for message in page:
        offer = run.offers.get(message["message_ref"])
        if offer is None:
            yield Finding("I4", f"{message['message_ref']} is listed and was never offered")
            continue
        own = offer["custodian"] == agency or message["type"].startswith("accord.consent.")
        if not own and not run.consent.reaches(run.home_case[offer["subject_id"]], agency, message["listed_at"]):
            yield Finding("I10", f"{message['message_ref']} is listed to {agency} after the stop")


def notices(run: Run) -> Iterator[Finding]:
    """I1, I2: each answer to one who had said how she is reached makes one notice, which is sent once or waits."""
    causes = Counter(row["cause_ref"] for row in run.outside["notices"])
    reachable = _reachable_from(run)
    news = {row["message_ref"] for row in _own(run, ACCEPTED) if row["sequence"] > reachable.get(row["case_ref"], inf)}
    yield from (Finding("I1", f"no notice was planned for {ref}") for ref in news - causes.keys())
    yield from (Finding("I2", f"{count} notices for {ref}") for ref, count in causes.items() if count > 1)
    yield from (Finding("I4", f"a notice for {ref}, which is no news") for ref in causes.keys() - news)
    due = {row["notice_ref"] for row in run.outside["due"]}
    sent = {row["notice_ref"] for row in run.outside["notices"] if row["state"] == "sent"}
    for row in run.outside["notices"]:
        notified = row["state"] == "sent" or row["coalesced_into"] in sent
        if not notified and row["notice_ref"] not in due:
            yield Finding("I1", f"notice {row['notice_ref']} is {row['state']} and never sent")
    yield from (Finding("I1", f"notice {ref} was sent to nobody") for ref in sent - set(run.outside.handed_on))
    facts = sum(1 for _ in _own(run, NOTICED))
    if facts != len(sent):
        yield Finding("I2", f"{len(sent)} notices were sent and {facts} were told of")


def _reachable_from(run: Run) -> dict[str, int]:
    """Return the number of the first incident of each case: each that clients tell of says how she is reached.

    A referral may be answered before any was told of, where telling failed while all else went on.
    """
    first: dict[str, int] = {}
    for row in _own(run, REPORTED):
        first[row["case_ref"]] = min(row["sequence"], first.get(row["case_ref"], row["sequence"]))
    return first
