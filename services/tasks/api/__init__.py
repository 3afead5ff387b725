"""Tasks over HTTP: lists and counts, one task and its steps, steps of several at once, and who is on call."""

from services.tasks.api import bulk_routes, duty_routes, read_routes, step_routes

routes = (read_routes.routes, step_routes.routes, bulk_routes.routes, duty_routes.routes)
