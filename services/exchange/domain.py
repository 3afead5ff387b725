"""What an answer to an opening says besides the fields: under which permission, and what may not be done with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

from schemas.categories import DataCategory


class DisclosureNotice(StrEnum):
    """What goes with every disclosure, as a code that a partner's system can check and echo."""

    REDISCLOSURE_PROHIBITED = "redisclosure_prohibited"
    PART_2 = "42_cfr_2_32"


TEXTS = {
    DisclosureNotice.REDISCLOSURE_PROHIBITED: "This was shared with you for the purpose named. You may not pass it on.",
    # 42 CFR 2.32(a) has wordings of its own; which one is printed waits for a lawyer, so the code names the clause.
    DisclosureNotice.PART_2: "Records of substance use care are protected by 42 CFR part 2.",
}


def notices(
    categories: Collection[DataCategory], terms: Mapping[str, Any] | None = None
) -> tuple[DisclosureNotice, ...]:
    """Return the notices that go with what was opened, the general one first.

    A directive's terms that name substance use care tell of it as its records do.
    """
    named = {*categories, *(terms or {}).get("categories", ())}
    if DataCategory.SUBSTANCE_USE in named:
        return DisclosureNotice.REDISCLOSURE_PROHIBITED, DisclosureNotice.PART_2
    return (DisclosureNotice.REDISCLOSURE_PROHIBITED,)
