"""A stable name for the place that an error comes from: for log lines, dead letters and reports of faults."""

from __future__ import annotations

import traceback
from types import FrameType
from typing import Final

OURS: Final = frozenset({"cli", "devstack", "kernel", "runtime", "schemas", "services"})
# Every statement fails there: the place is the function whose statement it was.
PASSED_BY: Final = frozenset({"runtime.database.hot_path"})


def error_id(error: BaseException) -> str:
    """Return `module:function/ErrorClass` of our innermost frame, and nothing of the error's text or values.

    The id of a place outlives changes of lines and wording.  An error that left no function of ours is named by the
    module of its class; a driver's error stands for what wraps it, and the first of a group for the group.
    """
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    places = [place for frame, _ in traceback.walk_tb(error.__traceback__) if (place := _place(frame))]
    error_class = type(getattr(error, "orig", None) or error)
    return f"{places[-1] if places else error_class.__module__}/{error_class.__qualname__}"


def _place(frame: FrameType) -> str | None:
    spec = frame.f_globals.get("__spec__")  # a program's own module is called `__main__` everywhere else
    module = spec.name if spec is not None else str(frame.f_globals.get("__name__"))
    if module in PASSED_BY or module.partition(".")[0] not in OURS:
        return None
    return f"{module}:{frame.f_code.co_qualname.replace('.<locals>', '')}"
