"""What the doors put on record: who asked for what, why, and how it was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.consent import Decision
from kernel.ledger.entry import Act, Verdict
from kernel.sealing.detail import Details
from runtime.database.unit_of_work import UnitOfWork
from runtime.ledger.pending_entries import Leaf, leaf
from runtime.register import CaseOf, Subject
from schemas.categories import DataCategory
from schemas.codes import Purpose
from schemas.taxonomy import CATEGORIES, categories_of, paths_of

PSEUDONYM = text("""
SELECT pseudonym FROM register.person WHERE person_ref = :name
UNION ALL SELECT pseudonym FROM register.client WHERE client_id = :client
""")
AGENCY_PSEUDONYM = text("SELECT pseudonym FROM register.agency WHERE agency_id = :agency_id")
# What is on record where nothing may be seen: nobody tried to see what was not offered, or not sent on.
_NOTHING_SEEN: Final = {Act.OFFERED: Act.NOT_SENT, Act.WITHHELD: Act.WITHHELD}
# A pseudonym is given once and never changes.
_pseudonyms: WeakKeyDictionary[Engine, dict[str, str]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class ActorPseudonyms:
    """The pseudonyms under which the ledger knows whoever acts."""

    actor: str
    agency: str


async def resolve_actor(unit: UnitOfWork) -> ActorPseudonyms:
    """Return the pseudonyms of the unit's actor and agency; a service of ours goes by its own name."""
    pseudonyms = _pseudonyms.setdefault(unit.session.sync_session.get_bind().engine, {})
    if unit.actor not in pseudonyms:
        names = {"name": unit.person_ref, "client": unit.actor.removeprefix("system:")}
        pseudonym = (await unit.session.execute(PSEUDONYM, names)).scalars().first()
        if pseudonym is None:
            return ActorPseudonyms(unit.actor, await _agency(unit.session, pseudonyms, unit.agency_id))
        pseudonyms[unit.actor] = str(pseudonym)
    return ActorPseudonyms(pseudonyms[unit.actor], await _agency(unit.session, pseudonyms, unit.agency_id))


async def _agency(session: AsyncSession, pseudonyms: dict[str, str], agency_id: str) -> str:
    key = f"agency:{agency_id}"
    if key not in pseudonyms:
        pseudonyms[key] = str((await session.execute(AGENCY_PSEUDONYM, {"agency_id": agency_id})).scalar_one())
    return pseudonyms[key]


def decision_entry(
    act: Act,
    by: ActorPseudonyms,
    subject: Subject,
    custodian: CaseOf,
    decision: Decision,
    purpose: Purpose | None,
    type_name: str | None,
    detail: Mapping[str, Any],
    details: Details | None,
    available_mask: int = 0,
) -> Leaf:
    """Return the leaf of one decision; one that permits nothing is on record as a refusal, or as an offer not sent.

    `available_mask` are the fields there were to see, where known: of a category shown in part, the leaf names the
    fields shown.
    """
    permitted = decision.mask != 0
    return leaf(
        detail,
        details,
        at=subject.at,
        act=act if permitted else _NOTHING_SEEN.get(act, Act.REFUSED),
        actor=by.actor,
        agency=by.agency,
        verdict=Verdict.PERMIT if permitted else Verdict.DENY,
        sv=decision.sv,
        subject=subject.pseudonym,
        custodian=custodian.pseudonym,
        purpose=purpose,
        type=type_name,
        categories=tuple(categories_of(decision.mask)),
        directives=tuple(map(str, decision.relied_on)),
        reason=decision.reason,
        basis=decision.basis,
        fields=cut_within(decision.mask, available_mask),
    )


@lru_cache(1024)
def cut_within(shown_mask: int, available_mask: int) -> tuple[str, ...]:
    """Return the paths in `shown_mask` of each category of which `available_mask` holds more."""
    return paths_of(
        sum(
            shown_mask & category_mask
            for _, category_mask in CATEGORIES
            if shown_mask & category_mask and available_mask & category_mask & ~shown_mask
        )
    )


def act_entry(
    act: Act,
    by: ActorPseudonyms,
    subject: Subject,
    *,
    custodian: CaseOf | None = None,
    categories: tuple[DataCategory, ...] = (),
    directives: tuple[str, ...] = (),
    purpose: Purpose | None = None,
    type_name: str | None = None,
    reason: str | None = None,
    basis: str | None = None,
    detail: Mapping[str, Any] | None = None,
    details: Details | None = None,
) -> Leaf:
    """Return the leaf of an act that needed no decision: a grant, a revocation, an own record looked at."""
    return leaf(
        detail or {},
        details,
        at=subject.at,
        act=act,
        actor=by.actor,
        agency=by.agency,
        verdict=Verdict.PERMIT,
        sv=subject.sv,
        subject=subject.pseudonym,
        custodian=None if custodian is None else custodian.pseudonym,
        purpose=purpose,
        type=type_name,
        categories=categories,
        directives=directives,
        reason=reason,
        basis=basis,
    )


def unknown_entry(by: ActorPseudonyms, at: datetime, purpose: Purpose | None, detail: Mapping[str, Any]) -> Leaf:
    """Return the leaf of an opening that named no message of this agency; nobody's case was meant."""
    return leaf(
        detail,
        None,
        at=at,
        act=Act.REFUSED,
        actor=by.actor,
        agency=by.agency,
        verdict=Verdict.DENY,
        sv=0,
        purpose=purpose,
        reason="absent",
    )


def count_entry(by: ActorPseudonyms, at: datetime, detail: Mapping[str, Any]) -> Leaf:
    """Return the leaf of a list that was counted: nothing of anybody was shown, and nobody's case was meant."""
    return leaf(
        detail,
        None,
        at=at,
        act=Act.CONSULTED,
        actor=by.actor,
        agency=by.agency,
        verdict=Verdict.PERMIT,
        sv=0,
        reason="counted",
    )
