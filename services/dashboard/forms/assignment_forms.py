"""What is chosen when referrals are assigned: for each row a colleague, in the place of whoever had it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from wtforms import SelectMultipleField

from services.dashboard.forms.desk_form import DeskForm
from services.dashboard.language import mark

_WRITTEN: Final = re.compile(r"([0-9a-f-]{36})\.([a-z0-9-]{0,40})\.([a-z0-9-]{0,40})", re.ASCII)
MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Choice:
    """Who is to answer a referral, and in whose place; None is nobody."""

    ref: UUID
    instead_of: str | None
    person: str | None

    @staticmethod
    def written(ref: UUID, instead_of: str, person: str) -> str:
        """Return a choice as a page's form holds it."""
        return f"{ref}.{instead_of}.{person}"


class ReferralAssignmentForm(DeskForm):
    """One choice a row; an empty one leaves its row as it is."""

    row = SelectMultipleField(mark("Who answers"), choices=list, validate_choice=False)

    def choices(self) -> list[Choice]:
        """Return the choice of each row that is to change, each referral once; what no page of ours wrote is none."""
        written = [_WRITTEN.fullmatch(str(value)) for value in (self.row.data or ())[:MOST]]
        chosen: dict[UUID, Choice] = {}
        for match in written:
            if match is None:
                continue
            try:
                ref = UUID(match[1])
            except ValueError:
                continue
            chosen.setdefault(ref, Choice(ref, match[2] or None, match[3] or None))
        return list(chosen.values())
