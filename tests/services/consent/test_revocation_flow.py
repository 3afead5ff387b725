"""A stop is read top to bottom, once: few functions take its unit of work, and the flow seldom goes back."""

import sys
from types import FrameType

import pytest

from runtime.database.unit_of_work import UnitOfWork
from services.consent.locked_subject import LockedSubject
from tests.architecture.named import ROOT
from tests.services.consent.conftest import Desk

ROOMS = tuple(f"{ROOT / room}/" for room in ("kernel", "runtime", "services"))
MOST_CALLS = 10
MOST_RETURNS = 4


class CallsWithUnit:
    """The calls of product functions that take a unit of work, in their order: a profile function."""

    def __init__(self) -> None:
        self.frames: list[FrameType] = []
        self.calls: list[tuple[str, str]] = []

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        # A coroutine that goes on is called anew, in the frame that it has.
        if event == "call" and code.co_filename.startswith(ROOMS) and frame not in self.frames:
            self.frames.append(frame)
            if takes_unit(frame):
                self.calls.append((code.co_filename, code.co_qualname))

    def returns(self) -> int:
        """Return how often a call is one of a function called before, or of a module left before."""
        modules = [module for module, _ in self.calls]
        return sum(
            call in self.calls[:number] or (call[0] != modules[number - 1] and call[0] in modules[:number])
            for number, call in enumerate(self.calls)
        )


def takes_unit(frame: FrameType) -> bool:
    code = frame.f_code
    names = (*code.co_varnames[: code.co_argcount + code.co_kwonlyargcount], *code.co_freevars)
    values = (frame.f_locals.get(name) for name in names if name != "self")
    return any(isinstance(value, UnitOfWork | LockedSubject) for value in values)


@pytest.mark.parametrize("what", ["directive", "everything"])
async def test_few_functions_take_the_unit_of_a_stop(desk: Desk, what: str) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref)
    desk.relayed(ref)
    place = f"directives/{ref}" if what == "directive" else f"cases/{case_ref}"
    trace = CallsWithUnit()

    sys.setprofile(trace)
    try:
        answer = await desk.ana.post(f"/v1/{place}/revocation")
    finally:
        sys.setprofile(None)

    assert answer.status_code == 200
    assert 0 < len(trace.calls) <= MOST_CALLS, trace.calls
    assert trace.returns() <= MOST_RETURNS, trace.calls
