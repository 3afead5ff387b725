"""The dashboard reads routing: what its worker needs of the inbox and of the parking lot, and nothing of an offer."""

from alembic import op

revision = "0029"
down_revision = "0028"

GRANTS = """
GRANT SELECT, INSERT ON carrying.inbox TO accord_dashboard;
GRANT SELECT, INSERT ON carrying.parked TO accord_dashboard;
GRANT UPDATE (resolved_at, resolution, tries) ON carrying.parked TO accord_dashboard;
"""


def upgrade() -> None:
    """Let the dashboard's worker note what it handled."""
    op.execute(GRANTS)
