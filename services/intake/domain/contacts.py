"""When a survivor is to be asked again which ways to reach her are safe."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from schemas.codes import ChannelStatus
from schemas.facts.survivor import SafeContactBlock

# No source says how long a contact stays as it was told; ninety days are ours.
ASKED_AGAIN_AFTER: Final = timedelta(days=90)


def contacts_end_at(contact: SafeContactBlock, at: datetime) -> datetime | None:
    """Return the instant at which the first of her safe channels is no longer known to be safe.

    A channel is so until it says, or ninety days after it was verified, at the latest after `at`, when it was told.
    None where no channel was told as safe.
    """
    ends = [
        channel.valid_until or min(channel.verified_at or at, at) + ASKED_AGAIN_AFTER
        for channel in contact.channels or ()
        if channel.status is ChannelStatus.SAFE
    ]
    return min(ends, default=None)
