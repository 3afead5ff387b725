"""A running town of the benchmark's own, with survivors who let four agencies see parts of what they told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final, cast
from uuid import UUID

import httpx

from benchmarks.caseload import CATEGORIES, CUSTODIAN, RECIPIENTS
from benchmarks.setup import a_folder
from cli.tokens import person_token, system_token
from devstack import stack
from devstack.story.speaker import Speaker
from runtime import register
from runtime.keyring import UnsafeLocalKeyring
from schemas.codes import Purpose
from tests.support import town as registered
from tests.support.database import Database
from tests.support.fault_injection import superuser
from tests.support.shared_towns import a_town_of_its_own

WRITES: Final = "ana"
CASES: Final = 100
# As if said long ago: else consent would tell each recipient of its release within the first seconds.
TOLD_OF: Final = """
INSERT INTO consent.told (agency_id, directive_ref, word) SELECT custodian, directive_ref, 'granted'
FROM register.directive WHERE state = 'active' ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class Case:
    """A case of the hotline's, and how the agencies that she allowed know it."""

    case_ref: UUID
    refs: dict[str, UUID]


@dataclass
class Running:
    """A running town with survivors who allow four agencies to know."""

    started: stack.Stack
    cases: list[Case]

    def tokens(self) -> list[str]:
        """Return tokens of all who write for the hotline: what one client may ask for in a second is limited."""
        town = self.started.town
        return [person_token(town, WRITES), system_token(town, CUSTODIAN)]


@contextmanager
def a_running_town(cases: int = CASES) -> Iterator[Running]:
    """Run the whole product on servers of its own, with survivors in it."""
    with a_folder() as folder, a_town_of_its_own(folder) as started:
        yield Running(started, asyncio.run(survivors(started, cases)))


@dataclass(frozen=True)
class _Addresses:
    """The database of the running town, as the town of the tests asks for it."""

    urls: dict[str, str]

    def url(self, role: str) -> str:
        """Return the address for `role`."""
        return self.urls[role]


@asynccontextmanager
async def registered_town(started: stack.Stack) -> AsyncIterator[registered.Town]:
    """Hold connections to the running town's database, by which directives are put in force at once."""
    keys = UnsafeLocalKeyring(started.run.keys, production=False)
    town = registered.Town(cast(Database, _Addresses(dict(started.town.database.urls))), keys)
    try:
        yield town
    finally:
        for bound in town.engines.values():
            await bound.dispose()


async def survivors(started: stack.Stack, count: int, recipients: Mapping[str, Purpose] = RECIPIENTS) -> list[Case]:
    """Open cases, and put in force that some agencies may see something of each."""
    cases = []
    with httpx.Client(trust_env=False, timeout=20) as client:
        ana = Speaker(started.town, WRITES, "advocacy", client)
        async with registered_town(started) as town:
            for _ in range(count):
                case_ref = UUID(ana.does("intake", "POST", "/v1/cases", {})["case_ref"])
                async with town.session("accord_consent") as session:
                    subject = await register.lock_exclusive(session, case_ref)
                    assert subject is not None
                    params = {"word": "yes", "subject_id": subject.subject_id}
                    await session.execute(registered.PARTICIPATION, params)
                    await session.commit()
                for agency_id, purpose in recipients.items():
                    await town.direct(case_ref, agency_id, purpose, CATEGORIES)
                async with town.session("accord_consent") as session:
                    subject = await register.lock_shared(session, case_ref)
                    assert subject is not None
                cases.append(Case(case_ref, {name: subject.cases[name].case_ref for name in recipients}))
    with superuser(started) as connection:
        connection.execute(TOLD_OF)
    return cases
