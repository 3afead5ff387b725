"""Audit over HTTP: proofs and the accounting of a case, the ledger's entries of one's own agency, and their check."""

from services.audit.api import accounting_routes, entry_routes, verification_routes

routes = (accounting_routes.routes, entry_routes.routes, verification_routes.routes)
