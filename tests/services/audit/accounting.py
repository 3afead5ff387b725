"""What happens in the town before somebody asks who looked."""

from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text

from kernel.sealing.envelope import Sealed
from runtime import disclosure
from schemas.categories import DataCategory
from schemas.codes import Purpose
from schemas.facts import IncidentReported
from tests.support.town import Town

BODIES = text("SELECT message_ref, type, body, recipient FROM carrying.outbox WHERE key = :case_ref ORDER BY id")
SHELTER = [DataCategory.IDENTITY, DataCategory.NEEDS]


async def offer(town: Town, case_ref: UUID, agency_id: str = "bay-hotline", person: str = "ana") -> None:
    """Report an incident of the case, in the name of one of the custodian's people."""
    fact = IncidentReported(
        case_ref=case_ref,
        incident_ref=uuid4(),
        version=1,
        reported_at="2026-11-21T02:10:00Z",
        channel="hotline",
        given_name="Marisol",
        needs=["shelter"],
        narrative="He said he would come back.",
    )
    async with town.unit("accord_intake", agency_id, person) as unit:
        await disclosure.offer(unit, fact)
        await unit.session.commit()


async def open_all(town: Town, case_ref: UUID, agency_id: str, person: str, purpose: Purpose) -> int:
    """Open whatever of the case waits for an agency; return how many messages opened."""
    agency_case_ref = await town.case_ref_of(case_ref, agency_id)
    async with town.session("accord_relay") as session:
        rows = (await session.execute(BODIES, {"case_ref": agency_case_ref})).all()
    messages = [Sealed(row.message_ref, row.recipient, row.type, 0, row.body) for row in rows]
    async with town.unit("accord_exchange", agency_id, person) as unit:
        return len(await disclosure.open(unit, messages, purpose))


async def a_told_case(town: Town) -> UUID:
    """Open a case of the hotline that the shelter may see and the counsellor may not, report, open and refuse."""
    case_ref = await town.open_case()
    await town.direct(case_ref, "harbor-house", Purpose.SHELTER, SHELTER)
    await town.direct(case_ref, "lantern-counselling", Purpose.COUNSELLING, SHELTER, effect="deny")
    await offer(town, case_ref)
    await open_all(town, case_ref, "harbor-house", "sam", Purpose.SHELTER)
    return case_ref


async def read(client: httpx.AsyncClient, case_ref: UUID, **query: Any) -> list[dict[str, Any]]:
    """Return every entry of the accounting, page after page."""
    entries: list[dict[str, Any]] = []
    cursor = None
    while True:
        params = {**query, **({} if cursor is None else {"cursor": cursor})}
        answer = await client.get(f"/v1/cases/{case_ref}/accounting", params=params)
        assert answer.status_code == 200, answer.text
        entries += answer.json()["entries"]
        cursor = answer.json()["cursor"]
        if cursor is None:
            return entries


def deeds(entries: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """Return what was done, to or by which agency."""
    return Counter((entry["act"], entry["agency"]["id"]) for entry in entries)
