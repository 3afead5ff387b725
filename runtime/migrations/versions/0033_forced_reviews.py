"""Intake reads routing: what its worker needs of the inbox and of the parking lot."""

from alembic import op

revision = "0033"
down_revision = "0032"

GRANTS = """
GRANT SELECT, INSERT ON carrying.inbox TO accord_intake;
GRANT SELECT, INSERT ON carrying.parked TO accord_intake;
GRANT UPDATE (resolved_at, resolution, tries) ON carrying.parked TO accord_intake;
"""


def upgrade() -> None:
    """Let intake's worker note what it handled."""
    op.execute(GRANTS)
