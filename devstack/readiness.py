"""Whether a process on this machine says that it can do its work."""

from __future__ import annotations

import urllib.request
from http.client import HTTPException

PATIENCE_SECONDS = 2.0
# A proxy that the environment names is for other machines than this one.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def says_ready(url: str | None) -> bool:
    """Tell whether the process at `url` answers that it is ready; one that has no address is not."""
    if url is None:
        return False
    try:
        with DIRECT.open(f"{url}/readyz", timeout=PATIENCE_SECONDS) as answer:
            return bool(answer.status == 200)
    except (OSError, HTTPException):
        return False
