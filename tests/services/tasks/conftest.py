"""Tasks, served, with the town's people at its door."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from secrets import token_hex
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from runtime import clock
from runtime.register.enrolment import NewAgency, NewPerson, enrol_agency, enrol_person
from runtime.tasks import NewTask, close_tasks, open_task
from schemas.codes import AgencyKind, TaskReason
from services.tasks.api import routes
from tests.support.town import Town, all_purposes
from tests.support.web import AtTheDoor, Web


@pytest.fixture(scope="session")
async def app(web: Web) -> AsyncIterator[FastAPI]:
    async with web.serving("tasks", routes) as served:
        yield served


class Desk(AtTheDoor):
    """People of the town, each with a client of their own, and what is due there."""

    async def task(self, case_ref: UUID | None = None, **other: Any) -> UUID:
        """Open a task at the hotline as a service does, due in an hour unless a test says otherwise."""
        due_at = clock.utcnow() + timedelta(hours=1)
        reason = TaskReason.DEAD_LETTER if case_ref is None else TaskReason.PLAN_REVIEW
        task = replace(NewTask("bay-hotline", reason, uuid4(), due_at, case_ref), **other)
        async with self.town.unit("accord_intake", task.agency_id) as unit:
            assert await open_task(unit.session, task)
            await unit.session.commit()
        query = "SELECT task_ref FROM carrying.task WHERE cause_ref = %(cause)s AND agency_id = %(agency)s"
        ((task_ref,),) = self.rows(query, cause=task.cause_ref, agency=task.agency_id)
        return UUID(str(task_ref))

    async def case_task(self, **other: Any) -> UUID:
        """Open a task about a case of its own."""
        return await self.task(await self.town.open_case("bay-hotline"), **other)

    async def cancel(self, task_ref: UUID) -> None:
        """End the cause of a task, as its service does."""
        query = "SELECT agency_id, reason, cause_ref FROM carrying.task WHERE task_ref = %(ref)s"
        ((agency, reason, cause),) = self.rows(query, ref=task_ref)
        async with self.town.unit("accord_intake", agency) as unit:
            assert await close_tasks(unit.session, agency, [cause], TaskReason(reason)) == 1
            await unit.session.commit()

    async def step(
        self, name: str, task_ref: UUID, version: int = 1, body: Any = None, *, by: str = "ana"
    ) -> httpx.Response:
        """Take a step of a task of a version."""
        client: httpx.AsyncClient = getattr(self, by)
        return await client.post(f"/v1/tasks/{task_ref}/{name}", json=body, headers={"If-Match": f'"{version}"'})

    async def do(self, name: str, task_ref: UUID, version: int = 1, body: Any = None, *, by: str = "ana") -> Any:
        """Take a step that is possible, and return the task as it is then."""
        answer = await self.step(name, task_ref, version, body, by=by)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def rows(self, statement: str, **params: Any) -> list[Any]:
        """Read the database as an outside checker would, or change it as time does."""
        with self.town.database.superuser() as connection:
            cursor = connection.execute(statement, params)
            return cursor.fetchall() if cursor.description else []

    def move(self, task_ref: UUID, **columns: str) -> None:
        """Set instants of a task, each as an interval from now."""
        for column, interval in columns.items():
            statement = f"UPDATE carrying.task SET {column} = clock_timestamp() + %(by)s::interval"  # noqa: S608
            self.rows(statement + " WHERE task_ref = %(ref)s", by=interval, ref=task_ref)


def snoozed(days: float = 1, reason: str = "waiting_for_answer") -> dict[str, str]:
    """Return what puts a task off for some days."""
    until = clock.utcnow() + timedelta(days=days)
    return {"until": until.isoformat().replace("+00:00", "Z"), "reason_code": reason}


@pytest.fixture
async def desk(town: Town, web: Web, app: FastAPI) -> AsyncIterator[Desk]:
    names = ("ana", "mia", "priya", "olga", "sam", "lee", "cora")
    async with AsyncExitStack() as stack:
        people = {name: await stack.enter_async_context(web.as_person(app, name)) for name in names}
        yield Desk(town, people)


@pytest.fixture
async def oak(town: Town, web: Web, app: FastAPI, desk: Desk) -> AsyncIterator[str]:
    """An agency with two advocates, Rosa and Tom, and a coordinator, Ivy, at the same door."""
    agency_id = f"oak-{token_hex(4)}"
    roles = {"rosa": "advocate", "tom": "advocate", "ivy": "coordinator"}
    async with town.session("accord_admin") as session, AsyncExitStack() as stack:
        agency = NewAgency(agency_id, "Oak House", AgencyKind.SHELTER, purposes=all_purposes())
        await enrol_agency(session, agency, {"kty": "EC", "kid": agency_id})
        for name, role in roles.items():
            person_ref = f"{name}-{agency_id}"
            await enrol_person(session, NewPerson(person_ref, agency_id, name.title(), (role,)))
            token = web.issuer.person(person_ref, agency=agency_id, roles=[role])
            desk.people[name] = await stack.enter_async_context(web.asking(app, token))
        await session.commit()
        yield agency_id
