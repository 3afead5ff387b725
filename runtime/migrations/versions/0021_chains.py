"""What came in a directive's place, and what stands of a subject, found without reading all that was written."""

from alembic import op

revision = "0021"
down_revision = "0020"

INDEXES = """
CREATE INDEX ON register.directive (supersedes_ref) WHERE supersedes_ref IS NOT NULL;
CREATE INDEX ON register.directive (subject_id) WHERE state NOT IN ('refused', 'revoked', 'superseded');
"""


def upgrade() -> None:
    """Make the indexes."""
    op.execute(INDEXES)
