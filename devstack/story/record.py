"""The record of the town, verified by the same command that an auditor uses."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from cli.run import ROOT
from schemas.town import Town


def whole(town: Town) -> bool:
    """Tell whether `accord ledger verify` finds the running town's record whole."""
    return _accord("ledger", "verify", "--run", town.run).returncode == 0


def one_edit_is_named(town: Town) -> bool:
    """Export the record, edit one row of the copy, and tell whether the verifier names that row."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "ledger.jsonl"
        _accord("ledger", "export", str(copy), "--run", town.run)
        lines = [json.loads(line) for line in copy.read_text().splitlines()]
        rows = [line for line in lines if "index" in line]
        victim = rows[len(rows) // 2]
        victim["header"] = ("A" if victim["header"][8] != "A" else "B").join(
            (victim["header"][:8], victim["header"][9:])
        )
        copy.write_text("".join(json.dumps(line) + "\n" for line in lines))
        done = _accord("ledger", "verify", "--from", str(copy), "--run", town.run)
        return done.returncode == 1 and str(victim["index"]) in done.stdout


def _accord(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)  # noqa: S603 - ourselves
