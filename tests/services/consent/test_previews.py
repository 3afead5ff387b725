"""All agencies considered, side by side in one answer: what the preview shows is what the signature opens."""

import random
from typing import Any
from uuid import UUID, uuid4

import pytest

from kernel.consent import Request, ceiling, decide
from runtime import register
from schemas.codes import Purpose
from schemas.taxonomy import ALL, categories_of, paths_of
from tests.services.consent.conftest import Desk, a_denial, a_permit, now
from tests.support.town import KINDS

HOME = "bay-hotline"
WAYS = (
    ("harbor-house", Purpose.SHELTER),
    ("harbor-house", Purpose.ADVOCACY),
    ("county-sheriff", Purpose.ORDER_ENFORCEMENT),
    ("lantern-counselling", Purpose.COUNSELLING),
    ("riverside-legal", Purpose.LEGAL_REPRESENTATION),
)
LEAVES = "SELECT count(*) FROM ledger.pending WHERE convert_from(header, 'utf8') LIKE '%%\"consulted\"%%'"
DIRECTIVES = "SELECT count(*) FROM register.directive"


def considered(
    recipient: str = "harbor-house", purpose: str = "shelter", *categories: str, **more: Any
) -> dict[str, Any]:
    """Return a grant as the form takes it, for thirty days."""
    terms: dict[str, Any] = {"recipient": recipient, "purpose": purpose, "categories": list(categories or ("needs",))}
    return terms | {"valid_until": now(days=30)} | more


async def compare(desk: Desk, case_ref: UUID, *grants: dict[str, Any], by: str = "ana") -> list[dict[str, Any]]:
    answer = await desk.people[by].post(f"/v1/cases/{case_ref}/previews", json={"considered": grants})
    assert answer.status_code == 200, answer.text
    columns: list[dict[str, Any]] = answer.json()["considered"]
    return columns


def fields(column: dict[str, Any], key: str) -> set[str]:
    return {f"{row['category']}.{field}" for row in column["categories"] for field in row[key]}


async def opened(desk: Desk, case_ref: UUID, recipient: str, purpose: Purpose) -> set[str]:
    """Return the fields that the decision opens at this moment to the recipient's own system."""
    async with desk.town.session("accord_exchange") as session:
        subject = await register.lock_shared(session, case_ref)
        assert subject is not None
        agency = await register.agency(session, recipient)
    assert agency is not None
    request = Request(agency, subject.cases[HOME].agency, purpose, ALL)
    return set(paths_of(decide(request, subject.table, subject.at).mask))


def a_grant(dice: random.Random, recipient: str, purpose: Purpose) -> dict[str, Any]:
    reach = sorted(categories_of(ceiling(KINDS[recipient][0], purpose)))
    chosen = dice.sample(reach, k=min(len(reach), dice.randint(1, 5)))
    return considered(recipient, purpose, *chosen, valid_until=now(days=dice.randint(2, 80)))


