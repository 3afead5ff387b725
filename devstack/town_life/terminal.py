"""Town life on a terminal: a progress bar, and afterwards a table of counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from devstack.story.speaker import Surprise
from devstack.town_life.counts import SIGN_INS, list_counts, referral_counts
from devstack.town_life.plan import SEED, plan
from devstack.town_life.runner import Advance, carry_out, has_life, step_count
from schemas.codes import ReferralState
from schemas.town import Town

WORK = "40 cases, 120 referrals"
NOTES = (
    "The unanswered referrals of priority on_scene are overdue 15 minutes after they were sent, none before:"
    " nobody writes a past through the public API. mia finds two releases to confirm, and priya, at the hotline,"
    " the accounting of each of its cases."
)


def lead_life(town: Town, tell: Callable[[str], None], *, quiet: bool) -> bool:
    """Carry the plan out, once; return whether all steps succeeded, and print each that did not.

    A bar on a terminal, two lines elsewhere, and nothing but a failure where `quiet`.
    """
    cases = plan(SEED)
    try:
        if has_life(town, cases):
            return True
        with _progress(step_count(cases), tell, quiet=quiet) as advance:
            carry_out(town, cases, advance)
    except (Surprise, httpx.HTTPError) as otherwise:
        _tell_otherwise(otherwise)
        return False
    return True


def show_life(town: Town) -> bool:
    """Print the counts that the town's people see now; return whether all could be read."""
    try:
        tables = _states(referral_counts(town)), _lists(list_counts(town))
    except (Surprise, httpx.HTTPError) as otherwise:
        _tell_otherwise(otherwise)
        return False
    console = Console()
    for text in (*tables, NOTES):
        console.print(text, highlight=False)
    return True


def _tell_otherwise(otherwise: Exception) -> None:
    Console(stderr=True).print(f"The town's life went otherwise: {otherwise}", markup=False)


def _states(counts: Mapping[ReferralState, int]) -> Table:
    table = Table(title="Referrals in the town", title_justify="left")
    table.add_column("state")
    table.add_column("how many", justify="right")
    for state, count in counts.items():
        table.add_row(state.replace("_", " "), str(count))
    return table


def _lists(counts: Mapping[str, Mapping[str, int]]) -> Table:
    columns = list(SIGN_INS["ana"])
    table = Table(title="What each finds who signs in; cora follows referrals of others", title_justify="left")
    table.add_column("person")
    for name in columns:
        table.add_column(name, justify="right")
    for person, lists in counts.items():
        table.add_row(person, *(str(lists.get(name, "")) for name in columns))
    return table


@contextmanager
def _progress(steps: int, tell: Callable[[str], None], *, quiet: bool) -> Iterator[Advance]:
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        if not quiet:
            tell(f"the town lives: {WORK}")
        yield lambda: None
        if not quiet:
            tell("the town has a life")
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(f"the town lives: {WORK}", total=steps)
        yield lambda: bar.advance(task)
