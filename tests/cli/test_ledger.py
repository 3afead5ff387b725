"""Verifying the record: whole is 0, anything that was done to it is 1 and named, a wrong use is 2."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kernel.ledger import note
from kernel.ledger.entry import Act, Verdict, read
from kernel.ledger.merkle import leaf_hash
from kernel.ledger.promise import hash_text, promise
from tests.support.database import Database
from tests.support.ledger import NOON, Log, a_leaf, nobody_connected, own_database
from tests.support.ledger import copy_of as copied
from tests.support.run_folders import a_run, accord

EDITED = "UPDATE ledger.leaf SET header = convert_to(replace(convert_from(header, 'UTF8'), 'deny', 'dent'), 'UTF8') "


@pytest.fixture(scope="module")
def own(database: Database) -> Log:
    return Log(own_database(database))


@pytest.fixture
async def log(own: Log) -> Log:
    """Seven entries under three signed heads."""
    own.empty()
    for size in (1, 2, 4):
        await own.write(*(a_leaf(number) for number in range(size)))
        await own.sequence()
    return own


@pytest.fixture
def run(log: Log, tmp_path: Path) -> Path:
    folder = a_run(tmp_path / "run", log.database)
    (folder / "ledger.vkey").write_text(log.vkey + "\n")
    return folder


@pytest.fixture
def file(run: Path, tmp_path: Path) -> Path:
    exported = tmp_path / "ledger.jsonl"
    assert accord("ledger", "export", exported, "--run", run).exit_code == 0
    return exported


def findings(output: str) -> list[tuple[str, int]]:
    report = json.loads(output)
    assert report["whole"] is (not report["findings"])
    return [(finding["fault"], finding["index"]) for finding in report["findings"]]


def test_a_whole_ledger_is_told_to_be_whole(run: Path) -> None:
    done = accord("ledger", "verify", "--run", run)

    assert (done.exit_code, done.output) == (0, "whole: 7 entries and 3 checkpoints of town.example/ledger\n")


def test_an_edited_row_of_a_copy_is_named(log: Log, run: Path, tmp_path: Path) -> None:
    with nobody_connected(log.database):
        copy = Log(copied(log.database), log.keys)
    copy.tamper(EDITED + "WHERE index = 4")
    beside = a_run(tmp_path / "copy", copy.database)

    done = accord("ledger", "verify", "--run", beside, "--vkey", log.vkey)

    assert done.exit_code == 1
    assert done.output.splitlines()[0].startswith("edited 4: entry 4 was edited")
    assert done.output.splitlines()[-1].startswith("NOT WHOLE: 7 entries")
    assert accord("ledger", "verify", "--run", run).exit_code == 0


@pytest.mark.parametrize(
    ("deed", "expected"),
    [
        (EDITED + "WHERE index IN (2, 5)", [("edited", 2), ("edited", 5)]),
        ("DELETE FROM ledger.leaf WHERE index = 3", [("missing", 3)]),
        ("DELETE FROM ledger.leaf WHERE index > 4", [("truncated", 5), ("wrong_node", 4)]),
        (
            "UPDATE ledger.leaf SET hash = sha256(header) WHERE index = 5",
            [("edited", 5), ("rewritten", 3), ("wrong_node", 4)],
        ),
        ("UPDATE ledger.checkpoint SET note = replace(note, 'town', 'city') WHERE size = 3", [("not_signed", 1)]),
    ],
)
def test_what_was_done_to_the_ledger_is_named_with_its_place(
    log: Log, run: Path, deed: str, expected: list[tuple[str, int]]
) -> None:
    log.tamper(deed)

    done = accord("ledger", "verify", "--run", run, "--json")

    assert (done.exit_code, findings(done.output)) == (1, expected)


async def test_h8_d1_one_finding_hides_no_other(log: Log, run: Path) -> None:
    await log.write(a_leaf(7, act=Act.CONSULTED, verdict=Verdict.PERMIT, categories=("identity",)))
    await log.sequence()
    log.tamper("UPDATE ledger.node SET hash = sha256(hash) WHERE level = 1 AND index = 1")
    log.tamper("UPDATE ledger.leaf SET subject = NULL WHERE index = 2")

    done = accord("ledger", "verify", "--run", run, "--json")

    assert findings(done.output) == [("unfounded", 7), ("misfiled", 2), ("wrong_node", 2)]


@pytest.fixture
def promised(log: Log, run: Path, tmp_path: Path) -> Path:
    """What an agency kept of two openings: one answer's record, and the note of a batch."""
    skey, vkey = note.new_keys("town.example/ledger/promise")
    (run / "promise.vkey").write_text(vkey + "\n")
    leaves = [leaf_hash(header) for header in log.headers()]
    file = tmp_path / "promises.jsonl"
    record = {"leaf": hash_text(leaves[2]), "promise": promise(leaves[2:3], NOON, skey)}
    file.write_text(json.dumps(record) + "\n" + json.dumps(promise(leaves[3:6], NOON, skey)) + "\n")
    return file


