"""How long a test waits for what must come, and the wait itself."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

# Seconds. A wait ends when what it waits for has come; the limit is long, for a busy machine is slow.
PATIENCE: Final = 60.0


async def until(claim: Callable[[], object], within: float = PATIENCE) -> None:
    """Wait until `claim` holds; fail when it does not within so many seconds."""
    deadline = time.monotonic() + within
    while not claim():
        assert time.monotonic() < deadline, "it did not come about in time"
        await asyncio.sleep(0.02)
