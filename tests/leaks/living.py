"""A day of the town: all that is told, refused, failed and poisoned, and all that is read of it."""

from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from schemas.registry import CONTRACTS
from tests.leaks import acting, looking, poisoning, refusing
from tests.leaks.contracts import sown_contracts
from tests.leaks.scene import Scene


@dataclass
class Day:
    """What was seen of a day that must have been seen, lest its silence prove anything."""

    shown: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    refused: int = 0
    failed_in_the_database: int = 0
    poisoned: int = 0
    cases: list[str] = field(default_factory=list)


def tell_everything(scene: Scene, day: Day) -> None:
    """Open a case, let everybody have what they may, and tell all that can be told of it."""
    case_ref = acting.open_case(scene)
    directives = acting.release(scene, case_ref)
    acting.tell(scene, case_ref)
    acting.refer(scene, case_ref)
    acting.drain(scene)
    theirs = scene.people["lee"].waits_for("accord.incident.reported.v1")["case_ref"]
    acting.record_orders(scene, str(theirs))
    scene.told = sown_contracts(scene.nursery)
    facts = [{"type": one.type, "said": one.said} for one in scene.told]
    told = {"agency": "bay-hotline", "case_ref": case_ref, "to": ["harbor-house"], "facts": facts}
    assert scene.process("offering", "intake", "intake", said=told) == 0
    assert {one["type"] for one in facts} == set(CONTRACTS)
    acting.drain(scene)
    for name, opened in looking.open_everything(scene).items():
        day.shown.setdefault(name, []).extend(opened)
    looking.look_around(scene, case_ref)
    day.cases.append(case_ref)
    day.cases.append(str(theirs))
    go_wrong(scene, day, case_ref)
    acting.stop(scene, case_ref, directives)
    acting.drain(scene)


def go_wrong(scene: Scene, day: Day, case_ref: str) -> None:
    """Take every path that ends in an error."""
    day.refused += refusing.send_bad_bodies(scene, case_ref)
    refusing.send_strange_addresses(scene, acting.open_case(scene))  # a case that may be stopped by it
    refusing.send_valid_traces(scene, case_ref)
    refusing.repeat_under_one_key(scene, case_ref)
    refusing.ask_the_issuer(scene)
    day.failed_in_the_database += refusing.run_into_the_database(scene, acting.open_case(scene))  # it says no
    refusing.lose_connections(scene, case_ref)
    mail = scene.people["cora"].inbox()[0]
    day.poisoned += poisoning.poison(scene, "county-cell", UUID(mail["case_ref"]))
    poisoning.until_parked(scene, day.poisoned)


def failing(scene: Scene, pool: Executor, how: str) -> Future[int]:
    """Begin a process of ours that fails with canaries in its hands; its exit status comes later."""
    words = [scene.nursery.word("refused", f"a process that fails: {how}") for _ in range(6)]
    said = [*words, refusing.token_of(scene, "ana")]
    return pool.submit(scene.process, "dying", "exchange", "exchange", how, said=said)
