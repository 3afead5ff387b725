"""Which fences hold: every order of their steps is tried, and ours is the one that neither leaks nor hangs."""

import pytest

from tests.faults.fence_model import OURS, PROTOCOLS, C, H, I, Protocol, explore, trace_text
from tests.support.rounds import proof

SAFE = {"E", "G", "I", "J", "ours"}
LIVE = {"A", "B", "C", "F", "H", "I", "J", "ours"}
by_letter = pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.letter)


@by_letter
def test_each_protocol_is_as_safe_and_as_live_as_is_known(protocol: Protocol) -> None:
    verdict = explore(protocol)

    assert verdict.shows, "a fence that lets nothing through proves nothing"
    assert (verdict.safe, verdict.live) == (protocol.letter in SAFE, protocol.letter in LIVE)


@by_letter
def test_a_third_node_changes_no_verdict(protocol: Protocol) -> None:
    two, three = explore(protocol), explore(protocol, nodes=3)

    assert (three.safe, three.live) == (two.safe, two.live)


@pytest.mark.parametrize("protocol", [C, H], ids=["C", "H"])
def test_checking_then_sending_shows_a_field_after_the_answer(protocol: Protocol) -> None:
    late = explore(protocol).late

    assert late is not None
    print(f"{protocol.letter} ({protocol.says}) is unsafe:\n{trace_text(late)}")  # noqa: T201 - the trace is the finding
    trace = [step.says for step in late]
    answered = trace.index("the revocation is answered")
    assert any("sees that it may" in says for says in trace[:answered])
    assert trace[-1].endswith("shows the field")
    assert len(trace) == (4 if protocol is C else 5)


def test_only_eviction_answers_past_a_holder_paused_for_ever() -> None:
    patient = explore(next(protocol for protocol in PROTOCOLS if protocol.letter == "G"))

    assert patient.stuck is not None
    assert explore(H).stuck is None


def test_releasing_keys_only_after_the_commit_keeps_ours_safe() -> None:
    """Ours is H but for one thing: whoever was evicted fails its commit, and has no key to show anything with."""
    assert (H.looks, H.answer, H.gives_up) == (OURS.looks, OURS.answer, OURS.gives_up)
    assert not explore(H).safe
    assert explore(OURS).safe


def test_every_protocol_was_explored_to_its_end() -> None:
    verdicts = {protocol.letter: explore(protocol) for protocol in PROTOCOLS}

    leaks = {letter: " / ".join(step.says for step in verdicts[letter].late or ()) for letter in ("C", "H")}
    proof(
        "faults",
        "fence model",
        protocols=len(verdicts),
        states=sum(verdict.states for verdict in verdicts.values()),
        safe_and_live=" ".join(name for name, verdict in verdicts.items() if verdict.safe and verdict.live),
        unsafe=" ".join(name for name, verdict in verdicts.items() if not verdict.safe),
        shortest_leak_of_C=leaks["C"],
        shortest_leak_of_H=leaks["H"],
    )
    assert explore(I).states < explore(OURS).states
    assert [name for name, verdict in verdicts.items() if verdict.safe and verdict.live] == ["I", "J", "ours"]
