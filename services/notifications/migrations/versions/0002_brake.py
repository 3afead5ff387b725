"""What a brake needs to know: from whom news came, when a notice was handed on, and which notice stands for others."""

from alembic import op

revision = "0002"
down_revision = "0001"

# A notice counts against its case from before it is handed on: a sender that dies there has perhaps sent it.
COLUMNS = """
ALTER TABLE notifications.notice
    ADD COLUMN source text,
    ADD COLUMN handing_on_at timestamptz,
    ADD COLUMN coalesced_into uuid;
ALTER TABLE notifications.due ADD COLUMN source text NOT NULL DEFAULT '';
CREATE INDEX ON notifications.notice (agency_id, source, kind, planned_at);
"""


def upgrade() -> None:
    """Make the columns and the index."""
    op.execute(COLUMNS)
