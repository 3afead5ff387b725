"""How things stand, as checks that each say what is wrong and what to do; what says nothing for a while is late too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from services.dashboard.language import mark, translate
from services.dashboard.local_clock import span
from services.dashboard.rows.health_rows import CarriageRow, OperationsRow
from services.dashboard.rows.ledger_rows import FreshnessRow

SENDS_WITHIN: Final = timedelta(minutes=1)
SPEAKS_WITHIN: Final = timedelta(seconds=30)
UNREAD_SECONDS: Final = 10.0
SEQUENCED_WITHIN: Final = timedelta(minutes=1)
OPENS_WITHIN_SECONDS: Final = 1.0
LEAST_FREE: Final = 0.1  # of the disk
GIGABYTE: Final = 10**9
HUNDRED: Final = 100
READERS: Final[Mapping[str, str]] = {
    "exchange": mark("Your mailbox"),
    "notifications": mark("Notices to survivors"),
    "dashboard": mark("Live pages"),
    "intake": mark("Reviews of safety plans"),
}
OPERATOR: Final = mark("Tell your operator: the command accord status names what stands still.")
SERVICE_NAMES: Final[Mapping[str, str]] = {
    "intake": mark("Cases"),
    "consent": mark("Releases"),
    "referrals": mark("Referrals"),
    "law_enforcement_bridge": mark("Orders"),
    "notifications": mark("Notices"),
    "exchange": mark("Messages"),
    "audit": mark("Ledger"),
}


class CheckState(StrEnum):
    """How one thing stands; `silent` is as bad as `bad`: nobody knows."""

    GOOD = "good"
    BAD = "bad"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """One thing that can go wrong: how it stands in words, and what to do where it does not stand well."""

    title: str
    standing: CheckState
    text: str
    action: str = ""

    @property
    def well(self) -> bool:
        """Tell whether nothing has to be done."""
        return self.standing is CheckState.GOOD


def judged(title: str, text: str, action: str, *, well: bool) -> HealthCheck:
    """Return a check that stands well, or badly and says what to do; `text` is in the reader's language already."""
    if well:
        return HealthCheck(translate(title), CheckState.GOOD, text)
    return HealthCheck(translate(title), CheckState.BAD, text, translate(action))


def away(title: str) -> HealthCheck:
    """Return what is known of something whose keeper does not answer."""
    text = mark("Not known: the service that keeps this does not answer.")
    return HealthCheck(translate(title), CheckState.SILENT, translate(text), translate(OPERATOR))


def sending(row: CarriageRow | None) -> HealthCheck:
    """Return how the agency's own messages leave."""
    title = mark("Messages on their way out")
    if row is None:
        return away(title)
    if row.oldest_at is None:
        return HealthCheck(translate(title), CheckState.GOOD, translate(mark("All carried. Nothing waits.")))
    age = row.at - row.oldest_at
    text = translate(mark("Waiting: {count}, the oldest for {age}.")).format(count=row.waiting, age=_span(age))
    action = mark(
        "They are kept and go out by themselves once the carrier runs. Tell your operator that it stands still."
    )
    return judged(title, text, action, well=age <= SENDS_WITHIN)


def reader(row: CarriageRow | None, consumer: str) -> HealthCheck:
    """Return how one consumer keeps up with the mailboxes; one that never said how far it is, is silent."""
    title = READERS[consumer]
    if row is None:
        return away(title)
    noted = next((entry for entry in row.readers if entry.consumer == consumer), None)
    if noted is None:
        text = translate(mark("Not known: it has never said how far it is."))
        return HealthCheck(translate(title), CheckState.SILENT, text, translate(OPERATOR))
    age = row.at - noted.observed_at
    if age > SPEAKS_WITHIN:
        text = translate(mark("Silent for {age}: nobody knows what waits.")).format(age=_span(age))
        return HealthCheck(translate(title), CheckState.SILENT, text, translate(OPERATOR))
    if noted.unread_seconds > UNREAD_SECONDS:
        behind = timedelta(seconds=noted.unread_seconds)
        text = translate(mark("Behind by {age}.")).format(age=_span(behind))
        return HealthCheck(translate(title), CheckState.BAD, text, translate(OPERATOR))
    return HealthCheck(translate(title), CheckState.GOOD, translate(mark("Up to date.")))


