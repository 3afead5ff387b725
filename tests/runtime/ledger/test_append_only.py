"""What was put on record stays as it is, whoever asks; erasing what names a person breaks no proof."""

import psycopg
import pytest
from psycopg import errors

from kernel.ledger import note
from kernel.ledger.entry import Act, Verdict
from kernel.ledger.merkle import inclusion_proof, leaf_hash, nodes_for_inclusion
from kernel.ledger.verify import Finding, Violation
from runtime.database.roles import OWNER, ROLES
from runtime.ledger.tree_store import nodes
from tests.support import proofs
from tests.support.ledger import Log, a_leaf

NO_WRITERS = (OWNER, "accord_audit", "accord_issuer", "accord_dashboard")
WRITERS = [role for role in ROLES if role not in NO_WRITERS]
CHANGES = (
    "UPDATE ledger.leaf SET hash = hash",
    "UPDATE ledger.node SET hash = hash",
    "UPDATE ledger.checkpoint SET note = note",
    "DELETE FROM ledger.leaf",
    "DELETE FROM ledger.node",
    "DELETE FROM ledger.checkpoint",
    "TRUNCATE ledger.leaf",
    "TRUNCATE ledger.node",
    "TRUNCATE ledger.checkpoint",
)
NOT_SALT_ALONE = [
    "UPDATE ledger.leaf SET salt = NULL, detail = NULL, header = '\\x00' WHERE index = 2",
    "UPDATE ledger.leaf SET salt = NULL, detail = NULL, hash = '\\x00' WHERE index = 2",
    "UPDATE ledger.leaf SET salt = NULL, detail = NULL, index = 99 WHERE index = 2",
    "UPDATE ledger.leaf SET salt = NULL, detail = NULL, number = 99 WHERE index = 2",
    "UPDATE ledger.leaf SET salt = NULL, detail = NULL, integrated_at = now() WHERE index = 2",
    "UPDATE ledger.leaf SET salt = NULL, detail = NULL, subject = gen_random_uuid() WHERE index = 2",
    "UPDATE ledger.leaf SET detail = '\\x00' WHERE index = 2",
    "UPDATE ledger.leaf SET subject = NULL WHERE index = 2",
]


def do(log: Log, role: str, statement: str) -> None:
    with psycopg.connect(log.database.url(role).replace("+psycopg", "")) as connection:
        connection.execute(statement)


@pytest.fixture
async def filled(log: Log) -> Log:
    await log.write(*(a_leaf(number) for number in range(5)))
    await log.sequence()
    return log


@pytest.mark.parametrize("deed", CHANGES)
async def test_the_owner_cannot_change_delete_or_truncate_the_record(filled: Log, deed: str) -> None:
    with pytest.raises(errors.RaiseException, match="the ledger is append-only"):
        do(filled, OWNER, deed)

    assert filled.findings() == []


@pytest.mark.parametrize("role", [role for role in ROLES if role != OWNER])
async def test_no_service_may_try(filled: Log, role: str) -> None:
    for deed in CHANGES:
        with pytest.raises(errors.InsufficientPrivilege):
            do(filled, role, deed)


@pytest.mark.parametrize("role", WRITERS)
async def test_a_writer_of_leaves_cannot_read_or_delete_pending_ones(filled: Log, role: str) -> None:
    await filled.write(a_leaf(9), role=role)

    for deed in ("SELECT * FROM ledger.pending", "DELETE FROM ledger.pending", "SELECT * FROM ledger.leaf"):
        with pytest.raises(errors.InsufficientPrivilege):
            do(filled, role, deed)


LOSSES = (
    "DELETE FROM ledger.pending",
    "DELETE FROM ledger.pending WHERE id = (SELECT max(id) FROM ledger.pending)",
    "UPDATE ledger.pending SET header = '\\x00'",
    "UPDATE ledger.pending SET subject = NULL",
    "TRUNCATE ledger.pending",
)


@pytest.mark.parametrize("deed", LOSSES)
async def test_h9_what_waits_is_lost_by_nobodys_hand(log: Log, deed: str) -> None:
    await log.write(a_leaf(1), a_leaf(2))

    for role in ROLES:
        # The owner may do what he likes to his tables, but for the triggers; the others have no right to.
        refusal = errors.RaiseException if role == OWNER else errors.InsufficientPrivilege
        with pytest.raises(refusal):
            do(log, role, deed)

    assert await log.sequence() == 2
    assert log.findings() == []


@pytest.mark.parametrize("role", [role for role in ROLES if role not in (OWNER, "accord_audit")])
async def test_h9_the_sequencer_alone_moves_what_waits(log: Log, role: str) -> None:
    await log.write(a_leaf(1))

    with pytest.raises(errors.InsufficientPrivilege):
        do(log, role, "SELECT ledger.integrate(ARRAY(SELECT id FROM ledger.pending))")

    assert log.waiting() == 1


async def test_h9_what_is_moved_keeps_its_order_and_its_text(log: Log) -> None:
    leaves = [a_leaf(number) for number in range(4)]
    await log.write(*leaves)

    do(log, "accord_audit", "SELECT ledger.integrate(ARRAY(SELECT id FROM ledger.pending ORDER BY id DESC))")

    assert log.headers() == [leaf.header for leaf in leaves]
    hashes = log.rows("SELECT hash FROM ledger.leaf ORDER BY index")
    assert [bytes(row[0]) for row in hashes] == [leaf_hash(leaf.header) for leaf in leaves]


@pytest.mark.parametrize("change", NOT_SALT_ALONE)
async def test_an_erasure_takes_salt_and_detail_and_nothing_else(filled: Log, change: str) -> None:
    with pytest.raises(errors.RaiseException, match="the ledger is append-only"):
        do(filled, OWNER, change)


async def test_shredding_a_salt_breaks_no_proof(filled: Log) -> None:
    before = note.verify_checkpoint(filled.notes()[-1], filled.vkey)

    do(filled, OWNER, "UPDATE ledger.leaf SET salt = NULL, detail = NULL, subject = NULL WHERE index = 2")

    async with filled.session() as session:
        path = inclusion_proof(2, 5, await nodes(session, nodes_for_inclusion(2, 5)))
    assert proofs.root_by_inclusion(filled.headers()[2], 2, 5, path) == before.root
    assert filled.findings() == [Finding(Violation.ERASED, 2)]
    await filled.write(a_leaf(2, act=Act.SHREDDED, verdict=Verdict.PERMIT))
    assert await filled.sequence() == 1
    assert filled.findings() == []
