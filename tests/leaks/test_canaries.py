"""A canary in every field, and none of them anywhere but in an opening of whoever may see it."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.leaks import look_actions, refusal_actions, scenario_day
from tests.leaks.canaries import REFERENCE, Canary
from tests.leaks.canary_generator import OF_A_REVIEW
from tests.leaks.capture import Answer
from tests.leaks.planted_leaks import PLANTS
from tests.leaks.scenario_day import Day
from tests.leaks.scene import Scene, a_scene
from tests.leaks.search import ENCODINGS, Searcher
from tests.leaks.sinks import SINKS, Sink, sweep
from tests.support.rounds import proof, rounds

EVERY_PROCESS = 12
# What an opening may show, by the use of the canary.
OPENED = {"told", "end of an order", "reference of a directive", OF_A_REVIEW}
FAILURES = {"api": 0, "worker": 0, "work": 1}
# The last holds the case reference that its route is found by, and a code from a list.
NOTHING_TO_SAY = (
    None,
    "RefusalRequest",
    "ConfirmationRequest",
    "DeathCorrectionRequest",
    "ConflictCheckRequest",
    "DecisionRequest",  # an instant and no word
    "CertificationRequest",  # a day until which a colleague may ask
    # Of a task: references, codes, instants and the people of the agency.
    "TaskAssignmentRequest",
    "TaskAssignmentsRequest",
    "TaskSnoozeRequest",
    "TaskSnoozesRequest",
    "TaskFlagRequest",
    "TaskFlagsRequest",
    "TaskCompletionRequest",
    "DutyRosterRequest",
    # A code, references or roles, and no word.
    "ColleagueOpeningRequest",
    "ExclusionRequest",
    "LeavingRequest",
    "RolesRequest",
    "PersonRequest",  # the true name of staff, which the register keeps in the clear, and nothing of a survivor
)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A town of its own: what lies in its files, logs and telemetry is all of this suite's making."""
    with a_scene(tmp_path_factory.mktemp("leaks") / "town") as started:
        yield started


@pytest.fixture(scope="module")
def day(scene: Scene) -> Day:
    """The day that everything was told on, and its errors."""
    lived = Day()
    look_actions.sit_before_the_board(scene)
    with ThreadPoolExecutor() as pool:
        failing = {how: scenario_day.failing(scene, pool, how) for how in ("api", "work")}
        for _ in range(rounds(1, 10)):
            scenario_day.tell_everything(scene, lived)
        failing["worker"] = scenario_day.failing(scene, pool, "worker")  # it fails at mail that has come by then
        assert {how: ended.result() for how, ended in failing.items()} == FAILURES
    return lived


@pytest.fixture(scope="module")
def to_plant(scene: Scene, day: Day) -> dict[str, str]:
    """A word for each sink, to be planted there later."""
    return {sink.name: scene.nursery.slug("planted", sink.name) for sink in SINKS}


@pytest.fixture(scope="module")
def searcher(scene: Scene, to_plant: dict[str, str]) -> Searcher:
    return scene.searcher()


def test_every_route_that_takes_words_was_given_canaries(scene: Scene, day: Day) -> None:
    forms = {
        (service, f"{method} {template}")
        for service, method, template, operation in refusal_actions.routes_of(scene)
        if refusal_actions.form_of(operation) not in NOTHING_TO_SAY
    }

    assert forms <= scene.done


def test_every_error_was_met(day: Day) -> None:
    assert day.refused > 300
    assert day.failed_in_the_database >= len(refusal_actions.TRAPS)
    assert day.poisoned


def test_all_that_was_told_is_opened_by_its_custodian(scene: Scene, day: Day) -> None:
    """Else a sweep that finds nothing would only show that nothing ever got in."""
    offered = [
        canary
        for canary in scene.nursery.canaries.values()
        if canary.use == "told" and canary.place.startswith("accord.")
    ]
    opened = json.dumps(day.openings["ana"], ensure_ascii=False)
    models = {canary.core for canary in offered if canary.core not in opened}

    assert len(offered) > 1_000
    assert not [canary.place for canary in offered if canary.core in models]


