"""The record: verify it, with nothing but the log's public key, and export it for whoever wants to verify it."""

from __future__ import annotations

import json as text
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from sqlalchemy.ext.asyncio import AsyncSession

from cli import ledger_excerpt, ledger_export, town
from cli.commands.options import DEFAULT_RUN, Json, RunFolder
from cli.errors import SetupError
from cli.ledger_export import Exported, NotALine
from cli.session import Away, within
from kernel.ledger import note
from kernel.ledger.entry import Act, Verdict
from kernel.ledger.excerpt import verify_excerpt
from kernel.ledger.promise import PromiseChecker
from kernel.ledger.verify import Entry, Finding, verify_log
from runtime.database.clock import database_now
from runtime.ledger import snapshot
from runtime.ledger.pending_entries import append, leaf

ROLE = "accord_audit"
VKEY_FILE = "ledger.vkey"
PROMISE_VKEY_FILE = "promise.vkey"
NOBODYS_NOTE = "-\n\n— - AAAAAA==\n"

From = Annotated[
    Path | None,
    typer.Option(
        "--from", exists=True, dir_okay=False, help="an exported file, or an agency's excerpt; no database is asked"
    ),
]
Vkey = Annotated[str | None, typer.Option(help="the log's public key, or its file; <run>/ledger.vkey if left out")]
Checkpoints = Annotated[
    list[Path] | None,
    typer.Option("--checkpoint", exists=True, dir_okay=False, help="a checkpoint that somebody kept; may be repeated"),
]
Promises = Annotated[
    Path | None,
    typer.Option("--promises", exists=True, dir_okay=False, help="promises that somebody kept, a JSON string a line"),
]
PromiseKeys = Annotated[
    list[str] | None,
    typer.Option("--promise-vkey", help="who promises, or its file; <run>/promise.vkey if left out; may be repeated"),
]
To = Annotated[Path, typer.Argument(dir_okay=False, help="the file to write")]


def add(app: typer.Typer) -> None:
    """Add the commands."""
    ledger = typer.Typer(no_args_is_help=True, help="The record of every offer, look and refusal.")
    ledger.command("verify")(verify)
    ledger.command("export")(export)
    app.add_typer(ledger, name="ledger")


def verify(
    run: RunFolder = DEFAULT_RUN,
    file: From = None,
    vkey: Vkey = None,
    checkpoint: Checkpoints = None,
    promises: Promises = None,
    promise_vkey: PromiseKeys = None,
    json: Json = False,
) -> None:
    """Tell whether the record is whole: exit 0 whole, 1 it is not and what is wrong where, 2 used wrongly."""
    key = _vkey(run, vkey)
    notes = [path.read_text(encoding="utf-8", errors="replace") for path in checkpoint or ()]
    promised = _promised(run, promises, promise_vkey or [str(run / PROMISE_VKEY_FILE)])
    try:
        if file is not None and (excerpt := ledger_excerpt.read(file)) is not None:
            if notes or promises:
                raise typer.BadParameter("an excerpt is checked against its own checkpoint alone")
            findings = verify_excerpt(excerpt.entries, excerpt.note, key)
            _tell(Verified(len(excerpt.entries), 1, key, findings), json=json)
            return
        with _opened(run, file) as log:
            checkpoints = [*log.checkpoints(), *notes]
            counted = LedgerCounts(promised.watching(log.entries()))
            findings = verify_log(counted, checkpoints, key)
            if promised.count:
                findings += promised.broken(log.at())
            if isinstance(log, snapshot.LedgerSnapshot):
                findings += log.stored_state_findings(key)
    except NotALine as broken:
        raise SetupError(str(broken), "The file was damaged or changed: export the ledger anew.") from None
    _tell(Verified(counted.count, len(checkpoints), key, findings), json=json)


