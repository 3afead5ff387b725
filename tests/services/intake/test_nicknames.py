"""What an agency calls its cases: shown to its own people, found by them, and nothing to anybody else."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from kernel.sealing.envelope import NotOpenable
from runtime.local_names import local_names, normalised
from tests.services.intake.conftest import Desk
from tests.services.intake.test_case_list import pages

CANARY = "Kanarie Löwenzahn 5e1d"
WORDS = ("Kanarie", "Löwenzahn", "kanarie löwenzahn 5e1d")
COLUMNS = """
SELECT table_schema || '.' || quote_ident(table_name), quote_ident(column_name) FROM information_schema.columns
WHERE table_schema IN ('intake', 'carrying', 'ledger', 'register') AND (table_schema, table_name) IN (
    SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE')
"""


async def name(client: httpx.AsyncClient, case_ref: UUID, nickname: Any, version: int | None = 1) -> httpx.Response:
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    return await client.put(f"/v1/cases/{case_ref}/nickname", json={"nickname": nickname}, headers=headers)


async def by_name(client: httpx.AsyncClient, nickname: str) -> list[str]:
    answer = await client.post("/v1/cases/search", json={"nickname": nickname})
    assert answer.status_code == 200
    return [row["case_ref"] for row in answer.json()["cases"]]


async def test_a_case_is_found_by_its_name(desk: Desk) -> None:
    case_ref, other = await desk.case(), await desk.case()
    await name(desk.ana, other, "Another door")

    answer = await name(desk.ana, case_ref, f"Blue door {case_ref}")

    assert (answer.status_code, answer.json()["nickname"]) == (200, f"Blue door {case_ref}")
    assert await by_name(desk.priya, f"blue  DOOR {case_ref}") == [str(case_ref)]
    assert await by_name(desk.priya, f"blue door {str(case_ref)[:13]}") == []


async def test_a_case_is_found_by_its_code(desk: Desk) -> None:
    case_ref, _ = await desk.case(), await desk.case()
    code = f"{case_ref.hex[:4]}-{case_ref.hex[4:8]}".upper()

    answer = await desk.priya.post("/v1/cases/search", json={"case_code": code})
    refused = [
        await desk.priya.post("/v1/cases/search", json=body)
        for body in ({}, {"case_code": "86bc-a544"}, {"case_code": code, "nickname": "Blue door"})
    ]

    assert [row["case_ref"] for row in answer.json()["cases"]] == [str(case_ref)]
    assert [answer.status_code for answer in refused] == [422, 422, 422]


async def test_a_name_is_shown_in_the_list_and_with_the_case(desk: Desk) -> None:
    case_ref, nameless = await desk.case(), await desk.case()
    await name(desk.ana, case_ref, "Blue door")

    rows = {row["case_ref"]: row for row in await pages(desk.priya, "limit=200")}

    assert rows[str(case_ref)]["nickname"] == "Blue door"
    assert "nickname" not in rows[str(nameless)]
    assert (await desk.priya.get(f"/v1/cases/{case_ref}")).json()["nickname"] == "Blue door"


@pytest.mark.parametrize("nothing", ["", "  "])
async def test_an_empty_name_removes_it(desk: Desk, nothing: str) -> None:
    case_ref = await desk.case()
    await name(desk.ana, case_ref, f"Blue door {case_ref}")

    answer = await name(desk.ana, case_ref, nothing, version=2)

    assert (answer.status_code, "nickname" in answer.json()) == (200, False)
    assert await by_name(desk.ana, f"Blue door {case_ref}") == []


async def test_no_other_agency_finds_or_computes_a_name(desk: Desk) -> None:
    """Of one survivor, two agencies that call her case the same have nothing in common to show for it."""
    case_ref = await desk.town.open_case("bay-hotline", "harbor-house")
    theirs = await desk.town.case_ref_of(case_ref, "harbor-house")
    nickname = f"Blue door {case_ref}"
    await name(desk.ana, case_ref, nickname)

    before = await by_name(desk.sam, nickname)
    await name(desk.sam, theirs, nickname)

    rows = desk.rows(
        "SELECT nickname_index, nickname FROM intake.case_status WHERE case_ref IN (%(own)s, %(theirs)s)",
        own=case_ref,
        theirs=theirs,
    )
    assert before == []
    assert await by_name(desk.sam, nickname) == [str(theirs)]
    assert await by_name(desk.ana, nickname) == [str(case_ref)]
    assert len({bytes(row[0]) for row in rows}) == len({bytes(row[1]) for row in rows}) == 2


async def test_the_key_of_names_opens_for_its_agency_alone(desk: Desk) -> None:
    await name(desk.ana, await desk.case(), "Blue door")
    (row,) = desk.rows("SELECT wrapped_key FROM intake.name_key WHERE agency_id = 'bay-hotline'")

    with pytest.raises(NotOpenable):
        await local_names(desk.town.keys, "harbor-house", bytes(row[0]))


async def test_who_is_shut_out_finds_no_case_by_its_name(desk: Desk) -> None:
    case_ref = await desk.case()
    await name(desk.ana, case_ref, f"Blue door {case_ref}")

    await desk.town.direct(case_ref, None, None, effect="deny", excluded="priya")

    assert await by_name(desk.priya, f"Blue door {case_ref}") == []
    assert await by_name(desk.ana, f"Blue door {case_ref}") == [str(case_ref)]


async def test_no_name_lies_in_the_database_in_the_clear(desk: Desk) -> None:
    case_ref = await desk.case()
    await name(desk.ana, case_ref, CANARY)
    await by_name(desk.ana, CANARY)
    await desk.report(case_ref)

    columns = desk.rows(COLUMNS)

    assert len(columns) > 100
    for table, column in columns:
        text = str(desk.rows(f"SELECT CAST({column} AS text) FROM {table}"))  # noqa: S608 - names of the server's own
        for word in WORDS:
            assert word not in text
            assert word.encode().hex() not in text


async def test_an_error_and_the_record_say_no_name(desk: Desk) -> None:
    case_ref = await desk.case()

    refused = await name(desk.ana, case_ref, CANARY * 5)
    hidden = await name(desk.ana, case_ref, f"{CANARY}\u202e")

    assert (refused.status_code, hidden.status_code) == (422, 400)
    assert CANARY not in refused.text + hidden.text


@pytest.mark.parametrize(("version", "status"), [(None, 428), (3, 412)])
async def test_a_name_names_the_version_it_read(desk: Desk, version: int | None, status: int) -> None:
    assert (await name(desk.ana, await desk.case(), "Blue door", version)).status_code == status


async def test_two_first_names_at_once_are_both_kept(desk: Desk) -> None:
    refs = [await desk.case() for _ in range(4)]
    with desk.town.database.superuser() as connection:
        connection.execute("UPDATE intake.case_status SET nickname = NULL, nickname_index = NULL")
        connection.execute("DELETE FROM intake.name_key")

    answers = await asyncio.gather(*(name(desk.ana, ref, f"Door {ref}") for ref in refs))

    assert [answer.status_code for answer in answers] == [200] * 4
    assert [await by_name(desk.ana, f"Door {ref}") for ref in refs] == [[str(ref)] for ref in refs]


def test_a_name_is_alike_however_it_is_written() -> None:
    assert normalised(" Löwen\u00adzahn ".replace("\u00ad", "")) == normalised("lo\u0308WENZAHN")
    assert normalised("STRASSE") == normalised("straße")
    assert normalised("Ｂｌｕｅ door") == normalised("blue\tDOOR")  # noqa: RUF001 - the wide letters are meant
    assert normalised("blue door") != normalised("bluedoor")
