"""A stop is answered within a second, whatever one token or none does meanwhile.

What this is to show red on is a stop that takes seven to forty seconds, or that is refused: the bound leaves room for
a busy machine.  ROUNDS=long records more stops under each attack.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cli import stack
from cli.tokens import person_token
from tests.adversary.attacks import ATTACKS
from tests.adversary.stopping import Stopper, quantile
from tests.world.proving import form, proof

ROOT = Path(__file__).parents[2]
STOPS = {"long": 400}.get(form(), 50)
WITHIN = 1.0


@contextmanager
def attacked(running: stack.Stack, name: str) -> Iterator[None]:
    """Have consent attacked by a process of its own, with the token of somebody who may not do much there."""
    port = urlsplit(running.town.services["consent"]).port
    token = person_token(running.town, "lee")
    command = [sys.executable, "-m", "tests.adversary.attacks", name, str(port), token]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as attacker:
        try:
            assert attacker.stdout is not None
            assert attacker.stdout.readline() == "begun\n"
            time.sleep(1.0)
            assert attacker.poll() is None
            yield
            assert attacker.poll() is None, "the attack ended by itself"
        finally:
            attacker.kill()


@pytest.mark.parametrize("name", ATTACKS)
def test_h5_h6_h7_d7_a_stop_within_a_second_under(running: stack.Stack, stopper: Stopper, name: str) -> None:
    with attacked(running, name):
        took = stopper.stops(STOPS)

    figures = {f"p{part}": round(quantile(took, part / 100), 3) for part in (50, 99)}
    proof("adversary", name, stops=len(took), most=round(took[-1], 3), **figures)
    assert quantile(took, 0.98) < WITHIN, figures