def test_h9_promises_that_were_kept_raise_no_alarm(run: Path, file: Path, promised: Path) -> None:
    for where in (("--run", run), ("--from", file, "--run", run)):
        assert accord("ledger", "verify", *where, "--promises", promised).exit_code == 0


async def test_h9_a_look_taken_away_before_it_was_in_the_tree_is_named(log: Log, run: Path, promised: Path) -> None:
    bodies = log.headers()
    log.empty()
    # As whoever owns the machine does it: the leaf is gone before the sequencer comes, and all else is honest.
    waiting = [a_leaf(number) for number in range(len(bodies))]
    await log.write(*(replace(leaf, header=body) for leaf, body in zip(waiting, bodies, strict=True)))
    log.tamper("DELETE FROM ledger.pending WHERE header = %s", bodies[4])
    await log.sequence()

    alone = accord("ledger", "verify", "--run", run, "--json")
    checked = accord("ledger", "verify", "--run", run, "--promises", promised, "--json")

    assert ("broken_promise", 1) not in findings(alone.output)
    assert ("broken_promise", 1) in findings(checked.output)
    assert ("broken_promise", 0) not in findings(checked.output)


def test_h9_what_nobody_promised_is_named(run: Path, promised: Path) -> None:
    forged = promise([bytes(32)], NOON, note.new_keys("town.example/ledger/promise")[0])
    promised.write_text(promised.read_text() + json.dumps(forged) + "\n{\n7\n")

    done = accord("ledger", "verify", "--run", run, "--promises", promised, "--json")

    assert (done.exit_code, findings(done.output)) == (1, [("promise_not_signed", number) for number in (2, 3, 4)])


async def resigned(log: Log) -> str:
    """Drop the newest entries and sign the rest as if that were all; return the newest head that was signed before."""
    newest_note = log.notes()[-1]
    log.empty()
    await log.write(a_leaf(50), a_leaf(51))
    await log.sequence()
    return newest_note


