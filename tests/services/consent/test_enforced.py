"""What a form asks for happens, or the form is refused: conditions, a yes of its own, and an end that is told."""

from typing import Any

import pytest

from kernel.consent import Request, decide
from runtime import disclosure, register
from schemas.codes import EndsWhen, Purpose
from schemas.taxonomy import ALL, paths_of
from services.consent.jobs import run_jobs
from tests.services.consent.builders import PART2
from tests.services.consent.conftest import EXPLAINED, TAKES_PART, Desk, a_permit
from tests.support.details import open_detail
from tests.support.mail import opened_by
from tests.support.web import Web

LAWYER = {"recipient": "riverside-legal", "purpose": "legal_representation"}
POLICE = {"recipient": "county-sheriff", "purpose": "order_enforcement"}


async def refused(desk: Desk, terms: dict[str, Any]) -> set[tuple[str, str]]:
    answer = await desk.ana.post(f"/v1/cases/{await desk.case()}/directives", json=terms)
    assert answer.status_code == 422, answer.text
    return {(error["field"], error["code"]) for error in answer.json()["errors"]}


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (a_permit(ends_when="end_of_treatment"), "ends_when"),
        (a_permit(ends_when="order_ended"), "ends_when"),
        (a_permit(starts_when="conflict_clear"), "starts_when"),
        (a_permit("identity", **POLICE, starts_when="conflict_clear"), "starts_when"),
    ],
    ids=["treatment", "order between two who record none", "check at a shelter", "check at the police"],
)
async def test_h11_what_no_fact_meets_is_refused(desk: Desk, terms: dict[str, Any], field: str) -> None:
    assert await refused(desk, terms) == {(f"body.{field}", "not_enforced")}


@pytest.mark.parametrize(
    "terms",
    [
        a_permit(ends_when="referral_closed"),
        a_permit("identity", **POLICE, ends_when="order_ended"),
        a_permit("identity", **LAWYER, ends_when="order_ended", starts_when="conflict_clear"),
    ],
    ids=["referral", "order at the police", "check and order at legal aid"],
)
async def test_h11_what_a_fact_meets_is_taken(desk: Desk, terms: dict[str, Any]) -> None:
    drafted = await desk.draft(await desk.case(), terms)

    assert (drafted["ends_when"], drafted["starts_when"]) == (terms.get("ends_when"), terms.get("starts_when"))


async def test_h11_an_end_that_was_met_is_told(desk: Desk, web: Web) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref, "needs", ends_when="referral_closed")
    desk.relayed(ref)
    async with desk.town.unit("accord_referrals", "harbor-house", "sam") as unit:
        await disclosure.end_with(unit, case_ref, EndsWhen.REFERRAL_CLOSED, "bay-hotline", "harbor-house")
        await unit.session.commit()
    assert await desk.opens(case_ref) == set()

    for _ in range(2):
        await run_jobs(web.app_state("accord_consent"))

    assert await desk.facts_of(case_ref, "harbor-house") == ["granted.v1", "revoked.v1"]
    assert await desk.facts_of(case_ref, "bay-hotline") == ["granted.v1", "revoked.v1"]
    notice = (await opened_by(desk.town, case_ref, "harbor-house", "sam", Purpose.SHELTER))["consent.revoked"]
    assert notice.terms is not None
    assert notice.terms["condition_met"] == "referral_closed"
    directive = (await desk.ana.get(f"/v1/directives/{ref}")).json()
    assert (directive["state"], directive["in_force"]) == ("expired", False)


async def test_h11_an_end_is_not_told_to_who_got_nothing(desk: Desk, web: Web) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref, "needs", ends_when="referral_closed")
    async with desk.town.unit("accord_referrals", "harbor-house", "sam") as unit:
        await disclosure.end_with(unit, case_ref, EndsWhen.REFERRAL_CLOSED, "harbor-house", "bay-hotline")
        await unit.session.commit()

    await run_jobs(web.app_state("accord_consent"))

    assert await desk.facts_of(case_ref, "harbor-house") == ["granted.v1"]
    assert await desk.facts_of(case_ref, "bay-hotline") == ["granted.v1", "revoked.v1"]


async def test_d2_the_offender_goes_to_a_lawyer_after_a_check(desk: Desk) -> None:
    unchecked = a_permit("alleged_offender", "identity", **LAWYER)

    assert await refused(desk, unchecked) == {("body.starts_when", "conflict_check_first")}
    assert (await desk.draft(await desk.case(), unchecked | {"starts_when": "conflict_clear"}))["state"] == "draft"


async def test_d2_the_check_itself_needs_none(desk: Desk) -> None:
    only = ["alleged_offender.offender_name"]
    terms = a_permit("alleged_offender", **LAWYER | {"purpose": "conflict_check"}, only_fields=only)

    assert (await desk.draft(await desk.case(), terms))["state"] == "draft"


