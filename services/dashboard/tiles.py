"""The tiles of the board: which numbers a person's kind of work has, and the lists behind them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

from schemas.codes import AgencyKind, OrderStatus
from services.dashboard.domain import (
    UNSERVED,
    Item,
    Source,
    Tile,
    awaiting,
    followed,
    message,
    order_to_serve,
    received,
    release,
    sent,
)
from services.dashboard.language import mark
from services.dashboard.navigation import TASKS
from services.dashboard.rows.task_rows import TaskRow
from services.dashboard.task_words import reason_text

IN_FORCE = (OrderStatus.TEMPORARY, OrderStatus.FINAL)
RECORDS_ORDERS = frozenset({AgencyKind.POLICE, AgencyKind.LEGAL_AID})
SOON_DAYS = 7


def tiles_for(scopes: Collection[str], kind: AgencyKind | None) -> tuple[Tile, ...]:
    """Return the tiles of a person's board: those of their kind of agency whose list the person may ask for."""
    chosen: tuple[Tile, ...] = COORDINATION if kind is AgencyKind.COORDINATION else CASEWORK
    if kind in RECORDS_ORDERS:
        chosen = (*chosen, ORDERS)
    return tuple(tile for tile in chosen if tile.scope in scopes)


def _referrals(read: Callable[[Any], Item], direction: str, **query: str) -> Source:
    params = {"direction": direction, **query}
    order = (("order", "deadline"),)
    return Source("referrals", "/v1/referrals", tuple(params.items()), "referrals", read, order)


def task(row: Any) -> Item:
    """Return a task by why it is there."""
    read = TaskRow.model_validate(row)
    page = f"{TASKS}/{read.task_ref}"
    return Item(read.task_ref, read.code, reason_text(read), since=read.opened_at, until=read.due_at, page=page)


THIS_WEEK = ("due_within_days", "7")


def _task_tile(name: str, title: str, empty: str, *query: tuple[str, str], flag: str = "") -> Tile:
    params = (*query, ("state", "open"), ("state", "claimed"))
    source = Source("tasks", "/v1/tasks", params, "tasks", task)
    columns = (mark("What to do"), "", mark("There since"), mark("Due"))
    return Tile(name, title, "tasks:read", columns, (source,), empty, flag, soon=timedelta(hours=4))


def _referral_tile(name: str, title: str, agency: str, empty: str, *sources: Source, flag: str = "") -> Tile:
    return Tile(
        name, title, "referrals:read", (mark("Priority"), agency, mark("Sent"), mark("Reply by")), sources, empty, flag
    )


WAITING = mark("A referral stands here until the agency that it was sent to answers.")
OVERDUE = mark("A referral stands here when its time to reply is over.")
QUESTIONS = mark("A referral stands here when the agency that it was sent to asks for more.")
LATE = mark("Late: act first")
MORE = mark("Needs more information")
WITH = mark("With")
MESSAGES = Tile(
    "messages",
    mark("Messages to open"),
    "inbox:read",
    (mark("Message"), mark("From"), mark("Sent"), ""),
    (Source("exchange", "/v1/inbox", (("queue", "unread"),), "messages", message),),
    mark("A message of another agency stands here until somebody of yours has looked at it."),
)
RELEASES = Tile(
    "releases",
    mark("Releases ending in 7 days"),
    "directives:read",
    (mark("Purpose"), mark("For"), "", mark("Ends")),
    (Source("consent", "/v1/directives", (("ending_within_days", str(SOON_DAYS)),), "directives", release),),
    mark("A release stands here for its last 7 days, so that there is time to ask whether it goes on."),
    soon=timedelta(days=1),
)
TO_CONFIRM = Tile(
    "to-confirm",
    mark("Waiting for a second signature"),
    "directives:read",
    (mark("What"), "", mark("Recorded"), mark("Lapses")),
    (Source("consent", "/v1/confirmations", (), "awaiting", awaiting),),
    mark("What opens more than stood before stands here until a second person confirms it."),
    soon=timedelta(days=1),
)
MY_TASKS = _task_tile(
    "my-tasks",
    mark("Tasks that I have"),
    mark("A task stands here when you are to do it within a week."),
    ("mine", "true"),
    THIS_WEEK,
)
LATE_TASKS = _task_tile(
    "late-tasks",
    mark("Overdue tasks of my agency"),
    mark("A task stands here when its time is over and nobody has done it."),
    ("overdue", "true"),
    flag=LATE,
)
ORDERS = Tile(
    "orders",
    mark("Orders waiting for service"),
    "orders:read",
    (mark("Service"), "", mark("Changed"), ""),
    (
        Source(
            "law_enforcement_bridge",
            "/v1/orders",
            (*(("status", status) for status in IN_FORCE), *(("service_status", state) for state in UNSERVED)),
            "orders",
            order_to_serve,
        ),
    ),
    mark("An order in force stands here until everybody it names is served."),
)
CASEWORK = (
    _referral_tile(
        "waiting", mark("Waiting for my reply"), mark("From"), WAITING, _referrals(received, "received", state="sent")
    ),
    _referral_tile(
        "overdue",
        mark("Overdue"),
        mark("With or from"),
        OVERDUE,
        _referrals(received, "received", overdue="true"),
        _referrals(sent, "sent", overdue="true"),
        flag=LATE,
    ),
    _referral_tile("questions", MORE, mark("To"), QUESTIONS, _referrals(sent, "sent", state="needs_info")),
    MESSAGES,
    RELEASES,
    TO_CONFIRM,
    MY_TASKS,
    LATE_TASKS,
)
COORDINATION = (
    _referral_tile(
        "waiting", mark("Waiting for a reply"), WITH, WAITING, _referrals(followed, "followed", state="sent")
    ),
    _referral_tile(
        "overdue", mark("Overdue"), WITH, OVERDUE, _referrals(followed, "followed", overdue="true"), flag=LATE
    ),
    _referral_tile("questions", MORE, WITH, QUESTIONS, _referrals(followed, "followed", state="needs_info")),
    MESSAGES,
    MY_TASKS,
    LATE_TASKS,
)
