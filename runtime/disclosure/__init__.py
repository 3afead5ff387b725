"""The two doors. Nothing about a survivor becomes available, and nothing is read, by any other way.

`offer` makes a fact available to the agencies that consent names; `open` reads it, the look being on record.
`look` is the same door for the states a service keeps itself; `announce` tells agencies of a directive, and
`record` tells nobody but the custodian.  `note_absent` and `note_blocked` put on record what a route refuses by itself.
`end_with`, `never_start` and `start_with` meet the conditions of directives by a fact that is recorded.
"""

from runtime.disclosure.conditions import end_with, never_start, start_with
from runtime.disclosure.denials import note_absent, note_blocked
from runtime.disclosure.offers import announce, offer, offer_many, record
from runtime.disclosure.openings import Opening, TooLate, open
from runtime.disclosure.relay_check import Waiting, park, relayable
from runtime.disclosure.reoffer import offer_own_copy
from runtime.disclosure.state_reads import OWN_WORK, carry, look, purposes_now

__all__ = [
    "OWN_WORK",
    "Opening",
    "TooLate",
    "Waiting",
    "announce",
    "carry",
    "end_with",
    "look",
    "never_start",
    "note_absent",
    "note_blocked",
    "offer",
    "offer_many",
    "offer_own_copy",
    "open",
    "park",
    "purposes_now",
    "record",
    "relayable",
    "start_with",
]
