"""Named points at which a process dies at once; only fault tests arm one."""

import os
from typing import Final

from runtime.settings import Profile, Settings

EXIT_CODE: Final = 137  # what a kill -9 looks like to whoever waits for the process
_armed: dict[str, int] = {}


def arm(settings: Settings) -> None:
    """Arm the point that `settings.crash_at` names: "relay.after_produce", or its third passing with ":3".

    Raises `ValueError` outside the development profile.
    """
    disarm()
    if settings.crash_at is None:
        return
    if settings.profile is not Profile.DEVELOPMENT:
        raise ValueError("crash points exist in the development profile only")
    name, _, passing = settings.crash_at.partition(":")
    _armed[name] = int(passing or 1)


def disarm() -> None:
    """Make every point harmless again."""
    _armed.clear()


def point(name: str) -> None:
    """Die here, with nothing flushed or said, if this point is armed."""
    left = _armed.get(name)
    if left is None:
        return
    if left > 1:
        _armed[name] = left - 1
        return
    os._exit(EXIT_CODE)
