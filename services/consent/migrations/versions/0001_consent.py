"""What consent keeps beside the register: how recipients know a directive, choices to take part, what is untold."""

from alembic import op

revision = "0001"
down_revision = None

# Directives themselves are in the register, where the decision reads them.
TABLES = """
CREATE TABLE consent.known_as (
    agency_id     text NOT NULL,
    known_ref     uuid NOT NULL,
    directive_ref uuid NOT NULL,
    PRIMARY KEY (agency_id, known_ref)
);
CREATE TABLE consent.drafting (
    directive_ref uuid PRIMARY KEY,
    agency_id     text NOT NULL
);
CREATE TABLE consent.choice (
    choice_ref    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    case_ref      uuid NOT NULL,
    agency_id     text NOT NULL,
    participation text NOT NULL,
    evidence      jsonb NOT NULL,
    recorded_by   text NOT NULL,
    recorded_at   timestamptz NOT NULL
);
CREATE INDEX ON consent.choice (case_ref, recorded_at);
CREATE TABLE consent.untold (
    directive_ref uuid PRIMARY KEY,
    agency_id     text NOT NULL,
    since         timestamptz NOT NULL DEFAULT register.instant()
);
CREATE INDEX ON consent.untold (agency_id);
CREATE TABLE consent.told (
    agency_id     text NOT NULL,
    directive_ref uuid NOT NULL,
    word          text NOT NULL,
    told_at       timestamptz NOT NULL DEFAULT register.instant(),
    PRIMARY KEY (agency_id, directive_ref, word)
);
"""

# A row may be written for another agency (its recipient is told, its custodian must tell), but only read for one's own.
WALLS = """
ALTER TABLE consent.known_as ENABLE ROW LEVEL SECURITY;
ALTER TABLE consent.known_as FORCE ROW LEVEL SECURITY;
CREATE POLICY telling ON consent.known_as FOR INSERT TO accord_consent WITH CHECK (true);
CREATE POLICY own_names ON consent.known_as FOR SELECT TO accord_consent
    USING (agency_id = current_setting('accord.agency', true));
ALTER TABLE consent.choice ENABLE ROW LEVEL SECURITY;
ALTER TABLE consent.choice FORCE ROW LEVEL SECURITY;
CREATE POLICY own_cases ON consent.choice TO accord_consent
    USING (agency_id = current_setting('accord.agency', true))
    WITH CHECK (agency_id = current_setting('accord.agency', true));
ALTER TABLE consent.untold ENABLE ROW LEVEL SECURITY;
ALTER TABLE consent.untold FORCE ROW LEVEL SECURITY;
CREATE POLICY noting ON consent.untold FOR INSERT TO accord_consent WITH CHECK (true);
CREATE POLICY own_duty ON consent.untold FOR SELECT TO accord_consent
    USING (agency_id = current_setting('accord.agency', true));
ALTER TABLE consent.told ENABLE ROW LEVEL SECURITY;
ALTER TABLE consent.told FORCE ROW LEVEL SECURITY;
CREATE POLICY noting ON consent.told FOR INSERT TO accord_consent WITH CHECK (true);
CREATE POLICY own_word ON consent.told FOR SELECT TO accord_consent
    USING (agency_id = current_setting('accord.agency', true));
CREATE POLICY own_duty_done ON consent.untold FOR DELETE TO accord_consent
    USING (agency_id = current_setting('accord.agency', true));
"""

GRANTS = """
GRANT USAGE ON SCHEMA consent TO accord_consent;
GRANT SELECT, INSERT ON consent.known_as, consent.drafting, consent.choice, consent.told TO accord_consent;
GRANT SELECT, INSERT, DELETE ON consent.untold TO accord_consent;
"""


def upgrade() -> None:
    """Make the tables, their walls and their grants."""
    for part in (TABLES, WALLS, GRANTS):
        op.execute(part)
