"""Who opened a colleague's case for a reason, and until when it stays open to them."""

from alembic import op

revision = "0004"
down_revision = "0003"

TABLE = """
CREATE TABLE intake.colleague_opening (
    case_ref   uuid NOT NULL,
    agency_id  text NOT NULL,
    person_ref text NOT NULL,
    open_until timestamptz NOT NULL,
    PRIMARY KEY (case_ref, person_ref)
);
CREATE INDEX ON intake.colleague_opening (open_until);
ALTER TABLE intake.colleague_opening ENABLE ROW LEVEL SECURITY;
ALTER TABLE intake.colleague_opening FORCE ROW LEVEL SECURITY;
CREATE POLICY own_cases ON intake.colleague_opening TO accord_intake
    USING (agency_id = current_setting('accord.agency', true))
    WITH CHECK (agency_id = current_setting('accord.agency', true));
GRANT SELECT, INSERT, UPDATE (open_until), DELETE ON intake.colleague_opening TO accord_intake;
"""


def upgrade() -> None:
    """Make the table, its wall and its grants."""
    op.execute(TABLE)
