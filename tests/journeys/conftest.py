"""Journeys run on the whole product."""

from tests.support.shared_towns import running, town

__all__ = ["running", "town"]
