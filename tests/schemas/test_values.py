from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from pydantic import TypeAdapter, ValidationError

from schemas.strict_json import BIDI_CONTROLS
from schemas.values import (
    AgencyRef,
    Count,
    Day,
    FieldPath,
    Flag,
    Instant,
    Items,
    Latitude,
    Narrative20000,
    Ref,
    Text200,
    Text300,
    plain,
)

CASE = "44574c4b-a2ea-44ad-8bf1-e184133cdbf4"


def reads(kind: Any, value: object) -> Any:
    return TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize(("kind", "longest"), [(Text200, 200), (Text300, 300), (Narrative20000, 20_000)])
def test_a_text_is_as_long_as_its_name_says_and_no_longer(kind: Any, longest: int) -> None:
    assert reads(kind, "é" * longest)
    for refused in ("é" * (longest + 1), "", 7, None, b"bytes"):
        with pytest.raises(ValidationError):
            reads(kind, refused)


@pytest.mark.parametrize("hidden", ["\x00", "\ud800", *BIDI_CONTROLS])
def test_a_text_hides_nothing(hidden: str) -> None:
    for kind in (Text200, Text300, Narrative20000):
        with pytest.raises(ValidationError):
            reads(kind, f"a{hidden}b")


@pytest.mark.parametrize("written", ["2026-03-02T02:12:00Z", "2026-03-02T02:12:00+00:00", "2026-03-02T02:12:00.000Z"])
def test_an_instant_is_in_utc(written: str) -> None:
    assert reads(Instant, written) == datetime(2026, 3, 2, 2, 12, tzinfo=UTC)
    assert plain(reads(Instant, written)) == "2026-03-02T02:12:00Z"


@pytest.mark.parametrize(
    "refused",
    [
        "2026-03-02T02:12:00",
        "2026-03-02T02:12:00+01:00",
        "2026-03-02T02:12:00-00:30",
        "2026-03-02 02:12:00Z",
        "2026-03-02",
        "2026-02-30T00:00:00Z",
        "1772417520",
        1_772_417_520,
        datetime(2026, 3, 2, 2, 12),  # noqa: DTZ001  # a time without a zone is what must be refused
        datetime(2026, 3, 2, 2, 12, tzinfo=timezone(timedelta(hours=1))),
        date(2026, 3, 2),
    ],
)
def test_an_instant_that_needs_guessing_is_refused(refused: object) -> None:
    with pytest.raises(ValidationError):
        reads(Instant, refused)


@pytest.mark.parametrize(
    "refused",
    ["2026-3-2", "02/03/2026", "2026-02-30", "2026-03-02T00:00:00Z", 20_000, datetime(2026, 3, 2, tzinfo=UTC)],
)
def test_a_date_is_a_day_and_written_in_one_way(refused: object) -> None:
    assert reads(Day, "2026-03-02") == reads(Day, date(2026, 3, 2))
    with pytest.raises(ValidationError):
        reads(Day, refused)


@pytest.mark.parametrize(
    ("kind", "refused"),
    [
        (Flag, "yes"),
        (Flag, 1),
        (Count, "3"),
        (Count, True),
        (Count, -1),
        (Latitude, 90.1),
        (Latitude, float("nan")),
        (Latitude, "47.6"),
        (AgencyRef, "*"),
        (AgencyRef, ""),
        (AgencyRef, "all agencies"),
        (AgencyRef, "harbor-house\n"),
        (FieldPath, "identity"),
        (FieldPath, "identity.*"),
        (FieldPath, "identity.shoe_size"),
        (Items[Count], [0] * 51),
    ],
)
def test_a_value_is_taken_as_it_is_or_not_at_all(kind: Any, refused: object) -> None:
    with pytest.raises(ValidationError):
        reads(kind, refused)


@pytest.mark.parametrize("written", [CASE, CASE.upper(), UUID(CASE)])
def test_a_reference_is_read(written: object) -> None:
    assert reads(Ref, written) == UUID(CASE)


@pytest.mark.parametrize(
    "refused",
    [f"{{{CASE}}}", f"urn:uuid:{CASE}", CASE.replace("-", ""), f"{CASE}\n", f" {CASE}", "", 7, None, b"x" * 16],
)
def test_a_reference_is_written_as_the_published_schema_asks(refused: object) -> None:
    with pytest.raises(ValidationError):
        reads(Ref, refused)
