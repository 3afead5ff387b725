"""Journeys run on the whole product."""

from tests.world.running import running, town

__all__ = ["running", "town"]
