"""Notifications keeps a list that people read, of what the brake holds: its looks are remembered like any list's."""

from alembic import op

revision = "0022"
down_revision = "0021"

GRANTS = """
ALTER POLICY own_lists ON carrying.listed
    TO accord_consent, accord_exchange, accord_law_enforcement_bridge, accord_notifications, accord_referrals;
GRANT SELECT ON carrying.cursor_key TO accord_notifications;
GRANT SELECT, INSERT, DELETE, UPDATE (since) ON carrying.listed TO accord_notifications;
"""


def upgrade() -> None:
    """Let notifications remember what it showed."""
    op.execute(GRANTS)
