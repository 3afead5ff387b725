"""What somebody with the password of a single role can forge: nothing, or nothing that the verifier does not tell."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors

from kernel.ledger.entry import Act, Verdict
from kernel.ledger.verify import Violation
from runtime import register
from runtime.database.roles import OWNER, ROLES
from runtime.ledger.sequencer import PADDED_TO
from schemas.categories import DataCategory
from schemas.codes import Purpose
from schemas.taxonomy import TAXONOMY_VERSION
from tests.services.audit.accounting import offer, open_all
from tests.support.ledger import CATEGORIES, NOON, TYPE, Log, a_leaf
from tests.support.town import DIRECTIVE, Town, a_town

A_FORGED_LEAF = a_leaf(
    7,
    at=NOON,
    act=Act.OPENED,
    verdict=Verdict.PERMIT,
    subject=str(uuid4()),
    custodian="custodian",
    type=TYPE,
    categories=CATEGORIES,
    directives=("directive",),
    basis="release",
)
TABLES = ("pending", "leaf", "node", "checkpoint", "published")
FORGERIES: dict[str, tuple[Any, ...]] = {
    **{f"DELETE FROM ledger.{table}": () for table in TABLES},  # noqa: S608 - names of our own
    **{f"TRUNCATE ledger.{table} CASCADE": () for table in TABLES},
    "UPDATE ledger.pending SET header = '\\x00'": (),
    "UPDATE ledger.leaf SET salt = '\\x00'": (),
    "UPDATE ledger.leaf SET salt = NULL, detail = NULL WHERE index = 2": (),
    "UPDATE ledger.head SET size = 3": (),
    "INSERT INTO ledger.leaf SELECT 5, 99, header, hash, salt, detail, subject, now() FROM ledger.leaf LIMIT 1": (),
    "INSERT INTO ledger.node VALUES (1, 9, '\\x00')": (),
    "INSERT INTO ledger.checkpoint VALUES (99, '\\x00', 'nobody said so', now())": (),
    "SELECT ledger.integrate(ARRAY(SELECT id FROM ledger.pending))": (),
    "INSERT INTO ledger.pending (header, salt, subject) VALUES (%s, %s, %s)": (
        A_FORGED_LEAF.header, A_FORGED_LEAF.salt, A_FORGED_LEAF.subject,
    ),
    "INSERT INTO ledger.pending (header, salt) VALUES ('{}', '\\x00')": (),
}  # fmt: skip
# What a role is there for: whoever takes it over forges by it, and is found.
WRITES = {role for role in ROLES if role not in (OWNER, "accord_issuer")}
GRANTED = {
    "INSERT INTO ledger.pending (header": WRITES,
    "UPDATE ledger.head": {"accord_audit"},
    "INSERT INTO ledger.node": {"accord_audit"},
    "INSERT INTO ledger.checkpoint": {"accord_audit"},
    "SELECT ledger.integrate": {"accord_audit"},
}


def forged(log: Log, role: str, deed: str) -> bool:
    """Do it with the rights of the role; tell whether it was done."""
    try:
        with psycopg.connect(log.database.url(role).replace("+psycopg", "")) as connection:
            connection.execute(deed, FORGERIES[deed])
    except (errors.InsufficientPrivilege, errors.RaiseException):
        return False
    return True


async def filled(log: Log) -> None:
    """Five entries in the tree, and two that wait."""
    log.empty()
    await log.write(*(a_leaf(number) for number in range(5)))
    await log.sequence()
    await log.write(a_leaf(6), a_leaf(7))


@pytest.mark.parametrize("role", [role for role in ROLES if role != OWNER])
async def test_h9_h10_no_single_role_forges_unseen(log: Log, role: str) -> None:
    done = []
    await filled(log)
    for deed in FORGERIES:
        if forged(log, role, deed):
            done.append(deed)
            if deed.startswith("INSERT INTO ledger.pending"):
                await log.sequence()
            assert log.findings(), deed
            await filled(log)

    may = {deed for deed in FORGERIES for begins, roles in GRANTED.items() if role in roles and deed.startswith(begins)}
    assert set(done) == may
    await log.sequence()
    assert log.findings() == []


@pytest.fixture
async def town(log: Log, tmp_path: Path) -> Any:
    async with a_town(log.database, tmp_path) as built:
        yield built
    log.tamper("TRUNCATE register.agency, register.person, register.subject CASCADE")


async def test_h10_a_forged_release_is_found_by_what_was_opened_on_it(log: Log, town: Town) -> None:
    case_ref = await town.open_case("bay-hotline", "county-sheriff")
    async with town.session("accord_consent") as session:
        subject = await register.lock_exclusive(session, case_ref)
        assert subject is not None
        forged = {
            "subject_id": subject.subject_id,
            "custodian": "bay-hotline",
            "recipient": "county-sheriff",
            "effect": "permit",
            "purpose": Purpose.ORDER_ENFORCEMENT,
            "categories": [DataCategory.IDENTITY],
            "only_fields": [],
            "excluded_person_ref": None,
            "valid_from": subject.at,
            "valid_until": subject.at.replace(year=subject.at.year + 1),
            "starts_when": None,
            "ends_when": None,
            "version": TAXONOMY_VERSION,
        }
        await session.execute(DIRECTIVE, forged)
        await register.raise_version(session, subject.subject_id)
        await session.commit()
    await offer(town, case_ref)
    assert await open_all(town, case_ref, "county-sheriff", "lee", Purpose.ORDER_ENFORCEMENT)
    log.tamper("UPDATE register.directive SET state = 'revoked'")

    await log.sequence()

    assert [finding.fault for finding in log.findings()] == [Violation.NEVER_GRANTED] * 2


async def test_h10_grants_and_revocations_in_order_raise_no_alarm(log: Log, town: Town) -> None:
    case_ref = await town.open_case("bay-hotline")
    first = await town.direct(case_ref, "harbor-house", Purpose.SHELTER, [DataCategory.IDENTITY])
    await offer(town, case_ref)
    assert await open_all(town, case_ref, "harbor-house", "sam", Purpose.SHELTER)
    await town.revoke(case_ref, first)
    await open_all(town, case_ref, "harbor-house", "sam", Purpose.SHELTER)
    await town.direct(case_ref, "harbor-house", Purpose.SHELTER, [DataCategory.IDENTITY])
    await offer(town, case_ref)
    assert await open_all(town, case_ref, "harbor-house", "sam", Purpose.SHELTER)

    await log.publish()

    assert log.findings() == []
    assert len(log.headers()) % PADDED_TO == 0
