"""The schema of audit, which keeps nothing of its own: what it reads is the ledger."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Let the service into its schema."""
    op.execute("GRANT USAGE ON SCHEMA audit TO accord_audit")
