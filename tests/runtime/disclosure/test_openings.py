"""What was opened shows itself to whoever asked, and to no log."""

from datetime import UTC, datetime
from uuid import uuid4

from runtime.disclosure import Opening
from schemas.categories import DataCategory
from schemas.codes import Purpose

CANARY = "canary-harbour-lane"


def test_an_opening_withholds_what_it_says() -> None:
    opening = Opening(
        message_ref=uuid4(),
        fact_ref=uuid4(),
        type="accord.referral.accepted.v1",
        case_ref=uuid4(),
        sender="bay-hotline",
        occurred_at=datetime(2026, 3, 2, tzinfo=UTC),
        purpose=Purpose.SHELTER,
        categories={DataCategory.LOCATION: {"place": CANARY}},
        terms={"handling": CANARY},
        directives=(),
        basis=None,
        until=None,
        leaf=bytes(32),
        at=datetime(2026, 3, 2, tzinfo=UTC),
    )

    for text in (repr(opening), str(opening), f"{opening}"):
        assert CANARY not in text
