"""What is asked and what was compiled is not written to again: mypy refuses it, since at run time it would cost."""

from dataclasses import fields
from typing import TYPE_CHECKING, Final, get_origin

import pytest

from kernel.consent import Request
from kernel.consent.reading import Grant
from kernel.consent.table import Line

if TYPE_CHECKING:

    def _refused(request: Request, line: Line, grant: Grant) -> None:
        """Nobody calls this: mypy tells of an ignore that is not needed, so each line fails once a write is let by."""
        request.asked = -1  # type: ignore[misc]
        request.key = ""  # type: ignore[misc]
        request.limit = -1  # type: ignore[misc]
        line.settled = -1  # type: ignore[misc]
        grant.mask = -1  # type: ignore[misc]


@pytest.mark.parametrize("kind", [Request, Line, Grant])
def test_every_field_is_final(kind: type) -> None:
    assert all(get_origin(field.type) is Final for field in fields(kind))
