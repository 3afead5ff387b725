"""The sequencer against the real database: nothing lost, nothing twice, nothing signed that contradicts."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from kernel.ledger import note
from kernel.ledger.entry import Act, read
from kernel.ledger.merkle import consistency_proof, inclusion_proof, nodes_for_consistency, nodes_for_inclusion
from runtime.database.engine import engine, sessions
from runtime.ledger.pending_entries import append
from runtime.ledger.sequencer import HeadMismatch, Sequencer, integrate
from runtime.ledger.tree_store import nodes
from runtime.settings import LedgerSettings
from tests.support import proofs
from tests.support.ledger import NOON, Log, a_leaf, an_offer_and_its_opening
from tests.support.waits import until
from tests.support.web import settings_for

LOCK_HEAD = text("SELECT size FROM ledger.head FOR UPDATE")


@asynccontextmanager
async def pooled(log: Log, role: str, size: int = 12) -> AsyncIterator[AsyncEngine]:
    bound = engine(log.database.url(role), pool_size=size)
    yield bound
    await bound.dispose()


async def sequencing(log: Log, done: asyncio.Event, most: int) -> int:
    """Integrate without rest until `done`, then until nothing waits."""
    total, last = 0, False
    async with pooled(log, "accord_audit", 1) as bound:
        while True:
            last = last or done.is_set()
            async with sessions(bound)() as session:
                count = await integrate(session, log.skey, most)
            total += count
            if last and not count:
                return total
            await asyncio.sleep(0)


async def while_two_sequence(log: Log, most: int, writing: Awaitable[object]) -> tuple[int, int]:
    done = asyncio.Event()
    tasks = [asyncio.create_task(sequencing(log, done, most)) for _ in range(2)]
    await writing
    done.set()
    first, second = await asyncio.gather(*tasks)
    return first, second + await log.sequence()


async def written(session: AsyncSession, *leaves: object, pause: float = 0.0) -> None:
    async with session:
        await append(session, leaves)  # type: ignore[arg-type]
        await asyncio.sleep(pause)
        await session.commit()


async def test_pending_leaves_move_into_the_tree_in_order(log: Log) -> None:
    leaves = [a_leaf(number) for number in range(7)]
    await log.write(*leaves)

    count = await log.sequence(most=3)

    assert count == 7
    assert log.headers() == [leaf.header for leaf in leaves]
    assert log.waiting() == 0


async def test_each_batch_is_one_signed_head_under_the_keys_name(log: Log) -> None:
    await log.write(*(a_leaf(number) for number in range(7)))

    await log.sequence(most=3)

    heads = [note.verify_checkpoint(text, log.vkey) for text in log.notes()]
    assert [head.size for head in heads] == [3, 6, 7]
    assert {head.origin for head in heads} == {"town.example/ledger"}
    assert [head.root for head in heads] == [proofs.root(log.headers()[: head.size]) for head in heads]


async def test_a_tree_with_nothing_to_add_is_not_signed_again(log: Log) -> None:
    await log.write(a_leaf())

    assert await log.sequence() == 1
    assert await log.sequence() == 0
    assert len(log.notes()) == 1


async def test_a_leaf_keeps_its_salt_its_detail_and_its_subject(log: Log) -> None:
    leaf = a_leaf(5)
    await log.write(leaf)

    await log.sequence()

    ((salt, detail, subject),) = log.rows("SELECT salt, detail, subject FROM ledger.leaf")
    assert (bytes(salt), detail, subject) == (leaf.salt, leaf.detail, leaf.subject)


@pytest.mark.parametrize("sizes", [(1,), (1, 1), (4, 4), (5, 3, 9), (1, 2, 30)])
async def test_every_leaf_and_pair_of_heads_proves_to_another_verifier(log: Log, sizes: tuple[int, ...]) -> None:
    for size in sizes:
        await log.write(*(a_leaf(number) for number in range(size)))
        await log.sequence()
    bodies, heads = log.headers(), [note.verify_checkpoint(text, log.vkey) for text in log.notes()]

    async with log.session() as session:
        for head in heads:
            for index in range(head.size):
                lookup = await nodes(session, nodes_for_inclusion(index, head.size))
                path = inclusion_proof(index, head.size, lookup)
                assert proofs.root_by_inclusion(bodies[index], index, head.size, path) == head.root
        for old in heads:
            for new in heads[heads.index(old) :]:
                lookup = await nodes(session, nodes_for_consistency(old.size, new.size))
                path = consistency_proof(old.size, new.size, lookup)
                led_to = proofs.roots_by_consistency(old.size, new.size, path, old.root)
                assert led_to == (old.root, new.root)


async def test_two_sequencers_neither_lose_nor_double_a_leaf(log: Log) -> None:
    chance = random.Random(20260302)  # noqa: S311 - pauses, not secrets

    async def write(bound: AsyncEngine, first: int) -> None:
        for number in range(first, first + 25):
            await written(sessions(bound)(), a_leaf(number), pause=chance.random() * 0.004)

    async with pooled(log, "accord_exchange") as bound:
        writing = asyncio.gather(*(write(bound, 100 * writer) for writer in range(12)))
        by_each = await while_two_sequence(log, 7, writing)

    numbers = Counter(read(body).sv for body in log.headers())
    assert numbers == Counter(100 * writer + number for writer in range(12) for number in range(25))
    assert sum(by_each) == 300
    assert log.rows("SELECT min(index), max(index) FROM ledger.leaf") == [(0, 299)]
    assert log.findings() == []


async def test_an_opening_follows_its_offer_however_commits_overlap(log: Log) -> None:
    chance = random.Random(20260303)  # noqa: S311 - as above

    async def hold_up(bound: AsyncEngine, done: asyncio.Event) -> None:
        while not done.is_set():
            await written(sessions(bound)(), a_leaf(), pause=chance.random() * 0.03)

    async def offer_and_open(bound: AsyncEngine) -> None:
        for _ in range(20):
            offer, opening = an_offer_and_its_opening(NOON)
            await written(sessions(bound)(), a_leaf(), offer, pause=chance.random() * 0.005)
            await written(sessions(bound)(), opening)

    async def write(bound: AsyncEngine) -> None:
        done = asyncio.Event()
        late = [asyncio.create_task(hold_up(bound, done)) for _ in range(4)]
        await asyncio.gather(*(offer_and_open(bound) for _ in range(8)))
        done.set()
        await asyncio.gather(*late)

    async with pooled(log, "accord_exchange") as bound:
        await while_two_sequence(log, 3, write(bound))

    acts = Counter(read(body).act for body in log.headers())
    assert acts[Act.OFFERED] == acts[Act.OPENED] == 160
    assert log.findings() == []


async def test_a_leaf_that_commits_late_is_not_passed_over(log: Log) -> None:
    async with log.session("accord_intake") as late:
        await append(late, [a_leaf(1)])
        await log.write(a_leaf(2))
        await log.sequence()
        await late.commit()

    await log.sequence()

    assert [read(body).sv for body in log.headers()] == [2, 1]
    assert log.findings() == []


async def test_a_sequencer_leaves_a_batch_alone_that_another_is_at(log: Log) -> None:
    await log.write(a_leaf())

    async with log.session() as other, asyncio.timeout(2):
        await other.connection()
        await other.scalar(LOCK_HEAD)
        async with log.session() as session:
            assert await integrate(session, log.skey) == 0

    assert await log.sequence() == 1


async def test_a_batch_whose_transaction_is_lost_is_done_again_whole(log: Log) -> None:
    await log.write(*(a_leaf(number) for number in range(5)))

    async with log.session() as session:
        with suppress(ConnectionAbortedError):
            session.commit = lost  # type: ignore[method-assign]
            await integrate(session, log.skey)

    assert (log.waiting(), log.headers(), log.notes()) == (5, [], [])
    assert await log.sequence() == 5
    assert log.findings() == []


async def lost() -> None:
    raise ConnectionAbortedError


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE ledger.node SET hash = sha256(hash) WHERE level = 2",
        "DELETE FROM ledger.node WHERE level = 2",
        "UPDATE ledger.leaf SET hash = sha256(hash) WHERE index = 4",
        "UPDATE ledger.head SET size = 4",
        "DELETE FROM ledger.checkpoint",
        "UPDATE ledger.checkpoint SET note = replace(note, '5', '6')",
    ],
)
async def test_no_head_is_signed_over_a_tree_other_than_the_last(log: Log, deed: str) -> None:
    await log.write(*(a_leaf(number) for number in range(5)))
    await log.sequence()
    await log.write(a_leaf(6))
    log.tamper(deed)

    with pytest.raises(HeadMismatch):
        await log.sequence()

    assert log.waiting() == 1


async def test_another_key_does_not_go_on_with_the_log_of_the_first(log: Log) -> None:
    await log.write(a_leaf(1))
    await log.sequence()
    await log.write(a_leaf(2))

    with pytest.raises(HeadMismatch):
        await Log(log.database).sequence()


async def test_pending_ids_are_given_singly_so_order_is_causal(log: Log) -> None:
    rows = log.rows("SELECT seqcache, seqincrement, seqcycle FROM pg_sequence "
                     "WHERE seqrelid = pg_get_serial_sequence('ledger.pending', 'id')::regclass")  # fmt: skip

    assert rows == [(1, 1, False)]


async def test_a_running_sequencer_integrates_what_comes_and_is_well(log: Log, tmp_path: Path) -> None:
    sequencer = Sequencer(settings_for("audit", LedgerSettings, **where(log, tmp_path)))
    assert not await sequencer.healthy()

    async with sequencer.running():
        await log.write(a_leaf())
        await until(lambda: log.waiting() == 0 and len(log.published()) == 1)
        async with asyncio.timeout(10):
            while not await sequencer.healthy():
                await asyncio.sleep(0.01)


async def test_a_sequencer_on_another_history_is_unhealthy_and_idle(log: Log, tmp_path: Path) -> None:
    await Log(log.database).write(a_leaf(1))
    await Log(log.database).sequence()
    sequencer = Sequencer(settings_for("audit", LedgerSettings, **where(log, tmp_path)), poll_interval=0.01)

    async with sequencer.running():
        await log.write(a_leaf(2))
        async with asyncio.timeout(5):
            while await sequencer.healthy():
                await asyncio.sleep(0.01)

    assert log.waiting() == 1


async def test_a_sequencer_with_no_key_in_its_file_does_not_start(log: Log, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("not a key\n")
    settings = {**where(log, tmp_path), "ledger_key_file": tmp_path / "key"}

    with pytest.raises(note.Malformed):
        async with Sequencer(settings_for("audit", LedgerSettings, **settings)).running():
            pass


def where(log: Log, folder: Path) -> dict[str, object]:
    return {"database": log.database.url("accord_audit"), "ledger_key_file": log.key_file(folder)}
