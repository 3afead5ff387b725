"""What the board makes of other services' rows."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.codes import AgencyKind
from services.dashboard.code_words import fact_words
from services.dashboard.domain import (
    MOST,
    Count,
    Item,
    awaiting,
    listing,
    order_to_serve,
    received,
    sent,
    total,
)
from services.dashboard.domain import case_code as code_of
from services.dashboard.tiles import tiles_for

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ROW = {"referral_ref": str(uuid4()), "case_ref": "0a1b2c3d-0000-4000-8000-000000000000"}
instants = st.none() | st.datetimes(timezones=st.just(UTC))
items = st.builds(
    Item,
    ref=st.integers(0, 20).map(lambda number: UUID(int=number)),
    case_code=st.just("0A1B-2C3D"),
    about=st.just(""),
    since=instants,
    until=instants,
)


@given(st.lists(items, max_size=40))
def test_a_list_holds_each_row_once_and_is_as_long_as_its_number(rows: list[Item]) -> None:
    result = listing(rows)

    assert {item.ref for item in result.items} == {row.ref for row in rows}
    assert result.count == len(result.items) == len({row.ref for row in rows})


@given(st.lists(items, max_size=40))
def test_what_is_due_first_stands_on_top(rows: list[Item]) -> None:
    due = [item.until or item.since for item in listing(rows).items]

    dated = [at for at in due if at is not None]
    assert dated == sorted(dated)
    assert due[: len(dated)] == dated


def test_a_list_longer_than_a_screen_says_that_it_goes_on() -> None:
    rows = [Item(uuid4(), "0A1B-2C3D", "", since=NOON + timedelta(seconds=number)) for number in range(MOST + 1)]

    assert (listing(rows).count, listing(rows).whole) == (MOST, False)
    assert (listing(rows[1:]).count, listing(rows[1:]).whole) == (MOST, True)


def test_a_case_code_is_short_and_made_of_the_reference() -> None:
    assert code_of(UUID(ROW["case_ref"])) == "0A1B-2C3D"


def test_a_referral_names_the_other_side() -> None:
    row = ROW | {"from_agency_ref": "bay-hotline", "to_agency_ref": "harbor-house", "priority": "on_scene"}

    assert (received(row).agency, sent(row).agency) == ("bay-hotline", "harbor-house")
    assert received(row).about == "On scene"


def test_what_a_person_may_not_see_of_a_referral_is_left_empty() -> None:
    item = received(ROW)

    assert (item.about, item.agency, item.since, item.until) == ("", "", None, None)


def test_nothing_else_of_a_row_reaches_the_board() -> None:
    item = received(ROW | {"preferred_name": "Canarina", "service_code": "shelter"})

    assert "Canarina" not in repr(item)
    assert "shelter" not in repr(item)


def test_a_row_that_is_no_row_is_refused_without_repeating_it() -> None:
    with pytest.raises(ValidationError) as caught:
        received({"case_ref": "Canarina"})

    assert "Canarina" not in str(caught.value)


def test_an_order_shows_the_status_of_each_unserved_respondent() -> None:
    service = [{"service_status": status} for status in ("failed", "in_hand", "served")]
    row = {"order_ref": str(uuid4()), "case_ref": ROW["case_ref"], "changed_at": NOON.isoformat(), "service": service}

    assert order_to_serve(row).about == "An officer has it, Could not be served"


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([], Count(0)),
        ([Count(3), Count(4)], Count(7)),
        ([Count(3), Count(0, whole=False)], Count(3, whole=False)),
        ([Count(MOST), Count(1)], Count(MOST, whole=False)),
        ([Count(MOST)], Count(MOST)),
    ],
)
def test_the_count_of_several_lists_is_their_sum_up_to_a_screen(counts: list[Count], expected: Count) -> None:
    assert total(counts) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("accord.referral.accepted.v1", "Referral accepted"),
        ("accord.protective_order.service_failed.v1", "Protective order service failed"),
        ("something else", "Message"),
    ],
)
def test_a_fact_is_told_in_words(name: str, expected: str) -> None:
    assert fact_words(name) == expected


@pytest.mark.parametrize("kind", [None, *AgencyKind])
def test_without_scopes_there_is_no_tile(kind: AgencyKind | None) -> None:
    assert tiles_for([], kind) == ()


@pytest.mark.parametrize("kind", AgencyKind)
def test_tiles_of_one_board_have_names_of_their_own(kind: AgencyKind) -> None:
    names = [tile.name for tile in tiles_for({"referrals:read", "inbox:read", "directives:read", "orders:read"}, kind)]

    assert len(set(names)) == len(names)


def test_what_waits_leads_to_where_it_is_confirmed() -> None:
    ref, row = uuid4(), ROW | {"awaiting_since": NOON.isoformat(), "awaiting_until": NOON.isoformat()}

    permit = awaiting(row | {"kind": "permit", "directive_ref": str(ref)})
    death = awaiting(row | {"kind": "death", "directive_ref": None})

    assert permit.page == f"/app/releases/{ROW['case_ref']}/release/{ref}"
    assert (permit.about, death.about) == ("A release", "The correction of a death")
    assert death.page == f"/app/releases/{ROW['case_ref']}"
