"""The judge of the fault runs is itself judged: of each kind one violation is planted, and it must be named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.faults.checker import judge
from tests.faults.external_state import HOME
from tests.faults.histories import SHELTER, History, a_command, a_history, a_note
from tests.faults.journal import Command, Journal, Try, read

Spoil = Callable[[History], Any]
IDENTITY = {"identity": {"given_name": "Marisol"}}


def lose(name: str) -> Spoil:
    return lambda history: history.rows(name).clear()


def without(name: str, ref: str) -> Spoil:
    def spoil(history: History) -> None:
        history.outside.rows[name] = [row for row in history.rows(name) if row["message_ref"] != ref]

    return spoil


def set_state(name: str, **changed: Any) -> Spoil:
    return lambda history: history.rows(name)[0].update(changed)


def twice(name: str) -> Spoil:
    return lambda history: history.rows(name).append(dict(history.rows(name)[0]))


def swap_mail(history: History) -> None:
    history.outside.mailboxes[SHELTER].reverse()


def swap_list(history: History) -> None:
    history.outside.listed[HOME].reverse()


def swap_table(history: History) -> None:
    history.rows("messages").reverse()


def lose_mail(history: History) -> None:
    del history.outside.mailboxes[SHELTER][0]


def repeat_list(history: History) -> None:
    history.outside.listed[HOME].append(history.outside.listed[HOME][-1])


def skip_a_number(history: History) -> None:
    history.rows("offers")[1]["sequence"] = 7


def hide_an_incident(history: History) -> None:
    history.outside.shown_incidents = {"case": set()}


def a_second_incident(history: History) -> None:
    history.rows("incidents").append({"incident_ref": "i2", "case_ref": "case", "version": 1})
    history.offer("m9", HOME, "accord.incident.reported.v1", 11)
    history.sign()


def strange_mail(history: History) -> None:
    history.outside.mailboxes[SHELTER].append({"message_ref": "ghost", "key": "theirs", "sequence": 9})


def open_before_the_grant(history: History) -> None:
    history.opens("m2", 3, IDENTITY)
    history.sign()


def open_another_category(history: History) -> None:
    history.opens("m2", 45, {"medical": {"injuries": "none"}})
    history.sign()


def open_after_the_stop(history: History) -> None:
    history.opens("m2", 51.5, IDENTITY)
    history.sign()


def open_after_the_denial(history: History) -> None:
    params: dict[str, Any] = {"case": "case", "recipient": SHELTER, "categories": ["identity"]}
    history.commands.insert(5, a_command("denial", 15, answer={"directive_ref": "no"}, **params))
    history.rows("directives").append({"directive_ref": "no", "state": "active"})


def list_after_the_stop(history: History) -> None:
    listed = {"message_ref": "m2", "case_ref": "theirs", "type": "accord.incident.reported.v1", "listed_at": 80.0}
    history.outside.listed[SHELTER] = [listed]


def open_what_nobody_told(history: History) -> None:
    history.again("incident", asked={"case": "case", "given_name": "Rosa"})


def open_anothers(history: History) -> None:
    history.opens("m1", 46, {"needs": {}})
    history.sign()


def drop_leaf(history: History, act: str) -> None:
    leaves = [row for row in history.rows("leaves") if f'"act": "{act}"'.encode() not in row["header"]]
    history.outside.rows["leaves"] = [row | {"index": index} for index, row in enumerate(leaves)]
    history.commands = [command for command in history.commands if command.does != "checkpoint"]
    history.sign()


def a_ghost_opening(history: History) -> None:
    history.leaf("opened", 47.5, {"message_ref": "m2", "person": "sam"}, actor="p-sam", agency="a-" + SHELTER)
    history.sign()


def a_leaf_at_another_time(history: History) -> None:
    history.again("opening", began=46.9, ended=47.0)


def withhold_without_a_leaf(history: History) -> None:
    history.offer("m7", SHELTER, "accord.safety_plan.updated.v1", 55, state="withheld")
    history.sign()


def fork(history: History) -> None:
    history.again("checkpoint", answer={"text": a_note([b"another", b"history"])})


def forge(history: History) -> None:
    note = history.outside["checkpoints"][0]["note"]
    size = str(len(history.rows("leaves")))
    history.again("checkpoint", answer={"text": note.replace(f"\n{size}\n", "\n2\n")})


def rewrite(history: History) -> None:
    leaf = history.rows("leaves")[3]
    leaf["header"] = leaf["header"].replace(b"permit", b"denied")


def rewrite_and_hash(history: History) -> None:
    history.rows("leaves").pop()


PLANTED: dict[str, list[tuple[str, Spoil]]] = {
    "I1": [
        ("a case is gone", lambda history: history.again("case", answer={"case_ref": "gone"})),
        ("an incident is gone", lambda history: history.again("incident", answer={"incident_ref": "gone"})),
        ("an incident is hidden", hide_an_incident),
        ("a stop is undone", set_state("directives", state="active")),
        ("an acceptance is gone", set_state("referrals", version=1, state="sent")),
        ("a message is in no mailbox", lose_mail),
        ("a message still waits", set_state("offers", state="offered")),
        ("a message was never consumed", lose("inbox")),
        ("a message cannot be listed", without("messages", "m2")),
        ("a message is parked", lambda history: history.rows("parked").append(
            {"consumer": "exchange", "message_ref": "m2", "reason": "failed"})),
        ("a notice was not planned", lose("notices")),
        ("a notice went nowhere", lambda history: history.outside.handed_on.clear()),
    ],
    "I2": [
        ("an effect is there twice", twice("inbox")),
        ("a message is kept twice", twice("messages")),
        ("a message is listed twice", repeat_list),
        ("an incident was written twice", a_second_incident),
        ("a notice was planned twice", twice("notices")),
        ("an incident has no fact", twice("incidents")),
    ],
    "I3": [
        ("a field before its grant", open_before_the_grant),
        ("a field that no grant names", open_another_category),
        ("a message of another agency", open_anothers),
    ],
    "I4": [
        ("mail that was never offered", strange_mail),
        ("a field that nobody told", open_what_nobody_told),
        ("offers without leaves", lambda history: drop_leaf(history, "offered")),
        ("a look that nobody asked for", a_ghost_opening),
        ("withheld without a leaf", withhold_without_a_leaf),
    ],
    "I5": [
        ("a mailbox out of order", swap_mail),
        ("a list out of order", swap_list),
        ("a table out of order", swap_table),
        ("a number is missing", skip_a_number),
    ],
    "I6": [
        ("an opening without its leaf", lambda history: drop_leaf(history, "opened")),
        ("a refusal without its leaf", lambda history: drop_leaf(history, "refused")),
        ("an opening whose leaf is of another time", a_leaf_at_another_time),
    ],
    "I7": [
        ("two histories were signed", fork),
        ("a head that is not signed", forge),
        ("a leaf was rewritten", rewrite),
        ("a leaf was cut off", rewrite_and_hash),
        ("leaves are numbered anew", lambda history: history.rows("leaves")[0].update(index=9)),
    ],
    "I10": [
        ("a field after the stop", open_after_the_stop),
        ("a field after the denial", open_after_the_denial),
        ("a list after the stop", list_after_the_stop),
    ],
}  # fmt: skip


def test_an_honest_history_is_not_accused() -> None:
    history = a_history()

    assert judge(history.commands, history.outside) == []


@pytest.mark.parametrize(
    ("invariant", "spoil"),
    [pytest.param(name, spoil, id=f"{name} {label}") for name, kinds in PLANTED.items() for label, spoil in kinds],
)
def test_a_planted_violation_is_named(invariant: str, spoil: Spoil) -> None:
    history = a_history()
    spoil(history)

    assert invariant in {finding.invariant for finding in judge(history.commands, history.outside)}


def test_what_may_have_happened_is_neither_lost_nor_a_ghost() -> None:
    history = a_history()
    params: dict[str, Any] = {"purpose": "shelter", "messages": ["m2"]}
    history.commands.append(a_command("opening", 46.6, who="sam", status=0, **params))
    history.commands.append(a_command("incident", 47, status=503, case="case", given_name="Mari"))

    without_a_leaf = judge(history.commands, history.outside)
    history.leaf("opened", 48.9, {"message_ref": "m2", "person": "sam"}, actor="p-sam", agency="a-" + SHELTER)
    history.sign()
    with_one = judge(history.commands, history.outside)

    assert (without_a_leaf, with_one) == ([], [])


def test_no_notice_is_owed_before_a_contact_channel_is_known() -> None:
    history = a_history(reported_at=35)
    without_a_notice = judge(history.commands, history.outside)
    history.notice("m5")

    assert without_a_notice == []
    assert "I4" in {finding.invariant for finding in judge(history.commands, history.outside)}


def test_an_opening_during_a_stop_may_have_come_first() -> None:
    history = a_history()
    history.opens("m2", 50.5, IDENTITY)
    history.sign()

    assert judge(history.commands, history.outside) == []


def test_a_grant_whose_stop_is_unclear_may_still_stand() -> None:
    history = a_history()
    history.again("stop", status=0)
    history.opens("m2", 52, IDENTITY)
    history.sign()

    assert judge(history.commands, history.outside) == []


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        ([(201, True)], "yes"),
        ([(0, True), (201, True)], "yes"),
        ([(404, True)], "no"),
        ([(0, False), (0, False)], "no"),
        ([(0, False), (409, True)], "no"),
        ([(0, True), (412, True)], "maybe"),
        ([(503, True)], "maybe"),
        ([(500, True), (0, False)], "maybe"),
    ],
)
def test_a_command_is_as_sure_as_its_tries(statuses: list[tuple[int, bool]], outcome: str) -> None:
    attempt = a_command("incident", 1).tries[0]

    tries = tuple(replace(attempt, status=status, reached=reached) for status, reached in statuses)
    assert Command(tries).outcome == outcome


def test_a_journal_is_read_as_it_was_written(tmp_path: Any) -> None:
    first = Try("a", "incident", "ana", HOME, 2.0, 3.0, 0, True, {"case": "c"}, {})
    second, other = replace(first, began=4.0, status=201), replace(first, command="b", began=1.0)
    journal = Journal(tmp_path / "journal")
    for tried in (first, second, other):
        journal.write(tried)
    journal.close()

    assert read(tmp_path / "journal") == [Command((other,)), Command((first, second))]
