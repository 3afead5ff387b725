"""Honest letters of a small town, and what a careful forger without keys makes of them.

A letter is what Kafka carries: mailbox, key, headers, sealed body. Beside it stands what the register holds of it and
no forger can write: whose it is, of which kind, and its key.
"""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any, Final
from uuid import UUID

from kernel.sealing.envelope import NotOpenable, Sealed
from kernel.sealing.seal import open_terms, seal, seal_terms, unseal
from runtime.messaging import headers
from runtime.messaging.consumer.message import read
from runtime.messaging.dead_letters import RawRecord
from runtime.messaging.headers import Routing, UnreadableHeaders
from schemas.facts import DirectiveFact
from schemas.registry import CONTRACTS, is_directive_fact
from schemas.taxonomy import ALL, FIELDS
from tests.contracts.examples import fact
from tests.fuzz.damage import Differs, damaged
from tests.fuzz.header_mutations import reworded
from tests.support.projection import by_category

NOON: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)
RECIPIENTS: Final = ("harbor-house", "county-sheriff")

Meaning = dict[str, Any]  # "category.field" -> value; of a fact about a directive, its terms


@dataclass(frozen=True)
class Letter:
    """One message on its way, and what its offer says of it."""

    routing: Routing
    recipient: str
    key: bytes
    body: bytes
    meaning: Meaning

    @property
    def received(self) -> RawRecord:
        """Return the letter as a reader of the mailbox gets it."""
        key = str(self.routing.case_ref).encode()
        raw_headers: tuple[tuple[str, bytes | None], ...] = tuple(headers.write(self.routing))
        return RawRecord(f"to.{self.recipient}", 0, 0, key, raw_headers, self.body)


def _letter(number: int, type_name: str, recipient: str) -> Letter:
    refs = [UUID(bytes=sha256(f"{name}/{number}".encode()).digest()[:16], version=4) for name in ("message", "case")]
    key = sha256(f"key/{number}".encode()).digest()
    routing = Routing(refs[0], type_name, "bay-hotline", refs[1], NOON + timedelta(seconds=number), number)
    example = fact(type_name)
    if isinstance(example, DirectiveFact):
        terms = example.terms()
        return Letter(routing, recipient, key, seal_terms(refs[0], recipient, type_name, terms, key), plain(terms))
    parts = by_category(example, ALL)
    meaning = {f"{category}.{name}": value for category, part in parts.items() for name, value in part.items()}
    return Letter(routing, recipient, key, seal(refs[0], recipient, type_name, parts, key), plain(meaning))


def plain(value: Any) -> Any:
    """Return `value` as JSON brings it back."""
    return json.loads(json.dumps(value))


LETTERS: Final = tuple(
    _letter(number, type_name, RECIPIENTS[number % 2])
    for number, type_name in enumerate(type_name for type_name in sorted(CONTRACTS) for _ in range(2))
)
OF: Final = {(letter.routing.message_ref, letter.recipient): letter for letter in LETTERS}
FACTS: Final = tuple(letter for letter in LETTERS if not is_directive_fact(letter.routing.type))


def permitted(meaning: Meaning, mask: int) -> Meaning:
    """Return what a mask permits of a meaning, told by the list of fields and nothing else."""
    return {path: value for path, value in meaning.items() if mask >> FIELDS.index(path) & 1}


def opened(received: RawRecord) -> tuple[Letter, Meaning, Routing] | None:
    """Read a letter and open it as the opening door does, by the offer that the register holds; None if refused."""
    try:
        offered = read(received)
        letter = OF.get((offered.message_ref, offered.recipient))
        if letter is None or offered.type != letter.routing.type:
            return None
        meaning = _unsealed(letter, offered.body)
    except (UnreadableHeaders, NotOpenable):
        return None
    routing = Routing(
        offered.message_ref, offered.type, offered.sender, offered.case_ref, offered.sent_at, offered.sequence
    )
    return letter, meaning, routing


def _unsealed(letter: Letter, body: bytes) -> Meaning:
    routing = letter.routing
    sealed = Sealed(routing.message_ref, letter.recipient, routing.type, ALL, body)
    if is_directive_fact(routing.type):
        return open_terms(sealed, letter.key)
    parts = unseal(sealed, ALL, letter.key)
    return {f"{category}.{name}": value for category, part in parts.items() for name, value in part.items()}


def a_forgery(by: Random) -> RawRecord:
    """Return an honest letter after one to three changes: in another mailbox, with parts of others, or damaged."""
    received = by.choice(LETTERS).received
    for _ in range(by.choice((1, 1, 2, 3))):
        other = by.choice(LETTERS).received
        match by.randrange(8):
            case 0:
                topics = (other.topic, "to.", "tx." + received.topic, received.topic.upper(), received.topic[:-1])
                received = replace(received, topic=by.choice(topics))
            case 1:
                received = replace(received, key=by.choice((other.key, None, b"", damaged(received.key or b"", by))))
            case 2:
                received = replace(received, body=by.choice((other.body, b"", received.body + other.body)))
            case 3:
                received = replace(received, body=damaged(received.body, by, [other.body]))
            case 4:
                received = replace(received, headers=other.headers)
            case 5:
                received = replace(received, key=other.key, headers=reworded(received.headers, other.headers, by))
            case _:
                received = replace(received, headers=reworded(received.headers, other.headers, by))
    return received


def opens_as_meant(received: RawRecord) -> bool:
    """Tell whether a letter was opened, and to exactly what was sealed; raises `Differs` for anything else."""
    result = opened(received)
    if result is None:
        return False
    letter, meaning, _ = result
    if received.body != letter.body or meaning != letter.meaning:
        raise Differs("a letter that nobody wrote was opened")
    return True
