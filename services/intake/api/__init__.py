"""Intake over HTTP: the agency's cases as a list, and each with what the survivor tells."""

from services.intake.api import (
    case_routes,
    certification_routes,
    colleague_routes,
    desk_routes,
    list_routes,
    people_routes,
    plan_routes,
    screen_routes,
)

# The list first: its `/count` would be read as the reference of a case.
routes = (
    list_routes.routes,
    case_routes.routes,
    plan_routes.routes,
    desk_routes.routes,
    colleague_routes.routes,
    *people_routes.routes,
    certification_routes.routes,
    *screen_routes.routes,
)
