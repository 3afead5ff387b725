"""Sealing: what lies between reading the rows of an offer and writing them

An incident with what was said of it is offered to four agencies, in memory: for each the decision, its leaf for the
ledger, the copy cut to it and sealed category by category under keys of its own; and for the custodian the whole.  It
is what the offering door does, by the door's own functions, without the database on either side.  The baseline has
AES-256-GCM of `cryptography` close the same bytes once more and does nothing else: every category, the tag over each
body, each wrapped message key and each leaf's detail, with plaintexts, keys, nonces and places at hand.  All of it
computes and waits for nothing, so it is timed by CPU time.

Where the limit lies: with nothing but derivations and closings the goal of 0.6 would be out of reach, because a key and
a nonce are derived for each category and each body (HKDF, two passes of an HMAC that is keyed once a message), which
costs nearly as much as the closing they are for; that is what lets one category be opened without the next.  Sealing
takes a third of the time, and deciding, cutting and recording take half: laying out the fact (some 46 us), writing its
JSON once for all copies and filling in each recipient's own references (some 60), and five ledger leaves of 13 us each,
with a salted commitment, a canonical header and a sealed detail, which no decision goes without.  What one case key is
used for is derived once an offer.  What was weighed by the time of its parts: all keys of a message by one pass of AES
takes off 6 %, one key a message with a nonce for each category a quarter; neither comes near the goal, and the second
gives up that a category opens without the next (ADR 0026).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache
from secrets import token_bytes
from typing import Final
from uuid import uuid4

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.measurement import Goal, in_turns, ratio
from kernel.consent import Directive
from kernel.sealing.detail import padded
from kernel.sealing.keys import NONCE_BYTES, new_key
from runtime.disclosure import offers
from runtime.disclosure.audit_entries import ActorPseudonyms
from runtime.messaging.outbox.queue import Message
from runtime.register import CaseOf, Subject
from runtime.register.directives import Consent
from schemas.categories import DataCategory
from schemas.codes import Participation, Purpose
from schemas.facts import Fact
from schemas.facts.projection import FactProjection
from tests.contracts.examples import fact
from tests.support.consent import NOON, TOWN, a_grant, a_table

HOME: Final = "bay-hotline"
TYPE: Final = "accord.incident.reported.v1"
KIND: Final = DataCategory
GRANTED: Final[dict[tuple[str, Purpose], tuple[DataCategory, ...]]] = {
    ("harbor-house", Purpose.SHELTER): (
        KIND.IDENTITY,
        KIND.SAFE_CONTACT,
        KIND.CHILDREN,
        KIND.WEAPONS_RISK,
        KIND.NEEDS,
        KIND.INCIDENT_SUMMARY,
    ),
    ("county-sheriff", Purpose.EMERGENCY_SAFETY): (
        KIND.IDENTITY,
        KIND.LOCATION,
        KIND.INCIDENT_SUMMARY,
        KIND.ALLEGED_OFFENDER,
        KIND.WEAPONS_RISK,
    ),
    ("st-anne-hospital", Purpose.MEDICAL_CARE): (KIND.IDENTITY, KIND.MEDICAL, KIND.INCIDENT_SUMMARY, KIND.NEEDS),
    ("riverside-legal", Purpose.LEGAL_REPRESENTATION): (
        KIND.IDENTITY,
        KIND.INCIDENT_SUMMARY,
        KIND.INCIDENT_NARRATIVE,
        KIND.ALLEGED_OFFENDER,
    ),
}


def grants() -> list[Directive]:
    """Return what the survivor allowed: four agencies, each one purpose, for sixty days."""
    return [a_grant(*named, to=to, purpose=purpose) for (to, purpose), named in GRANTED.items()]


def a_subject(directives: list[Directive]) -> Subject:
    """Return a subject as it is when its lock is held and its rows are read."""
    cases = {name: CaseOf(TOWN[name], uuid4(), str(uuid4()), None, True) for name in TOWN}
    named: dict[str, frozenset[Purpose]] = {}
    for directive in directives:
        if directive.recipient is not None and directive.purpose is not None:
            named[directive.recipient] = named.get(directive.recipient, frozenset()) | {directive.purpose}
    consent = Consent(a_table(*directives), {HOME: named}, {})
    return Subject(1, NOON, 7, Participation.YES, HOME, str(uuid4()), consent, cases)


@dataclass(frozen=True)
class Ready:
    """An offer whose rows are read: the subject is held, the case key is at hand."""

    subject: Subject
    fact: Fact
    key: bytes

    def offering(self) -> offers.Offering:
        """Return the fact on its way, nothing decided yet."""
        by = ActorPseudonyms("ana", str(self.subject.cases[HOME].pseudonym))
        keys = offers.CaseKeys(self.key)
        return offers.Offering(self.fact, self.subject, self.subject.cases[HOME], keys, by, FactProjection(self.fact))


@cache
def ready() -> Ready:
    """Return the offer that is measured."""
    return Ready(a_subject(grants()), fact(TYPE), new_key())


def copies(offering: offers.Offering) -> list[offers.Copy]:
    """Decide and cut; the leaves stand in the offering."""
    return list(offers._copies(offering))


def sealed(cut: list[offers.Copy]) -> list[Message]:
    """Seal what was cut, as it would be written into the outbox."""
    return [offers._sealed(copy) for copy in cut]


def whole(units: int) -> None:
    """Do all that the offering door does between reading and writing."""
    for _ in range(units):
        sealed(copies(ready().offering()))


def decided_and_cut(units: int) -> None:
    """Do it without the sealing; the leaves' details are sealed all the same."""
    for _ in range(units):
        copies(ready().offering())


@dataclass(frozen=True)
class Closing:
    """One closing of AES-GCM, with all that it needs at hand."""

    plain: bytes
    place: bytes
    key: bytes
    nonce: bytes


@cache
def closings() -> list[Closing]:
    """Return all that is encrypted for one offer, as bytes."""
    offering = ready().offering()
    cut = copies(offering)
    bodies = [message.body for message in sealed(cut)]
    texts = [(padded(part), b"x" * 100) for copy in cut for part in copy.body.values()]
    texts += [(b"", body) for body in bodies]
    texts += [(new_key(), uuid4().bytes) for _ in bodies]
    texts += [(b" " * len(leaf.detail or b""), b"ledger.detail") for leaf in offering.leaves]
    return [Closing(plain, place, new_key(), token_bytes(NONCE_BYTES)) for plain, place in texts]


def raw(units: int) -> None:
    """Close the same bytes and do nothing else."""
    at_hand = [(closing.key, closing.nonce, closing.plain, closing.place) for closing in closings()]
    for _ in range(units):
        for key, nonce, plain, place in at_hand:
            AESGCM(key).encrypt(nonce, plain, place)


def main() -> None:
    """Measure, and keep the figures."""
    cut = copies(ready().offering())
    assert len(cut) == len(GRANTED) + 1
    results = in_turns(
        {"offering": whole, "raw AES-GCM": raw, "deciding and cutting": decided_and_cut}, clock=time.process_time
    )
    ratio(
        "sealing",
        "decide, cut and seal for 4 agencies",
        results["offering"],
        results["raw AES-GCM"],
        Goal(0.6),
        copies_and_categories=f"{len(cut)} copies, {sum(len(copy.body) for copy in cut)} sealed categories",
        bytes_closed=f"{sum(len(closing.plain) for closing in closings()):,} in {len(closings())} closings",
        of_it_deciding_and_cutting=f"{results['offering'].rate / results['deciding and cutting'].rate:.0%}",
    )


if __name__ == "__main__":
    main()
