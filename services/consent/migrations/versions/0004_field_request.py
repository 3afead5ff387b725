"""What an agency asked to see besides, and what became of it; the reason lies sealed under the custodian's case key."""

from alembic import op

revision = "0004"
down_revision = "0003"

# Each side knows a request by a reference of its own, so that no two agencies share one.
TABLE = """
CREATE TABLE consent.field_request (
    request_ref  uuid PRIMARY KEY,
    asked_ref    uuid NOT NULL UNIQUE,
    subject_id   bigint NOT NULL,
    custodian    text NOT NULL,
    requester    text NOT NULL,
    requested_by text NOT NULL,
    purpose      text NOT NULL,
    categories   text[] NOT NULL,
    reason       bytea NOT NULL,
    state        text NOT NULL CHECK (state IN ('open', 'granted', 'declined', 'withdrawn', 'lapsed')),
    version      integer NOT NULL,
    requested_at timestamptz NOT NULL,
    due_at       timestamptz NOT NULL,
    answered_at  timestamptz,
    evidence     jsonb,
    CHECK ((state = 'open') = (answered_at IS NULL))
);
CREATE INDEX ON consent.field_request (subject_id, requested_at);
CREATE INDEX ON consent.field_request (custodian, due_at) WHERE state = 'open';
"""

WALL = """
ALTER TABLE consent.field_request ENABLE ROW LEVEL SECURITY;
ALTER TABLE consent.field_request FORCE ROW LEVEL SECURITY;
CREATE POLICY both_sides ON consent.field_request TO accord_consent
    USING (current_setting('accord.agency', true) IN (custodian, requester))
    WITH CHECK (current_setting('accord.agency', true) IN (custodian, requester));
"""

GRANT = """
GRANT SELECT, INSERT, UPDATE (state, version, answered_at, evidence) ON consent.field_request TO accord_consent;
"""


def upgrade() -> None:
    """Make the table, its wall and its grant."""
    for part in (TABLE, WALL, GRANT):
        op.execute(part)
