"""The edge: every route passes it, and it alone begins and commits a request's transaction.

In this order, so that nobody learns more than they may: who asks (401), how much (413), in what form (415, 400),
may they (403), is it what the route takes (422).  The commit comes before the answer: what was answered is kept,
and a commit that fails is an error with nothing half-written.  What was not found is told no sooner, and no later, than
what was found and is not for the asker.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from runtime import clock, crash
from runtime.http import body, entry, queries, repeats
from runtime.http.body import Body
from runtime.http.documented import document
from runtime.http.gate import gates_of
from runtime.http.problems import Absent, FieldError, Invalid, Withheld
from runtime.http.repeats import Repeats
from runtime.http.wiring import Wiring
from runtime.unit import Unit

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def router(prefix: str, *, tags: list[str] | None = None) -> APIRouter:
    """Return a router whose routes all pass the edge."""
    return APIRouter(prefix=prefix, tags=list(tags or []), route_class=Edge)


class Edge(APIRoute):
    """A route that may only be passed with a token, by one gate, in one transaction."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        marked = repeats.repeats_of(endpoint)
        if marked is None and repeats.METHODS & set(options.get("methods") or ()):
            raise TypeError(f"{path}: a write says what a repeat of it does: see runtime.http.repeats")
        self.repeats = marked or Repeats()
        super().__init__(path, endpoint, **options)
        gates = gates_of(self.dependant)
        if len(gates) != 1:
            raise TypeError(f"{path}: a route names exactly one scope, by `may`, in its signature")
        self.gate = gates[0]
        self.queries = queries.declared(self.dependant)
        document(self, self.gate, self.repeats)

    def get_route_handler(self) -> Handler:
        """Return the handler of a request, with the edge around it."""
        handler = super().get_route_handler()
        again = repeats.handler_of_again(self, self.repeats)

        async def handle(request: Request) -> Response:
            wiring: Wiring = request.app.state.wiring
            began = clock.monotonic()
            principal = await entry.authenticate(request, wiring)
            wiring.rates.take((principal.subject, request.method, self.path_format))
            read = await body.read(request)
            queries.check_headers(request)
            claim = entry.claim_of(request, principal)
            read.state.principal = principal
            answer, refused = None, True
            try:
                async with entry.entered(wiring, principal, claim) as unit:
                    answer = await self._within(unit, read, handler, again)
                    refused = unit.refused
            except Absent:
                pass  # it goes with all that its traceback holds: to let that go takes a time of its own
            if refused:
                await wiring.evenly.end(began)
            if answer is None:
                raise Absent
            return answer

        return handle

    async def _within(self, unit: Unit, read: Body, handler: Handler, again: Handler | None) -> Response:
        self.gate.check(unit)
        queries.check_query(read, self.queries)
        if self.body_field is None and read.raw not in (b"", b"{}"):
            raise Invalid([FieldError("body", "unexpected")])
        key = self._key_of(read)
        read.state.unit = unit
        try:
            if key is None or again is None:
                answer = await handler(read)
            else:
                answer = await repeats.once(unit, read, key, self.path_format, handler, again)
        except Withheld:
            await _commit(unit)
            raise
        await _commit(unit)
        return answer

    def _key_of(self, read: Body) -> str | None:
        """Return the key under which the request is done once; none for what is done each time."""
        if read.method not in repeats.METHODS or self.repeats.is_stop(read.parsed):
            return None
        return repeats.key_of(read, required=self.repeats.key_required)


async def _commit(unit: Unit) -> None:
    """Keep what the request did, unless an opening has done so already."""
    if unit.ended:
        return
    crash.point("edge.before_commit")
    await unit.session.commit()
    crash.point("edge.after_commit")