async def test_l14_what_is_asked_one_by_one_is_in_no_list(desk: Desk) -> None:
    terms = a_permit("needs", "location", "immigration")

    assert await refused(desk, terms) == {("body.asked_one_by_one", "needs_its_own_yes")}
    partly = terms | {"asked_one_by_one": ["location"]}
    assert await refused(desk, partly) == {("body.asked_one_by_one", "needs_its_own_yes")}
    other = terms | {"asked_one_by_one": ["location", "immigration", "medical"]}
    assert await refused(desk, other) == {("body.asked_one_by_one", "not_among_categories")}


async def test_l14_each_named_on_purpose_is_taken(desk: Desk) -> None:
    listed = a_permit("needs", "location", asked_one_by_one=["location"])

    assert (await desk.draft(await desk.case(), listed))["categories"] == ["location", "needs"]
    assert (await desk.draft(await desk.case(), a_permit("location")))["categories"] == ["location"]
    assert (await desk.draft(await desk.case(), a_permit("needs", "children")))["state"] == "draft"


async def test_l14_who_may_ask_less_asks_one_by_one(desk: Desk) -> None:
    terms = a_permit("identity", "children", **POLICE)  # children go to a shelter in a list, to the police never

    assert await refused(desk, terms) == {("body.asked_one_by_one", "needs_its_own_yes")}


EVIDENCE: dict[str, Any] = {
    "explained_by": "ana",
    "signer_conflict_check": "clear",
    "second_signer": "aunt-r",
    "witness_ref": "priya",
    "second_channel": "voice",
    "interpreter_ref": "interpreter-4",
    "document_ref": "paper-17",
    "asked_considerations": ["how_it_helps", "abuser_reach"],
    "receipt_channel_ref": "5f0c3b8e-1d3b-4a52-9f0a-2b4a6f4f9a11",
}


async def test_what_evidences_a_grant_is_read_back(desk: Desk) -> None:
    ref = (await desk.draft(await desk.case(), a_permit()))["directive_ref"]
    signed = await desk.sign(ref, **EVIDENCE, receipt_asked=True)
    assert signed.status_code == 200, signed.text

    receipt = (await desk.ana.get(f"/v1/directives/{ref}/receipt")).json()

    assert receipt["evidence"] == EVIDENCE


async def test_a_form_grants_on_no_other_basis(desk: Desk) -> None:
    assert await refused(desk, a_permit(basis="court_order")) == {("body.basis", "literal_error")}


async def test_fields_narrow_what_a_category_opens(desk: Desk) -> None:
    case_ref = await desk.case()
    fields: Any = {"only_fields": ["identity.known_as"], "excepted_fields": ["children.children"]}
    await desk.permit(case_ref, "identity", "children", **fields)

    async with desk.town.session("accord_exchange") as session:
        subject = await register.lock_shared(session, case_ref)
    assert subject is not None
    sides = subject.cases["harbor-house"].agency, subject.cases["bay-hotline"].agency
    opened = paths_of(decide(Request(*sides, Purpose.SHELTER, ALL), subject.table, subject.at).mask)

    assert {path for path in opened if path.startswith("identity.")} == {"identity.known_as"}
    assert "children.children_count" in opened
    assert "children.children" not in opened


async def test_how_a_choice_was_explained_is_kept(desk: Desk) -> None:
    case_ref = await desk.case()

    ((evidence,),) = desk.rows("SELECT evidence FROM consent.choice WHERE case_ref = %(ref)s", ref=case_ref)

    assert evidence.items() >= EXPLAINED.items()


async def test_who_stopped_it_and_how_is_kept(desk: Desk) -> None:
    ref = await desk.permit(await desk.case())

    await desk.stop(ref, by="court", channel="post")

    query = "SELECT revocation FROM register.directive WHERE directive_ref = %(ref)s"
    ((revocation,),) = desk.rows(query, ref=ref)
    assert (revocation["by"], revocation["channel"], revocation["recorded_by"]) == ("court", "post", "ana")


async def test_intermediaries_are_on_the_sealed_record(desk: Desk) -> None:
    case_ref = await desk.case("lantern-counselling", takes_part=False)
    takes_part = TAKES_PART | {"evidence": EXPLAINED | {"explained_by": "noor"}}
    await desk.noor.put(f"/v1/cases/{case_ref}/participation", json=takes_part)
    terms = {"recipient": "bay-hotline", "purpose": "advocacy"}
    ref = (await desk.draft(case_ref, a_permit("substance_use", **terms), "noor"))["directive_ref"]

    members = {"intermediary_members": ["Fairview Exchange"]}
    await desk.sign(ref, "noor", explained_by="noor", part2=PART2 | members)

    granted = f'%"act":"granted"%{ref}%'
    query = "SELECT detail FROM ledger.pending WHERE convert_from(header, 'utf8') LIKE %(granted)s"
    ((sealed,),) = desk.rows(query, granted=granted)
    async with desk.town.unit("accord_consent", "lantern-counselling", "noor") as unit:
        subject = await register.lock_shared(unit.session, case_ref)
        assert subject is not None
        key = await register.case_key(unit.session, unit.keys, subject, "lantern-counselling")
    assert open_detail(key, sealed)["evidence"]["part2"]["intermediary_members"] == ["Fairview Exchange"]
