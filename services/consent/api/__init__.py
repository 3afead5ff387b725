"""Consent over HTTP: what staff record of a survivor's say-so, and what their agency may read of it."""

from services.consent.api import (
    acknowledgement_routes,
    agency_routes,
    case_routes,
    field_request_routes,
    list_routes,
    preview_routes,
    read_routes,
    signature_routes,
)
from services.consent.api.permissions import routes

__all__ = [
    "acknowledgement_routes",
    "agency_routes",
    "case_routes",
    "field_request_routes",
    "list_routes",
    "preview_routes",
    "read_routes",
    "routes",
    "signature_routes",
]
