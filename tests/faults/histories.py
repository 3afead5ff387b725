"""A short honest history, written by hand, for the judge to be judged by."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.faults.checker import CONSUMERS
from tests.faults.external_state import HOME, Outside, Row
from tests.faults.journal import Command, Try
from tests.support import proofs

SHELTER = "harbor-house"
REPORTED, REFERRED = "accord.incident.reported.v1", "accord.referral.created.v1"
ACCEPTED, SENT = "accord.referral.accepted.v1", "accord.notice.sent.v1"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = b"\x01" + KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
NAME, KEY_ID = "town.example/ledger", bytes.fromhex("0a0b0c0d")
VKEY = f"{NAME}+{KEY_ID.hex()}+{base64.b64encode(PUBLIC).decode()}"


def a_command(does: str, at: float, *, who: str = "ana", status: int = 200, **more: Any) -> Command:
    """Return a command of one try that took a second."""
    agency = {"ana": HOME, "sam": SHELTER}.get(who, "county-cell")
    answer, reached = more.pop("answer", {}), more.pop("reached", True)
    return Command((Try(f"{does}-{at}", does, who, agency, at, at + 1, status, reached, more, answer),))


def a_note(bodies: list[bytes]) -> str:
    """Return the signed head over some leaves."""
    text = f"{NAME}\n{len(bodies)}\n{base64.b64encode(proofs.root(bodies)).decode()}\n"
    return f"{text}\n\u2014 {NAME} {base64.b64encode(KEY_ID + KEY.sign(text.encode())).decode()}\n"


@dataclass
class History:
    """What was asked, what lies there, and the record of it."""

    commands: list[Command] = field(default_factory=list)
    outside: Outside = field(default_factory=lambda: Outside({}, vkey=VKEY))

    def rows(self, name: str) -> list[Row]:
        return self.outside.rows.setdefault(name, [])

    def leaf(self, act: str, at: float, detail: dict[str, str], **says: Any) -> None:
        """Put a leaf on record that commits to `detail`."""
        salt = len(self.rows("leaves")).to_bytes(32, "big")
        canonical = json.dumps(detail, sort_keys=True, separators=(",", ":")).encode()
        header = {
            "act": act,
            "actor": "p-ana",
            "agency": "a-" + HOME,
            "at": datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds"),
            "commitment": sha256(salt + canonical).hexdigest(),
            "subject": "s-1",
            "type": None,
            "verdict": "permit",
        }
        body = json.dumps(header | says, sort_keys=True).encode()
        index = len(self.rows("leaves"))
        self.rows("leaves").append({"index": index, "header": body, "hash": proofs.leaf(body), "salt": salt})

    def sign(self) -> None:
        """Sign the tree as it stands, and let it be all there is."""
        bodies = [row["header"] for row in self.rows("leaves")]
        self.outside.rows["checkpoints"] = [{"size": len(bodies), "root": b"", "note": a_note(bodies)}]
        self.outside.rows["head"] = [{"size": len(bodies)}]

    def offer(self, ref: str, recipient: str, type_name: str, at: float, *, state: str = "relayed") -> None:
        """Let a message be offered, carried, kept and listed."""
        case = {HOME: "case", SHELTER: "theirs"}[recipient]
        sequence = 1 + sum(offer["recipient"] == recipient for offer in self.rows("offers"))
        row = {"message_ref": ref, "subject_id": 1, "custodian": HOME, "recipient": recipient, "case_ref": case}
        self.rows("offers").append(row | {"type": type_name, "sequence": sequence, "state": state})
        self.leaf("offered", at, {"to": recipient, "type": type_name}, agency="a-" + recipient, type=type_name)
        if state != "relayed":
            return
        letter = {"message_ref": ref, "key": case, "sequence": sequence}
        self.outside.mailboxes.setdefault(recipient, []).append(letter)
        self.rows("inbox").extend({"consumer": name, "message_ref": ref} for name in CONSUMERS)
        place = {"message_ref": ref, "recipient": recipient, "place": sequence, "case_ref": case}
        self.rows("messages").append(place)
        if recipient == HOME:  # the shelter's was stopped in the end
            listed = {"message_ref": ref, "case_ref": case, "type": type_name, "listed_at": 900.0}
            self.outside.listed.setdefault(recipient, []).append(listed)

    def notice(self, cause: str) -> None:
        """Let the survivor be told of an update."""
        row: dict[str, str | None] = {"notice_ref": "n", "agency_id": HOME, "case_ref": "case", "cause_ref": cause}
        row |= {"state": "sent", "coalesced_into": None}
        self.rows("notices").append(row)
        self.outside.handed_on.append("n")

    def opens(self, ref: str, at: float, categories: dict[str, Any] | None) -> None:
        """Let Sam open a message, with fields or in vain, and the look be on record."""
        answer = {} if categories is None else {"message_ref": ref, "categories": categories}
        status = 404 if categories is None else 200
        params = {"purpose": "shelter", "messages": [ref]}
        self.commands.append(a_command("opening", at, who="sam", status=status, answer=answer, **params))
        act = "refused" if categories is None else "opened"
        self.leaf(act, at + 0.5, {"message_ref": ref, "person": "sam"}, actor="p-sam", agency="a-" + SHELTER)

    def again(self, does: str, **changed: Any) -> None:
        """Let the first try of a kind have been otherwise."""
        for place, command in enumerate(self.commands):
            if command.does == does:
                self.commands[place] = Command((replace(command.tries[0], **changed),))
                return


def a_history(*, reported_at: int = 10) -> History:
    """Return a case that was told of, opened, referred, accepted, noticed and stopped, with nothing wrong in it.

    An incident reported after the acceptance, at 30, came too late for a notice of it.
    """
    history = History()
    for name in ("plans", "orders", "parked", "due", "waiting", "pending", "inbox"):
        history.rows(name)
    history.rows("people").extend({"person_ref": who, "pseudonym": f"p-{who}"} for who in ("ana", "sam"))
    history.rows("agencies").extend({"agency_id": agency, "pseudonym": f"a-{agency}"} for agency in (HOME, SHELTER))
    for agency, ref in ((HOME, "case"), (SHELTER, "theirs")):
        row = {"subject_id": 1, "agency_id": agency, "case_ref": ref, "subject": "s-1", "participation": "yes"}
        history.rows("cases").append(row)
    history.rows("directives").append({"directive_ref": "d", "state": "revoked", "recipient": SHELTER, "subject_id": 1})
    history.rows("incidents").append({"incident_ref": "i", "case_ref": "case", "version": 1})
    referral = {"referral_ref": "r", "receiver_ref": "r2", "case_ref": "case", "state": "accepted", "version": 2}
    history.rows("referrals").append(referral)
    history.rows("notices")
    history.outside.shown_incidents = {"case": {"i"}}
    provision = {"recipient": SHELTER, "purpose": "shelter", "categories": ["identity"]}
    history.commands += [
        a_command("case", 1, answer={"case_ref": "case"}),
        a_command("participation", 2, case="case"),
        a_command("draft", 3, answer={"directive_ref": "d"}, case="case"),
        a_command("signature", 5, case="case", directive="d", provision=provision),
        a_command("incident", reported_at, answer={"incident_ref": "i"}, case="case", given_name="Marisol"),
        a_command("referral", 20, answer={"referral_ref": "r"}, case="case"),
        a_command("acceptance", 30, who="sam", referral="r2"),
        a_command("stop", 50, case="case", directive="d"),
    ]
    offers = [
        ("m1", HOME, REPORTED, reported_at + 0.5),
        ("m2", SHELTER, REPORTED, reported_at + 0.5),
        ("m3", HOME, REFERRED, 20.5),
        ("m4", SHELTER, REFERRED, 20.5),
        ("m5", HOME, ACCEPTED, 30.5),
    ]
    for offer in sorted(offers, key=lambda offer: offer[-1]):
        history.offer(*offer)
    if reported_at < 30:
        history.notice("m5")
        history.offer("m6", HOME, SENT, 40.5)
    history.opens("m2", 45, {"identity": {"given_name": "Marisol"}})
    history.opens("m2", 60, None)
    history.sign()
    note = history.outside["checkpoints"][0]["note"]
    history.commands.append(a_command("checkpoint", 70, who="priya", answer={"text": note}))
    return history
