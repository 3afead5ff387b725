"""Offer facts that no route makes yet, as a service would: python -m tests.leaks.offer_actions, from standard input."""

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from runtime import disclosure, register
from runtime.database.engine import engine, sessions
from runtime.database.unit_of_work import UnitOfWork
from runtime.keyring import UnsafeLocalKeyring
from runtime.settings import KeyringSettings, read
from runtime.telemetry.setup import setup
from schemas.facts import DirectiveFact, Fact
from tests.leaks.contracts import Sown

WALL = text("SELECT set_config('accord.agency', :agency, true)")


async def offer(settings: KeyringSettings, agency_id: str, facts: Sequence[Fact], to: Sequence[str]) -> None:
    """Offer each fact in a transaction of its own."""
    bound = engine(settings.database, pool_size=1, service=settings.service)
    keys = UnsafeLocalKeyring(settings.keys, production=False)
    for fact in facts:
        async with sessions(bound)() as session:
            await session.execute(WALL, {"agency": agency_id})
            agency = await register.agency(session, agency_id)
            assert agency is not None
            unit = UnitOfWork(session, agency, "ana", keys, person_ref="ana", person_name="Ana Ruiz")
            if isinstance(fact, DirectiveFact):
                subject = await register.lock_shared(session, fact.case_ref)
                assert subject is not None
                await disclosure.announce(unit, fact, to, subject)
            else:
                await disclosure.offer(unit, fact)
            await session.commit()
    await bound.dispose()


def main() -> None:
    settings = read(KeyringSettings)
    setup(settings)
    request: dict[str, Any] = json.load(sys.stdin)
    facts = [Sown(item["type"], item["said"]).fact(request["case_ref"]) for item in request["facts"]]
    asyncio.run(offer(settings, request["agency"], facts, request["to"]))


if __name__ == "__main__":
    main()
