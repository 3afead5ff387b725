"""Conflict warnings: whom survivors shut out of an agency's own records, and who tried all the same.

Nothing is written for them.  A block is a directive, an attempt is a line of the ledger, and both are read as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import text

from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import audit_entries

# The index of 0014_conflicts.py is for this condition, to the letter.  Parts of a header are cut out at the places of
# its canonical text and never read as JSON: one line that is none would make the whole list fail.
TRIED = """position('"reason":"blocked_person"'::bytea IN header) > 0
    OR position('"reason":"person_not_named"'::bytea IN header) > 0"""
WARNINGS = text(f"""
WITH lines AS MATERIALIZED (
    SELECT subject, header FROM ledger.leaf WHERE ({TRIED})
    UNION ALL SELECT subject, header FROM ledger.pending WHERE ({TRIED})
), tried AS (
    SELECT subject, encode(substring(header FROM position('"actor":"'::bytea IN header) + 9 FOR 36), 'escape') AS actor,
        encode(substring(header FROM position('"agency":"'::bytea IN header) + 10 FOR 36), 'escape') AS agency,
        encode(substring(header FROM position('"at":"'::bytea IN header) + 6 FOR 27), 'escape') AS at
    FROM lines WHERE position(:custodian IN header) > 0
), attempts AS (
    SELECT s.subject_id, 'attempt' AS kind, a.agency_id, a.name AS agency_name,
        COALESCE(p.person_ref, c.client_id) AS who_ref, p.name AS who_name,
        CASE WHEN p.person_ref IS NOT NULL THEN 'person' WHEN c.client_id IS NOT NULL THEN 'system' ELSE 'erased' END
            AS who_kind, min(t.at) AS first_at, max(t.at) AS last_at, count(*) AS times
    FROM tried AS t JOIN register.subject AS s ON s.pseudonym = t.subject
    JOIN register.agency AS a ON CAST(a.pseudonym AS text) = t.agency
    LEFT JOIN register.person AS p ON CAST(p.pseudonym AS text) = t.actor
    LEFT JOIN register.client AS c ON CAST(c.pseudonym AS text) = t.actor
    GROUP BY s.subject_id, a.agency_id, a.name, p.person_ref, p.name, c.client_id
), blocks AS (
    SELECT d.subject_id, 'block' AS kind, d.excluded_agency AS agency_id, a.name AS agency_name,
        d.excluded_person_ref AS who_ref, CAST(NULL AS text) AS who_name, 'person' AS who_kind,
        to_char(min(d.drafted_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS first_at,
        to_char(max(d.drafted_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS last_at, count(*) AS times
    FROM register.directive AS d LEFT JOIN register.agency AS a ON a.agency_id = d.excluded_agency
    WHERE d.custodian = :agency AND d.effect = 'deny' AND d.state = 'active' AND d.excluded_person_ref IS NOT NULL
    GROUP BY d.subject_id, d.excluded_agency, a.name, d.excluded_person_ref
), warnings AS (
    SELECT w.*, c.case_ref, md5(concat_ws(' ', c.case_ref, w.kind, w.agency_id, w.who_ref)) AS key
    FROM (SELECT * FROM attempts UNION ALL SELECT * FROM blocks) AS w
    JOIN register."case" AS c ON c.subject_id = w.subject_id AND c.agency_id = :agency
    WHERE NOT EXISTS (SELECT FROM register.directive AS d WHERE d.subject_id = w.subject_id AND d.effect = 'deny'
        AND d.state = 'active' AND d.excluded_person_ref = :person_ref)
)
SELECT kind, case_ref, agency_id, agency_name, who_kind, who_ref, who_name, first_at, last_at, times, key
FROM warnings WHERE (last_at, key) < (:last_at, :key) ORDER BY last_at DESC, key DESC LIMIT :rows
""")  # noqa: S608 - statements of our own

Place = tuple[str, str]
THE_NEWEST: Final[Place] = ("9999", "")
_AT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_KEY = re.compile(r"[0-9a-f]{32}")


class WarningKind(StrEnum):
    """Whether somebody was shut out, or tried in spite of it."""

    BLOCK = "block"
    ATTEMPT = "attempt"


@dataclass(frozen=True, slots=True)
class Warned:
    """One warning, by the agency's own case reference."""

    kind: WarningKind
    case_ref: UUID
    agency_id: str | None
    agency_name: str | None
    who_kind: str
    who_ref: str | None
    who_name: str | None
    first_at: datetime
    last_at: datetime
    times: int
    place: Place


def is_place(place: Place) -> bool:
    """Tell whether this could be the place of a warning, or before them all."""
    return place == THE_NEWEST or bool(_AT.fullmatch(place[0]) and _KEY.fullmatch(place[1]))


async def warnings(unit: UnitOfWork, behind: Place, rows: int) -> list[Warned]:
    """Return up to `rows` warnings about the agency's own records, the latest first.

    None of a survivor who hides from whoever reads them.
    """
    by = await audit_entries.resolve_actor(unit)
    params = {
        "agency": unit.agency_id,
        "custodian": f'"custodian":"{by.agency}"'.encode(),
        "person_ref": unit.person_ref,
        "last_at": behind[0],
        "key": behind[1],
        "rows": rows,
    }
    return [
        Warned(
            WarningKind(row.kind),
            row.case_ref,
            row.agency_id,
            row.agency_name,
            row.who_kind,
            row.who_ref,
            row.who_name,
            datetime.fromisoformat(row.first_at),
            datetime.fromisoformat(row.last_at),
            row.times,
            (row.last_at, row.key),
        )
        for row in await unit.session.execute(WARNINGS, params)
    ]
