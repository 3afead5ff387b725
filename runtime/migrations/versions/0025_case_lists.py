"""Intake keeps a list that people read, of their agency's cases: its looks are remembered like any list's."""

from alembic import op

revision = "0025"
down_revision = "0024"

GRANTS = """
ALTER POLICY own_lists ON carrying.listed TO accord_consent, accord_exchange, accord_intake,
    accord_law_enforcement_bridge, accord_notifications, accord_referrals;
GRANT SELECT ON carrying.cursor_key TO accord_intake;
GRANT SELECT, INSERT, DELETE, UPDATE (since) ON carrying.listed TO accord_intake;
"""


def upgrade() -> None:
    """Let intake remember what it showed."""
    op.execute(GRANTS)
