"""Releases by where they stand, found by whose they are and in the order that a list shows them in."""

from alembic import op

revision = "0030"
down_revision = "0029"

INDEXES = """
CREATE INDEX ON register.directive (custodian, (COALESCE(valid_until, drafted_at)), directive_ref)
    WHERE effect = 'permit' AND state = 'draft';
CREATE INDEX ON register.directive (custodian, (LEAST(valid_until, ended_at)), directive_ref)
    WHERE effect = 'permit' AND state = 'active';
CREATE INDEX ON register.directive (custodian, revoked_at, directive_ref)
    WHERE effect = 'permit' AND state = 'revoked';
CREATE INDEX ON register.directive (custodian, refused_at, directive_ref)
    WHERE effect = 'permit' AND state = 'refused';
CREATE INDEX ON register.directive (custodian, drafted_at, directive_ref) WHERE effect = 'deny' AND state = 'active';
"""


def upgrade() -> None:
    """Make the indexes."""
    op.execute(INDEXES)
