"""Lists of what a service keeps itself: chosen without a lock, shown under one, and each case on record once a day.

A list reads a bounded number of rows, holds only the subjects whose rows it shows, and leaves one leaf for a person, a
case and a day, as long as what is shown of it stays the same.  What is not shown is not held and leaves none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Generic, TypeVar
from uuid import UUID

from kernel.consent import Decision, decide, mask
from kernel.ledger.entry import Act
from runtime import clock
from runtime.database.arrays import byteas
from runtime.database.hot_path import execute, fetch_all
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import audit_entries
from runtime.disclosure.openings import SECONDS
from runtime.disclosure.state_reads import ReadRequest, mask_of, purpose_of, request_of, stated_or_own
from runtime.ledger.pending_entries import Leaf, append
from runtime.register import CaseOf, Subject, database_now, lock_cases, snapshots
from runtime.register.snapshots import consents_now, custodians_now
from schemas.categories import DataCategory
from schemas.codes import Purpose

MOST_ROWS: Final = 2_000  # that one request reads; a list that has not filled its page by then goes on by its cursor
AT_ONCE: Final = 200  # rows read together, at least, where a page did not fill at once
# Rows read first beyond those of the page: so many may be hidden before the page takes a second round.
SPARE: Final = 30

# In one order, so that two who list the same cases at once wait for each other and not in a circle: whoever is second
# finds the key there once the first has committed its leaf, and puts it there if the first did not.
FIRST = """
INSERT INTO carrying.listed (agency_id, actor, list, since, seen)
SELECT %s, %s, %s, date_trunc(%s, CAST(%s AS timestamptz), 'UTC'), s.seen
FROM unnest(CAST(%s AS bytea[])) AS s (seen) ORDER BY s.seen
ON CONFLICT DO NOTHING RETURNING seen
"""
# What another request sweeps just now is left to it.
SWEEP = """
DELETE FROM carrying.listed WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM carrying.listed WHERE agency_id = %s AND since < %s - interval '2 days'
    LIMIT 500 FOR UPDATE SKIP LOCKED
))
"""
SWEEP_EVERY: Final = 16  # keys whose digest says so, about

Row = TypeVar("Row")
Fetch = Callable[[Row | None, int], Awaitable[list[Row]]]
Choose = Callable[[Sequence[Row]], Awaitable[list[Row]]]


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows to show, and the row behind which the next page begins; None where nothing is left."""

    rows: list[Row]
    last: Row | None


