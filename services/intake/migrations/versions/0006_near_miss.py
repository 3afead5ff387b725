"""Near misses: references and instants; and when a plan was last reviewed. What was told lies sealed."""

from alembic import op

revision = "0006"
down_revision = "0005"

TABLES = """
CREATE TABLE intake.near_miss (
    near_miss_ref uuid PRIMARY KEY,
    case_ref      uuid NOT NULL,
    agency_id     text NOT NULL,
    logged_at     timestamptz NOT NULL,
    reviewed_at   timestamptz
);
CREATE INDEX ON intake.near_miss (case_ref, logged_at);
ALTER TABLE intake.plan ADD COLUMN reviewed_at timestamptz, ADD COLUMN review_turn integer NOT NULL DEFAULT 0;
"""

WALLS = """
ALTER TABLE intake.near_miss ENABLE ROW LEVEL SECURITY;
ALTER TABLE intake.near_miss FORCE ROW LEVEL SECURITY;
CREATE POLICY own_cases ON intake.near_miss TO accord_intake
    USING (agency_id = current_setting('accord.agency', true))
    WITH CHECK (agency_id = current_setting('accord.agency', true));
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE (reviewed_at) ON intake.near_miss TO accord_intake;
GRANT UPDATE (reviewed_at, review_turn) ON intake.plan TO accord_intake;
"""


def upgrade() -> None:
    """Make the table, its walls and the grants."""
    for part in (TABLES, WALLS, GRANTS):
        op.execute(part)
