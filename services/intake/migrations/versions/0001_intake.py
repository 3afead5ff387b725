"""Cases, incidents and plans: references, states, versions and instants. What was said lies sealed."""

from alembic import op

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE intake.case_file (
    case_ref  uuid PRIMARY KEY,
    agency_id text NOT NULL,
    channel   text,
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL
);
CREATE TABLE intake.incident (
    incident_ref uuid PRIMARY KEY,
    case_ref     uuid NOT NULL,
    agency_id    text NOT NULL,
    version      integer NOT NULL,
    state        text NOT NULL CHECK (state IN ('recorded', 'closed')),
    reported_at  timestamptz NOT NULL,
    changed_at   timestamptz NOT NULL
);
CREATE INDEX ON intake.incident (case_ref, reported_at);
CREATE TABLE intake.plan (
    plan_ref   uuid PRIMARY KEY,
    case_ref   uuid NOT NULL,
    agency_id  text NOT NULL,
    version    integer NOT NULL,
    status     text NOT NULL CHECK (status IN ('active', 'closed')),
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
-- One plan at a time: of two who begin one at once, the second is told to read the first.
CREATE UNIQUE INDEX ON intake.plan (case_ref) WHERE status = 'active';
CREATE INDEX ON intake.plan (case_ref, changed_at);
"""

WALLS = "".join(
    f"""
ALTER TABLE intake.{table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE intake.{table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_cases ON intake.{table} TO accord_intake
    USING (agency_id = current_setting('accord.agency', true))
    WITH CHECK (agency_id = current_setting('accord.agency', true));
"""
    for table in ("case_file", "incident", "plan")
)

GRANTS = """
GRANT USAGE ON SCHEMA intake TO accord_intake;
GRANT SELECT, INSERT ON intake.case_file TO accord_intake;
GRANT SELECT, INSERT, UPDATE (version, state, changed_at) ON intake.incident TO accord_intake;
GRANT SELECT, INSERT, UPDATE (version, status, changed_at) ON intake.plan TO accord_intake;
"""


def upgrade() -> None:
    """Make the tables, their walls and their grants."""
    for part in (TABLES, WALLS, GRANTS):
        op.execute(part)