async def test_a_kept_checkpoint_reveals_an_operator_who_forks_the_log(log: Log, run: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text(await resigned(log))

    alone = accord("ledger", "verify", "--run", run)
    with_kept = accord("ledger", "verify", "--run", run, "--checkpoint", tmp_path / "kept", "--json")

    assert alone.exit_code == 0
    assert (with_kept.exit_code, findings(with_kept.output)) == (1, [("truncated", 2)])


def test_an_exported_ledger_is_verified_without_a_database(log: Log, file: Path) -> None:
    done = accord("ledger", "verify", "--from", file, "--vkey", log.vkey, "--run", file.parent / "nowhere")

    assert (done.exit_code, done.output) == (0, "whole: 7 entries and 3 checkpoints of town.example/ledger\n")


def changed(field: str, value: Any) -> Callable[[list[str]], list[str]]:
    return lambda lines: [*lines[:5], json.dumps(json.loads(lines[5]) | {field: value}) + "\n", *lines[6:]]


# Three checkpoints come first, so that the line 5 is the leaf 2.
@pytest.mark.parametrize(
    ("deed", "expected"),
    [
        (changed("header", "AAAA"), [("edited", 2)]),
        (changed("hash", "00" * 32), [("rewritten", 1), ("edited", 2), ("rewritten", 1)]),
        (lambda lines: [*lines[:5], *lines[6:]], [("missing", 2)]),
        (lambda lines: [*lines[:5], lines[5], *lines[5:]], [("reordered", 2)]),
        (lambda lines: lines[:-1], [("truncated", 6)]),
        (lambda lines: lines[3:], [("no_checkpoint", 0)]),
        (lambda lines: [*lines[3:], *lines[:3]], []),
    ],
)
def test_what_was_done_to_a_file_is_named_with_its_place(
    log: Log, file: Path, deed: Callable[[list[str]], list[str]], expected: list[tuple[str, int]]
) -> None:
    file.write_text("".join(deed(file.read_text().splitlines(keepends=True))))

    done = accord("ledger", "verify", "--from", file, "--vkey", log.vkey, "--json")

    report = json.loads(done.output)
    assert [(finding["fault"], finding["index"]) for finding in report["findings"]] == expected
    assert done.exit_code == (1 if expected else 0)


@pytest.mark.parametrize(
    "line", ["{", "[]", "7", '{"note": 7}', '{"index": "1", "header": "", "hash": ""}', '{"index": 1}', "\x00"]
)
def test_a_line_that_is_none_of_an_export_is_named(log: Log, file: Path, line: str) -> None:
    file.write_text(file.read_text() + line + "\n")

    done = accord("ledger", "verify", "--from", file, "--vkey", log.vkey)

    assert done.exit_code == 1
    assert "line 11 is not a line of an exported ledger" in done.output


def test_what_nothing_vouches_for_is_not_whole(log: Log, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()

    done = accord("ledger", "verify", "--from", tmp_path / "empty", "--vkey", log.vkey, "--json")

    assert done.exit_code == 1
    assert json.loads(done.output)["whole"] is False


def test_a_ledger_that_another_key_signed_is_not_whole(run: Path) -> None:
    done = accord("ledger", "verify", "--run", run, "--vkey", note.new_keys("town.example/ledger")[1], "--json")

    assert (done.exit_code, findings(done.output)[0]) == (1, ("not_signed", 0))


def test_a_key_can_be_named_by_its_file(run: Path, file: Path) -> None:
    assert accord("ledger", "verify", "--from", file, "--vkey", run / "ledger.vkey").exit_code == 0


@pytest.mark.parametrize(
    "wrongly",
    [
        ("--vkey", "not+a+key"),
        ("--vkey", "x" * 5_000),
        ("--from", "there-is-no-such-file"),
        ("--checkpoint", "there-is-no-such-file"),
        ("--run", "there-is-no-such-run"),
        ("--unknown",),
    ],
)
def test_a_wrong_use_ends_with_2(run: Path, wrongly: tuple[str, ...]) -> None:
    assert accord("ledger", "verify", "--run", run, *wrongly).exit_code == 2


def test_an_export_is_on_record_and_readable_by_its_owner_alone(log: Log, file: Path) -> None:
    ((header,),) = log.rows("SELECT header FROM ledger.pending")

    assert read(bytes(header)).act is Act.EXPORTED
    assert file.stat().st_mode & 0o777 == 0o600
    assert not file.with_name(f"{file.name}.new").exists()


def test_an_export_has_headers_and_hashes_but_no_salt_or_detail(log: Log, file: Path) -> None:
    lines = [json.loads(line) for line in file.read_text().splitlines()]

    assert {frozenset(line) for line in lines} == {frozenset({"note"}), frozenset({"index", "header", "hash"})}
    first = next(line for line in lines if line.get("index") == 0)
    assert first["hash"] == leaf_hash(log.headers()[0]).hex()


def test_where_the_database_is_away_it_is_said_and_how_to_go_on(run: Path) -> None:
    book = json.loads((run / "town.json").read_text())
    book["database"]["urls"]["accord_audit"] = "postgresql+psycopg://accord_audit:test@127.0.0.1:1/accord"
    (run / "town.json").write_text(json.dumps(book))

    done = [accord("ledger", "verify", "--run", run), accord("ledger", "export", run / "file", "--run", run)]

    assert [result.exit_code for result in done] == [1, 1]
    assert all("accord up" in result.output for result in done)
    assert not (run / "file").exists()
