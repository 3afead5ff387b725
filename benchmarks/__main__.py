"""Runs every benchmark, each in a process of its own, and writes docs/performance.md: `make bench`.

python -m benchmarks [NAME ...]   only these; the page keeps the figures of the others as they were last measured
"""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks import report


def main(*names: str) -> int:
    """Run these benchmarks, or all; return how many of them failed."""
    unknown = set(names) - set(report.SCRIPTS)
    if unknown:
        print(f"no such benchmark: {', '.join(sorted(unknown))}; there are: {', '.join(report.SCRIPTS)}")
        return 1
    failed, began = 0, time.monotonic()
    for name in names or report.SCRIPTS:
        started = time.monotonic()
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False)
        failed += done.returncode != 0
        print(
            f"{name}: {'done' if done.returncode == 0 else 'FAILED'} in {time.monotonic() - started:.0f} s", flush=True
        )
    report.write()
    print(f"{report.PAGE.relative_to(report.ROOT)} written; all took {(time.monotonic() - began) / 60:.1f} minutes")
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
