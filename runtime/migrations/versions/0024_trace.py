"""The id of the error that made a dead letter."""

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Make the column."""
    op.execute("ALTER TABLE carrying.parked ADD COLUMN error_id text")
