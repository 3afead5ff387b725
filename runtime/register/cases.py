"""Opening a case, joining another agency to it, and the key that seals it."""

from __future__ import annotations

from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.sealing.keys import new_key
from runtime.keyring import Keyring
from runtime.register.subjects import Subject

NEW_SUBJECT = text("INSERT INTO register.subject (home_agency) VALUES (:agency_id) RETURNING subject_id")
NEW_CASE = text(
    'INSERT INTO register."case" (subject_id, agency_id, case_ref, wrapped_key) '
    "VALUES (:subject_id, :agency_id, :case_ref, :wrapped_key)"
)
JOIN = text(
    'INSERT INTO register."case" (subject_id, agency_id, case_ref) VALUES (:subject_id, :agency_id, :case_ref) '
    "ON CONFLICT (subject_id, agency_id) DO NOTHING"
)
KEEP_KEY = text(
    'UPDATE register."case" SET wrapped_key = COALESCE(wrapped_key, :wrapped_key) '
    "WHERE subject_id = :subject_id AND agency_id = :agency_id RETURNING wrapped_key"
)
# ADR 0012: a sequence is not undone by a rollback, so a number that a failed change used never comes again.
RAISE = text("UPDATE register.subject SET sv = nextval('register.sv') WHERE subject_id = :subject_id RETURNING sv")


def key_context(subject_id: int, agency_id: str) -> bytes:
    """Return what binds a wrapped case key to its subject and custodian."""
    return f"accord case key {subject_id} {agency_id}".encode()


async def open_case(session: AsyncSession, keys: Keyring, agency_id: str) -> UUID:
    """Open a case with no personal field and return the agency's own, random reference to it."""
    subject_id = (await session.execute(NEW_SUBJECT, {"agency_id": agency_id})).scalar_one()
    case_ref = uuid4()
    wrapped = await keys.wrap(agency_id, new_key(), key_context(subject_id, agency_id))
    row = {"subject_id": subject_id, "agency_id": agency_id, "case_ref": case_ref, "wrapped_key": wrapped}
    await session.execute(NEW_CASE, row)
    return case_ref


async def join_case(session: AsyncSession, subject_id: int, agency_id: str) -> None:
    """Give an agency its own random reference to the subject; one that is there stays."""
    await session.execute(JOIN, {"subject_id": subject_id, "agency_id": agency_id, "case_ref": uuid4()})


async def case_key(session: AsyncSession, keys: Keyring, subject: Subject, agency_id: str) -> bytes:
    """Return the case key of a custodian, made on its first fact; `LookupError` where it has no such case."""
    case = subject.cases.get(agency_id)
    if case is None:
        raise LookupError("no such case")
    context = key_context(subject.subject_id, agency_id)
    wrapped = case.wrapped_key
    if wrapped is None:
        offered = await keys.wrap(agency_id, new_key(), context)
        row = {"subject_id": subject.subject_id, "agency_id": agency_id, "wrapped_key": offered}
        wrapped = (await session.execute(KEEP_KEY, row)).scalar_one()
    return await keys.unwrap(agency_id, wrapped, context)


async def raise_version(session: AsyncSession, subject_id: int) -> int:
    """Raise the subject's version and return it; every change of consent does, under the exclusive lock."""
    return int((await session.execute(RAISE, {"subject_id": subject_id})).scalar_one())
