"""The fence as a model: ten ways to stop what was allowed, and every order in which their steps may fall.

A store knows whether the survivor still allows it.  Two enforcement points stand between it and the agencies: each
looks whether it may show a field, and shows it.  Somebody revokes, and is answered.  Any node may stand still at any
step, for a moment or for ever, and nobody can tell which: so a node that is paused is one whose step never comes, and
a store that gives a silent node up may be wrong about it.

Safe: no field leaves the last place that could still hold it back after the revocation was answered.
Live: from wherever a revocation was asked for, its answer can be reached although one node never moves again.  (Under
a fair scheduler and a fair lock what stays reachable is reached; PostgreSQL's row lock is not fair, its advisory is.)

What a protocol is made of:

    looks       before it shows a field a node looks at nothing, at its own copy, or at the store
    answer      a revocation is answered at once, when each copy is corrected, when besides nothing is under way at
                any node, or when the lock is free that a node holds from its look until it has shown the field
    gives_up    whom time declares dead is not waited for: the end of a lease, or a lock taken away
    held_back   what is shown must pass a place that knows who was given up, and is held back there: an egress that
                is cut, or a commit that fails and the keys that come only after it
    at_once     the store itself releases the field in the step in which it reads the version
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


class Looks(StrEnum):
    """Where a node looks before it shows a field."""

    NOWHERE = "nowhere"
    COPY = "at its copy"
    STORE = "at the store"


class Answer(StrEnum):
    """What the answer to a revocation waits for."""

    AT_ONCE = "at once"
    COPIES = "each copy corrected"
    WORK = "copies corrected and nothing under way"
    LOCK = "the lock is free"


@dataclass(frozen=True)
class Protocol:
    """One way to build the fence."""

    letter: str
    says: str
    looks: Looks
    answer: Answer
    gives_up: bool = False
    held_back: bool = False
    at_once: bool = False


C = Protocol("C", "authoritative read, then emit", Looks.STORE, Answer.AT_ONCE)
H = Protocol("H", "G + eviction of a silent holder", Looks.STORE, Answer.LOCK, gives_up=True)
I = Protocol("I", "the store releases in the step that reads", Looks.STORE, Answer.AT_ONCE, at_once=True)  # noqa: E741
OURS = Protocol("ours", "H, and keys only after the commit", Looks.STORE, Answer.LOCK, gives_up=True, held_back=True)
PROTOCOLS = (
    Protocol("A", "projected once, field in the log", Looks.NOWHERE, Answer.AT_ONCE),
    Protocol("B", "A + invalidation, checked at emit", Looks.COPY, Answer.AT_ONCE),
    C,
    Protocol("D", "the answer waits for every cache", Looks.COPY, Answer.COPIES),
    Protocol("E", "it waits for caches and work in flight", Looks.COPY, Answer.WORK),
    Protocol("F", "E + lease for silent nodes", Looks.COPY, Answer.WORK, gives_up=True),
    Protocol("G", "check and emit under one shared lock", Looks.STORE, Answer.LOCK),
    H,
    I,
    Protocol("J", "F + egress cut at lease end", Looks.COPY, Answer.WORK, gives_up=True, held_back=True),
    OURS,
)


class Revocation(StrEnum):
    """How far the revocation is."""

    NOT_REQUESTED = "not requested"
    REQUESTED = "requested"
    ANSWERED = "answered"


@dataclass(frozen=True)
class Node:
    """An enforcement point."""

    allowed: bool = True  # what its copy says
    looked: bool = False  # it saw that it may, and has not shown the field yet
    holds: bool = False  # it holds the lock
    alive: bool = True  # as the store believes: its lease lasts, its lock was not taken away


@dataclass(frozen=True)
class State:
    """Everything there is."""

    nodes: tuple[Node, ...]
    revocation: Revocation = Revocation.NOT_REQUESTED
    field_shown: bool = False  # ever
    late: bool = False  # after the answer

    def with_node(self, number: int, **changed: bool) -> State:
        """Return the state with one node changed."""
        nodes = list(self.nodes)
        nodes[number] = replace(nodes[number], **changed)
        return replace(self, nodes=tuple(nodes))

    def showing(self) -> State:
        """Return the state in which one more field was shown."""
        return replace(self, field_shown=True, late=self.late or self.revocation is Revocation.ANSWERED)


@dataclass(frozen=True)
class Step:
    """What somebody does, in words; `who` is the number of a node, or None for the revoker, the store and time."""

    who: int | None
    says: str
    after: State


def steps(protocol: Protocol, state: State) -> Iterator[Step]:
    """Yield every step that may come next."""
    for number, node in enumerate(state.nodes):
        yield from _looks(protocol, state, number, node)
        yield from _shows(protocol, state, number, node)
        yield from _hears(protocol, state, number, node)
        if protocol.gives_up and node.alive and (node.holds or protocol.answer is not Answer.LOCK):
            yield Step(None, f"node {number} is given up", state.with_node(number, alive=False, holds=False))
    yield from _revoked(protocol, state)


def _looks(protocol: Protocol, state: State, number: int, node: Node) -> Iterator[Step]:
    stopped = state.revocation is not Revocation.NOT_REQUESTED
    if node.looked or not node.alive:
        return
    if protocol.at_once:
        if not stopped:
            yield Step(number, f"node {number} asks, and the store reads and releases", state.showing())
        return
    if {Looks.NOWHERE: False, Looks.COPY: not node.allowed, Looks.STORE: stopped}[protocol.looks]:
        return
    # Where there is a lock, a revoker who waits for it is before whoever comes now: it is fair.
    locks = protocol.answer is Answer.LOCK
    text = f"node {number} looks {protocol.looks} and sees that it may" + (", holding the lock" if locks else "")
    yield Step(number, text, state.with_node(number, looked=True, holds=locks))


def _shows(protocol: Protocol, state: State, number: int, node: Node) -> Iterator[Step]:
    if not node.looked:
        return
    ended = state.with_node(number, looked=False, holds=False, alive=node.alive or protocol.answer is Answer.LOCK)
    if protocol.held_back and not node.alive:
        yield Step(number, f"node {number} shows the field, and it is held back", ended)
    else:
        yield Step(number, f"node {number} shows the field", ended.showing())


def _hears(protocol: Protocol, state: State, number: int, node: Node) -> Iterator[Step]:
    """A node corrects its copy; where work is waited for, it says so only when it has none."""
    busy = protocol.answer is Answer.WORK and node.looked
    if protocol.looks is Looks.COPY and state.revocation is not Revocation.NOT_REQUESTED and node.allowed and not busy:
        yield Step(number, f"node {number} hears of it and corrects its copy", state.with_node(number, allowed=False))


def _revoked(protocol: Protocol, state: State) -> Iterator[Step]:
    if state.revocation is Revocation.NOT_REQUESTED:
        yield Step(None, "the survivor revokes", replace(state, revocation=Revocation.REQUESTED))
    elif state.revocation is Revocation.REQUESTED and all(_settled(protocol, node) for node in state.nodes):
        yield Step(None, "the revocation is answered", replace(state, revocation=Revocation.ANSWERED))


def _settled(protocol: Protocol, node: Node) -> bool:
    """Tell whether the answer need not wait for this node."""
    if protocol.answer is Answer.AT_ONCE:
        return True
    if protocol.answer is Answer.LOCK:
        return not node.holds
    return not node.allowed or not node.alive


@dataclass(frozen=True)
class Verdict:
    """What all orders of a protocol's steps come to."""

    states: int
    shows: bool  # something can be shown at all
    late: Sequence[Step] | None  # the shortest way to show a field after the answer; None where there is none
    stuck: Sequence[Step] | None  # the shortest way to where one node that stands still keeps the answer away

    @property
    def safe(self) -> bool:
        """Tell whether nothing is ever shown after the answer."""
        return self.late is None

    @property
    def live(self) -> bool:
        """Tell whether the answer comes although a node stands still for ever."""
        return self.stuck is None


