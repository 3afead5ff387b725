"""Consent over HTTP: what staff record of a survivor's say-so, and what their agency may read of it."""

from services.consent.api import cases, reading, signing
from services.consent.api.door import routes

__all__ = ["cases", "reading", "routes", "signing"]
