"""Where the board's lists come from, and where the board itself is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import StringConstraints, model_validator

from runtime.settings import Profile, Settings

Address = Annotated[str, StringConstraints(pattern=r"^https?://[A-Za-z0-9.:\[\]-]+$")]


class BoardSettings(Settings):
    """What the operator decides for the dashboard: addresses, without a path and without a slash at the end."""

    dashboard_url: Address  # what browsers call us; an https one gives cookies that only https carries
    referrals_url: Address
    exchange_url: Address
    consent_url: Address
    law_enforcement_bridge_url: Address

    @model_validator(mode="after")
    def _https_in_production(self) -> Self:
        if self.profile is Profile.PRODUCTION and not self.dashboard_url.startswith("https://"):
            raise ValueError("the production profile needs an https address of the dashboard")
        return self

    @property
    def lists(self) -> Mapping[str, str]:
        """Return the addresses of the services whose lists the board shows."""
        return {
            "referrals": self.referrals_url,
            "exchange": self.exchange_url,
            "consent": self.consent_url,
            "law_enforcement_bridge": self.law_enforcement_bridge_url,
        }
