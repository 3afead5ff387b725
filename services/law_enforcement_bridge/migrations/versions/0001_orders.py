"""Protective orders and their service on each respondent: the recording agency's rows."""

from alembic import op

revision = "0001"
down_revision = None

# References, state codes and the instants that clocks need: what the court's paper says lies sealed.
TABLES = """
CREATE TABLE law_enforcement_bridge.protective_order (
    order_ref   uuid PRIMARY KEY,
    agency_id   text NOT NULL,
    case_ref    uuid NOT NULL,
    status      text NOT NULL,
    version     integer NOT NULL,
    recorded_at timestamptz NOT NULL,
    changed_at  timestamptz NOT NULL,
    ends_at     timestamptz,
    ends_offset integer,
    next_at     timestamptz,
    CHECK ((ends_at IS NULL) = (ends_offset IS NULL))
);
CREATE INDEX ON law_enforcement_bridge.protective_order (agency_id, recorded_at, order_ref);
CREATE INDEX ON law_enforcement_bridge.protective_order (next_at) WHERE next_at IS NOT NULL;
CREATE TABLE law_enforcement_bridge.service (
    order_ref      uuid NOT NULL REFERENCES law_enforcement_bridge.protective_order,
    respondent_ref uuid NOT NULL,
    agency_id      text NOT NULL,
    place          integer NOT NULL,
    status         text,
    PRIMARY KEY (order_ref, respondent_ref)
);
CREATE INDEX ON law_enforcement_bridge.service (agency_id, status);
"""

WALLS = """
ALTER TABLE law_enforcement_bridge.protective_order ENABLE ROW LEVEL SECURITY;
ALTER TABLE law_enforcement_bridge.protective_order FORCE ROW LEVEL SECURITY;
CREATE POLICY own_record ON law_enforcement_bridge.protective_order TO accord_law_enforcement_bridge
    USING (agency_id = current_setting('accord.agency', true))
    WITH CHECK (agency_id = current_setting('accord.agency', true));
CREATE POLICY clock ON law_enforcement_bridge.protective_order FOR SELECT TO CURRENT_USER USING (true);
ALTER TABLE law_enforcement_bridge.service ENABLE ROW LEVEL SECURITY;
ALTER TABLE law_enforcement_bridge.service FORCE ROW LEVEL SECURITY;
CREATE POLICY own_record ON law_enforcement_bridge.service TO accord_law_enforcement_bridge
    USING (agency_id = current_setting('accord.agency', true))
    WITH CHECK (agency_id = current_setting('accord.agency', true));
"""

# The clock asks first whose turn it is, and then works within that agency's wall like anybody else.
CLOCK = """
CREATE FUNCTION law_enforcement_bridge.agencies_due() RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS $$SELECT DISTINCT agency_id FROM law_enforcement_bridge.protective_order
         WHERE next_at <= register.instant() AND status IN ('temporary', 'final')$$;
REVOKE ALL ON FUNCTION law_enforcement_bridge.agencies_due() FROM PUBLIC;
"""

GRANTS = """
GRANT USAGE ON SCHEMA law_enforcement_bridge TO accord_law_enforcement_bridge;
GRANT SELECT, INSERT, UPDATE (status, version, changed_at, ends_at, ends_offset, next_at)
    ON law_enforcement_bridge.protective_order TO accord_law_enforcement_bridge;
GRANT SELECT, INSERT, UPDATE (status) ON law_enforcement_bridge.service TO accord_law_enforcement_bridge;
GRANT EXECUTE ON FUNCTION law_enforcement_bridge.agencies_due() TO accord_law_enforcement_bridge;
"""


def upgrade() -> None:
    """Make the tables, their walls and what the clock asks."""
    for part in (TABLES, WALLS, CLOCK, GRANTS):
        op.execute(part)
