"""Where each case stands at the agency's own desk: whether it is open, who works on it, and when it last changed."""

from alembic import op

revision = "0002"
down_revision = "0001"

# `assigned` repeats what `case_assignment` has, so that cases nobody works on are found without looking at all others.
TABLES = """
CREATE TABLE intake.case_status (
    case_ref    uuid PRIMARY KEY,
    agency_id   text NOT NULL,
    subject_id  bigint NOT NULL,
    state       text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
    reason_code text,
    assigned    boolean NOT NULL DEFAULT false,
    version     integer NOT NULL DEFAULT 1,
    changed_at  timestamptz NOT NULL,
    CHECK ((state = 'closed') = (reason_code IS NOT NULL))
);
CREATE INDEX ON intake.case_status (agency_id, changed_at, case_ref);
CREATE INDEX ON intake.case_status (agency_id, state, changed_at, case_ref);
CREATE INDEX ON intake.case_status (agency_id, changed_at, case_ref) WHERE NOT assigned;
CREATE TABLE intake.case_assignment (
    case_ref   uuid NOT NULL REFERENCES intake.case_status,
    agency_id  text NOT NULL,
    person_ref text NOT NULL,
    PRIMARY KEY (case_ref, person_ref)
);
CREATE INDEX ON intake.case_assignment (agency_id, person_ref);
"""

# The wall holds for the owner too, who would find nothing to go by: it is down for this, within the one transaction.
# Nothing is assigned for the past: who opened a case is not who works on it today.
FILLED = """
ALTER TABLE intake.case_file NO FORCE ROW LEVEL SECURITY;
ALTER TABLE intake.incident NO FORCE ROW LEVEL SECURITY;
ALTER TABLE intake.plan NO FORCE ROW LEVEL SECURITY;
INSERT INTO intake.case_status (case_ref, agency_id, subject_id, changed_at)
SELECT c.case_ref, c.agency_id, c.subject_id, max(t.changed_at)
FROM (
    SELECT case_ref, opened_at AS changed_at FROM intake.case_file
    UNION ALL SELECT case_ref, changed_at FROM intake.incident
    UNION ALL SELECT case_ref, changed_at FROM intake.plan
) AS t JOIN register."case" AS c USING (case_ref) GROUP BY c.case_ref, c.agency_id, c.subject_id;
ALTER TABLE intake.case_file FORCE ROW LEVEL SECURITY;
ALTER TABLE intake.incident FORCE ROW LEVEL SECURITY;
ALTER TABLE intake.plan FORCE ROW LEVEL SECURITY;
"""

WALLS = "".join(
    f"""
ALTER TABLE intake.{table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE intake.{table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_cases ON intake.{table} TO accord_intake
    USING (agency_id = current_setting('accord.agency', true))
    WITH CHECK (agency_id = current_setting('accord.agency', true));
"""
    for table in ("case_status", "case_assignment")
)

GRANTS = """
GRANT SELECT, INSERT, UPDATE (state, reason_code, assigned, version, changed_at) ON intake.case_status TO accord_intake;
GRANT SELECT, INSERT, DELETE ON intake.case_assignment TO accord_intake;
"""


def upgrade() -> None:
    """Make the tables, fill them from what there is, and put up their walls and grants."""
    for part in (TABLES, FILLED, WALLS, GRANTS):
        op.execute(part)
