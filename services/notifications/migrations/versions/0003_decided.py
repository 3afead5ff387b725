"""Who let braked notices go or dropped them, and when."""

from alembic import op

revision = "0003"
down_revision = "0002"

# One decision is of many notices: a repeat of the request finds by its reference what was done.
COLUMNS = """
ALTER TABLE notifications.notice
    ADD COLUMN decided_by text,
    ADD COLUMN decided_at timestamptz,
    ADD COLUMN decision_ref uuid;
CREATE INDEX ON notifications.notice (agency_id, source, kind, planned_at, notice_ref)
    WHERE state = 'held' AND reason = 'brake';
CREATE INDEX ON notifications.notice (decision_ref) WHERE decision_ref IS NOT NULL;
"""


def upgrade() -> None:
    """Make the columns and the indexes."""
    op.execute(COLUMNS)
