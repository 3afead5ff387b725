"""The routes of the pages, as the application has them: which one an address belongs to."""

from collections.abc import Iterator

from services.dashboard import main
from services.dashboard.session_auth import SessionRoute

PAGES = tuple(route for router in main.ROUTES for route in router.routes if isinstance(route, SessionRoute))


def templates(method: str) -> Iterator[str]:
    """Yield the template of each page that takes a method."""
    yield from (route.path for route in PAGES if method in (route.methods or ()))


def template_of(method: str, address: str) -> str:
    """Return the template of the page that an address leads to, or "" where there is none."""
    path = address.partition("?")[0].partition("#")[0]
    matching = (route.path for route in PAGES if method in (route.methods or ()) and route.path_regex.match(path))
    return next(matching, "")
