"""Risk screens: which were made, with which instrument; the result lies sealed, the answers with the record."""

from alembic import op

revision = "0005"
down_revision = "0004"

TABLES = """
CREATE TABLE intake.risk_screen (
    screen_ref         uuid PRIMARY KEY,
    case_ref           uuid NOT NULL,
    agency_id          text NOT NULL,
    instrument_id      text NOT NULL,
    instrument_version text NOT NULL,
    state              text NOT NULL CHECK (state IN ('started', 'completed', 'superseded')),
    version            integer NOT NULL,
    started_by         text NOT NULL,
    started_at         timestamptz NOT NULL,
    completed_at       timestamptz,
    changed_at         timestamptz NOT NULL,
    valid_until        timestamptz,
    result             bytea,
    CHECK ((state = 'started') = (result IS NULL)),
    CHECK ((result IS NULL) = (valid_until IS NULL)),
    CHECK ((result IS NULL) = (completed_at IS NULL))
);
CREATE INDEX ON intake.risk_screen (case_ref, agency_id);
CREATE INDEX ON intake.risk_screen (agency_id, started_at) WHERE state = 'started';
CREATE UNIQUE INDEX ON intake.risk_screen (case_ref, agency_id, instrument_id) WHERE state = 'completed';
CREATE TABLE intake.certification (
    agency_id       text NOT NULL,
    person_ref      text NOT NULL,
    instrument_id   text NOT NULL,
    certified_until date NOT NULL,
    PRIMARY KEY (agency_id, person_ref, instrument_id)
);
"""

WALLS = "".join(
    f"""
ALTER TABLE intake.{table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE intake.{table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_cases ON intake.{table} TO accord_intake
    USING (agency_id = current_setting('accord.agency', true))
    WITH CHECK (agency_id = current_setting('accord.agency', true));
"""
    for table in ("risk_screen", "certification")
)

GRANTS = """
GRANT SELECT, INSERT, UPDATE (state, version, changed_at, completed_at, valid_until, result), DELETE
    ON intake.risk_screen TO accord_intake;
GRANT SELECT, INSERT, UPDATE (certified_until), DELETE ON intake.certification TO accord_intake;
"""


def upgrade() -> None:
    """Make the tables, their walls and the grants."""
    for part in (TABLES, WALLS, GRANTS):
        op.execute(part)
