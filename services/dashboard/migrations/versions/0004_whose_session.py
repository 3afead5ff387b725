"""Whose each session is, so that people end their own and an administrator a colleague's; and the last sign-in."""

from alembic import op

revision = "0004"
down_revision = "0003"

# Whose the sessions of before are stands in their sealed tokens only: those people sign in again.
TABLES = """
TRUNCATE dashboard.session;
ALTER TABLE dashboard.session
    ADD COLUMN session_ref uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    ADD COLUMN agency_id text NOT NULL,
    ADD COLUMN person_ref text NOT NULL;
CREATE INDEX ON dashboard.session (agency_id, person_ref);
CREATE TABLE dashboard.sign_in (
    person_ref       text PRIMARY KEY,
    agency_id        text NOT NULL,
    signed_in_at     timestamptz NOT NULL,
    signed_in_before timestamptz
);
"""

# Within an agency whose session it is stands in the statement: an administrator ends a colleague's.
WALLS = """
CREATE POLICY own_agency_seen ON dashboard.session FOR SELECT TO accord_dashboard
    USING (agency_id = current_setting('accord.agency', true));
CREATE POLICY own_agency_ended ON dashboard.session FOR DELETE TO accord_dashboard
    USING (agency_id = current_setting('accord.agency', true));
ALTER TABLE dashboard.sign_in ENABLE ROW LEVEL SECURITY;
ALTER TABLE dashboard.sign_in FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON dashboard.sign_in TO accord_dashboard
    USING (agency_id = current_setting('accord.agency', true))
    WITH CHECK (agency_id = current_setting('accord.agency', true));
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE (signed_in_at, signed_in_before) ON dashboard.sign_in TO accord_dashboard;
"""


def upgrade() -> None:
    """Make the columns, the table, the walls and the grants."""
    for part in (TABLES, WALLS, GRANTS):
        op.execute(part)
