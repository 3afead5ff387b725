"""Directive rows, read for the decision: what cannot be read can only close."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kernel.consent import ConsentTable, Directive, compile_table
from runtime.database.arrays import bigints
from runtime.database.hot_path import fetch_all
from schemas.categories import DataCategory
from schemas.codes import Basis, DirectiveEffect, DirectiveState, Purpose, StartsWhen

READ = (
    "subject_id",
    "directive_ref",
    "effect",
    "custodian",
    "recipient",
    "purpose",
    "categories",
    "excepted_fields",
    "only_fields",
    "excluded_person_ref",
    "excluded_agency",
    "valid_from",
    "valid_until",
    "state",
    "basis",
    "taxonomy_version",
    "starts_when",
    "started_at",
    "ended_at",
    "survives_death",
)
OF_SUBJECTS = (
    f"SELECT {', '.join(READ)} FROM register.directive "  # noqa: S608 - names of our own
    "WHERE subject_id = ANY(%s) AND state = 'active'"
)


@dataclass(frozen=True, slots=True)
class Consent:
    """A subject's compiled table, and whom its directives name: custodian -> recipient -> purposes granted.

    `ends` holds when each permit that is not over ends, whether or not it has started yet.
    """

    table: ConsentTable
    named: Mapping[str, Mapping[str, frozenset[Purpose]]]
    ends: Mapping[UUID, datetime]

    def stands(self, directive_ref: UUID, at: datetime) -> bool:
        """Tell whether this is a permit of the survivor that is not over at the instant `at`."""
        until = self.ends.get(directive_ref)
        return until is not None and at < until


def read_directive(row: Mapping[str, Any]) -> Directive:
    """Return the directive of a row; raises `ValueError` where a code is unknown."""
    return Directive(
        directive_ref=row["directive_ref"],
        effect=DirectiveEffect(row["effect"]),
        custodian=row["custodian"],
        recipient=row["recipient"],
        purpose=None if row["purpose"] is None else Purpose(row["purpose"]),
        categories=frozenset(map(DataCategory, row["categories"])),
        excepted_fields=frozenset(row["excepted_fields"]),
        only_fields=frozenset(row["only_fields"]),
        excluded_person_ref=row["excluded_person_ref"],
        excluded_agency=row["excluded_agency"],
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        state=DirectiveState(row["state"]),
        basis=Basis(row["basis"]),
        taxonomy_version=row["taxonomy_version"],
        started=row["starts_when"] is None or row["started_at"] is not None,
        ended=row["ended_at"] is not None,
        survives_death=row["survives_death"],
        after_conflict_check=row["starts_when"] == StartsWhen.CONFLICT_CLEAR,
    )


def compile_consent(rows: Iterable[Mapping[str, Any]], *, sv: int, participating: bool, deceased: bool) -> Consent:
    """Return the consent of one subject: unreadable grants are ignored, an unreadable denial closes everything."""
    directives: list[Directive] = []
    unreadable = {"grants": 0, "denials": 0}
    named: dict[str, dict[str, frozenset[Purpose]]] = {}
    ends: dict[UUID, datetime] = {}
    for row in rows:
        try:
            directive = read_directive(row)
        except (ValueError, TypeError):
            # Whatever is not plainly a permit counts as a denial, so that doubt closes.
            unreadable["grants" if row["effect"] == DirectiveEffect.PERMIT else "denials"] += 1
            continue
        directives.append(directive)
        if participating and directive.valid_until is not None and _lasts(directive, deceased=deceased):
            ends[directive.directive_ref] = directive.valid_until
        if directive.recipient is not None:
            recipients = named.setdefault(directive.custodian, {})
            purposes = (
                {directive.purpose} if directive.effect is DirectiveEffect.PERMIT and directive.purpose else set()
            )
            recipients[directive.recipient] = recipients.get(directive.recipient, frozenset()) | purposes
    table = compile_table(
        directives,
        sv=sv,
        participating=participating,
        deceased=deceased,
        unreadable_denials=unreadable["denials"],
        unreadable_grants=unreadable["grants"],
    )
    return Consent(table, named, ends)


def _lasts(directive: Directive, *, deceased: bool) -> bool:
    permits = directive.effect is DirectiveEffect.PERMIT and directive.state is DirectiveState.ACTIVE
    return permits and not directive.ended and (directive.survives_death or not deceased)


async def active_rows(session: AsyncSession, subject_ids: list[int]) -> dict[int, list[Mapping[str, Any]]]:
    """Return the active directive rows of each subject."""
    rows_by_subject: dict[int, list[Mapping[str, Any]]] = {subject_id: [] for subject_id in subject_ids}
    for row in await fetch_all(session, OF_SUBJECTS, bigints(subject_ids)):
        rows_by_subject[row[0]].append(dict(zip(READ, row, strict=True)))
    return rows_by_subject
