"""What people decide about a message that was set aside."""

from __future__ import annotations

from services.dashboard.forms.desk_form import DeskForm


class DeadLetterForm(DeskForm):
    """Nothing to fill in: the address says which message, and what is to become of it."""
