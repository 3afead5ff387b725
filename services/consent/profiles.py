"""Jurisdiction profiles, read from the file beside this module."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources

from services.consent.domain import STRICTEST, JurisdictionProfile


def read(text: str) -> Mapping[str, JurisdictionProfile]:
    """Return the profiles of a file; raises `TypeError` for a rule we do not know."""
    return {name: JurisdictionProfile(**rules) for name, rules in tomllib.loads(text).items()}


PROFILES = read((resources.files("services.consent") / "profiles.toml").read_text("utf-8"))


def profile(name: str) -> JurisdictionProfile:
    """Return the profile; of one that is not in the file, the strictest."""
    return PROFILES.get(name, STRICTEST)
