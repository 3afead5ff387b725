"""What people have typed and not yet sent, sealed, for a day; each behind the wall of the person who typed it."""

from alembic import op

revision = "0003"
down_revision = "0002"

# Which page it is of stands there as a digest: whoever reads the table is not to see who writes about which case.
TABLES = """
CREATE TABLE dashboard.draft (
    agency_id   text NOT NULL,
    person_ref  text NOT NULL,
    draft_ref   uuid NOT NULL,
    page        bytea NOT NULL CHECK (octet_length(page) = 32),
    wrapped_key bytea NOT NULL,
    body        bytea NOT NULL,
    saved_at    timestamptz NOT NULL,
    PRIMARY KEY (agency_id, person_ref, draft_ref)
);
ALTER TABLE dashboard.draft ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX ON dashboard.draft (saved_at);
"""

WALLS = """
CREATE FUNCTION dashboard.is_stale(saved_at timestamptz) RETURNS boolean LANGUAGE sql STABLE AS
    $$SELECT saved_at <= register.instant() - interval '24 hours'$$;
ALTER TABLE dashboard.draft ENABLE ROW LEVEL SECURITY;
ALTER TABLE dashboard.draft FORCE ROW LEVEL SECURITY;
CREATE POLICY own_drafts ON dashboard.draft TO accord_dashboard
    USING (agency_id = current_setting('accord.agency', true) AND person_ref = current_setting('accord.person', true))
    WITH CHECK (agency_id = current_setting('accord.agency', true)
        AND person_ref = current_setting('accord.person', true));
CREATE POLICY seeing_what_is_stale ON dashboard.draft FOR SELECT TO accord_dashboard
    USING (dashboard.is_stale(saved_at));
CREATE POLICY clearing_what_is_stale ON dashboard.draft FOR DELETE TO accord_dashboard
    USING (dashboard.is_stale(saved_at));
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON dashboard.draft TO accord_dashboard;
"""


def upgrade() -> None:
    """Make the table, its walls and its grants."""
    for part in (TABLES, WALLS, GRANTS):
        op.execute(part)
