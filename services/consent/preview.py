"""What each agency would open, before the survivor signs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from kernel.consent import Agency, Outlook, as_if_signed, compile_table, preview
from schemas.codes import DirectiveState, Purpose
from services.consent import store
from services.consent.domain import NotAcceptable, Provision
from services.consent.domain.revocation import NOT_YET
from services.consent.locked_subject import LockedSubject


async def build_preview(
    locked: LockedSubject, recipient: str, purpose: Purpose, drafts: Collection[UUID]
) -> tuple[Agency, datetime, Outlook | None]:
    """Return what the recipient's own system would open of this agency's records, as if `drafts` had been signed.

    None where the agency is not registered for the purpose: then there is nothing it could ask.
    """
    session, subject, custodian = locked.unit.session, locked.subject, locked.unit.agency
    named = (await store.agencies(session, [recipient])).get(recipient)
    if named is None:
        raise NotAcceptable(("query.recipient", "unknown_agency"))
    provisions, _ = await store.provisions(session, subject.subject_id)
    signed = _drafts(provisions, drafts, custodian.agency_id)
    replaced = {provision.supersedes_ref for provision in signed}
    active = [
        provision.directive
        for provision in provisions
        if provision.state is DirectiveState.ACTIVE and provision.ref not in replaced
    ]
    table = compile_table(
        (
            *active,
            *as_if_signed(
                replace(provision.directive, started=True, state=DirectiveState.DRAFT) for provision in signed
            ),
        ),
        sv=subject.sv,
        participating=subject.table.participating,
        deceased=await store.is_deceased(session, subject.subject_id),
        unreadable_denials=subject.table.unreadable_denials,
        unreadable_grants=subject.table.unreadable_grants,
    )
    at = max((subject.at, *(provision.directive.valid_from for provision in signed)))
    outlooks = preview(table, custodian, [named], at)
    return named, at, next((outlook for outlook in outlooks if outlook.purpose is purpose), None)


def _drafts(provisions: Iterable[Provision], refs: Collection[UUID], custodian: str) -> tuple[Provision, ...]:
    """Return the custodian's drafts of these references; one that is not there is refused, as is no draft."""
    drafts = {
        provision.ref: provision
        for provision in provisions
        if provision.state in NOT_YET and provision.directive.custodian == custodian
    }
    if not set(refs) <= drafts.keys():
        raise NotAcceptable(("query.draft", "unknown_draft"))
    return tuple(drafts[ref] for ref in dict.fromkeys(refs))