def placed(opened: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for category, fields in opened["categories"].items():
        yield category, json.dumps(fields, ensure_ascii=False)


def test_an_opening_keeps_categories_apart_and_others_refs_out(day: Day, searcher: Searcher) -> None:
    all_canaries: set[Canary] = set()
    for name, openings in day.openings.items():
        for opened in openings:
            for category, text in placed(opened):
                canaries = {hit.canary for hit in searcher.search(name, text.encode()) if hit.canary}
                assert {canary.category for canary in canaries} <= {category, None}
                own = name in ("ana", "mia") and opened["sender"] == "bay-hotline"
                assert own or not [
                    canary
                    for canary in canaries
                    if canary.kind.name == REFERENCE.name and canary.place.startswith("accord.")
                ]
                all_canaries |= canaries

    assert len(all_canaries) > 500


def test_what_is_open_to_nobody_else_was_shown_to_nobody_else(scene: Scene, day: Day, searcher: Searcher) -> None:
    """A refused word stands in no opening either."""
    openings: list[Answer] = [answer for answer in scene.recorder.answers if answer.opens]
    hits = [hit for answer in openings for hit in searcher.search(answer.request, answer.body)]

    assert {hit.canary.use for hit in hits if hit.canary} <= OPENED


def test_a_nickname_is_answered_by_its_case_alone(scene: Scene, day: Day, searcher: Searcher) -> None:
    answers = [answer for answer in scene.recorder.answers if answer.status < 400]
    hits = [(answer.request, hit) for answer in answers for hit in searcher.search(answer.request, answer.body)]

    naming = {request for request, hit in hits if hit.canary and hit.canary.use == "nickname"}
    assert "POST /v1/cases/search" in naming
    assert {request.split(" ")[1].split("/")[2] for request in naming} == {"cases"}


def test_a_review_is_told_by_its_task_alone(scene: Scene, day: Day, searcher: Searcher) -> None:
    answers = [answer for answer in scene.recorder.answers if answer.status < 400 and not answer.opens]
    hits = [(answer.request, hit) for answer in answers for hit in searcher.search(answer.request, answer.body)]

    telling = {request for request, hit in hits if hit.canary and hit.canary.use == OF_A_REVIEW}
    assert {request.split("?")[0] for request in telling} <= {"GET /v1/tasks"}


def test_why_more_was_asked_is_told_to_the_custodian_alone(scene: Scene, day: Day, searcher: Searcher) -> None:
    answers = [answer for answer in scene.recorder.answers if answer.status < 400]
    hits = [(answer.request, hit) for answer in answers for hit in searcher.search(answer.request, answer.body)]

    telling = {request for request, hit in hits if hit.canary and hit.canary.use == "asked"}
    assert telling
    assert all(request.startswith("GET /v1/cases/") and "/field-requests" in request for request in telling)


def test_the_town_told_what_it_does(scene: Scene, day: Day) -> None:
    """Silence proves nothing: logs, spans and numbers were there to be searched."""
    exported = b"".join(export.body for export in scene.collector.exports)

    assert scene.collector.of("traces")
    assert scene.collector.of("metrics")
    for service in ("intake", "consent", "referrals", "law_enforcement_bridge", "exchange_worker", "exchange_relay"):
        assert service.encode() in exported, service
    assert len(list((scene.folder / "logs").glob("*.log"))) > EVERY_PROCESS


def test_no_canary_lies_in_any_sink(scene: Scene, day: Day, searcher: Searcher) -> None:
    swept = [sweep(scene, sink, searcher) for sink in SINKS]
    leaks = [f"{result.sink}: {hit}" for result in swept for hit in result.hits]
    canaries = list(scene.nursery.canaries.values())

    proof(
        "leaks",
        "canaries",
        fields=len({canary.place for canary in canaries if canary.use == "told"}),
        canaries=len(canaries),
        encodings=len(ENCODINGS),
        sinks=len(swept),
        bytes_searched=sum(result.bytes_read for result in swept),
        found=len(leaks),
    )
    assert not leaks, "\n".join(leaks[:60])


def test_every_sink_has_a_planted_leak() -> None:
    assert list(PLANTS) == [sink.name for sink in SINKS]


@pytest.fixture(scope="module")
def planted() -> Iterator[dict[str, bool]]:
    """Which planted leaks were found; told when all were tried."""
    found_by_sink: dict[str, bool] = {}
    yield found_by_sink
    proof("leaks", "planted", planted=len(found_by_sink), found=sum(found_by_sink.values()))


@pytest.mark.parametrize("sink", SINKS, ids=lambda sink: sink.name)
def test_a_planted_leak_is_found(
    scene: Scene, searcher: Searcher, to_plant: dict[str, str], planted: dict[str, bool], sink: Sink
) -> None:
    word, planted[sink.name] = to_plant[sink.name], False

    with PLANTS[sink.name](scene, word):
        hits = sweep(scene, sink, searcher).hits

    assert word in {hit.canary.core for hit in hits if hit.canary}
    planted[sink.name] = True


def test_a_sink_of_which_nothing_is_read_is_no_clean_one(scene: Scene, tmp_path: Path, searcher: Searcher) -> None:
    nothing = Sink("nothing", lambda _: iter(()), {})

    with pytest.raises(AssertionError, match="nothing was read"):
        sweep(scene, nothing, searcher)
