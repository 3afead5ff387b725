"""The names of our own services, and with them the names that no agency may bear."""

from __future__ import annotations

from typing import Final, Literal, get_args

ServiceName = Literal[
    "intake",
    "consent",
    "law_enforcement_bridge",
    "referrals",
    "notifications",
    "exchange",
    "audit",
    "tasks",
    "dashboard",
]
SERVICES: Final[tuple[str, ...]] = get_args(ServiceName)
# An agency's id is its user of the broker and the client of its system: under one of these it would act as one of us.
_OTHERS: Final = frozenset(
    {
        "accord",
        "admin",
        "anonymous",
        "controller",
        "issuer",
        "kafka",
        "operator",
        "postgres",
        "relay",
        "sequencer",
        "system",
        "worker",
    }
)
RESERVED: Final = frozenset({*SERVICES, *(name.replace("_", "-") for name in SERVICES)}) | _OTHERS
