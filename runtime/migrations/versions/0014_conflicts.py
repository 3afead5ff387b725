"""Attempts at what a survivor hides from somebody, found among all lines of the ledger."""

from alembic import op

revision = "0014"
down_revision = "0013"

# By the canonical text of a header, as the accounting seeks by it: a quotation mark within a value is escaped there.
INDEX = """
CREATE INDEX conflicts ON ledger.leaf (number) WHERE position('"reason":"blocked_person"'::bytea IN header) > 0
    OR position('"reason":"person_not_named"'::bytea IN header) > 0;
"""
GRANTS = "GRANT SELECT (custodian, drafted_at) ON register.directive TO accord_audit"


def upgrade() -> None:
    """Make the index, and let audit see by whom and when a person was shut out."""
    op.execute(INDEX)
    op.execute(GRANTS)
