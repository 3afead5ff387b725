"""Agencies at their own systems, acting all the time: python -m tests.faults.clients TOWN_JSON JOURNAL SEED PAUSE.

They know town.json and the documentation.  The process is never killed; it ends when its standard input closes.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from tests.faults.caller import Caller
from tests.faults.journal import Journal
from tests.faults.rng import chance
from tests.faults.workload import Advocate, Recipient

ADVOCATES, RECIPIENTS = ("ana", "ana", "ana"), ("sam", "lee", "jude", "ana")


def watch(caller: Caller) -> None:
    """Keep every checkpoint that is shown."""
    while not caller.stopping.wait(0.5):
        caller.command("checkpoint", "audit", "GET", "/v1/checkpoint", once=True)


def main(town_json: Path, file: Path, seed: int, pause: float) -> None:
    town, journal, stopping = json.loads(town_json.read_text()), Journal(file), threading.Event()

    def caller(who: str) -> Caller:
        return Caller(town, who, journal, stopping, pause)

    works: list[Callable[[], None]] = [lambda: watch(caller("priya"))]
    works += [
        Advocate(caller(who), chance(seed, "advocate", place), caller("mia")).work
        for place, who in enumerate(ADVOCATES)
    ]
    works += [Recipient(caller(who), chance(seed, "recipient", who)).work for who in RECIPIENTS]
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stopping.set()
    for thread in threads:
        thread.join()
    journal.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
