"""A change of consent, always in one order: rows, version, record, notices.

A compiled table is kept by version.  So the version is raised after the rows and before anything reads the subject
again: read in between, old rows would be kept under the new number, or new ones under the old.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.ledger.entry import Act
from kernel.pairwise import pairwise
from kernel.sealing.detail import Details
from runtime import clock, disclosure, error_kinds, register
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import audit_entries
from runtime.keyring import Keyring
from runtime.ledger.pending_entries import Leaf, append
from runtime.register import Subject
from runtime.telemetry import log_fields
from runtime.telemetry.error_ids import error_id
from schemas.categories import DataCategory
from schemas.codes import Purpose
from services.consent import acknowledgements, pending_notices, store
from services.consent.domain import ConsentNotice, Provision, revocation_notices, standing_notices

log = logging.getLogger(__name__)
KEY_TIMEOUT_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class ChangeEntry:
    """One line for the record: what was done with which directive."""

    act: Act
    custodian: str
    directives: tuple[UUID, ...] = ()
    categories: tuple[DataCategory, ...] = ()
    purpose: Purpose | None = None
    reason: str | None = None
    detail: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        act: Act,
        provision: Provision,
        *others: UUID,
        reason: str | None = None,
        detail: dict[str, Any] | None = None,
    ) -> ChangeEntry:
        """Return the line for a provision, and for those it stands in place of."""
        directive = provision.directive
        categories = tuple(sorted(directive.categories))
        return cls(
            act, directive.custodian, (provision.ref, *others), categories, directive.purpose, reason, detail or {}
        )

    @classmethod
    def of_look(cls, provision: Provision) -> ChangeEntry:
        """Return the line of a look at the provision itself: it shows no category of the survivor's record."""
        return cls(Act.CONSULTED, provision.directive.custodian, (provision.ref,), purpose=provision.directive.purpose)


async def raise_version(session: AsyncSession, subject: Subject) -> Subject:
    """Raise the version of a subject whose rows have changed; return the subject as it is from now on."""
    await register.raise_version(session, subject.subject_id)
    return await register.read_again(session, subject)


async def record(unit: UnitOfWork, subject: Subject, notes: Sequence[ChangeEntry]) -> None:
    """Put lines on record without a change of what is open: a draft, a refusal, a look."""
    by = await audit_entries.resolve_actor(unit)
    asker, custodians = unit.asker, [note.custodian for note in notes]
    keys = await reachable_keys(unit.session, unit.keys, subject, custodians)
    await append(unit.session, [_leaf(subject, by, note, asker, keys.get(note.custodian)) for note in notes])


async def tell(unit: UnitOfWork, subject: Subject, notices: Sequence[ConsentNotice]) -> None:
    """Tell the parties, remember how each recipient knows the directive, and wait for it to acknowledge an ending."""
    for notice in notices:
        await disclosure.announce(unit, notice.fact, notice.to, subject)
        for recipient in notice.to:
            custodian = subject.case(notice.fact.case_ref)
            if custodian is None:
                raise LookupError("a telling of a case that does not exist")
            key = await register.case_key(unit.session, unit.keys, subject, custodian.agency.agency_id)
            ref = notice.fact.directive_ref
            known_ref = pairwise(key, recipient, ref)
            await pending_notices.remember_alias(unit.session, recipient, known_ref, ref)
            await acknowledgements.expect(unit.session, subject, notice, recipient, known_ref)


async def tell_if_possible(unit: UnitOfWork, subject: Subject, notices: Sequence[ConsentNotice]) -> None:
    """Tell the parties of a closing; it stays closed if they cannot be told yet.

    A stop must not hang on a key or a mailbox: what could not be told is noted, and told later.
    """
    custodians = [notice.fact.custodian_ref for notice in notices]
    reachable = await reachable_keys(unit.session, unit.keys, subject, custodians)
    for notice in notices:
        custodian, ref = notice.fact.custodian_ref, notice.fact.directive_ref
        if custodian not in reachable or not await attempt(
            unit.session, "ending_untold", tell(unit, subject, [notice])
        ):
            await pending_notices.defer_notice(unit.session, custodian, ref)


async def tell_late(unit: UnitOfWork, subject: Subject) -> None:
    """Tell the endings of the agency's own directives of which nobody could be told in time."""
    session, case = unit.session, subject.cases.get(unit.agency_id)
    if case is None:
        return
    untold = await pending_notices.take_deferred(session, unit.agency_id, subject.subject_id)
    if not untold:
        return
    provisions, _ = await store.provisions(session, subject.subject_id)
    late = [
        standing_notices(provision, provisions, case.case_ref, subject.at)
        for provision in provisions
        if provision.ref in untold
    ]
    readable = {provision.ref for provision in provisions}
    for summary in await store.standing(session, subject.subject_id):
        if summary.ref in untold - readable:
            late.append(revocation_notices(summary, case.case_ref, subject.at))
    await tell_if_possible(unit, subject, late)


async def reachable_keys(
    session: AsyncSession, keyring: Keyring, subject: Subject, custodians: Iterable[str]
) -> dict[str, bytes]:
    """Return the case keys that can be had within seconds, all together: others wait for the subject meanwhile."""
    keys: dict[str, bytes] = {}
    until = clock.monotonic() + KEY_TIMEOUT_SECONDS
    for custodian in dict.fromkeys(custodians):
        if custodian in subject.cases and clock.monotonic() < until:
            lookup = _add_key(keys, session, keyring, subject, custodian, until)
            await attempt(session, "key_out_of_reach", lookup)
    return keys


async def _add_key(
    keys: dict[str, bytes], session: AsyncSession, keyring: Keyring, subject: Subject, custodian: str, until: float
) -> None:
    async with asyncio.timeout(until - clock.monotonic()):
        keys[custodian] = await register.case_key(session, keyring, subject, custodian)


async def attempt(session: AsyncSession, event: str, work: Awaitable[Any]) -> bool:
    """Do `work` within the transaction, or undo it alone and log `event`; tell whether it was done."""
    try:
        async with session.begin_nested():
            await work
    except Exception as failed:
        if isinstance(failed, DBAPIError) and failed.connection_invalidated:
            raise
        log.error(event, extra=log_fields(reason=error_kinds.safe_error_name(failed), error_id=error_id(failed)))
        return False
    return True


def _leaf(
    subject: Subject,
    by: audit_entries.ActorPseudonyms,
    note: ChangeEntry,
    asker: Mapping[str, str],
    key: bytes | None,
) -> Leaf:
    custodian = subject.cases.get(note.custodian)
    return audit_entries.act_entry(
        note.act,
        by,
        subject,
        custodian=custodian,
        categories=note.categories,
        directives=tuple(map(str, note.directives)),
        purpose=note.purpose,
        reason=note.reason,
        basis=None,
        detail={**note.detail, **asker},
        details=None if key is None else Details(key),
    )
