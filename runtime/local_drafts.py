"""What a person has typed and not yet sent, closed for the agency, the person and the page that it belongs to.

Each draft has a key of its own, wrapped under the agency's.  So whoever reads the table learns nothing of it, and what
was typed at one page opens at no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic_core import from_json

from kernel.sealing.detail import padded
from kernel.sealing.keys import Wrapping, derive, new_key, unwrap
from runtime.keyring import Keyring

USE = "local draft"

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SealedDraft:
    """A draft as it is kept."""

    wrapped_key: bytes = field(repr=False)
    body: bytes = field(repr=False)


async def seal_draft(keys: Keyring, agency_id: str, place: bytes, fields: Pairs) -> SealedDraft:
    """Return the fields of a form closed; `place` says whose they are and of which page, and opens them again."""
    key, context = new_key(), _context(agency_id, place)
    wrapped = await keys.wrap(agency_id, key, context)
    return SealedDraft(wrapped, Wrapping(derive(key, USE)).wrap(padded({"fields": list(fields)}), context))


async def unseal_draft(keys: Keyring, agency_id: str, place: bytes, draft: SealedDraft) -> list[tuple[str, str]]:
    """Return the fields; raises `kernel.sealing.envelope.NotOpenable` for another agency's, person's or page's."""
    context = _context(agency_id, place)
    key = await keys.unwrap(agency_id, draft.wrapped_key, context)
    content = from_json(unwrap(derive(key, USE), draft.body, context))
    return [(str(name), str(value)) for name, value in content["fields"]]


def _context(agency_id: str, place: bytes) -> bytes:
    return f"accord local draft {agency_id} ".encode() + place
