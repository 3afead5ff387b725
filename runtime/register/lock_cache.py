"""What a transaction holds already, so that the second who asks within it need not hold it again.

A lock lasts until the transaction ends, so the consent that was read under it is still the consent of now: whoever
changes it waits.  Two things make that untrue.  A savepoint that is rolled back gives its locks back, so what is held
within one is not remembered; and whoever holds exclusive changes consent, so from then on nothing is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

if TYPE_CHECKING:
    from runtime.register.subjects import Subject

_CACHE_KEY: Final = "accord.holding"


def cached(session: AsyncSession, case_refs: Collection[UUID]) -> dict[UUID, Subject] | None:
    """Return the subjects of these cases if the transaction holds them all, else None: all are held in one order."""
    by_case = _of(session) or {}
    return {case_ref: by_case[case_ref] for case_ref in case_refs} if by_case.keys() >= set(case_refs) else None


def cache(session: AsyncSession, subjects: Iterable[Subject]) -> None:
    """Remember these locked subjects until the transaction ends."""
    by_case = _of(session)
    if by_case is None or session.sync_session.get_nested_transaction() is not None:
        return
    for subject in subjects:
        by_case |= {case.case_ref: subject for case in subject.cases.values()}


def invalidate(session: AsyncSession) -> None:
    """Remember no subject from now on in this transaction: it changes consent."""
    session.info[_CACHE_KEY] = session.sync_session.get_transaction(), None


def _of(session: AsyncSession) -> dict[UUID, Subject] | None:
    transaction = session.sync_session.get_transaction()
    entry: tuple[Any, dict[UUID, Subject] | None] | None = session.info.get(_CACHE_KEY)
    if entry is None or entry[0] is not transaction:
        session.info[_CACHE_KEY] = entry = (transaction, {})
    return entry[1]
