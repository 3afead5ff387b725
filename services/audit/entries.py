"""The ledger's lines about one agency's own records, newest first: which of them a person may list, and how many.

The role of this service reads the whole ledger, since it is the sequencer's.  The wall between agencies is therefore
the condition `OWN`, which every statement here begins with: the custodian of the line is the agency that asks, and
the survivor hides from nobody who asks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import TextClause, text

from kernel.ledger.entry import Act, Header, UnreadableEntry, Verdict, instant, read
from kernel.ledger.merkle import leaf_hash
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import audit_entries

# To the letter as in migration 0002, whose index is for these two.
CUSTODIAN: Final = """substring(header FROM position('"custodian":"'::bytea IN header) + 13 FOR 36)"""
AT: Final = """substring(header FROM position('"at":"'::bytea IN header) + 6 FOR 27)"""
OWN: Final = f"""{CUSTODIAN} = :custodian AND NOT EXISTS (
    SELECT FROM register.subject AS s JOIN register.directive AS d USING (subject_id)
    WHERE s.pseudonym = line.subject AND d.effect = 'deny' AND d.state = 'active'
    AND (d.excluded_person_ref = :person_ref OR (CAST(:unnamed AS boolean) AND d.excluded_person_ref IS NOT NULL)))"""
LEAF: Final = """SELECT header, hash, subject,
    CASE WHEN index < (SELECT max(size) FROM ledger.published) THEN index END AS index FROM ledger.leaf AS line"""
PENDING: Final = """SELECT header, hash, subject, CAST(NULL AS bigint) AS index
    FROM (SELECT *, sha256('\\x00'::bytea || header) AS hash FROM ledger.pending) AS line"""
CASE_REF: Final = """SELECT l.header, l.index, c.case_ref FROM ({lines}) AS l
LEFT JOIN register.subject AS s ON s.pseudonym = l.subject
LEFT JOIN register."case" AS c ON c.subject_id = s.subject_id AND c.agency_id = :agency"""
SUBJECT: Final = """(SELECT s.pseudonym FROM register."case" AS c JOIN register.subject AS s USING (subject_id)
    WHERE c.case_ref = :case_ref AND c.agency_id = :agency)"""
ACTOR: Final = """(SELECT convert_to('"actor":"' || pseudonym || '"', 'UTF8') FROM (
    SELECT pseudonym FROM register.person WHERE person_ref = :person
    UNION ALL SELECT pseudonym FROM register.client WHERE client_id = :person) AS p LIMIT 1)"""
AGENCY: Final = """(SELECT convert_to('"agency":"' || pseudonym || '"', 'UTF8') FROM register.agency
    WHERE agency_id = :other_agency)"""
DENIED: Final = f"""position('"verdict":"{Verdict.DENY}"'::bytea IN header) > 0"""

_AT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_HASH = re.compile(r"[0-9a-f]{64}")

Place = tuple[str, str]  # an instant as headers write it, and the hash of the line in hexadecimal
THE_NEWEST: Final[Place] = ("9999", "")


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which lines a list holds; offers that were not made only where that act is named."""

    case_ref: UUID | None = None
    person: str | None = None
    agency: str | None = None
    act: Act | None = None
    since: datetime | None = None
    until: datetime | None = None
    refused: bool = False


@dataclass(frozen=True, slots=True)
class OwnLine:
    """A line of the ledger about the agency's own records, by its own case reference."""

    header: Header
    index: int | None
    case_ref: UUID | None

    @property
    def place(self) -> Place:
        """Return where a list goes on behind this line."""
        return instant(self.header.at), leaf_hash(self.header.body()).hex()


def is_place(place: Place) -> bool:
    """Tell whether this could be the place of a line, or before them all."""
    return place == THE_NEWEST or bool(_AT.fullmatch(place[0]) and _HASH.fullmatch(place[1]))


async def lines(unit: UnitOfWork, filters: EntryFilter, behind: Place, rows: int) -> list[OwnLine]:
    """Return up to `rows` lines behind a place, the newest first, those still on their way into the tree included."""
    params = await _params(unit, filters) | {"at": behind[0].encode(), "hash": behind[1], "rows": rows}
    behind_place = f"({AT}, hash) < (:at, decode(:hash, 'hex'))" if behind != THE_NEWEST else "true"
    query = _both(f"{_where(filters)} AND {behind_place} ORDER BY {AT} DESC, hash DESC LIMIT :rows")
    ordered = text(
        f"{CASE_REF.format(lines=query)} ORDER BY {AT.replace('header', 'l.header')} DESC, l.hash DESC LIMIT :rows"
    )
    return await _read(unit, ordered, params)


async def line_at(unit: UnitOfWork, index: int) -> OwnLine | None:
    """Return the line at this place in the tree; another custodian's, and one a survivor hides, are absent."""
    query = f"{LEAF} WHERE {OWN} AND line.index = :index"
    own = await _read(unit, text(CASE_REF.format(lines=query)), await _params(unit, EntryFilter()) | {"index": index})
    return own[0] if own and own[0].index is not None else None


async def count(unit: UnitOfWork, filters: EntryFilter, most: int) -> int:
    """Return how many lines the list would hold, up to `most`."""
    query = _both(f"{_where(filters)} LIMIT :most")
    statement = text(f"SELECT count(*) FROM (SELECT FROM ({query}) AS l LIMIT :most) AS counted")  # noqa: S608 - our own
    return int(await unit.session.scalar(statement, await _params(unit, filters) | {"most": most}) or 0)


def _both(condition: str) -> str:
    return f"({LEAF} WHERE {condition}) UNION ALL ({PENDING} WHERE {condition})"


def _where(filters: EntryFilter) -> str:
    """Return the condition for these filters: text of ours alone, every value a parameter."""
    conditions = {
        OWN: True,
        f"subject = {SUBJECT}": filters.case_ref is not None,
        f"position({ACTOR} IN header) > 0": filters.person is not None,
        f"position({AGENCY} IN header) > 0": filters.agency is not None,
        "substring(header FOR :act_width) = :act": filters.act is not None,
        "substring(header FOR :act_width) <> :act": filters.act is None,
        f"{AT} >= :since": filters.since is not None,
        f"{AT} < :until": filters.until is not None,
        DENIED: filters.refused,
    }
    return " AND ".join(condition for condition, applies in conditions.items() if applies)


async def _params(unit: UnitOfWork, filters: EntryFilter) -> dict[str, Any]:
    by = await audit_entries.resolve_actor(unit)
    begins = f'{{"act":"{filters.act or Act.NOT_SENT}",'.encode()  # the act stands first in a canonical header
    return {
        "custodian": by.agency.encode(),
        "agency": unit.agency_id,
        "person_ref": unit.person_ref,
        "unnamed": unit.unnamed,
        "case_ref": filters.case_ref,
        "person": filters.person,
        "other_agency": filters.agency,
        "act": begins,
        "act_width": len(begins),
        "since": filters.since and instant(filters.since).encode(),
        "until": filters.until and instant(filters.until).encode(),
    }


async def _read(unit: UnitOfWork, statement: TextClause, params: dict[str, Any]) -> list[OwnLine]:
    needed = {name: value for name, value in params.items() if name in statement.compile().params}
    rows = await unit.session.execute(statement, needed)
    own = [(_header(bytes(row.header)), row) for row in rows]
    return [OwnLine(header, row._mapping["index"], row.case_ref) for header, row in own if header is not None]


def _header(body: bytes) -> Header | None:
    try:
        return read(body)
    except UnreadableEntry:  # not one that the ledger would have written: the verifier names it
        return None
