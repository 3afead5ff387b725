"""The receipt of a directive."""

from uuid import uuid4

import pytest

from schemas.codes import DirectiveState
from services.consent.domain import DirectiveStepNotPossible, Party, receipt
from tests.services.consent.builders import a_draft, as_state, in_force
from tests.support.consent import NOON

PARTIES = {
    name: Party(name, name.title(), "1 Example Street", "555-0100", kind, "default")
    for name, kind in (("bay-hotline", "hotline"), ("harbor-house", "shelter"))
}
# ISO/IEC TS 27560, by the places where ours has them
MANDATORY = {
    "schema_version",
    "record_id",
    "receipt_id",
    "principal_id",
    "processing.notice",
    "processing.language",
    "processing.purpose",
    "processing.information",
    "processing.information_type",
    "processing.controllers",
    "processing.storage_locations",
    "processing.retention",
    "processing.jurisdiction",
    "processing.recipient_third_parties",
    "processing.withdrawal_method",
    "parties.party_id",
    "parties.address",
    "parties.name",
    "parties.contact",
    "parties.type",
    "event.time",
    "event.validity",
    "event.entity",
    "event.type",
    "event.state",
}


def test_a_receipt_has_every_mandatory_member() -> None:
    evidence = {"text_version": "2026-1", "language": "es", "method": "written", "signer_role": "survivor"}

    body = receipt(in_force(evidence=evidence), uuid4(), PARTIES, NOON)

    for place in MANDATORY:
        group, _, name = place.partition(".")
        members = body["parties"] if group == "parties" else [body[group] if name else body]
        assert all(member[name or group] not in (None, "") for member in members), place


@pytest.mark.parametrize(
    ("state", "word"), [(DirectiveState.REVOKED, "withdrawn"), (DirectiveState.REFUSED, "refused")]
)
def test_a_receipt_says_how_things_stand(state: DirectiveState, word: str) -> None:
    assert receipt(as_state(in_force(), state), uuid4(), PARTIES, NOON)["event"]["state"] == word


@pytest.mark.parametrize("state", set(DirectiveState) - {DirectiveState.DRAFT})
def test_whoever_signed_gets_a_receipt_in_any_state(state: DirectiveState) -> None:
    assert receipt(as_state(in_force(), state), uuid4(), PARTIES, NOON)["event"]["state"]


def test_a_receipt_says_expired_with_no_job_having_run() -> None:
    assert receipt(in_force(ends_at=NOON), uuid4(), PARTIES, NOON)["event"]["state"] == "expired"


def test_a_draft_has_no_receipt() -> None:
    with pytest.raises(DirectiveStepNotPossible, match="not_signed"):
        receipt(a_draft(), uuid4(), PARTIES, NOON)


def test_a_receipt_is_held_while_no_channel_is_known_to_be_safe() -> None:
    body = receipt(in_force(evidence={"receipt": "held"}), uuid4(), PARTIES, NOON)

    assert body["receipt"] == "held"
