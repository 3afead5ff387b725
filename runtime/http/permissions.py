"""Who may pass: the scope that a route's signature names."""

from collections.abc import Collection

from fastapi.dependencies.models import Dependant
from starlette.requests import Request

from runtime.auth.scopes import Scope
from runtime.database.unit_of_work import UnitOfWork
from runtime.http.problems import Forbidden


class RequireScope:
    """A dependency that gives a route its unit, and names the scope that it takes to get it."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def check(self, scopes: Collection[str]) -> None:
        """Refuse whoever has other scopes only."""
        if self.scope not in scopes:
            raise Forbidden

    async def __call__(self, request: Request) -> UnitOfWork:
        """Return the unit that the edge opened for this request."""
        unit: UnitOfWork = request.state.unit
        self.check(unit.scopes)
        return unit


def require_scope(scope: str) -> RequireScope:
    """Return the dependency for routes that need `scope`; raises `ValueError` for one that is not listed."""
    return RequireScope(Scope(scope))


def scopes_required(dependant: Dependant) -> list[RequireScope]:
    """Return the gates that a route names, in its own signature or in a dependency's."""
    own = [dependant.call] if isinstance(dependant.call, RequireScope) else []
    return own + [gate for part in dependant.dependencies for gate in scopes_required(part)]
