"""When the survivor said stop, where that was before it was recorded: what was opened between is marked for her."""

from alembic import op

revision = "0034"
down_revision = "0033"

COLUMN = "ALTER TABLE register.directive ADD COLUMN told_at timestamptz"
GRANT = "GRANT SELECT (directive_ref, revoked_at, told_at) ON register.directive TO accord_audit"


def upgrade() -> None:
    """Add the instant, and let the accounting read it."""
    for part in (COLUMN, GRANT):
        op.execute(part)
