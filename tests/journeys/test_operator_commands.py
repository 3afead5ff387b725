"""What an operator and a custodian type on the running town: a message followed to its end, a decision explained."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest

from devstack.story.speaker import Speaker
from devstack.story.words import EXPLAINED, in_days, now
from schemas.town import Town
from tests.support.run_folders import accord


@dataclass
class Released:
    """A case of Ana's in which the shelter may see the needs, with what she and Sam do about it."""

    town: Town
    ana: Speaker
    sam: Speaker
    case_ref: str
    directive_ref: str

    def explain(self, *words: str) -> Any:
        return accord("explain", self.case_ref, "harbor-house", "shelter", *words, "--run", self.town.run)

    def looks(self) -> int:
        path = f"/v1/cases/{self.case_ref}/accounting?limit=200"
        entries = self.ana.does("audit", "GET", path)["entries"]
        return sum(entry["act"] == "consulted" for entry in entries)


@pytest.fixture(scope="module")
def released(town: Town) -> Iterator[Released]:
    with httpx.Client(timeout=30, trust_env=False) as client:
        ana, sam = Speaker(town, "ana", "advocacy", client), Speaker(town, "sam", "shelter", client)
        case_ref = ana.does("intake", "POST", "/v1/cases", {})["case_ref"]
        case = f"/v1/cases/{case_ref}"
        ana.does("consent", "PUT", f"{case}/participation", {"participation": "yes", "evidence": EXPLAINED})
        terms = {"effect": "permit", "recipient": "harbor-house", "purpose": "shelter", "valid_until": in_days(30)}
        draft = ana.does("consent", "POST", f"{case}/directives", terms | {"categories": ["needs"]})
        ref = draft["directive_ref"]
        signature = EXPLAINED | {"signed_at": now(), "signer_role": "survivor"}
        ana.does("consent", "POST", f"/v1/directives/{ref}/signature", signature, If_Match='"1"')
        yield Released(town, ana, sam, case_ref, ref)


def test_the_custodian_is_told_why_and_the_look_is_on_record(released: Released) -> None:
    looks = released.looks()

    plain, preview = (
        released.explain("--person", "ana"),
        json.loads(released.explain("--person", "ana", "--json").output),
    )

    (needs,) = [category for category in preview["categories"] if category["open"]]
    assert (needs["category"], needs["directives"], needs["basis"]) == ("needs", [released.directive_ref], "release")
    assert f"by directive {released.directive_ref} until {needs['until']}" in plain.output
    assert "no release permits it" in plain.output
    assert released.looks() == looks + 2


def test_nobody_but_the_custodian_is_told_anything(released: Released) -> None:
    never = str(uuid4())

    theirs = released.explain("--person", "sam")
    unknown = accord("explain", never, "harbor-house", "shelter", "--person", "sam", "--run", released.town.run)

    assert (theirs.exit_code, unknown.exit_code) == (1, 1)
    assert theirs.output.replace(released.case_ref, never) == unknown.output


def test_a_recipient_that_is_unknown_is_named(released: Released) -> None:
    done = accord("explain", released.case_ref, "nobody", "shelter", "--person", "ana", "--run", released.town.run)

    assert done.exit_code == 1
    assert "query.recipient unknown_agency" in done.output


def test_a_message_is_traced_from_the_relay_to_its_opening(released: Released) -> None:
    released.sam.sets_aside_what_is_there()
    released.ana.does(
        "intake", "POST", f"/v1/cases/{released.case_ref}/incidents", {"channel": "hotline", "needs": ["shelter"]}
    )
    message_ref = released.sam.waits_for("accord.incident.reported.v1")["message_ref"]
    assert released.sam.opens(message_ref) is not None

    traced = json.loads(accord("trace", message_ref, "--run", released.town.run, "--json").output)

    assert (traced["recipient"], traced["state"]) == ("harbor-house", "relayed")
    assert traced["number"] > 0
    steps = [(step["step"], step["place"]) for step in traced["steps"]]
    assert steps[-1] == ("opened", "ledger")
    assert re.fullmatch(r"permit, (entry \d+|waits for the tree)", traced["steps"][-1]["note"])
    assert {("received", "exchange"), ("received", "notifications")} <= set(steps)
