"""Lists, previews and receipts: what the custodian may read, and that every look is on record."""

from uuid import uuid4

from schemas.codes import Purpose
from tests.services.consent.conftest import Desk, a_denial, a_permit


async def preview(desk: Desk, case_ref: object, recipient: str, purpose: str, *drafts: str) -> dict[str, bool]:
    named = "".join(f"&draft={ref}" for ref in drafts)
    path = f"/v1/cases/{case_ref}/preview?recipient={recipient}&purpose={purpose}{named}"
    answer = await desk.ana.get(path)
    assert answer.status_code == 200, answer.text
    return {category["category"]: category["open"] for category in answer.json()["categories"]}


async def test_a_preview_is_what_the_decision_opens_once_it_is_signed(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.draft(case_ref, a_denial("children"))
    ref = (await desk.draft(case_ref, a_permit("needs", "children", "identity")))["directive_ref"]

    before = await preview(desk, case_ref, "harbor-house", "shelter", ref)
    assert not any((await preview(desk, case_ref, "harbor-house", "shelter")).values())
    await desk.sign(ref)

    opened = await desk.opens(case_ref)
    assert {category for category, is_open in before.items() if is_open} == opened == {"needs", "identity"}


async def test_a_preview_names_the_release_and_its_end(desk: Desk) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref, "needs")

    answer = await desk.ana.get(f"/v1/cases/{case_ref}/preview?recipient=harbor-house&purpose=shelter")

    verdicts = {category["category"]: category for category in answer.json()["categories"]}
    assert (verdicts["needs"]["directives"], verdicts["needs"]["basis"]) == ([ref], "release")
    assert verdicts["needs"]["until"] == answer.json()["until"]
    assert (verdicts["children"]["directives"], verdicts["children"]["until"]) == ([], None)


async def test_a_preview_takes_what_would_be_replaced_out(desk: Desk) -> None:
    case_ref = await desk.case()
    old = await desk.permit(case_ref, "needs", "children")
    new = await desk.draft(case_ref, a_permit("identity", supersedes_ref=old))

    categories = await preview(desk, case_ref, "harbor-house", "shelter", new["directive_ref"])

    assert {category for category, is_open in categories.items() if is_open} == {"identity"}


async def test_a_preview_of_what_starts_later_shows_it_started(desk: Desk) -> None:
    case_ref = await desk.case()
    terms = {"recipient": "riverside-legal", "purpose": "legal_representation", "starts_when": "conflict_clear"}
    ref = (await desk.draft(case_ref, a_permit("identity", **terms)))["directive_ref"]

    categories = await preview(desk, case_ref, "riverside-legal", "legal_representation", ref)

    assert categories["identity"]


async def test_a_preview_says_which_categories_are_asked_one_by_one(desk: Desk) -> None:
    case_ref = await desk.case()

    answer = await desk.ana.get(f"/v1/cases/{case_ref}/preview?recipient=harbor-house&purpose=shelter")

    own_line = {category["category"] for category in answer.json()["categories"] if category["own_line"]}
    assert {"location", "immigration", "substance_use"} <= own_line
    assert "needs" not in own_line


async def test_a_preview_for_nobody_or_of_no_draft_is_refused(desk: Desk) -> None:
    case_ref = await desk.case()
    path = f"/v1/cases/{case_ref}/preview?purpose=shelter"

    unknown = await desk.ana.get(f"{path}&recipient=nobody-here")
    no_draft = await desk.ana.get(f"{path}&recipient=harbor-house&draft={uuid4()}")

    assert unknown.json()["errors"] == [{"field": "query.recipient", "code": "unknown_agency"}]
    assert no_draft.json()["errors"] == [{"field": "query.draft", "code": "unknown_draft"}]


async def test_every_reading_is_a_leaf(desk: Desk) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref)
    count = "SELECT count(*) FROM ledger.pending WHERE convert_from(header, 'utf8') LIKE '%%\"consulted\"%%'"
    before = desk.rows(count)[0][0]

    for path in (
        f"/v1/cases/{case_ref}/directives",
        f"/v1/cases/{case_ref}/preview?recipient=harbor-house&purpose=shelter",
        f"/v1/directives/{ref}",
        f"/v1/directives/{ref}/receipt",
    ):
        assert (await desk.ana.get(path)).status_code == 200

    assert desk.rows(count)[0][0] == before + 4


async def test_a_receipt_names_who_and_how_to_withdraw(desk: Desk) -> None:
    ref = await desk.permit(await desk.case())

    receipt = (await desk.ana.get(f"/v1/directives/{ref}/receipt")).json()

    assert receipt["record_id"] == ref
    assert receipt["processing"]["recipient_third_parties"] == ["harbor-house"]
    assert receipt["processing"]["withdrawal_method"]
    assert receipt["event"]["state"] == "given"
    assert receipt["receipt"] == "not_asked"


async def test_a_receipt_that_was_asked_for_is_held(desk: Desk) -> None:
    case_ref = await desk.case()
    ref = (await desk.draft(case_ref, a_permit()))["directive_ref"]
    await desk.sign(ref, receipt_asked=True)

    assert (await desk.ana.get(f"/v1/directives/{ref}/receipt")).json()["receipt"] == "held"


async def test_a_draft_has_no_receipt(desk: Desk) -> None:
    ref = (await desk.draft(await desk.case(), a_permit()))["directive_ref"]

    answer = await desk.ana.get(f"/v1/directives/{ref}/receipt")

    assert (answer.status_code, answer.json()["code"]) == (409, "not_signed")


async def test_an_expired_directive_reads_so_with_no_job_having_run(desk: Desk) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref)
    with desk.town.database.superuser() as connection:
        connection.execute(
            "UPDATE register.directive SET valid_until = clock_timestamp() WHERE directive_ref = %s", [ref]
        )

    read = (await desk.ana.get(f"/v1/directives/{ref}")).json()

    assert (read["state"], read["in_force"]) == ("expired", False)


async def test_one_that_cannot_be_read_is_counted_and_hides_no_other(desk: Desk) -> None:
    case_ref = await desk.case()
    broken, whole = await desk.permit(case_ref), await desk.permit(case_ref, purpose="advocacy")
    with desk.town.database.superuser() as connection:
        connection.execute("UPDATE register.directive SET purpose = 'whatever' WHERE directive_ref = %s", [broken])

    listed = (await desk.ana.get(f"/v1/cases/{case_ref}/directives")).json()

    assert [directive["directive_ref"] for directive in listed["directives"]] == [whole]
    assert listed["unreadable"] == 1
    assert (await desk.ana.get(f"/v1/directives/{broken}")).json()["code"] == "unreadable"


async def test_the_table_kept_by_version_is_never_an_old_one(desk: Desk) -> None:
    """Rows, then version, then any reading: whoever read just before or just after reads what was true then."""
    case_ref = await desk.case()
    for _ in range(3):
        ref = await desk.permit(case_ref)
        assert await desk.opens(case_ref) == {"needs"}
        await desk.stop(ref)
        assert await desk.opens(case_ref) == set()


async def test_a_change_that_failed_leaves_no_table_behind(desk: Desk) -> None:
    case_ref = await desk.case()
    first = await desk.permit(case_ref, "needs")
    draft = (await desk.draft(case_ref, a_permit("needs", "children", supersedes_ref=first)))["directive_ref"]

    refused = await desk.sign(draft, explained_by="nobody-here")

    assert refused.status_code == 422
    assert await desk.opens(case_ref, purpose=Purpose.SHELTER) == {"needs"}
