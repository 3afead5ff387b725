"""Law R4: whatever may disclose a location is location, or plan_locations inside a plan."""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from schemas.categories import DataCategory
from schemas.codes import ChannelKind
from schemas.facts import Address, Channel, Position
from schemas.registry import CONTRACTS
from schemas.strict_model import NestedModel

PLACES = {DataCategory.LOCATION, DataCategory.PLAN_LOCATIONS}
TELLS_A_PLACE = re.compile(r"(^|_)(address|places?|school|work|location|position|lat|lon|street|city|postal)(_|$)")


def named(annotation: Any) -> Iterator[type]:
    if isinstance(annotation, type):
        yield annotation
    for inner in get_args(annotation):
        yield from named(inner)


def inside(model: Any, path: str) -> Iterator[tuple[str, str, set[type]]]:
    """Every field under `model`, parts of parts included: its path, its name, the types it names."""
    for name, field in model.model_fields.items():
        types = set(named(field.annotation))
        yield f"{path}.{name}", name, types
        for part in types:
            if issubclass(part, NestedModel):
                yield from inside(part, f"{path}.{name}")


FIELDS = [
    (path, name, types, contract.field_categories.get(path.split(".")[1]))
    for contract in CONTRACTS.values()
    for path, name, types in inside(contract, contract.__name__)
]


def tells_a_place(name: str, types: set[type]) -> bool:
    is_code = any(issubclass(kind, StrEnum) for kind in types)  # a kind of place tells nobody where it is
    return bool(types & {Address, Position}) or (not is_code and TELLS_A_PLACE.search(name) is not None)


def test_each_field_that_tells_a_place_has_a_place_category() -> None:
    astray = {
        path
        for path, name, types, category in FIELDS
        if tells_a_place(name, types) and category not in PLACES and not path.endswith(".channels.address")
    }

    assert astray == set()


def test_the_check_sees_the_places_there_are() -> None:
    paths = {path for path, name, types, _ in FIELDS if tells_a_place(name, types)}

    assert {
        "IncidentReported.place",
        "IncidentReported.position.lat",
        "IncidentReported.school_or_work",
        "ProtectiveOrderIssued.stay_away_places",
        "ProtectiveOrderIssued.hearing_place",
        "SafetyPlanCreated.places.address",
        "SafetyPlanCreated.work_school_public",
        "AlertRaised.last_position",
        "ReferralAccepted.meeting_place",
    } <= paths


@pytest.mark.parametrize("kind", [ChannelKind.POST, ChannelKind.IN_PERSON])
def test_a_channel_never_says_where_someone_is(kind: ChannelKind) -> None:
    with pytest.raises(ValidationError, match="place_in_channel"):
        Channel(kind=kind, address="12 Elm Street")

    assert Channel(kind=kind).address is None


def test_a_number_to_call_is_no_place() -> None:
    assert Channel(kind=ChannelKind.VOICE, address="+1 555 0100").address == "+1 555 0100"
