"""By what an agency finds its orders again: an index of the court's number that this agency alone can compute.

The number itself lies sealed with the rest of the paper; kept here is its HMAC under a key of the agency's own.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from runtime.database.unit_of_work import UnitOfWork
from runtime.local_names import NameKeyTable, normalised

KEYS = NameKeyTable(
    read=text("SELECT wrapped_key FROM law_enforcement_bridge.number_key WHERE agency_id = :agency"),
    add=text("""
INSERT INTO law_enforcement_bridge.number_key (agency_id, wrapped_key) VALUES (:agency, :key) ON CONFLICT DO NOTHING
"""),
)
NUMBERED = text("""
UPDATE law_enforcement_bridge.protective_order SET number_index = :index
WHERE order_ref = :order_ref AND agency_id = :agency
""")


async def keep(unit: UnitOfWork, order_ref: UUID, number: str | None) -> None:
    """Find the order by this number from now on; a paper that names none leaves it as it was."""
    if number is None or not bare(number):
        return
    index = (await KEYS.names_to_write(unit)).index(bare(number))
    await unit.session.execute(NUMBERED, {"agency": unit.agency_id, "order_ref": order_ref, "index": index})


async def index_of(unit: UnitOfWork, number: str) -> bytes:
    """Return by what an order of this number is found; by none that is empty, nor of an agency that recorded none."""
    numbers = await KEYS.names(unit)
    return b"" if numbers is None or not bare(number) else numbers.index(bare(number))


def bare(number: str) -> str:
    """Return the letters and digits of a number, as courts and people set its dashes and blanks each in their way."""
    return "".join(character for character in normalised(number) if character.isalnum())