def explore(protocol: Protocol, nodes: int = 2) -> Verdict:
    """Try every order of the steps, breadth first, so that what is found first is shortest."""
    first = State((Node(),) * nodes)
    predecessors: dict[State, tuple[State, Step] | None] = {first: None}
    leads_to: dict[State, list[Step]] = {}
    waiting = deque([first])
    while waiting:
        state = waiting.popleft()
        leads_to[state] = list(steps(protocol, state))
        for step in leads_to[state]:
            if step.after not in predecessors:
                predecessors[step.after] = state, step
                waiting.append(step.after)
    order = list(predecessors)
    late = next((state for state in order if state.late), None)
    answered = [_can_be_answered(leads_to, standing_still) for standing_still in range(nodes)]
    requested = (state for state in order if state.revocation is Revocation.REQUESTED)
    stuck = next((state for state in requested if not all(state in reached for reached in answered)), None)
    shows = any(state.field_shown for state in order)
    return Verdict(len(order), shows, _trace_to(late, predecessors), _trace_to(stuck, predecessors))


def _can_be_answered(leads_to: dict[State, list[Step]], standing_still: int) -> set[State]:
    """Return the states from which an answer can be reached without a step of one node."""
    comes_from: dict[State, list[State]] = {}
    for state, following in leads_to.items():
        for step in following:
            if step.who != standing_still:
                comes_from.setdefault(step.after, []).append(state)
    reached = {state for state in leads_to if state.revocation is Revocation.ANSWERED}
    waiting = deque(reached)
    while waiting:
        for before in comes_from.get(waiting.popleft(), ()):
            if before not in reached:
                reached.add(before)
                waiting.append(before)
    return reached


def _trace_to(state: State | None, predecessors: dict[State, tuple[State, Step] | None]) -> Sequence[Step] | None:
    if state is None:
        return None
    trace: list[Step] = []
    while (predecessor := predecessors[state]) is not None:
        state, step = predecessor
        trace.append(step)
    return trace[::-1]


def trace_text(trace: Sequence[Step]) -> str:
    """Return a trace as lines of text."""
    return "\n".join(f"  {number}. {step.says}" for number, step in enumerate(trace, start=1))
