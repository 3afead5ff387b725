"""Releases that end soon, found by whose they are: a list of one agency must not read everybody's."""

from alembic import op

revision = "0005"
down_revision = "0004"

INDEX = """
CREATE INDEX ON register.directive (custodian, valid_until, directive_ref)
    WHERE effect = 'permit' AND state = 'active' AND ended_at IS NULL;
"""


def upgrade() -> None:
    """Make the index."""
    op.execute(INDEX)
