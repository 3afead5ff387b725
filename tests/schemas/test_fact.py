from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.categories import DataCategory
from schemas.facts import (
    IncidentBlock,
    IncidentReported,
    ProtectiveOrderIssued,
    ReferralBlock,
    ReferralCreated,
    ReferralDeclined,
    RiskAssessed,
    SurvivorBlock,
)
from schemas.registry import CONTRACTS
from schemas.taxonomy import ALL, category_mask, mask_of, paths_of
from schemas.values import plain
from tests.contracts.examples import example, fact
from tests.support.projection import by_category, carried

EVERYTHING = fact(ReferralCreated.type)


def test_a_cut_omits_denied_fields_and_their_category() -> None:
    parts = by_category(EVERYTHING, mask_of(["identity.given_name", "risk_result.band"]))

    assert parts == {DataCategory.IDENTITY: {"given_name": "Maya"}, DataCategory.RISK_RESULT: {"band": "high"}}


def test_a_field_that_says_nothing_is_left_out() -> None:
    reported = IncidentReported.model_validate(
        {"case_ref": uuid4(), "incident_ref": uuid4(), "version": 1, "reported_at": "2026-03-02T02:12:00Z"}
    )

    assert set(by_category(reported, ALL)) == {DataCategory.INCIDENT_SUMMARY}
    assert set(paths_of(carried(reported))) == {
        "incident_summary.incident_ref",
        "incident_summary.version",
        "incident_summary.reported_at",
    }


@given(st.integers(min_value=0, max_value=ALL))
def test_a_cut_holds_exactly_the_permitted_nonempty_fields(mask: int) -> None:
    parts = by_category(EVERYTHING, mask)

    cut_mask = mask_of(f"{category}.{name}" for category, fields in parts.items() for name in fields)
    assert cut_mask == carried(EVERYTHING) & mask


@pytest.mark.parametrize("type_name", CONTRACTS)
def test_no_reference_leaves_a_fact_without_being_renamed(type_name: str) -> None:
    original = fact(type_name)
    other: dict[UUID, UUID] = {}

    def rename(ref: UUID) -> UUID:
        return other.setdefault(ref, uuid4())

    left = str(by_category(original, ALL, rename)) + str(getattr(original, "terms", lambda _: "")(rename))

    assert not [ref for ref in other if str(ref) in left]
    assert all(str(name) in left for name in other.values())
    assert str(original.case_ref) not in left
    assert not set(_references(example(type_name))) - {str(ref) for ref in other} - {str(original.case_ref)}


def _references(node: object) -> list[str]:
    if isinstance(node, dict):
        return [ref for value in node.values() for ref in _references(value)]
    if isinstance(node, list):
        return [ref for value in node for ref in _references(value)]
    return [node] if isinstance(node, str) and len(node) == 36 and node.count("-") == 4 else []


def test_a_referral_is_between_its_sender_and_its_receiver() -> None:
    assert fact(ReferralDeclined.type).parties() == frozenset({"bay-hotline", "harbor-house"})
    assert fact(RiskAssessed.type).parties() is None


def test_criminal_justice_marks_travel_in_no_category() -> None:
    order = fact("accord.protective_order.requested.v1")

    assert paths_of(order.cji_mask()) == ("weapons_risk.firearm_purchase_attempt_on",)
    assert "cji_fields" not in str(by_category(order, ALL))
    assert fact(RiskAssessed.type).cji_mask() == 0


def test_d14_a_mark_names_a_field_by_its_path() -> None:
    content = example("accord.protective_order.issued.v1")
    by_path = ProtectiveOrderIssued.model_validate({**content, "cji_fields": ["order_terms.order_number"]})
    by_name = ProtectiveOrderIssued.model_validate({**content, "cji_fields": ["order_number"]})

    assert paths_of(by_path.cji_mask()) == ("order_terms.order_number",)
    assert by_path == by_name
    with pytest.raises(ValidationError, match="does not know"):
        ProtectiveOrderIssued.model_validate({**content, "cji_fields": ["identity.order_number"]})


def test_a_mark_on_a_field_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValidationError, match="does not know"):
        IncidentReported.model_validate({**example(IncidentReported.type), "cji_fields": ["shoe_size"]})


@pytest.mark.parametrize("type_name", CONTRACTS)
def test_a_fact_does_not_change_once_said(type_name: str) -> None:
    original = fact(type_name)

    with pytest.raises(ValidationError, match="frozen"):
        original.case_ref = uuid4()  # type: ignore[misc]  # that it cannot be done is the point


def test_a_request_body_is_made_of_blocks_without_service_fields() -> None:
    class IncidentRequest(SurvivorBlock, IncidentBlock):
        """What an advocate sends."""

    form = IncidentRequest.model_validate({"given_name": "Maya", "channel": "hotline"})

    assert (form.given_name, form.channel) == ("Maya", "hotline")
    assert not {"incident_ref", "version", "reported_at", "changed", "contexts", "elapsed_band"} & set(
        IncidentRequest.model_fields
    )
    assert not {"referral_ref", "created_at", "status", "overdue_since"} & set(ReferralBlock.model_fields)


def test_a_category_asked_for_whole_is_its_fields_one_by_one() -> None:
    whole = by_category(EVERYTHING, category_mask(DataCategory.SAFE_CONTACT))

    assert set(whole[DataCategory.SAFE_CONTACT]) == {
        "channels",
        "code_word",
        "do_not_contact",
        "anytime_for",
        "recheck_on",
    }


def test_a_part_is_written_without_what_it_leaves_open() -> None:
    channel = EVERYTHING.channels[1]  # type: ignore[attr-defined]  # the example is of one known contract

    assert plain(channel) == {"kind": "post", "status": "unknown", "windows": []}
