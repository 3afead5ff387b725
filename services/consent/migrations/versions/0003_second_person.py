"""What waits for a second person, and when everything was stopped."""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = """
CREATE TABLE consent.awaiting (
    about       uuid PRIMARY KEY,  -- a directive
    agency_id   text NOT NULL,
    recorded_by text NOT NULL,
    parties     text[] NOT NULL,
    since       timestamptz NOT NULL,
    signed_at   timestamptz,
    evidence    jsonb NOT NULL
);
CREATE INDEX ON consent.awaiting (agency_id, since);
CREATE TABLE consent.stop (
    subject_id bigint NOT NULL,
    agency_id  text NOT NULL,
    stopped_at timestamptz NOT NULL,
    PRIMARY KEY (subject_id, agency_id)
);
"""

# Whoever decides whether a paper is too old must know of every stop; that there was one is all that a row says.
WALLS = """
ALTER TABLE consent.awaiting ENABLE ROW LEVEL SECURITY;
ALTER TABLE consent.awaiting FORCE ROW LEVEL SECURITY;
CREATE POLICY own_duty ON consent.awaiting TO accord_consent
    USING (agency_id = current_setting('accord.agency', true))
    WITH CHECK (agency_id = current_setting('accord.agency', true));
ALTER TABLE consent.stop ENABLE ROW LEVEL SECURITY;
ALTER TABLE consent.stop FORCE ROW LEVEL SECURITY;
CREATE POLICY weighing ON consent.stop FOR SELECT TO accord_consent USING (true);
CREATE POLICY own_word ON consent.stop FOR INSERT TO accord_consent
    WITH CHECK (agency_id = current_setting('accord.agency', true));
CREATE POLICY own_last_word ON consent.stop FOR UPDATE TO accord_consent
    USING (agency_id = current_setting('accord.agency', true))
    WITH CHECK (agency_id = current_setting('accord.agency', true));
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON consent.awaiting TO accord_consent;
GRANT SELECT, INSERT, UPDATE ON consent.stop TO accord_consent;
"""


def upgrade() -> None:
    """Make the tables, their walls and their grants."""
    for part in (TABLES, WALLS, GRANTS):
        op.execute(part)
