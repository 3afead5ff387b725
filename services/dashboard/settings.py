"""Whom the pages ask, and where the pages themselves are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import StringConstraints

from runtime.settings import KeyringSettings

Address = Annotated[str, StringConstraints(pattern=r"^https?://[A-Za-z0-9.:\[\]-]+$")]


class BoardSettings(KeyringSettings):
    """What the operator decides for the dashboard: addresses, without a path and without a slash at the end."""

    dashboard_url: Address  # what browsers call us; an https one gives cookies that only https carries
    referrals_url: Address
    exchange_url: Address
    consent_url: Address
    law_enforcement_bridge_url: Address
    intake_url: Address
    audit_url: Address
    notifications_url: Address
    tasks_url: Address

    def addresses(self) -> tuple[str, ...]:
        """Return the names of the settings that hold addresses: a person's token goes to each service."""
        return (*super().addresses(), "dashboard_url", *(f"{name}_url" for name in self.services))

    @property
    def services(self) -> Mapping[str, str]:
        """Return the addresses of the services that pages ask."""
        return {
            "referrals": self.referrals_url,
            "exchange": self.exchange_url,
            "consent": self.consent_url,
            "law_enforcement_bridge": self.law_enforcement_bridge_url,
            "intake": self.intake_url,
            "audit": self.audit_url,
            "notifications": self.notifications_url,
            "tasks": self.tasks_url,
        }
