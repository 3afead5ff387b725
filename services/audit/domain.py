"""An accounting of disclosures: what the lines of the ledger say, put in words that staff can read (R25)."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from kernel.ledger.entry import Act, Header, Verdict
from kernel.ledger.merkle import leaf_hash


class ActorKind(StrEnum):
    """What it was that acted."""

    PERSON = "person"
    SYSTEM = "system"  # an agency's own records system
    SERVICE = "service"  # a part of Accord itself, such as the relay
    ERASED = "erased"  # somebody whom the register no longer names


@dataclass(frozen=True, slots=True)
class AgencyContact:
    """An agency by the name and address under which an accounting names it."""

    agency_id: str
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever acted."""

    kind: ActorKind
    ref: str | None
    name: str | None
    roles: tuple[str, ...] = ()
    agency_id: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the accounting; `index` is None for as long as no published head covers the line.

    `case_ref` is the asker's own reference of the case, where the line is about one.
    """

    index: int | None
    leaf: str
    at: datetime
    act: Act
    verdict: Verdict
    agency: AgencyContact | None
    who: Actor
    type: str | None
    categories: tuple[str, ...]
    fields: tuple[str, ...]
    purpose: str | None
    basis: str | None
    directives: tuple[str, ...]
    reason: str | None
    case_ref: UUID | None = None
    after_stop: bool = False


@dataclass(frozen=True, slots=True)
class ToldStop:
    """A stop that was said at one instant and recorded at a later one."""

    told_at: datetime
    recorded_at: datetime


def is_after_stop(header: Header, stops: Mapping[str, ToldStop]) -> bool:
    """Tell whether the line is an opening under a release that the survivor had stopped, before that was recorded."""
    matching = (stops[ref] for ref in header.directives if ref in stops)
    return header.act is Act.OPENED and any(stop.told_at <= header.at < stop.recorded_at for stop in matching)


def entry(
    header: Header,
    index: int | None,
    agencies: Mapping[str, AgencyContact],
    actors: Mapping[str, Actor],
    case_ref: UUID | None = None,
    *,
    after_stop: bool = False,
) -> Entry:
    """Return the entry for a ledger line, its pseudonyms resolved as far as the register still knows them."""
    return Entry(
        index=index,
        leaf=base64.b64encode(leaf_hash(header.body())).decode(),
        at=header.at,
        act=header.act,
        verdict=header.verdict,
        agency=agencies.get(header.agency),
        who=actors.get(header.actor) or _unnamed(header.actor),
        type=header.type,
        categories=header.categories,
        fields=header.fields,
        purpose=header.purpose,
        basis=header.basis,
        directives=header.directives,
        reason=header.reason,
        case_ref=case_ref,
        after_stop=after_stop,
    )


def pseudonyms(names: Collection[str]) -> set[UUID]:
    """Return those of `names` that are pseudonyms; a service of ours goes by its own name."""
    return {pseudonym for pseudonym in map(_pseudonym, names) if pseudonym is not None}


def _unnamed(actor: str) -> Actor:
    if _pseudonym(actor) is None:
        return Actor(ActorKind.SERVICE, actor, actor)
    return Actor(ActorKind.ERASED, None, None)


def _pseudonym(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None
