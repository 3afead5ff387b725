"""Named points at which a process dies at once, or stands still; only fault tests arm one."""

import os
import signal
from typing import Final

from runtime.settings import ProcessSettings, Profile

EXIT_CODE: Final = 137  # what a kill -9 looks like to whoever waits for the process
STOP: Final = "stop"
_armed: dict[str, int] = {}
_stopping: set[str] = set()


def arm(settings: ProcessSettings) -> None:
    """Arm the point that `settings.crash_at` names: "relay.after_produce", or its third passing with ":3".

    With ":stop" the process stands still there, whenever it passes, until it is told to go on.
    Raises `ValueError` outside the development profile.
    """
    disarm()
    if settings.crash_at is None:
        return
    if settings.profile is not Profile.DEVELOPMENT:
        raise ValueError("crash points exist in the development profile only")
    name, _, passing = settings.crash_at.partition(":")
    if passing == STOP:
        _stopping.add(name)
        return
    _armed[name] = int(passing or 1)


def disarm() -> None:
    """Make every point harmless again."""
    _armed.clear()
    _stopping.clear()


def hit(name: str) -> None:
    """Die here, with nothing flushed or said, or stand still, if this point is armed."""
    if name in _stopping:
        os.kill(os.getpid(), signal.SIGSTOP)
        return
    left = _armed.get(name)
    if left is None:
        return
    if left > 1:
        _armed[name] = left - 1
        return
    os._exit(EXIT_CODE)
