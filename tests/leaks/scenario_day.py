"""A day of the town: all that is told, refused, failed and poisoned, and all that is read of it."""

from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from schemas.registry import CONTRACTS
from tests.leaks import day_actions, look_actions, poison_messages, refusal_actions
from tests.leaks.contracts import sown_contracts
from tests.leaks.scene import Scene


@dataclass
class Day:
    """The counts and openings of a day that must not be empty, as a day on which nothing happened proves nothing."""

    openings: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    refused: int = 0
    failed_in_the_database: int = 0
    poisoned: int = 0
    cases: list[str] = field(default_factory=list)


def tell_everything(scene: Scene, day: Day) -> None:
    """Open a case, let everybody have what they may, and tell all that can be told of it."""
    case_ref = day_actions.open_case(scene)
    directives = day_actions.release(scene, case_ref)
    day_actions.tell(scene, case_ref)
    day_actions.refer(scene, case_ref)
    day_actions.drain(scene)
    police_case_ref = scene.people["lee"].waits_for("accord.incident.reported.v1")["case_ref"]
    day_actions.record_orders(scene, str(police_case_ref))
    scene.sown_facts = sown_contracts(scene.nursery)
    facts = [{"type": sown.type, "said": sown.content} for sown in scene.sown_facts]
    offering = {"agency": "bay-hotline", "case_ref": case_ref, "to": ["harbor-house"], "facts": facts}
    assert scene.process("offer_actions", "intake", "intake", payload=offering) == 0
    assert {fact["type"] for fact in facts} == set(CONTRACTS)
    day_actions.drain(scene)
    for name, opened in look_actions.open_everything(scene).items():
        day.openings.setdefault(name, []).extend(opened)
    look_actions.look_around(scene, case_ref)
    day.cases.append(case_ref)
    day.cases.append(str(police_case_ref))
    go_wrong(scene, day, case_ref)
    day_actions.stop(scene, case_ref, directives)
    day_actions.drain(scene)


def go_wrong(scene: Scene, day: Day, case_ref: str) -> None:
    """Take every path that ends in an error."""
    day.refused += refusal_actions.send_bad_bodies(scene, case_ref)
    refusal_actions.send_strange_addresses(scene, day_actions.open_case(scene))  # a case that may be stopped by it
    refusal_actions.send_valid_traces(scene, case_ref)
    refusal_actions.repeat_under_one_key(scene, case_ref)
    refusal_actions.ask_the_issuer(scene)
    day.failed_in_the_database += refusal_actions.run_into_the_database(
        scene, day_actions.open_case(scene)
    )  # it says no
    refusal_actions.lose_connections(scene, case_ref)
    mail = scene.people["cora"].inbox()[0]
    day.poisoned += poison_messages.poison(scene, "county-cell", UUID(mail["case_ref"]))
    poison_messages.until_parked(scene, day.poisoned)


def failing(scene: Scene, pool: Executor, how: str) -> Future[int]:
    """Begin a process of ours that fails with canaries in its hands; its exit status comes later."""
    words = [scene.nursery.word("refused", f"a process that fails: {how}") for _ in range(6)]
    payload = [*words, refusal_actions.token_of(scene, "ana")]
    return pool.submit(scene.process, "death_actions", "exchange", "exchange", how, payload=payload)
