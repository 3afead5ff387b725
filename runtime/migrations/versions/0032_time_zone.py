"""Intake reads in which zone an agency lives: a plan that is to be reviewed the same day is due by that day's end."""

from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """Let intake read the column."""
    op.execute("GRANT SELECT (time_zone) ON register.agency TO accord_intake")
