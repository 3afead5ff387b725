"""By which number an order is found, in the record of the agency that wrote it down: an index only it can compute."""

from alembic import op

revision = "0003"
down_revision = "0002"

# No number is in the clear, nor a hash to test a guess against.  An order recorded before is found by no number until
# the next paper names it: what was said of it lies sealed, and nobody here opens it.
TABLES = """
ALTER TABLE law_enforcement_bridge.protective_order ADD COLUMN number_index bytea;
CREATE INDEX ON law_enforcement_bridge.protective_order (agency_id, number_index) WHERE number_index IS NOT NULL;
CREATE TABLE law_enforcement_bridge.number_key (
    agency_id   text PRIMARY KEY,
    wrapped_key bytea NOT NULL
);
ALTER TABLE law_enforcement_bridge.number_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE law_enforcement_bridge.number_key FORCE ROW LEVEL SECURITY;
CREATE POLICY own_key ON law_enforcement_bridge.number_key TO accord_law_enforcement_bridge
    USING (agency_id = current_setting('accord.agency', true))
    WITH CHECK (agency_id = current_setting('accord.agency', true));
"""

GRANTS = """
GRANT UPDATE (number_index) ON law_enforcement_bridge.protective_order TO accord_law_enforcement_bridge;
GRANT SELECT, INSERT ON law_enforcement_bridge.number_key TO accord_law_enforcement_bridge;
"""


def upgrade() -> None:
    """Make the column, the table, its wall and the grants."""
    for part in (TABLES, GRANTS):
        op.execute(part)
