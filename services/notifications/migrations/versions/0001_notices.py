"""Planned notices, and the sealed message that says how a survivor may be reached."""

from alembic import op

revision = "0001"
down_revision = None

# One row for each thing the survivor said of being reached: what says nothing of it takes nothing back.
# `due` holds references and an instant only and has no wall: the sender must find what is due in any agency.
TABLES = """
CREATE TABLE notifications.contact (
    agency_id   text NOT NULL,
    case_ref    uuid NOT NULL,
    field       text NOT NULL,
    message_ref uuid NOT NULL,
    type        text NOT NULL,
    sequence    bigint NOT NULL,
    body        bytea NOT NULL,
    PRIMARY KEY (agency_id, case_ref, field)
);
CREATE TABLE notifications.notice (
    notice_ref   uuid PRIMARY KEY,
    agency_id    text NOT NULL,
    case_ref     uuid NOT NULL,
    kind         text NOT NULL,
    cause_ref    uuid NOT NULL,
    state        text NOT NULL,
    reason       text,
    channel_kind text,
    attempts     integer NOT NULL DEFAULT 0,
    planned_at   timestamptz NOT NULL,
    planned_for  timestamptz,
    sent_at      timestamptz,
    UNIQUE (agency_id, case_ref, kind, cause_ref)
);
CREATE INDEX ON notifications.notice (agency_id, case_ref, planned_at);
CREATE TABLE notifications.due (
    notice_ref uuid PRIMARY KEY,
    agency_id  text NOT NULL,
    due_at     timestamptz NOT NULL
);
CREATE INDEX ON notifications.due (due_at);
"""

WALLS = "".join(
    f"""
ALTER TABLE notifications.{table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE notifications.{table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_cases ON notifications.{table} TO accord_notifications
    USING (agency_id = current_setting('accord.agency', true))
    WITH CHECK (agency_id = current_setting('accord.agency', true));
"""
    for table in ("contact", "notice")
)

GRANTS = """
GRANT USAGE ON SCHEMA notifications TO accord_notifications;
GRANT SELECT, INSERT, UPDATE ON notifications.contact, notifications.notice TO accord_notifications;
GRANT SELECT, INSERT, UPDATE, DELETE ON notifications.due TO accord_notifications;
"""


def upgrade() -> None:
    """Make the tables, their walls and their grants."""
    for part in (TABLES, WALLS, GRANTS):
        op.execute(part)
