"""What an agency calls a case among its own people: sealed, and found by an index that only that agency can compute."""

from alembic import op

revision = "0003"
down_revision = "0002"

# Nothing of a name is in the clear: neither the name, nor its length to the letter, nor a hash to test a guess against.
TABLES = """
ALTER TABLE intake.case_status ADD COLUMN nickname bytea, ADD COLUMN nickname_index bytea,
    ADD CHECK ((nickname IS NULL) = (nickname_index IS NULL));
CREATE INDEX ON intake.case_status (agency_id, nickname_index) WHERE nickname_index IS NOT NULL;
CREATE TABLE intake.name_key (
    agency_id   text PRIMARY KEY,
    wrapped_key bytea NOT NULL
);
ALTER TABLE intake.name_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE intake.name_key FORCE ROW LEVEL SECURITY;
CREATE POLICY own_key ON intake.name_key TO accord_intake
    USING (agency_id = current_setting('accord.agency', true))
    WITH CHECK (agency_id = current_setting('accord.agency', true));
"""

GRANTS = """
GRANT UPDATE (nickname, nickname_index) ON intake.case_status TO accord_intake;
GRANT SELECT, INSERT ON intake.name_key TO accord_intake;
"""


def upgrade() -> None:
    """Make the columns, the table, its wall and the grants."""
    for part in (TABLES, GRANTS):
        op.execute(part)
