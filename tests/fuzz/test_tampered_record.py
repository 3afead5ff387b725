"""Whatever is done to the record is found, by our verifier and by one that shares no code with it; nothing else is."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from kernel.ledger import note
from tests.fuzz.damage import chance
from tests.fuzz.forgeries import KEYS, PUBLIC, SEALED, Bench, saying
from tests.support.database import Database
from tests.support.ledger import Log, own_database
from tests.support.proofs import wrong
from tests.support.rounds import proof, rounds

EDITS = rounds(200, 1_000)
HONEST = 100
LENGTH = 60


@pytest.fixture(scope="module")
def log(database: Database) -> Log:
    return Log(own_database(database))


@pytest.fixture(scope="module")
async def bench(log: Log) -> AsyncIterator[Bench]:
    bench = Bench(log)
    await bench.filled(LENGTH, chance("ledger", 0))
    bench.keep()
    yield bench
    bench.hand.close()


@pytest.fixture
def whole(bench: Bench) -> Iterator[Bench]:
    """The ledger as it was written, whatever the test before did to it."""
    yield bench
    bench.put_back()


def both_alarms(bench: Bench, *checkpoints: str) -> tuple[bool, bool]:
    """Tell whether our verifier finds anything wrong, and whether the one of the tests does."""
    return bool(bench.log.findings(*checkpoints)), bool(wrong(bench.rows(), bench.log.vkey, checkpoints, KEYS))


def test_every_edit_of_a_row_is_found(whole: Bench) -> None:
    checkpoints, honest = whole.log.notes()[::2], whole.rows()
    done: Counter[str] = Counter()
    unseen: list[str] = []
    for number in range(EDITS):
        by = chance("edits", number)
        edit = by.choice(PUBLIC * 2 + SEALED)
        edit(whole, by)
        first_alarm, second_alarm = both_alarms(whole, *checkpoints)
        if whole.rows() == honest or not second_alarm or not first_alarm:
            unseen.append(f"edit {number}, {edit.__name__}: ours {first_alarm}, the second {second_alarm}")
        done[edit.__name__] += 1
        whole.put_back()

    figures = {f"edits_of_{name}": count for name, count in sorted(done.items())}
    proof("fuzz", "tampering edits", edits=EDITS, unseen=len(unseen), **figures)
    assert not unseen, "\n".join(unseen[:20])
    assert len(done) == len(PUBLIC) + len(SEALED)


def truncated(bodies: list[bytes]) -> list[bytes]:
    return bodies[:40]


def rewritten(bodies: list[bytes]) -> list[bytes]:
    return [*bodies[:30], saying(bodies[30], actor="another"), *bodies[31:]]


def forked(bodies: list[bytes]) -> list[bytes]:
    return [*bodies[:50], *(saying(body, actor="another") for body in bodies[50:])]


def reordered(bodies: list[bytes]) -> list[bytes]:
    return [*bodies[:20], bodies[21], bodies[20], *bodies[22:]]


def backdated(bodies: list[bytes]) -> list[bytes]:
    return [*bodies, saying(bodies[-1], at="2026-03-02T09:00:00.000000Z")]


# Whether a checkpoint that somebody else kept is what gives it away: the operator's own log is signed and consistent.
FORGERIES: dict[Callable[[list[bytes]], list[bytes]], bool] = {
    truncated: True,
    rewritten: True,
    forked: True,
    reordered: True,
    backdated: False,
}


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.__name__)
def test_a_forged_history_is_found_by_witnessed_checkpoints(
    whole: Bench, forgery: Callable[[list[bytes]], list[bytes]]
) -> None:
    bodies, checkpoints = whole.log.headers(), whole.log.notes()
    sizes = [note.verify_checkpoint(text, whole.log.vkey).size for text in checkpoints]
    history = forgery(bodies)
    whole.forge(history, sorted({size for size in sizes if size <= len(history)} | {len(history)}))

    alone = bool(whole.log.findings()), bool(wrong(whole.rows(), whole.log.vkey))
    witnessed = bool(whole.log.findings(checkpoints[-1])), bool(wrong(whole.rows(), whole.log.vkey, checkpoints[-1:]))

    proof("fuzz", f"tampering {forgery.__name__}", found=int(all(witnessed)), found_without_a_witness=int(all(alone)))
    assert witnessed == (True, True)
    assert alone == (not FORGERIES[forgery],) * 2


async def test_an_honest_log_raises_no_alarm(whole: Bench) -> None:
    alarms = []
    for number in range(HONEST):
        by = chance("honest", number)
        await whole.filled(by.randint(1, 12), by)
        checkpoints = whole.log.notes()[:: by.randint(1, 3)]
        if any(both_alarms(whole, *checkpoints)):
            alarms.append((number, [str(finding) for finding in whole.log.findings(*checkpoints)]))

    proof("fuzz", "tampering honest logs", logs=HONEST, alarms=len(alarms))
    assert not alarms