async def page(fetch: Fetch[Row], choose: Choose[Row], limit: int) -> Page[Row]:
    """Return up to `limit` rows that `choose` lets through, of those that `fetch` gives behind a row or from its start.

    After `MOST_ROWS` rows it gives up: such a page may be short, or empty, and still have a next one.
    """
    rows: list[Row] = []
    last: Row | None = None
    left, at_once = MOST_ROWS, limit + max(SPARE, limit // 4)
    while left > 0:
        fetched = await fetch(last, at_once)
        rows += await choose(fetched)
        if len(rows) > limit:
            return Page(rows[:limit], rows[limit - 1])
        if len(fetched) < at_once:
            return Page(rows, None)
        last = fetched[-1]
        left, at_once = left - at_once, max(at_once, AT_ONCE)
    return Page(rows, last)


async def read_masks(
    unit: UnitOfWork, requests: Iterable[ReadRequest], categories: Collection[DataCategory]
) -> dict[ReadRequest, int]:
    """Return the mask of `categories` that consent now lets this person see, for each case requested; 0 for none.

    No lock is taken and no leaf is left, so it is for choosing and counting; a list that is shown calls `record_rows`.
    """
    looks = set(requests)
    requested_mask = mask_of(categories)
    now = await snapshots(unit.session, {request.case_ref for request in looks})
    masks = dict.fromkeys(looks, 0)
    for request in looks:
        case = now.get(request.case_ref)
        if case is not None:
            masks[request] = mask(request_of(unit, request, case.custodian, requested_mask), case.table, case.at)
    return masks


# What a row is decided by: its subject, whose record it is of, and for what purpose.
DecidedBy = tuple[int, str, str | None]


async def count_open(
    unit: UnitOfWork,
    rows: Sequence[DecidedBy],
    purpose_of_row: Callable[[str | None], Purpose | None],
    categories: Collection[DataCategory],
    needed: int = 0,
    *,
    party: bool = True,
) -> int:
    """Return how many rows this person could be shown now: those of which consent opens some field of `categories`.

    What one filters by, one must be allowed to know: every field of the mask `needed` has to be open, too.
    """
    masks = await row_masks(unit, rows, purpose_of_row, categories, party=party)
    return sum(opened != 0 and opened & needed == needed for opened in masks)


async def row_masks(
    unit: UnitOfWork,
    rows: Sequence[DecidedBy],
    purpose_of_row: Callable[[str | None], Purpose | None],
    categories: Collection[DataCategory],
    *,
    party: bool = True,
) -> list[int]:
    """Return for each row the mask of `categories` that consent now lets this person see; 0 for none.

    It decides as `read_masks`, by numbers alone: a board counts thousands of rows, of few custodians for few purposes.
    """
    consents = await consents_now(unit.session, [row[0] for row in rows])
    custodians = await custodians_now(unit.session, {row[1] for row in rows})
    requested_mask = mask_of(categories)
    requests = {
        (custodian, purpose): unit.request(
            custodians[custodian][0], stated_or_own(unit, purpose_of_row(purpose)), requested_mask, party
        )
        for custodian, purpose in {row[1:] for row in rows}
    }
    masks = [0] * len(rows)
    for number, (subject_id, custodian, purpose) in enumerate(rows):
        consent = consents.get(subject_id)
        if consent is not None:
            masks[number] = mask(requests[custodian, purpose], consent.table, custodians[custodian][1])
    return masks


async def record_rows(
    unit: UnitOfWork, requests: Iterable[ReadRequest], categories: Collection[DataCategory], name: str
) -> dict[ReadRequest, int]:
    """Return the mask for each case requested, subjects held; the looks are on record with the caller's transaction.

    A case that this person was shown today in the list of this `name`, by the same consent and with the same fields,
    is on record already.  Show nothing before the commit.
    """
    looks = set(requests)
    unit.deadline = unit.deadline or clock.monotonic() + SECONDS
    subjects = await lock_cases(unit.session, {request.case_ref for request in looks})
    requested_mask = mask_of(categories)
    masks = dict.fromkeys(looks, 0)
    opened: dict[bytes, tuple[ReadRequest, Subject, CaseOf, Decision]] = {}
    for request in looks:
        subject = subjects.get(request.case_ref)
        custodian = None if subject is None else subject.case(request.case_ref)
        if subject is None or custodian is None:
            continue
        decision = decide(request_of(unit, request, custodian.agency, requested_mask), subject.table, subject.at)
        masks[request] = decision.mask
        if decision.mask:
            opened[_key(request, decision)] = request, subject, custodian, decision
    await _record(unit, name, opened, requested_mask)
    return masks


async def record_count(unit: UnitOfWork, name: str) -> None:
    """Put on record that this person counted the list of this `name`: once an hour, and of nobody's case."""
    if await _first(unit, f"{name}:count", "hour", [b""]):
        by, at = await audit_entries.resolve_actor(unit), await database_now(unit.session)
        await append(unit.session, [audit_entries.count_entry(by, at, {"list": name} | unit.asker)])


async def first_cases_today(unit: UnitOfWork, name: str, cases: Mapping[UUID, int]) -> set[UUID]:
    """Return which of the cases, each with the version of its consent, are in the list of this `name` today at first.

    A case of which this person was shown something there today, under the same consent, is on record already.
    """
    keys = {sha256(f"{case_ref} {sv}".encode()).digest()[:16]: case_ref for case_ref, sv in cases.items()}
    return {keys[key] for key in await _first(unit, name, "day", keys)}


async def _record(
    unit: UnitOfWork,
    name: str,
    opened: Mapping[bytes, tuple[ReadRequest, Subject, CaseOf, Decision]],
    requested_mask: int,
) -> None:
    first = await _first(unit, name, "day", opened)
    if not first:
        return
    by = await audit_entries.resolve_actor(unit)
    record: list[Leaf] = []
    for request, subject, custodian, decision in (opened[key] for key in opened if key in first):
        detail = {"list": name} | unit.asker
        purpose = purpose_of(unit, request)
        leaf = audit_entries.decision_entry(
            Act.CONSULTED, by, subject, custodian, decision, purpose, None, detail, None, requested_mask
        )
        record.append(leaf)
    await append(unit.session, record)


async def _first(unit: UnitOfWork, name: str, period: str, keys: Collection[bytes]) -> set[bytes]:
    if not keys:
        return set()
    at = await database_now(unit.session)
    scope = unit.agency_id, " for ".join(sorted(unit.asker.values())), name
    first = {bytes(row[0]) for row in await fetch_all(unit.session, FIRST, *scope, period, at, byteas(keys))}
    if any(not key or key[0] % SWEEP_EVERY == 0 for key in first):
        await execute(unit.session, SWEEP, unit.agency_id, at)
    return first


def _key(request: ReadRequest, decision: Decision) -> bytes:
    """Return what tells one look from another: whose case, for what, under which consent, which fields."""
    text = f"{request.case_ref} {request.purpose or ''} {request.party} {decision.sv} {decision.mask:x}"
    return sha256(text.encode()).digest()[:16]
