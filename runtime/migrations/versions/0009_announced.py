"""Grants that nobody was told of yet, found without reading all that are in force."""

from alembic import op

revision = "0009"
down_revision = "0008"

COLUMN = "ALTER TABLE register.directive ADD COLUMN announced boolean NOT NULL DEFAULT false"
INDEX = """
CREATE INDEX ON register.directive (custodian, valid_until)
    WHERE effect = 'permit' AND state = 'active' AND ended_at IS NULL AND NOT announced;
"""


def upgrade() -> None:
    """Make the column and the index; the consent service sets the column for what it told before."""
    op.execute(COLUMN)
    op.execute(INDEX)
