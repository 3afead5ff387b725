"""Sealed bodies, and what a careful forger without keys makes of them: parts moved, doubled, taken from elsewhere."""

from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

from kernel.sealing.envelope import NotOpenable, Sealed
from kernel.sealing.seal import unseal
from schemas.taxonomy import ALL, FIELDS
from tests.fuzz.damage import Differs, damaged, flipped
from tests.fuzz.letters import FACTS, LETTERS, OF, RECIPIENTS, Letter, permitted, plain

NONCE, LENGTH, TAG = 12, 4, 16
BODIES: Final = tuple(letter.body for letter in LETTERS)


@dataclass(frozen=True)
class Attempt:
    """A body that somebody tries to open: where it is said to belong, with which key, for which fields."""

    of: Letter
    sealed: Sealed
    mask: int
    key: bytes


def honest_attempt(by: Random) -> Attempt:
    """Return the opening of an honest body, for all fields or some."""
    letter = by.choice(FACTS)
    routing = letter.routing
    mask = by.choice((ALL, ALL, by.getrandbits(len(FIELDS))))
    sealed = Sealed(routing.message_ref, letter.recipient, routing.type, mask, letter.body)
    return Attempt(letter, sealed, mask, letter.key)


def taken_apart(body: bytes) -> list[bytes]:
    """Return version, closed categories and tag, as the envelope's own description has them."""
    parts, place = [body[:1]], 1
    while place < len(body) - TAG:
        length = int.from_bytes(body[place + NONCE : place + NONCE + LENGTH])
        parts.append(body[place : place + NONCE + LENGTH + length])
        place += len(parts[-1])
    return [*parts, body[place:]]


def _rebuilt(attempt: Attempt, by: Random) -> bytes:
    """Return the body with its parts moved about, left out, doubled, or taken from another message."""
    parts = taken_apart(attempt.sealed.body)
    other_parts = taken_apart(by.choice(FACTS).body)
    place, other = by.randrange(len(parts)), by.choice(other_parts)
    match by.randrange(7):
        case 0:
            parts[1:-1] = by.sample(parts[1:-1], len(parts) - 2)
        case 1:
            parts[place] = other
        case 2:
            parts.insert(place, other)
        case 3:
            parts.insert(place, parts[place])
        case 4:
            del parts[place]
        case 5:
            parts = parts[: place + 1] + other_parts[by.randrange(len(other_parts)) :]
        case _:
            parts[-1] = other_parts[-1]
    return b"".join(parts)


def _other_length(attempt: Attempt, by: Random) -> bytes:
    """Return the body with the length of one category changed."""
    parts = taken_apart(attempt.sealed.body)
    chosen = by.randrange(1, len(parts) - 1)
    length = int.from_bytes(parts[chosen][NONCE : NONCE + LENGTH])
    claimed = by.choice((0, 1, length - 1, length + 1, length + 16, 2**31, 2**32 - 1))
    parts[chosen] = parts[chosen][:NONCE] + (claimed % 2**32).to_bytes(LENGTH) + parts[chosen][NONCE + LENGTH :]
    return b"".join(parts)


def _other_place(attempt: Attempt, by: Random) -> Attempt:
    """Return the same body said to be another message, for another agency, or of another kind."""
    other = by.choice(LETTERS)
    changes: dict[str, Any] = by.choice(
        (
            {"message_ref": other.routing.message_ref},
            {"recipient": by.choice((*RECIPIENTS, "", "harbor-houses", "harbor-hous"))},
            {"type": other.routing.type},
            {"type": attempt.sealed.type + "\x00", "recipient": attempt.sealed.recipient[:-1]},
            {"body": other.body},
        )
    )
    return replace(attempt, sealed=replace(attempt.sealed, **changes))


def _other_key(attempt: Attempt, by: Random) -> Attempt:
    key = by.choice((by.choice(LETTERS).key, flipped(attempt.key, by), attempt.key[:16], b"", bytes(32), b"x" * 33))
    return replace(attempt, key=key)


def _other_mask(attempt: Attempt, by: Random) -> Attempt:
    mask = by.choice((0, -1, -by.getrandbits(40), by.getrandbits(len(FIELDS)), by.getrandbits(4000), ALL + 1))
    return replace(attempt, mask=mask)


def attempt(by: Random) -> Attempt:
    """Return an honest opening after one to three changes, careful or blind."""
    mutant = honest_attempt(by)
    for _ in range(by.choice((1, 1, 2, 3))):
        body: bytes | None = None
        match by.randrange(9):
            case 0 | 1 | 2:
                body = _rebuilt(mutant, by) if _whole(mutant) else flipped(mutant.sealed.body, by)
            case 3:
                body = _other_length(mutant, by) if _whole(mutant) else mutant.sealed.body[:-1]
            case 4 | 5:
                body = damaged(mutant.sealed.body, by, BODIES)
            case 6:
                mutant = _other_place(mutant, by)
            case 7:
                mutant = _other_key(mutant, by)
            case _:
                mutant = _other_mask(mutant, by)
        if body is not None:
            mutant = replace(mutant, sealed=replace(mutant.sealed, body=body))
    return mutant


def _whole(attempt: Attempt) -> bool:
    return attempt.sealed.body == attempt.of.body and len(attempt.of.body) > 2 * TAG


def opens_as_meant(attempt: Attempt) -> bool:
    """Tell whether a body was opened, and to exactly what was sealed; raises `Differs` for anything else."""
    sealed = attempt.sealed
    try:
        parts = unseal(sealed, attempt.mask, attempt.key)
    except NotOpenable:
        return False
    opened = {f"{category}.{name}": value for category, part in parts.items() for name, value in part.items()}
    letter = OF.get((sealed.message_ref, sealed.recipient))
    if letter is None or (sealed.type, sealed.body, attempt.key) != (letter.routing.type, letter.body, letter.key):
        raise Differs("opened what nobody sealed")
    if plain(opened) != permitted(letter.meaning, attempt.mask):
        raise Differs("opened otherwise than it was sealed")
    return True
