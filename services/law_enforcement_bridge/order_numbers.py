"""By what an agency finds its orders again: an index of the court's number that this agency alone can compute.

The number itself lies sealed with the rest of the paper; kept here is its HMAC under a key of the agency's own.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from runtime.database.unit_of_work import UnitOfWork
from runtime.local_names import LocalNames, local_names, new_wrapped_key, normalised

NUMBER_KEY = text("SELECT wrapped_key FROM law_enforcement_bridge.number_key WHERE agency_id = :agency")
NEW_KEY = text("""
INSERT INTO law_enforcement_bridge.number_key (agency_id, wrapped_key) VALUES (:agency, :key) ON CONFLICT DO NOTHING
""")
NUMBERED = text("""
UPDATE law_enforcement_bridge.protective_order SET number_index = :index
WHERE order_ref = :order_ref AND agency_id = :agency
""")


async def keep(unit: UnitOfWork, order_ref: UUID, number: str | None) -> None:
    """Find the order by this number from now on; a paper that names none leaves it as it was."""
    if number is None or not bare(number):
        return
    index = (await _numbers_to_write(unit)).index(bare(number))
    await unit.session.execute(NUMBERED, {"agency": unit.agency_id, "order_ref": order_ref, "index": index})


async def index_of(unit: UnitOfWork, number: str) -> bytes:
    """Return by what an order of this number is found; by none that is empty, nor of an agency that recorded none."""
    numbers = await _numbers(unit)
    return b"" if numbers is None or not bare(number) else numbers.index(bare(number))


def bare(number: str) -> str:
    """Return the letters and digits of a number, as courts and people set its dashes and blanks each in their way."""
    return "".join(character for character in normalised(number) if character.isalnum())


async def _numbers(unit: UnitOfWork) -> LocalNames | None:
    wrapped = await _wrapped_key(unit.session, unit.agency_id)
    return None if wrapped is None else await local_names(unit.keys, unit.agency_id, wrapped)


async def _numbers_to_write(unit: UnitOfWork) -> LocalNames:
    """Return the agency's numbers with their key, made for the first; of two made at once, one is kept."""
    numbers = await _numbers(unit)
    if numbers is not None:
        return numbers
    offered = await new_wrapped_key(unit.keys, unit.agency_id)
    await unit.session.execute(NEW_KEY, {"agency": unit.agency_id, "key": offered})
    wrapped = await _wrapped_key(unit.session, unit.agency_id)
    if wrapped is None:
        raise LookupError("the agency's key of order numbers was not kept")
    return await local_names(unit.keys, unit.agency_id, wrapped)


async def _wrapped_key(session: AsyncSession, agency: str) -> bytes | None:
    wrapped = (await session.execute(NUMBER_KEY, {"agency": agency})).scalar_one_or_none()
    return None if wrapped is None else bytes(wrapped)
