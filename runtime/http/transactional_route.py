"""The edge: every route passes it, and it alone begins and commits a request's transaction.

In this order, so that nobody learns or costs more than they may: who asks (401), may they (403), how much (413), in
what form (415, 400), is it what the route takes (422).  A body is read before a place is taken, and a place before a
connection to the database; a stop has places and connections of its own.  The commit comes before the answer: what was
answered is kept, and a commit that fails is an error with nothing half-written.  What was not found is told no sooner,
and no later, than what was found and is not for the asker.
"""

from collections.abc import Callable, Coroutine
from contextlib import nullcontext
from typing import Any, ClassVar

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from runtime import clock, failpoints
from runtime.auth.principal import Principal
from runtime.database.unit_of_work import UnitOfWork
from runtime.http import authentication, body, idempotency, query_params
from runtime.http.admission import ahead
from runtime.http.app_state import AppState
from runtime.http.body import Body
from runtime.http.idempotency import RepeatPolicy
from runtime.http.openapi.routes import document
from runtime.http.permissions import scopes_required
from runtime.http.problems import Absent, FieldError, Invalid, Withheld

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def router(prefix: str, *, tags: list[str] | None = None, most_bytes: int = body.LIMIT) -> APIRouter:
    """Return a router whose routes all pass the edge, with bodies of at most so many bytes."""
    kind = type("Edge", (TransactionalRoute,), {"most_bytes": most_bytes})
    return APIRouter(prefix=prefix, tags=list(tags or []), route_class=kind)


class TransactionalRoute(APIRoute):
    """A route that may only be passed with a token, by one gate, in one transaction."""

    most_bytes: ClassVar[int] = body.LIMIT

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        marked = idempotency.repeat_policy_of(endpoint)
        if marked is None and idempotency.METHODS & set(options.get("methods") or ()):
            raise TypeError(f"{path}: a write says what a repeat of it does: see runtime.http.idempotency")
        self.repeats = marked or RepeatPolicy()
        super().__init__(path, endpoint, **options)
        gates = scopes_required(self.dependant)
        if len(gates) != 1:
            raise TypeError(f"{path}: a route names exactly one scope, by `require_scope`, in its signature")
        self.gate = gates[0]
        self.queries = query_params.declared_params(self.dependant)
        document(self, self.gate, self.repeats)

    def get_route_handler(self) -> Handler:
        """Return the handler of a request, with the edge around it."""
        handler = super().get_route_handler()
        again = idempotency.replay_handler(self, self.repeats)

        async def handle(request: Request) -> Response:
            app_state: AppState = request.app.state.app_state
            began = clock.monotonic()
            principal = await authentication.authenticate(request, app_state)
            self.gate.check(principal.scopes)
            read, stop = await self._read(request, app_state, principal)
            claim = authentication.claim_of(request, principal)
            read.state.principal = principal
            answer, refused = None, True
            place = app_state.concurrency_limits.of_stop if stop else app_state.concurrency_limits.of
            async with place(principal.subject):
                try:
                    with ahead(request.scope, principal.subject) if stop else nullcontext():
                        async with authentication.unit_of_work_for(app_state, principal, claim, stop=stop) as unit:
                            answer = await self._within(unit, read, None if stop else again, handler)
                            refused = unit.refused
                except Absent:
                    pass  # it goes with all that its traceback holds: to let that go takes a time of its own
            if refused:
                await app_state.response_padder.pad(began)
            if answer is None:
                raise Absent
            return answer

        return handle

    async def _read(self, request: Request, app_state: AppState, principal: Principal) -> tuple[Body, bool]:
        """Return the request with its body, and whether it is a stop; what may not be one is counted first."""
        client = principal.subject
        if self.repeats.closes is None:
            app_state.rate_limiter.acquire((client, request.method, self.path_format))
        query_params.check_headers(request)
        read = await body.read(request, app_state, client, self.most_bytes)
        stop = self.repeats.is_stop(read.parsed)
        if self.repeats.closes is not None and not stop:
            app_state.rate_limiter.acquire((client, request.method, self.path_format))
        return read, stop

    async def _within(self, unit: UnitOfWork, read: Body, again: Handler | None, handler: Handler) -> Response:
        self.gate.check(unit.scopes)
        query_params.check_query(read, self.queries)
        if self.body_field is None and read.raw not in (b"", b"{}"):
            raise Invalid([FieldError("body", "unexpected")])
        key = None if again is None else idempotency.idempotency_key_of(read, required=self.repeats.key_required)
        read.state.unit = unit
        try:
            if key is None or again is None:
                answer = await handler(read)
            else:
                answer = await idempotency.replay_or_run(unit, read, key, self.path_format, handler, again)
        except Withheld:
            await _commit(unit)
            raise
        await _commit(unit)
        return answer


async def _commit(unit: UnitOfWork) -> None:
    """Keep what the request did, unless an opening has done so already."""
    if unit.ended:
        return
    failpoints.hit("edge.before_commit")
    await unit.session.commit()
    failpoints.hit("edge.after_commit")