def export(file: To, run: RunFolder = DEFAULT_RUN, json: Json = False) -> None:
    """Write the whole record to a file that anybody can verify. It names nobody; the export is on record."""
    place = town.read(run)
    within(place, ROLE, _note_export)
    try:
        with snapshot.reading(place.database.urls[ROLE]) as log:
            heads, leaves = ledger_export.write(file, log.checkpoints(), log.entries())
    except psycopg.OperationalError as refusal:
        raise Away from refusal
    done = {"file": str(file), "entries": leaves, "checkpoints": heads}
    print(text.dumps(done) if json else f"{leaves} entries and {heads} checkpoints are in {file}")


@dataclass
class LedgerCounts:
    """Entries on their way to the verifier, counted."""

    entries: Iterable[Entry]
    count: int = 0

    def __iter__(self) -> Iterator[Entry]:
        for entry in self.entries:
            self.count += 1
            yield entry


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification came to. Nothing signed means nothing vouched for, and that is not whole."""

    entries: int
    checkpoints: int
    vkey: str = field(repr=False)
    findings: list[Finding]

    @property
    def whole(self) -> bool:
        return self.checkpoints > 0 and not self.findings


@contextmanager
def _opened(run: Path, file: Path | None) -> Iterator[snapshot.LedgerSnapshot | Exported]:
    if file is not None:
        yield Exported(file)
        return
    try:
        with snapshot.reading(town.read(run).database.urls[ROLE]) as log:
            yield log
    except psycopg.OperationalError as refusal:
        raise Away(also="Or verify an exported file with --from.") from refusal


def _promised(run: Path, file: Path | None, vkeys: list[str]) -> PromiseChecker:
    """Return the promises to hold against the log: each line a note as JSON, or an object that holds one."""
    if file is None:
        return PromiseChecker((), ())
    notes = []
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            parsed = text.loads(line)
        except ValueError:
            parsed = None
        note_text = parsed.get("promise") if isinstance(parsed, dict) else parsed
        notes.append(note_text if isinstance(note_text, str) else "")
    return PromiseChecker(notes, [_vkey(run, vkey) for vkey in vkeys])


def _vkey(run: Path, vkey: str | None) -> str:
    """Return the public key to trust: the whole verdict rests on it, so it is never taken from the log itself."""
    if vkey is not None and _is_key(vkey):
        return vkey
    file = run / VKEY_FILE if vkey is None else Path(vkey)
    try:
        key = file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        raise typer.BadParameter(f"no public key in {file}: name the log's, or its file, with --vkey") from None
    if not _is_key(key):
        raise typer.BadParameter(f"{file} holds no public key as a ledger has it: name+id+key")
    return key


def _is_key(vkey: str) -> bool:
    try:
        note.verify(NOBODYS_NOTE, vkey)
    except note.Malformed:
        return False
    except note.NotSigned:
        return True
    raise AssertionError("that note is signed by nobody")


def _tell(verified: Verified, *, json: bool) -> None:
    rows = [
        {"fault": finding.fault, "index": finding.index, "until": finding.until, "says": str(finding)}
        for finding in verified.findings
    ]
    if json:
        counts = {"entries": verified.entries, "checkpoints": verified.checkpoints}
        print(text.dumps({"whole": verified.whole, **counts, "findings": rows}, indent=2))
    else:
        for row in rows:
            print(f"{row['fault']} {row['index']}: {row['says']}")
        if not verified.checkpoints:
            print("nothing is signed: no checkpoint vouches for anything")
        verdict, name = "whole" if verified.whole else "NOT WHOLE", verified.vkey.partition("+")[0]
        print(f"{verdict}: {verified.entries} entries and {verified.checkpoints} checkpoints of {name}")
    if not verified.whole:
        raise typer.Exit(1)


async def _note_export(session: AsyncSession) -> None:
    at = await database_now(session)
    fields = {"at": at, "act": Act.EXPORTED, "actor": "operator", "agency": "operator"}
    await append(session, [leaf({}, None, **fields, verdict=Verdict.PERMIT, sv=0)])
    await session.commit()
