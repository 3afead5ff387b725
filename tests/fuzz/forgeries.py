"""A real ledger, a copy of its rows to put back, and what somebody who owns the machine can do to it."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any, Final
from uuid import UUID

import psycopg

from kernel.ledger import note
from kernel.ledger.entry import Act, Verdict
from kernel.ledger.merkle import leaf_hash, push, root_of
from kernel.sealing.detail import Details
from runtime.ledger.pending_entries import Leaf, append, leaf
from runtime.ledger.sequencer import integrate
from tests.fuzz.damage import flipped
from tests.support.ledger import CATEGORIES, NOON, ORIGIN, TYPE, Log
from tests.support.proofs import Filed, Rows
from tests.support.trees import grow

TABLES: Final = ("leaf", "node", "checkpoint", "head")
SUBJECTS: Final = tuple(UUID(int=number + 1) for number in range(5))
KEYS: Final = {str(subject): sha256(subject.bytes).digest() for subject in SUBJECTS}
LEAVES = "SELECT index, header, hash, salt, detail, subject FROM ledger.leaf ORDER BY index"
NODES = "SELECT level, index, hash FROM ledger.node ORDER BY (index + 1) << level, level"
HEADS = "SELECT size, root, note FROM ledger.checkpoint ORDER BY size"

Edit = Callable[["Bench", Random], None]


def a_line(number: int, at: datetime, by: Random) -> Leaf:
    """Return a grant, then offers and openings of what was offered, with a detail sealed for its case."""
    subject = SUBJECTS[number % len(SUBJECTS)]
    acts = [Act.GRANTED, Act.OFFERED, by.choice((Act.OFFERED, Act.OPENED))]
    act = acts[min(number // len(SUBJECTS), 2)]
    says: dict[str, Any] = {
        "at": at,
        "act": act,
        "actor": f"actor-{by.randrange(4)}",
        "agency": "agency",
        "verdict": Verdict.PERMIT,
        "sv": number,
        "subject": str(subject),
        "custodian": "custodian",
        "type": TYPE,
        "categories": CATEGORIES,
        "directives": (f"directive-{subject}",),
        "basis": None if act is Act.GRANTED else "release",
    }
    return leaf({"person": f"p-{number}", "message_ref": str(UUID(int=number))}, Details(KEYS[str(subject)]), **says)


@dataclass
class Bench:
    """The ledger on the workbench: as it was, and as it is."""

    log: Log
    hand: "psycopg.Connection[Any]" = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.hand = self.log.database.superuser()
        self.hand.execute("SET session_replication_role = replica")  # no trigger keeps the owner of a machine out

    async def filled(self, length: int, by: Random) -> None:
        """Write an honest ledger: batches of any size, instants that overlap as transactions do."""
        self.log.empty()
        written = 0
        async with self.log.session() as session:
            while written < length:
                batch = range(written, min(length, written + by.randint(1, 9)))
                late = {number: NOON + timedelta(seconds=number - by.randint(0, 50)) for number in batch}
                await append(session, [a_line(number, at, by) for number, at in late.items()])
                await session.commit()
                most = by.choice((3, 100))
                while await integrate(session, self.log.skey, most):
                    pass
                written += len(batch)

    def keep(self) -> None:
        """Copy the rows, to be put back after each edit."""
        self.hand.execute("CREATE SCHEMA IF NOT EXISTS kept")
        for table in TABLES:
            self.hand.execute(f"DROP TABLE IF EXISTS kept.{table}")
            self.hand.execute(f"CREATE TABLE kept.{table} AS TABLE ledger.{table}")

    def put_back(self) -> None:
        """Make the ledger what it was."""
        for table in TABLES:
            self.hand.execute(f"TRUNCATE ledger.{table}")
            back = f"INSERT INTO ledger.{table} SELECT * FROM kept.{table}"  # noqa: S608 - names of ours
            self.hand.execute(back)

    def rows(self) -> Rows:
        """Return the ledger as it lies there."""
        tables = [self.hand.execute(statement, binary=True).fetchall() for statement in (LEAVES, NODES, HEADS)]
        return Rows(*tables)

    def do(self, statement: str, *values: Any) -> None:
        """Change something."""
        self.hand.execute(statement, values)

    def forge(self, bodies: Sequence[bytes], sizes: Iterable[int]) -> None:
        """Write another history, hashed and signed as the sequencer does: the operator holds the key."""
        sealed = {json.loads(row[1])["commitment"]: row[3:5] for row in self.rows().leaves}
        self.do("TRUNCATE ledger.leaf")
        self.do("TRUNCATE ledger.node")
        self.do("TRUNCATE ledger.checkpoint")
        hashes = [leaf_hash(body) for body in bodies]
        for index, body in enumerate(bodies):
            entry = json.loads(body)
            self.do(INSERT, index, index + 1, body, hashes[index], *sealed[entry["commitment"]], entry["subject"])
        for level, index, digest in grow(0, [], hashes):
            if level:
                self.do("INSERT INTO ledger.node VALUES (%s, %s, %s)", level, index, digest)
        for size in sizes:
            peaks: list[bytes] = []
            for index in range(size):
                push(peaks, index, hashes[index])
            text = note.sign(note.Checkpoint(ORIGIN, size, root_of(peaks)).text(), self.log.skey)
            self.do("INSERT INTO ledger.checkpoint VALUES (%s, %s, %s, now())", size, root_of(peaks), text)
            self.do("UPDATE ledger.head SET size = %s", size)


INSERT = "INSERT INTO ledger.leaf VALUES (%s, %s, %s, %s, %s, %s, %s, now())"


def reworded(body: bytes, by: Random) -> bytes:
    """Return a line of the ledger that says something else, in the same canonical spelling."""
    entry = json.loads(body)
    name = by.choice(
        ("actor", "agency", "at", "act", "verdict", "sv", "subject", "categories", "directives", "purpose")
    )
    other = {
        "at": "2026-03-02T12:30:00.000000Z",
        "act": "consulted",
        "verdict": "deny",
        "sv": entry["sv"] + 1,
        "subject": str(by.choice([subject for subject in SUBJECTS if str(subject) != entry["subject"]])),
        "categories": ["identity"],
        "directives": ["another"],
    }
    return saying(body, **{name: other.get(name, "another")})


def saying(body: bytes, **otherwise: Any) -> bytes:
    """Return a line of the ledger that says this otherwise, in the canonical spelling (RFC 8785)."""
    return json.dumps(json.loads(body) | otherwise, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _leaf_at(bench: Bench, by: Random) -> Filed:
    return by.choice(list(bench.rows().leaves))


def body(bench: Bench, by: Random) -> None:
    index, header, *_ = _leaf_at(bench, by)
    bench.do("UPDATE ledger.leaf SET header = %s WHERE index = %s", flipped(header, by), index)


def header_field(bench: Bench, by: Random) -> None:
    index, header, *_ = _leaf_at(bench, by)
    bench.do("UPDATE ledger.leaf SET header = %s WHERE index = %s", reworded(header, by), index)


def header_field_and_hash(bench: Bench, by: Random) -> None:
    index, header, *_ = _leaf_at(bench, by)
    changed = reworded(header, by)
    bench.do("UPDATE ledger.leaf SET header = %s, hash = %s WHERE index = %s", changed, leaf_hash(changed), index)


def hash_of_a_leaf(bench: Bench, by: Random) -> None:
    index, _, digest, *_ = _leaf_at(bench, by)
    bench.do("UPDATE ledger.leaf SET hash = %s WHERE index = %s", flipped(digest, by), index)


def a_node(bench: Bench, by: Random) -> None:
    level, index, digest = by.choice(list(bench.rows().nodes))
    match by.randrange(3):
        case 0:
            bench.do("DELETE FROM ledger.node WHERE level = %s AND index = %s", level, index)
        case 1:
            bench.do("UPDATE ledger.node SET index = index + 1000 WHERE level = %s AND index = %s", level, index)
        case _:
            changed = flipped(digest, by)
            bench.do("UPDATE ledger.node SET hash = %s WHERE level = %s AND index = %s", changed, level, index)


def a_checkpoint(bench: Bench, by: Random) -> None:
    size, root, text = by.choice(list(bench.rows().notes))
    place = by.randrange(len(text))
    other = "A" if text[place] != "A" else "B"
    match by.randrange(3):
        case 0:
            bench.do("UPDATE ledger.checkpoint SET root = %s WHERE size = %s", flipped(root, by), size)
        case 1:
            bench.do("UPDATE ledger.checkpoint SET size = %s WHERE size = %s", size + 1000, size)
        case _:
            changed = text[:place] + other + text[place + 1 :]
            bench.do("UPDATE ledger.checkpoint SET note = %s WHERE size = %s", changed, size)


def the_order(bench: Bench, by: Random) -> None:
    first, second = sorted(by.sample(range(len(bench.rows().leaves)), 2))
    for place, new_place in ((first, -1), (second, first), (-1, second)):
        bench.do("UPDATE ledger.leaf SET index = %s WHERE index = %s", new_place, place)


def a_gap(bench: Bench, by: Random) -> None:
    bench.do("DELETE FROM ledger.leaf WHERE index = %s", _leaf_at(bench, by)[0])


def the_subject(bench: Bench, by: Random) -> None:
    index, header, *_ = _leaf_at(bench, by)
    others = [subject for subject in SUBJECTS if str(subject) != json.loads(header)["subject"]]
    bench.do("UPDATE ledger.leaf SET subject = %s WHERE index = %s", by.choice([*others, None]), index)


def the_salt(bench: Bench, by: Random) -> None:
    index, _, _, salt, *_ = _leaf_at(bench, by)
    bench.do("UPDATE ledger.leaf SET salt = %s WHERE index = %s", flipped(salt or b"", by), index)


def the_detail(bench: Bench, by: Random) -> None:
    index, _, _, _, detail, _ = _leaf_at(bench, by)
    other = _leaf_at(bench, by)
    changed = other[4] if other[4] != detail and by.random() < 0.5 else flipped(detail or b"", by)
    bench.do("UPDATE ledger.leaf SET detail = %s WHERE index = %s", changed, index)


PUBLIC: Final[tuple[Edit, ...]] = (
    body, header_field, header_field_and_hash, hash_of_a_leaf, a_node, a_checkpoint, the_order, a_gap, the_subject,
)  # fmt: skip
SEALED: Final[tuple[Edit, ...]] = (the_salt, the_detail)
