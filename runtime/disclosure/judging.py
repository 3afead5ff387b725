"""The one judgement that both doors, the relay and the lists pass: the decision, and what follows from it."""

from __future__ import annotations

from typing import Final

from kernel.consent import Decision, Reason, Request, decide
from runtime.register import Subject
from schemas.registry import CONTRACTS, is_directive_fact

HIDDEN: Final = frozenset({Reason.BLOCKED_PERSON, Reason.PERSON_NOT_NAMED})


def judge(type_name: str, request: Request, subject: Subject) -> Decision:
    """Return what consent now lets `request` see of a fact of this type, the subject being held.

    What was computed from a field that is closed goes with it, though it may lie in the copy (law R29).  A type that
    is not among our contracts opens nothing.
    """
    decision = decide(request, subject.table, subject.at)
    known = CONTRACTS.get(type_name)
    mask = 0 if known is None else known.with_inputs(decision.mask, request.asked)
    if mask == decision.mask:
        return decision
    reason = None if mask else Reason.NOTHING_GRANTED
    return decision._replace(mask=mask, relied_on=decision.relied_on if mask else (), reason=reason)


def is_told(type_name: str, decision: Decision) -> bool:
    """Tell whether this is of a directive: its recipient may read it, unless the survivor hides from who asks."""
    return is_directive_fact(type_name) and decision.reason not in HIDDEN
