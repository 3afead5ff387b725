"""Who may pass: the scope that a route's signature names."""

from collections.abc import Collection

from fastapi.dependencies.models import Dependant
from starlette.requests import Request

from runtime.auth.scopes import Scope
from runtime.database.unit_of_work import Unit
from runtime.http.problems import Forbidden


class May:
    """A dependency that gives a route its unit, and names the scope that it takes to get it."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def check(self, scopes: Collection[str]) -> None:
        """Refuse whoever has other scopes only."""
        if self.scope not in scopes:
            raise Forbidden

    async def __call__(self, request: Request) -> Unit:
        """Return the unit that the edge opened for this request."""
        unit: Unit = request.state.unit
        self.check(unit.scopes)
        return unit


def may(scope: str) -> May:
    """Return the dependency for routes that need `scope`; raises `ValueError` for one that is not listed."""
    return May(Scope(scope))


def gates_of(dependant: Dependant) -> list[May]:
    """Return the gates that a route names, in its own signature or in a dependency's."""
    own = [dependant.call] if isinstance(dependant.call, May) else []
    return own + [gate for part in dependant.dependencies for gate in gates_of(part)]
