"""The pages that a person's navigation leads to: by what the person may ask for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from services.dashboard.language import mark, translate

BOARD: Final = "/app/board"
CASES: Final = "/app/cases"
REFERRALS: Final = "/app/referrals"
MESSAGES: Final = "/app/messages"
LEDGER: Final = "/app/ledger"
HEALTH: Final = "/app/health"
PEOPLE: Final = "/app/people"
RELEASES: Final = "/app/releases"
ORDERS: Final = "/app/orders"
TASKS: Final = "/app/tasks"


@dataclass(frozen=True, slots=True)
class Section:
    """One entry of the navigation: its pages stand under `place`, and whoever holds one of `scopes` sees it."""

    place: str
    title: str
    scopes: frozenset[str]


# In the order in which they stand. An area adds its line here when its pages exist.
SECTIONS: Final = (
    Section(BOARD, mark("Board"), frozenset({"referrals:read", "inbox:read", "board:read", "directives:read"})),
    Section(TASKS, mark("Tasks"), frozenset({"tasks:read"})),
    Section(CASES, mark("Cases"), frozenset({"cases:read"})),
    Section(REFERRALS, mark("Referrals"), frozenset({"referrals:read"})),
    Section(MESSAGES, mark("Messages"), frozenset({"inbox:read"})),
    Section(LEDGER, mark("Ledger"), frozenset({"ledger:read"})),
    Section(HEALTH, mark("Health"), frozenset({"operations:read"})),
    Section(PEOPLE, mark("People"), frozenset({"people:read"})),
    Section(RELEASES, mark("Releases"), frozenset({"directives:read"})),
    Section(ORDERS, mark("Orders"), frozenset({"orders:record"})),
)


def navigation_for(scopes: Collection[str], current_path: str) -> list[dict[str, object]]:
    """Return the entries for whoever holds these scopes, the one that `current_path` belongs to marked."""
    return [
        {
            "href": section.place,
            "text": translate(section.title),
            "current": current_path == section.place,
            "active": current_path == section.place or current_path.startswith(f"{section.place}/"),
        }
        for section in SECTIONS
        if not section.scopes.isdisjoint(scopes)
    ]


def first_page(scopes: Collection[str]) -> str:
    """Return where whoever holds these scopes begins: the first page of their navigation."""
    return next((section.place for section in SECTIONS if not section.scopes.isdisjoint(scopes)), BOARD)