def door(row: OperationsRow | None) -> HealthCheck:
    """Return how long the agency's own openings took."""
    title = mark("Time to open a message")
    if row is None:
        return away(title)
    if row.opening_p99_seconds is None:
        text = translate(mark("Your agency opened no message in the last hour."))
        return HealthCheck(translate(title), CheckState.GOOD, text)
    few = mark("The slowest of {count} in the last hour took {seconds} s.")
    many = mark("99 of 100 took at most {seconds} s; measured: {count} in the last hour.")
    text = translate(few if row.openings < HUNDRED else many)
    text = text.format(count=row.openings, seconds=f"{row.opening_p99_seconds:.2f}")
    action = mark("Nothing is lost, but people wait. Tell your operator that openings are slow.")
    return judged(title, text, action, well=row.opening_p99_seconds <= OPENS_WITHIN_SECONDS)


def disk(row: OperationsRow | None) -> HealthCheck:
    """Return how much disk is free where the exchange runs."""
    title = mark("Free disk")
    if row is None:
        return away(title)
    share = row.disk_free_bytes / row.disk_bytes
    text = translate(mark("{free} GB of {size} GB, {share} % of the exchange's machine."))
    sizes = {"free": row.disk_free_bytes // GIGABYTE, "size": row.disk_bytes // GIGABYTE, "share": int(share * HUNDRED)}
    text = text.format(**sizes)
    action = mark("Tell your operator at once: with a full disk nothing is carried any more.")
    return judged(title, text, action, well=share >= LEAST_FREE)


def set_aside(count: int | None) -> HealthCheck:
    """Return how many messages were set aside."""
    title = mark("Messages set aside")
    if count is None:
        return away(title)
    if count == 0:
        return HealthCheck(translate(title), CheckState.GOOD, translate(mark("None.")))
    text = translate(mark("Waiting for a person's decision: {count}.")).format(count=count)
    return HealthCheck(
        translate(title), CheckState.BAD, text, translate(mark("Decide each below: try again, or end its wait."))
    )


def record(row: FreshnessRow | None) -> HealthCheck:
    """Return how fresh the ledger is."""
    title = mark("Ledger")
    if row is None:
        return away(title)
    if row.waiting_since is not None and row.at - row.waiting_since > SEQUENCED_WITHIN:
        text = translate(mark("Entries that wait to be signed: {count}, the oldest for {age}."))
        text = text.format(count=row.waiting, age=_span(row.at - row.waiting_since))
        action = mark(
            "What was done is on record, but not signed yet. Tell your operator that the sequencer stands still."
        )
        return HealthCheck(translate(title), CheckState.BAD, text, translate(action))
    if row.published_at is None:
        text = mark("Nothing is signed yet: there is no entry.")
        return HealthCheck(translate(title), CheckState.GOOD, translate(text))
    text = translate(
        mark("Signed up to {size} entries; last checkpoint {age} ago, nothing waits longer than a minute.")
    )
    return HealthCheck(
        translate(title), CheckState.GOOD, text.format(size=row.size, age=_span(row.at - row.published_at))
    )


def services(ready: Mapping[str, bool]) -> HealthCheck:
    """Return which of the services that these pages ask answer that they have all they need."""
    silent = [translate(SERVICE_NAMES.get(name, name)) for name, answers in ready.items() if not answers]
    title = translate(mark("Services"))
    if not silent:
        return HealthCheck(title, CheckState.GOOD, translate(mark("All answer.")))
    text = translate(mark("No answer: {names}.")).format(names=", ".join(silent))
    return HealthCheck(title, CheckState.SILENT, text, translate(OPERATOR))


def _span(age: timedelta) -> str:
    return f"{max(int(age.total_seconds()), 0)} s" if age < timedelta(minutes=2) else span(age)
