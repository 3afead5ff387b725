"""The time zone that an agency's people read their pages in; it decides nothing, and no other service reads it."""

from alembic import op

revision = "0026"
down_revision = "0025"

COLUMN = """
ALTER TABLE register.agency ADD COLUMN time_zone text NOT NULL DEFAULT 'UTC'
    CHECK (time_zone ~ '^[A-Za-z0-9_+-]{1,30}(/[A-Za-z0-9_+-]{1,30}){0,2}$');
GRANT SELECT (time_zone) ON register.agency TO accord_dashboard, accord_admin;
"""


def upgrade() -> None:
    """Add the column; agencies that are in already read UTC until their operator names a zone."""
    op.execute(COLUMN)
