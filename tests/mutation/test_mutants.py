"""The planted bugs still fit the tree; `make mutation` shows that each is caught."""

import pytest

from tests.mutation.mutants import ROOT, Bug, apply, bugs


def test_there_are_twenty_at_least() -> None:
    assert len(bugs()) >= 20


@pytest.mark.parametrize("bug", bugs(), ids=lambda bug: bug.patch.stem)
def test_a_bug_still_fits_and_names_tests_that_are_there(bug: Bug) -> None:
    assert apply(bug, ROOT, "--check")
    assert all((ROOT / test.partition("::")[0]).exists() for test in bug.tests)
