"""Protective orders over HTTP: police and legal aid record them; nobody reads one without a token."""

from services.law_enforcement_bridge.api import read_routes, write_routes

routes = (write_routes.routes, read_routes.routes)
