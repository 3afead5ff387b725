"""What waits for an agency of the town, and what its people then see of it."""

from uuid import UUID

from sqlalchemy import text

from kernel.sealing.envelope import Sealed
from runtime import disclosure
from runtime.disclosure import Opening
from schemas.codes import Purpose
from tests.support.town import Town

BODIES = text("SELECT message_ref, type, body, recipient FROM carrying.outbox WHERE key = :case_ref ORDER BY id")


async def mailbox(town: Town, case_ref: UUID, agency_id: str) -> list[Sealed]:
    """Read the messages that wait for an agency in the outbox, as the relay would send them."""
    agency_case_ref = await town.case_ref_of(case_ref, agency_id)
    async with town.session("accord_relay") as session:
        rows = (await session.execute(BODIES, {"case_ref": agency_case_ref})).all()
    return [Sealed(row.message_ref, row.recipient, row.type, 0, row.body) for row in rows]


async def opened_by(
    town: Town, case_ref: UUID, agency_id: str, person: str | None, purpose: Purpose
) -> dict[str, Opening]:
    """Open all that waits for an agency; return the newest opening of each type."""
    messages = await mailbox(town, case_ref, agency_id)
    async with town.unit("accord_exchange", agency_id, person) as unit:
        opened = await disclosure.open(unit, messages, purpose)
    return {opening.type.removeprefix("accord.").removesuffix(".v1"): opening for opening in opened}
