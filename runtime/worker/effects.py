"""What follows from a message: the functions a service named, in the order it named them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from runtime.telemetry.tracing import continued
from runtime.unit import Unit
from runtime.worker.offered import Offered
from schemas.facts import Fact

Effect = Callable[[Unit, Offered], Awaitable[None]]
EffectOnMany = Callable[[Unit, Sequence[Offered]], Awaitable[None]]


class Effects:
    """The effects of one consumer."""

    def __init__(self) -> None:
        self._every: list[Effect] = []
        self._many: list[EffectOnMany] = []
        self._by_type: dict[str, list[Effect]] = {}

    def on(self, fact: type[Fact] | str, effect: Effect) -> None:
        """Do `effect` for each message of this type."""
        name = fact if isinstance(fact, str) else fact.type
        self._by_type.setdefault(name, []).append(effect)

    def on_every(self, effect: Effect) -> None:
        """Do `effect` for each message, whatever its type."""
        self._every.append(effect)

    def on_many(self, effect: EffectOnMany) -> None:
        """Do `effect` once for what came together to one mailbox, in order: one statement for many rows."""
        self._many.append(effect)

    async def follow(self, unit: Unit, offered: Sequence[Offered]) -> None:
        """Do all that follows from messages to one mailbox; `unit` is that agency's."""
        for many in self._many:
            await many(unit, offered)
        for one in offered:
            effects = (*self._every, *self._by_type.get(one.type, ()))
            if not effects:
                continue
            unit.traceparent = one.traceparent
            with continued(one.traceparent):
                for effect in effects:
                    await effect(unit, one)
