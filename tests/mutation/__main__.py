"""Plant every bug in a copy of the tree and show which test goes red: `make mutation`.

Exit status 0 when all were caught, 1 otherwise.
"""

import sys
import tempfile
from pathlib import Path

from tests.mutation.mutants import Bug, apply, bugs, copy_of_the_tree, red
from tests.support.rounds import proof


def main(*names: str) -> int:
    """Plant the bugs of these names, or all."""
    unknown = set(names) - {bug.patch.stem for bug in bugs()}
    if unknown:
        print("no such bug:", *sorted(unknown))
        return 1
    chosen = [bug for bug in bugs() if not names or bug.patch.stem in names]
    with tempfile.TemporaryDirectory() as folder, copy_of_the_tree(Path(folder)) as tree:
        tests = tuple(sorted({test for bug in chosen for test in bug.tests}))
        failed = red(tests, tree)
        if failed != []:
            print("not run: these are not green without any bug", *(failed or tests), sep="\n  ")
            return 1
        missed = [bug.name for bug in chosen if not _caught(bug, tree)]
    if not names:
        proof("mutation", "controls", planted=len(chosen), caught=len(chosen) - len(missed))
    print(f"{len(chosen) - len(missed)} of {len(chosen)} caught", *missed, sep="\n  missed: ")
    return 1 if missed else 0


def _caught(bug: Bug, tree: Path) -> bool:
    if not apply(bug, tree):
        print(f"does not fit   {bug.name}", flush=True)
        return False
    failed = red(bug.tests, tree)
    apply(bug, tree, "--reverse")
    verdict = "could not run" if failed is None else f"red: {failed[0]}" if failed else "NOT CAUGHT"
    print(f"{bug.name}\n    {verdict}", flush=True)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
