"""What each agency would open, before the survivor signs: the same engine as every decision, asked beforehand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid4

from kernel.consent import Agency, ConsentTable, Outlook, as_if_signed, compile_table, preview
from schemas.codes import DirectiveState, Purpose
from services.consent import store
from services.consent.commands import drafts
from services.consent.domain import (
    DirectiveStepNotPossible,
    DraftContext,
    NotAcceptable,
    Provision,
    RequestedDirective,
    draft,
    in_time,
)
from services.consent.domain.revocation import NOT_YET
from services.consent.draft_context import draft_context
from services.consent.locked_subject import LockedSubject


@dataclass(frozen=True, slots=True)
class Comparison:
    """What an agency opens now, and what it would open if a considered grant were signed; or why it cannot be."""

    requested: RequestedDirective
    recipient: Agency | None
    at: datetime
    now: Outlook | None = None
    then: Outlook | None = None
    refusals: tuple[tuple[str | None, str], ...] = ()


async def build_preview(
    locked: LockedSubject, recipient: str, purpose: Purpose, refs: Collection[UUID]
) -> tuple[Agency, datetime, Outlook | None]:
    """Return what the recipient's own system would open of this agency's records, as if the drafts had been signed.

    None where the agency is not registered for the purpose: then there is nothing it could ask.
    """
    session, subject, custodian = locked.unit.session, locked.subject, locked.unit.agency
    named = (await store.agencies(session, [recipient])).get(recipient)
    if named is None:
        raise NotAcceptable(("query.recipient", "unknown_agency"))
    provisions, _ = await store.provisions(session, subject.subject_id)
    signed = _drafts(provisions, refs, custodian.agency_id)
    deceased = await store.is_deceased(session, subject.subject_id)
    table = _table(locked, provisions, signed, deceased=deceased)
    at = max((subject.at, *(provision.directive.valid_from for provision in signed)))
    return named, at, _outlook(table, custodian, named, purpose, at)


async def compare(locked: LockedSubject, considered: Sequence[RequestedDirective]) -> tuple[Comparison, ...]:
    """Return, for each grant considered, what its recipient opens now and would if it alone were signed now.

    Each goes through the rules of a draft; one that they refuse has their codes, and the others are compared all the
    same.  The categories count as asked about one by one: nobody has been asked yet.
    """
    unit = locked.unit
    resolved = [await drafts.resolved(unit, request) for request in considered]
    recipients = [request.recipient for request in resolved]
    context = await draft_context(locked, unit.agency_id, None, agencies=recipients)
    return tuple(_compared(locked, request, context) for request in resolved)


def _compared(locked: LockedSubject, requested: RequestedDirective, context: DraftContext) -> Comparison:
    recipient = context.agencies.get(requested.recipient or "")
    try:
        signed = in_time(draft(requested, context, uuid4()), context.at, context)
    except NotAcceptable as error:
        return Comparison(requested, recipient, context.at, refusals=tuple(error.errors))
    except DirectiveStepNotPossible as error:
        return Comparison(requested, recipient, context.at, refusals=((None, error.code),))
    if recipient is None or requested.purpose is None:  # the rules have refused both
        raise TypeError("a draft without a recipient or a purpose")
    at = max(context.at, signed.directive.valid_from)
    now, then = (
        _outlook(
            _table(locked, context.standing, grants, deceased=context.deceased),
            locked.unit.agency,
            recipient,
            requested.purpose,
            instant,
        )
        for grants, instant in (((), context.at), ((signed,), at))
    )
    return Comparison(requested, recipient, at, now, then)


def _table(
    locked: LockedSubject, standing: Iterable[Provision], signed: Collection[Provision], *, deceased: bool
) -> ConsentTable:
    """Return the table of the directives in force, those in `signed` as they would stand and what they replace out."""
    subject = locked.subject
    replaced = {provision.supersedes_ref for provision in signed}
    active = [
        provision.directive
        for provision in standing
        if provision.state is DirectiveState.ACTIVE and provision.ref not in replaced
    ]
    as_signed = as_if_signed(
        replace(provision.directive, started=True, state=DirectiveState.DRAFT) for provision in signed
    )
    return compile_table(
        (*active, *as_signed),
        sv=subject.sv,
        participating=subject.table.participating,
        deceased=deceased,
        unreadable_denials=subject.table.unreadable_denials,
        unreadable_grants=subject.table.unreadable_grants,
    )


def _outlook(
    table: ConsentTable, custodian: Agency, recipient: Agency, purpose: Purpose, at: datetime
) -> Outlook | None:
    outlooks = preview(table, custodian, [recipient], at)
    return next((outlook for outlook in outlooks if outlook.purpose is purpose), None)


def _drafts(provisions: Iterable[Provision], refs: Collection[UUID], custodian: str) -> tuple[Provision, ...]:
    """Return the custodian's drafts of these references; one that is not there is refused, as is no draft."""
    by_ref: Mapping[UUID, Provision] = {
        provision.ref: provision
        for provision in provisions
        if provision.state in NOT_YET and provision.directive.custodian == custodian
    }
    if not set(refs) <= by_ref.keys():
        raise NotAcceptable(("query.draft", "unknown_draft"))
    return tuple(by_ref[ref] for ref in dict.fromkeys(refs))
