"""Protective orders over HTTP: police and legal aid record them; nobody reads one without a token."""

from services.law_enforcement_bridge.api import reading, recording

routes = (recording.routes, reading.routes)
