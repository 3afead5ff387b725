"""A file of one agency's lines of the ledger, each with its proof: what a lawyer checks without asking anybody here.

JSON line by JSON line, as an export of the whole ledger: what it is and how to check it as `excerpt`, the signed
checkpoint as `note`, lines as `index`, `header`, `hash` and `path`, and the names behind the pseudonyms as `names`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from kernel.ledger.entry import instant
from kernel.ledger.merkle import leaf_hash
from kernel.ledger.note import Proof
from services.audit.domain import Entry
from services.audit.entries import OwnLine

MOST_LINES: Final = 2_000
CHECK: Final = (
    "1. Get the ledger's public key (one line, name+id+key) from somebody you trust, not from whoever gave you this"
    " file.",
    "2. Run: accord ledger verify --from FILE --vkey KEY. It asks no service and no database.",
    "3. Without our program: `header` is base64; `hash` is SHA-256 of a zero byte and the header (RFC 6962). Fold it"
    " with `path` (RFC 9162, 2.1.3.2): the root has to be the one in `note`, a C2SP tlog-checkpoint signed by the key.",
)
PROVEN: Final = "Each line below was on record, in these very words and at this place, when the checkpoint was signed."
NOT_PROVEN: Final = (
    "That no line was left out of this file: only the whole ledger shows that (`accord ledger export`, by whoever"
    " operates it). Nor whose names stand behind the pseudonyms: `names` is what the register says today."
)


@dataclass(frozen=True, slots=True)
class About:
    """Whose file this is, when it was made, and what of the list is not in it."""

    agency_id: str
    at: datetime
    entries: int
    not_covered: int
    more: bool


def text(about: About, note: str, lines: Sequence[OwnLine], receipts: Sequence[Proof], named: Sequence[Entry]) -> str:
    """Return the file."""
    records = [_about(about), {"note": note}, *map(_line, lines, receipts), {"names": _names(lines, named)}]
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def _about(about: About) -> dict[str, Any]:
    return {
        "excerpt": {
            "agency": about.agency_id,
            "made_at": instant(about.at),
            "entries": about.entries,
            "not_yet_under_a_checkpoint": about.not_covered,
            "older_entries_left_out": about.more,
            "how_to_check": CHECK,
            "proven": PROVEN,
            "not_proven": NOT_PROVEN,
        }
    }


def _line(line: OwnLine, receipt: Proof) -> dict[str, Any]:
    body = line.header.body()
    path = [base64.b64encode(digest).decode() for digest in receipt.path]
    return {
        "index": receipt.index,
        "header": base64.b64encode(body).decode(),
        "hash": leaf_hash(body).hex(),
        "path": path,
    }


def _names(lines: Sequence[OwnLine], named: Sequence[Entry]) -> dict[str, str]:
    return dict(sorted(_behind(lines, named)))


def _behind(lines: Sequence[OwnLine], named: Sequence[Entry]) -> Iterator[tuple[str, str]]:
    for line, entry in zip(lines, named, strict=True):
        if entry.agency is not None:
            yield line.header.agency, entry.agency.name
        if entry.who.name is not None:
            yield line.header.actor, entry.who.name
        if line.header.subject is not None and entry.case_ref is not None:
            yield line.header.subject, f"case {entry.case_ref}"
