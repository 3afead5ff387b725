"""The two doors. Nothing about a survivor becomes available, and nothing is read, by any other way.

`offer` makes a fact available to the agencies that consent names; `open` reads it, the look being on record.
`read_mask` is the same door for the states a service keeps itself; `announce` tells agencies of a directive, and
`record` tells nobody but the custodian.  `record_not_found` and `record_blocked` put on record what a route refuses
by itself.
`end_with`, `never_start` and `start_with` meet the conditions of directives by a fact that is recorded.

>>> from runtime import disclosure
>>> from schemas.codes import Purpose
>>> async def accept(unit, fact):
...     await disclosure.offer(unit, fact)  # one transaction with whatever the route wrote
>>> async def look(unit, sealed):
...     return await disclosure.open(unit, [sealed], Purpose.ADVOCACY)  # it commits the look, then decrypts
"""

from runtime.disclosure.conditions import end_with, never_start, start_with
from runtime.disclosure.denials import record_blocked, record_not_found
from runtime.disclosure.offers import announce, offer, offer_many, record
from runtime.disclosure.openings import Opening, TooLate, open
from runtime.disclosure.relay_check import QueuedOffer, dead_letter, relayable
from runtime.disclosure.reoffer import offer_own_copy
from runtime.disclosure.state_reads import OWN_WORK, carried_fields, count_openable, purposes_now, read_mask

__all__ = [
    "OWN_WORK",
    "Opening",
    "QueuedOffer",
    "TooLate",
    "announce",
    "carried_fields",
    "count_openable",
    "dead_letter",
    "end_with",
    "never_start",
    "offer",
    "offer_many",
    "offer_own_copy",
    "open",
    "purposes_now",
    "read_mask",
    "record",
    "record_blocked",
    "record_not_found",
    "relayable",
    "start_with",
]