@pytest.mark.parametrize("seed", range(6))
async def test_a_preview_is_what_is_enforced_once_it_is_signed(desk: Desk, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - terms, not secrets
    case_ref = await desk.case()
    for recipient, purpose in dice.sample(WAYS, k=2):  # what she has denied already
        await desk.draft(case_ref, a_denial(*a_grant(dice, recipient, purpose)["categories"], recipient=recipient))
    grants = [a_grant(dice, recipient, purpose) for recipient, purpose in WAYS]

    columns = await compare(desk, case_ref, *grants)

    for (recipient, purpose), grant, column in zip(WAYS, grants, columns, strict=True):
        if column["refusals"]:
            terms = {"effect": "permit", "asked_one_by_one": grant["categories"]} | grant
            answer = await desk.ana.post(f"/v1/cases/{case_ref}/directives", json=terms)
            assert answer.json()["errors"] == [
                {"field": f"body.{line['field']}", "code": line["code"]} for line in column["refusals"]
            ]
            continue
        assert fields(column, "now") == await opened(desk, case_ref, recipient, purpose) == set()
        await desk.permit(case_ref, *grant["categories"], **grant, asked_one_by_one=grant["categories"])
        assert fields(column, "then") == await opened(desk, case_ref, recipient, purpose)
        assert fields(column, "gained") == fields(column, "then")


async def test_what_is_gained_and_lost_stands_beside_what_is_open(desk: Desk) -> None:
    case_ref = await desk.case()
    old = await desk.permit(case_ref, "needs", "children")

    (column,) = await compare(
        desk, case_ref, considered("harbor-house", "shelter", "needs", "identity", supersedes_ref=old)
    )

    gained, lost = fields(column, "gained"), fields(column, "lost")
    assert {path.partition(".")[0] for path in gained} == {"identity"}
    assert {path.partition(".")[0] for path in lost} == {"children"}
    assert fields(column, "now") - lost | gained == fields(column, "then")


async def test_each_term_of_a_grant_is_compared(desk: Desk) -> None:
    case_ref = await desk.case()
    old = await desk.permit(case_ref, "needs", purpose="advocacy")
    to_legal = ("riverside-legal", "legal_representation", "alleged_offender")

    less, only, later, checked, added = await compare(
        desk,
        case_ref,
        considered("harbor-house", "shelter", "children", excepted_fields=["children.children_count"]),
        considered("harbor-house", "shelter", "children", only_fields=["children.children_count"]),
        considered("harbor-house", "shelter", valid_from=now(days=3)),
        considered(*to_legal, starts_when="conflict_clear"),
        considered("harbor-house", "advocacy", "identity", adds_to_ref=old),
    )

    assert fields(only, "then") == {"children.children_count"}
    assert "children.children_count" not in fields(less, "then") != set()
    assert later["at"] > now(days=2)
    assert fields(checked, "then")
    assert {path.partition(".")[0] for path in fields(added, "then")} == {"identity", "needs"}


async def test_one_that_cannot_be_drafted_says_why_beside_the_others(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref, "needs")

    overlap, beyond, endless, unknown, good = await compare(
        desk,
        case_ref,
        considered(),
        considered("county-sheriff", "order_enforcement", "financial"),
        considered("harbor-house", "advocacy", valid_until=None),
        considered("nobody-here"),
        considered("lantern-counselling", "counselling"),
    )

    assert overlap["refusals"] == [{"field": None, "code": "overlaps_another"}]
    assert beyond["refusals"] == [{"field": "categories", "code": "outside_ceiling"}]
    assert endless["refusals"] == [{"field": "valid_until", "code": "missing"}]
    assert unknown["refusals"] == [{"field": "recipient", "code": "unknown_agency"}]
    assert good["refusals"] == []
    assert fields(good, "gained")


async def test_a_survivor_who_takes_no_part_is_said_so_at_home(desk: Desk) -> None:
    case_ref = await desk.case(takes_part=False)

    (column,) = await compare(desk, case_ref, considered())

    assert column["refusals"] == [{"field": None, "code": "not_participating"}]


async def test_it_changes_nothing_and_is_on_record(desk: Desk) -> None:
    case_ref = await desk.case()
    looks, directives = desk.rows(LEAVES)[0][0], desk.rows(DIRECTIVES)[0][0]

    await compare(desk, case_ref, considered(), considered("county-sheriff", "order_enforcement"))

    assert desk.rows(LEAVES)[0][0] == looks + 2  # one a purpose
    assert desk.rows(DIRECTIVES)[0][0] == directives


async def test_the_end_is_the_one_that_the_signature_gives(desk: Desk) -> None:
    """A signature cuts ninety days and some hours to ninety days."""
    case_ref = await desk.case()

    (column,) = await compare(desk, case_ref, considered(valid_until=now(days=90, hours=20)))
    ref = await desk.permit(case_ref, valid_until=now(days=90, hours=20))

    signed = (await desk.ana.get(f"/v1/directives/{ref}")).json()
    assert column["until"][:16] <= signed["valid_until"][:16]
    assert column["until"] < now(days=90, minutes=1)


async def test_what_is_asked_by_itself_is_said_and_not_refused(desk: Desk) -> None:
    case_ref = await desk.case()

    (column,) = await compare(desk, case_ref, considered("harbor-house", "shelter", "needs", "location"))

    own_line = {row["category"] for row in column["categories"] if row["own_line"]}
    assert column["refusals"] == []
    assert "location" in own_line
    assert "needs" not in own_line


async def test_anothers_case_and_no_case_are_one_answer(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref)
    theirs = await desk.town.case_ref_of(case_ref, "harbor-house")

    answers = [
        await desk.ana.post(f"/v1/cases/{ref}/previews", json={"considered": [considered()]})
        for ref in (theirs, uuid4())
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


async def test_a_directive_of_another_custodian_is_unknown(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref, purpose="advocacy")
    theirs = await desk.town.case_ref_of(case_ref, "harbor-house")
    terms = a_permit(recipient="county-sheriff", purpose="order_enforcement")
    drafted = await desk.draft(theirs, terms, by="sam")

    for ref in (drafted["directive_ref"], str(uuid4())):
        (column,) = await compare(desk, case_ref, considered("county-sheriff", "order_enforcement", supersedes_ref=ref))
        assert column["refusals"] == [{"field": "supersedes_ref", "code": "unknown_directive"}]


@pytest.mark.parametrize("body", [{}, {"considered": []}, {"considered": [considered()] * 21}, {"considered": "all"}])
async def test_a_comparison_of_none_or_too_many_is_refused(desk: Desk, body: dict[str, Any]) -> None:
    answer = await desk.ana.post(f"/v1/cases/{await desk.case()}/previews", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_a_comparison_needs_its_scope(desk: Desk) -> None:
    answer = await desk.cora.post(f"/v1/cases/{uuid4()}/previews", json={"considered": [considered()]})

    assert answer.status_code == 403
