"""An agency's administrator changes its own people: what waits for a second person, who left when, and the record."""

from alembic import op

revision = "0028"
down_revision = "0027"

COLUMNS = """
ALTER TABLE register.person
    ADD COLUMN left_at timestamptz,
    ADD COLUMN requested_roles text[] NOT NULL DEFAULT '{}',
    ADD COLUMN requested_by text,
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD CHECK (requested_by IS NOT NULL OR requested_roles = '{}');
CREATE INDEX ON register.person (agency_id, active, name, person_ref);
CREATE TABLE register.person_change (
    change_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agency_id  text NOT NULL REFERENCES register.agency,
    person_ref text NOT NULL,
    act        text NOT NULL,
    roles      text[] NOT NULL,
    by_ref     text,
    at         timestamptz NOT NULL
);
CREATE INDEX ON register.person_change (agency_id, change_id);
"""

# People are looked up before any wall is up, so that reading has none; intake writes people of its asker's agency only.
WALLS = """
ALTER TABLE register.person ENABLE ROW LEVEL SECURITY;
ALTER TABLE register.person FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON register.person FOR SELECT USING (true);
CREATE POLICY operator_adds ON register.person FOR INSERT TO accord_admin WITH CHECK (true);
CREATE POLICY operator_changes ON register.person FOR UPDATE TO accord_admin USING (true) WITH CHECK (true);
CREATE POLICY own_people_added ON register.person FOR INSERT TO accord_intake
    WITH CHECK (agency_id = current_setting('accord.agency', true));
CREATE POLICY own_people_changed ON register.person FOR UPDATE TO accord_intake
    USING (agency_id = current_setting('accord.agency', true))
    WITH CHECK (agency_id = current_setting('accord.agency', true));
ALTER TABLE register.person_change ENABLE ROW LEVEL SECURITY;
ALTER TABLE register.person_change FORCE ROW LEVEL SECURITY;
CREATE POLICY operator_notes ON register.person_change FOR INSERT TO accord_admin WITH CHECK (true);
CREATE POLICY own_changes ON register.person_change TO accord_intake, accord_dashboard
    USING (agency_id = current_setting('accord.agency', true))
    WITH CHECK (agency_id = current_setting('accord.agency', true));
"""

GRANTS = """
GRANT SELECT (joined_at, left_at, requested_roles, requested_by, version) ON register.person TO accord_intake;
GRANT INSERT (person_ref, agency_id, name, roles, requested_roles, requested_by) ON register.person TO accord_intake;
GRANT UPDATE (roles, requested_roles, requested_by, active, left_at, passphrase_hash, version)
    ON register.person TO accord_intake;
GRANT SELECT, INSERT ON register.person_change TO accord_intake;
GRANT INSERT ON register.person_change TO accord_admin, accord_dashboard;
-- That somebody's session was ended by a colleague is on record.
GRANT USAGE ON SCHEMA ledger TO accord_dashboard;
GRANT INSERT ON ledger.pending TO accord_dashboard;
"""


def upgrade() -> None:
    """Add the columns, the record, the walls and the grants."""
    for part in (COLUMNS, WALLS, GRANTS):
        op.execute(part)
