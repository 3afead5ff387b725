"""Who is on call at an agency, by shift; and what the clock of tasks asks."""

from alembic import op

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE tasks.roster (
    agency_id  text PRIMARY KEY,
    version    integer NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE TABLE tasks.shift (
    agency_id  text NOT NULL,
    queue      text NOT NULL,
    starts_at  timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL,
    person_ref text NOT NULL,
    PRIMARY KEY (agency_id, queue, starts_at),
    CHECK (starts_at < ends_at)
);
"""

WALLS = """
ALTER TABLE tasks.roster ENABLE ROW LEVEL SECURITY;
ALTER TABLE tasks.roster FORCE ROW LEVEL SECURITY;
CREATE POLICY own_roster ON tasks.roster TO accord_tasks
    USING (agency_id = current_setting('accord.agency', true))
    WITH CHECK (agency_id = current_setting('accord.agency', true));
ALTER TABLE tasks.shift ENABLE ROW LEVEL SECURITY;
ALTER TABLE tasks.shift FORCE ROW LEVEL SECURITY;
CREATE POLICY own_shifts ON tasks.shift TO accord_tasks
    USING (agency_id = current_setting('accord.agency', true))
    WITH CHECK (agency_id = current_setting('accord.agency', true));
"""

# The clock asks first whose turn it is, and then works within that agency's wall like anybody else.
CLOCK = """
CREATE FUNCTION tasks.agencies_to_attend(grace interval) RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS $$SELECT agency_id FROM carrying.task WHERE state = 'snoozed' AND snoozed_until <= register.instant()
         UNION
         SELECT agency_id FROM carrying.task WHERE state = 'open' AND escalation <> 'coordination'
         AND due_at <= register.instant() AND (snoozes = 0 OR changed_at + grace <= register.instant())
         AND (escalation = 'none' OR escalated_at + grace <= register.instant())$$;
REVOKE ALL ON FUNCTION tasks.agencies_to_attend(interval) FROM PUBLIC;
"""

GRANTS = """
GRANT USAGE ON SCHEMA tasks TO accord_tasks;
GRANT SELECT, INSERT, UPDATE (version, changed_at) ON tasks.roster TO accord_tasks;
GRANT SELECT, INSERT, DELETE ON tasks.shift TO accord_tasks;
GRANT EXECUTE ON FUNCTION tasks.agencies_to_attend(interval) TO accord_tasks;
"""


def upgrade() -> None:
    """Make the tables, their walls and what the clock asks."""
    for part in (TABLES, WALLS, CLOCK, GRANTS):
        op.execute(part)
