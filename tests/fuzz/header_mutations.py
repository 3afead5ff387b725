"""The headers of a letter, and what a careful forger makes of them: said otherwise, twice, elsewhere, not at all."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Final
from uuid import UUID

from runtime.messaging.headers import Routing, UnreadableHeaders, read, write
from tests.fuzz.damage import Differs, damaged

RawHeaders = tuple[tuple[str, bytes | None], ...]

NOON: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)
BESIDE: Final = frozenset({"ce_dataschema"})  # nobody decides by it
ROUTINGS: Final = tuple(
    Routing(UUID(int=number, version=4), kind, sender, UUID(int=99 - number, version=4), NOON, number)
    for number, (kind, sender) in enumerate(
        (
            ("accord.referral.accepted.v1", "harbor-house"),
            ("accord.incident.reported.v1", "bay-hotline"),
            ("accord.consent.revoked.v1", "county-sheriff"),
        )
    )
)


def uuid_otherwise(written: str, by: Random) -> str:
    """Return a reference in another of the spellings that libraries take."""
    spellings = (written.upper(), f"{{{written}}}", f"urn:uuid:{written}", written.replace("-", ""), f"{written}\n")
    return by.choice(spellings)


def instant_otherwise(written: str, by: Random) -> str:
    """Return an instant in another of the spellings that libraries take, some of them another instant."""
    day, _, rest = written.partition("T")
    time = rest.removesuffix("Z")
    return by.choice(
        (
            f"{day} {time}Z",
            f"{day}x{time}Z",
            f"{day}T{time}z",
            f"{day}T{time}",
            f"{day}T{time}+00:00",
            f"{day}T{time}-00:00",
            f"{day}T{time}+01:00",
            f"{day}T{time}+00:00:00.000001",
            f"{day}T{time}9Z",
            f"{day}T{time.replace('.', ',')}Z",
            f"{day}T{time[:8]}Z",
            f"{day.replace('-', '')}T{time.replace(':', '')}Z",
            f"{day[:4]}-W10-1T{time}Z",
            f"{day}T24:00:00.000000Z",
            f"{day}T{time[:6]}60.000000Z",
        )
    )


def number_otherwise(written: str, by: Random) -> str:
    """Return a number in another spelling, some of them another number."""
    plain = written.lstrip("0") or "0"
    return by.choice(
        (plain, f"+{plain}", f"-{plain}", f" {plain}", f"0{written}", f"{plain}.0", f"{plain}_0", "٣", "9" * 20)
    )


def _otherwise(name: str, value: bytes, by: Random) -> bytes:
    written = value.decode("ascii", errors="replace")
    spell: dict[str, Callable[[str, Random], str]] = {
        "ce_id": uuid_otherwise,
        "ce_subject": uuid_otherwise,
        "ce_time": instant_otherwise,
        "ce_sequence": number_otherwise,
    }
    if name in spell:
        return spell[name](written, by).encode()
    padded = (f" {written}", f"{written} ", f"{written}\n", f"{written}\x00", written.upper(), written + "x" * 200)
    long = written.replace(".v1", "." + "v" * (200 - len(written)) + ".v1" + "9" * 3)
    return by.choice((*padded, long)).encode()


def reworded(original: RawHeaders, donor: RawHeaders, by: Random) -> RawHeaders:
    """Return the headers after one change."""
    if not original:
        return donor
    headers = list(original)
    match by.randrange(10):
        case 0:
            headers = by.sample(headers, len(headers))
        case 1:
            del headers[by.randrange(len(headers))]
        case 2:
            headers.insert(by.randint(0, len(headers)), by.choice(headers))
        case 3:
            headers.append(by.choice(donor or original))
        case _:
            place = by.randrange(len(headers))
            headers[place] = _changed(*headers[place], dict(donor), by)
    return tuple(headers)


def _changed(name: str, value: bytes | None, donor: dict[str, bytes | None], by: Random) -> tuple[str, bytes | None]:
    match by.randrange(6):
        case 0:
            return name, donor.get(name, value)
        case 1:
            return name, by.choice((None, b"", b"\x00", "é".encode(), b"\xff", b"0" * 500))
        case 2:
            return by.choice((name.upper(), name[3:], f"{name} ", "baggage")), value
        case 3:
            return name, damaged(value or b"", by)
        case _:
            return name, _otherwise(name, value or b"", by)


def headers(by: Random) -> RawHeaders:
    """Return honest headers after one to three changes."""
    mutant: RawHeaders = tuple(write(by.choice(ROUTINGS)))
    for _ in range(by.choice((1, 1, 2, 3))):
        mutant = reworded(mutant, tuple(write(by.choice(ROUTINGS))), by)
    return mutant


def reads_as_written(raw: RawHeaders) -> bool:
    """Tell whether headers were read, and say what we would have written; raises `Differs` for anything else.

    One meaning has one spelling. So whatever is read is, to the byte, what the relay writes for that routing.
    """
    try:
        routing = read(raw)
    except UnreadableHeaders:
        return False
    if _routing_fields(raw) != _routing_fields(write(routing)):
        raise Differs(f"{_routing_fields(raw)} was read as {routing}")
    return True


def _routing_fields(raw: Sequence[tuple[str, bytes | None]]) -> dict[str, bytes | None]:
    names = {name for name, _ in write(ROUTINGS[0])} - BESIDE
    return {name: value for name, value in raw if name in names}
