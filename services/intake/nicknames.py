"""What an agency calls its cases among its own people; the words leave no service, contract or log."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text

from runtime.database.unit_of_work import UnitOfWork
from runtime.local_names import NameKeyTable

KEYS = NameKeyTable(
    read=text("SELECT wrapped_key FROM intake.name_key WHERE agency_id = :agency"),
    add=text("INSERT INTO intake.name_key (agency_id, wrapped_key) VALUES (:agency, :key) ON CONFLICT DO NOTHING"),
)
NAME = text("""
UPDATE intake.case_status SET nickname = :sealed, nickname_index = :index
WHERE case_ref = :case_ref AND agency_id = :agency
""")
NAMED = text("""
SELECT case_ref, nickname FROM intake.case_status
WHERE case_ref = ANY(:refs) AND agency_id = :agency AND nickname IS NOT NULL
""")


async def name_case(unit: UnitOfWork, case_ref: UUID, nickname: str) -> None:
    """Call the agency's own case so, in place of what it was called; an empty name is none."""
    row = {"agency": unit.agency_id, "case_ref": case_ref, "sealed": None, "index": None}
    if nickname.strip():
        names = await KEYS.names_to_write(unit)
        row |= {"sealed": names.seal(case_ref, nickname), "index": names.index(nickname)}
    await unit.session.execute(NAME, row)


async def nicknames_of(unit: UnitOfWork, refs: Collection[UUID]) -> dict[UUID, str]:
    """Return what the agency calls those of its cases that it calls anything; the caller may read them."""
    rows = (await unit.session.execute(NAMED, {"agency": unit.agency_id, "refs": list(refs)})).all()
    names = await KEYS.names(unit) if rows else None
    return {} if names is None else {row.case_ref: names.unseal(row.case_ref, bytes(row.nickname)) for row in rows}


async def index_of(unit: UnitOfWork, nickname: str) -> bytes:
    """Return by what a case of this name is found; of an agency that named none, nothing is found."""
    names = await KEYS.names(unit)
    return b"" if names is None else names.index(nickname)
