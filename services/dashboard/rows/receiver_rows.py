"""What pages read of consent's list of agencies, to choose one by name."""

from __future__ import annotations

from services.dashboard.rows.service_row import ServiceRow


class ReceiverRow(ServiceRow):
    """An active agency, and what it may be asked for."""

    agency_ref: str
    name: str
    purposes: tuple[str, ...] = ()


class ReceiverListRow(ServiceRow):
    """One page of agencies, by name."""

    agencies: tuple[ReceiverRow, ...]
