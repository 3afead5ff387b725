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
from runtime.http.problems import Absent, FieldError, Invalid, Refusals, Withheld

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def router(
    prefix: str, *, tags: list[str] | None = None, most_bytes: int = body.LIMIT, refusals: Refusals | None = None
) -> APIRouter:
    """Return a router whose routes all pass the edge, with bodies of at most so many bytes.

    `refusals` says which problem tells each error that the domain raises.
    """
    kind = type("Edge", (TransactionalRoute,), {"most_bytes": most_bytes, "refusals": refusals or {}})
    return APIRouter(prefix=prefix, tags=list(tags or []), route_class=kind)


class TransactionalRoute(APIRoute):
    """A route that may only be passed with a token, by one gate, in one transaction."""

    most_bytes: ClassVar[int] = body.LIMIT
    refusals: ClassVar[Refusals] = {}

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        policy = idempotency.repeat_policy_of(endpoint)
        if policy is None and idempotency.METHODS & set(options.get("methods") or ()):
            raise TypeError(f"{path}: a write says what a repeat of it does: see runtime.http.idempotency")
        self.repeat_policy = policy or RepeatPolicy()
        super().__init__(path, endpoint, **options)
        required_scopes = scopes_required(self.dependant)
        if len(required_scopes) != 1:
            raise TypeError(f"{path}: a route names exactly one scope, by `require_scope`, in its signature")
        self.required_scope = required_scopes[0]
        self.queries = query_params.declared_params(self.dependant)
        document(self, self.required_scope, self.repeat_policy)

    def get_route_handler(self) -> Handler:
        """Return the handler of a request, with the edge around it."""
        handler = super().get_route_handler()
        replay = idempotency.replay_handler(self, self.repeat_policy)

        async def handle(request: Request) -> Response:
            app_state: AppState = request.app.state.app_state
            began = clock.monotonic()
            principal = await authentication.authenticate(request, app_state)
            self.required_scope.check(principal.scopes)
            body_request, stop = await self._read_body(request, app_state, principal)
            claim = authentication.claim_of(request, principal)
            body_request.state.principal = principal
            response, refused = None, True
            slot = app_state.concurrency_limits.of_stop if stop else app_state.concurrency_limits.of
            async with slot(principal.subject):
                try:
                    with ahead(request.scope, principal.subject) if stop else nullcontext():
                        async with authentication.unit_of_work_for(app_state, principal, claim, stop=stop) as unit:
                            response = await self._handle(unit, body_request, None if stop else replay, handler)
                            refused = unit.refused
                except Absent:
                    pass  # it goes with all that its traceback holds: to let that go takes a time of its own
            if refused:
                await app_state.response_padder.pad(began)
            if response is None:
                raise Absent
            return response

        return _refusing(handle, self.refusals)

    async def _read_body(self, request: Request, app_state: AppState, principal: Principal) -> tuple[Body, bool]:
        """Return the request with its body, and whether it is a stop; what may not be one is counted first."""
        client = principal.subject
        if self.repeat_policy.closes is None:
            app_state.rate_limiter.acquire((client, request.method, self.path_format))
        query_params.check_headers(request)
        body_request = await body.read(request, app_state, client, self.most_bytes)
        stop = self.repeat_policy.is_stop(body_request.parsed)
        if self.repeat_policy.closes is not None and not stop:
            app_state.rate_limiter.acquire((client, request.method, self.path_format))
        return body_request, stop

    async def _handle(self, unit: UnitOfWork, body_request: Body, replay: Handler | None, handler: Handler) -> Response:
        self.required_scope.check(unit.scopes)
        query_params.check_query(body_request, self.queries)
        if self.body_field is None and body_request.raw not in (b"", b"{}"):
            raise Invalid([FieldError("body", "unexpected")])
        required = self.repeat_policy.key_required
        key = None if replay is None else idempotency.idempotency_key_of(body_request, required=required)
        body_request.state.unit = unit
        try:
            if key is None or replay is None:
                response = await handler(body_request)
            else:
                response = await idempotency.replay_or_run(unit, body_request, key, self.path_format, handler, replay)
        except Withheld:
            await _commit(unit)
            raise
        await _commit(unit)
        return response


def _refusing(handle: Handler, refusals: Refusals) -> Handler:
    kinds = tuple(refusals)

    async def refusing(request: Request) -> Response:
        try:
            return await handle(request)
        except kinds as error:
            problem = next(problem for kind, problem in refusals.items() if isinstance(error, kind))
            raise problem(error) from None

    return refusing


async def _commit(unit: UnitOfWork) -> None:
    """Keep what the request did, unless an opening has done so already."""
    if unit.ended:
        return
    failpoints.hit("edge.before_commit")
    await unit.session.commit()
    failpoints.hit("edge.after_commit")
