from typing import Any

import pytest
from pydantic import ValidationError

from schemas.facts import ConsentGranted, DisclosureCompelled, ReferralDeclined, ReferralWithdrawn
from tests.contracts.examples import example

GRANTED = example(ConsentGranted.type)


def granted(**changes: Any) -> ConsentGranted:
    return ConsentGranted.model_validate(GRANTED | changes)


@pytest.mark.parametrize("part", ["recipient_ref", "purpose", "valid_until"])
def test_a_permit_names_one_recipient_one_purpose_and_its_end(part: str) -> None:
    with pytest.raises(ValidationError, match=f"{part}_missing"):
        granted(**{part: None})


def test_a_denial_may_be_for_every_purpose_without_an_end() -> None:
    denial = granted(effect="deny", purpose=None, valid_until=None)

    assert denial.purpose is None


@pytest.mark.parametrize("recipient", ["", "*", ["harbor-house", "county-sheriff"], "harbor-house,county-sheriff"])
def test_two_recipients_a_wildcard_or_none_fail_validation(recipient: object) -> None:
    with pytest.raises(ValidationError):
        granted(recipient_ref=recipient)


@pytest.mark.parametrize("basis", ["partnership", "agreement", "legitimate_interest", ""])
def test_an_agreement_between_agencies_is_no_basis(basis: str) -> None:
    with pytest.raises(ValidationError):
        granted(basis=basis)


def test_no_directive_names_the_purpose_of_counting() -> None:
    with pytest.raises(ValidationError, match="purpose_counts_only"):
        granted(purpose="evaluation_aggregate")


def test_a_subpoena_compels_nothing() -> None:
    with pytest.raises(ValidationError):
        DisclosureCompelled.model_validate(example(DisclosureCompelled.type) | {"instrument": "subpoena"})


def test_receiver_and_survivor_declines_are_separate_reasons() -> None:
    with pytest.raises(ValidationError):
        ReferralDeclined.model_validate(example(ReferralDeclined.type) | {"reason_code": "survivor_declined"})
    with pytest.raises(ValidationError):
        ReferralWithdrawn.model_validate(example(ReferralWithdrawn.type) | {"reason_code": "no_capacity"})


def test_terms_leave_out_what_they_do_not_say() -> None:
    terms = granted(starts_when=None).terms()

    assert "starts_when" not in terms
    assert "case_ref" not in terms
    assert terms["categories"] == GRANTED["categories"]
