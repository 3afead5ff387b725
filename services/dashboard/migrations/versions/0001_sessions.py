"""Sessions of people who signed in with a browser: whose they are stands in the sealed tokens only."""

from alembic import op

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE dashboard.session (
    digest      bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    sealed      bytea NOT NULL,
    began_at    timestamptz NOT NULL,
    seen_at     timestamptz NOT NULL,
    ends_at     timestamptz NOT NULL,
    token_until timestamptz NOT NULL
);
CREATE INDEX ON dashboard.session (ends_at);
CREATE INDEX ON dashboard.session (seen_at);
"""

# A session belongs to whoever shows its cookie, so the wall stands around each by its digest. What is over anybody's
# request may clear away. An unset setting reads as NULL or as an empty text: neither is a digest.
WALLS = """
CREATE FUNCTION dashboard.is_over(seen_at timestamptz, ends_at timestamptz) RETURNS boolean LANGUAGE sql STABLE AS
    $$SELECT ends_at <= register.instant() OR seen_at <= register.instant() - interval '15 minutes'$$;
ALTER TABLE dashboard.session ENABLE ROW LEVEL SECURITY;
ALTER TABLE dashboard.session FORCE ROW LEVEL SECURITY;
CREATE POLICY own_session ON dashboard.session TO accord_dashboard
    USING (digest = decode(current_setting('accord.session', true), 'hex'))
    WITH CHECK (digest = decode(current_setting('accord.session', true), 'hex'));
CREATE POLICY seeing_what_is_over ON dashboard.session FOR SELECT TO accord_dashboard
    USING (dashboard.is_over(seen_at, ends_at));
CREATE POLICY clearing_what_is_over ON dashboard.session FOR DELETE TO accord_dashboard
    USING (dashboard.is_over(seen_at, ends_at));
"""

GRANTS = """
GRANT USAGE ON SCHEMA dashboard TO accord_dashboard;
GRANT SELECT, INSERT, UPDATE, DELETE ON dashboard.session TO accord_dashboard;
"""


def upgrade() -> None:
    """Make the table, its walls and its grants."""
    for part in (TABLES, WALLS, GRANTS):
        op.execute(part)
