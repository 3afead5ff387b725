"""What changed for which agency, for some minutes: that it changed, of which of its own cases, and nothing it says."""

from alembic import op

revision = "0002"
down_revision = "0001"

# The place is taken under the row lock of the agency's feed, so that places appear in their order: whoever goes on from
# a place never misses a change that commits late.
TABLES = """
CREATE TABLE dashboard.feed (
    agency_id text PRIMARY KEY,
    place     bigint NOT NULL
);
CREATE TABLE dashboard.change (
    agency_id  text NOT NULL,
    place      bigint NOT NULL,
    case_ref   uuid,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (agency_id, place)
);
CREATE INDEX ON dashboard.change (changed_at);
"""

WALLS = """
CREATE FUNCTION dashboard.is_old(changed_at timestamptz) RETURNS boolean LANGUAGE sql STABLE AS
    $$SELECT changed_at <= register.instant() - interval '10 minutes'$$;
ALTER TABLE dashboard.feed ENABLE ROW LEVEL SECURITY;
ALTER TABLE dashboard.feed FORCE ROW LEVEL SECURITY;
CREATE POLICY own_feed ON dashboard.feed TO accord_dashboard
    USING (agency_id = current_setting('accord.agency', true))
    WITH CHECK (agency_id = current_setting('accord.agency', true));
ALTER TABLE dashboard.change ENABLE ROW LEVEL SECURITY;
ALTER TABLE dashboard.change FORCE ROW LEVEL SECURITY;
CREATE POLICY own_changes ON dashboard.change TO accord_dashboard
    USING (agency_id = current_setting('accord.agency', true))
    WITH CHECK (agency_id = current_setting('accord.agency', true));
CREATE POLICY seeing_what_is_old ON dashboard.change FOR SELECT TO accord_dashboard
    USING (dashboard.is_old(changed_at));
CREATE POLICY clearing_what_is_old ON dashboard.change FOR DELETE TO accord_dashboard
    USING (dashboard.is_old(changed_at));
"""

# All by the rights of whoever calls, so that the walls hold: for each agency, and each session, its own goes up.
FUNCTIONS = """
CREATE FUNCTION dashboard.note_changes(agencies text[], cases uuid[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog
    AS $$
DECLARE
    own record;
    last bigint;
BEGIN
    FOR own IN SELECT w.agency_id, array_agg(DISTINCT w.case_ref) AS cases
        FROM unnest(agencies, cases) AS w (agency_id, case_ref) GROUP BY w.agency_id ORDER BY w.agency_id
    LOOP
        PERFORM set_config('accord.agency', own.agency_id, true);
        INSERT INTO dashboard.feed AS f (agency_id, place) VALUES (own.agency_id, cardinality(own.cases))
        ON CONFLICT (agency_id) DO UPDATE SET place = f.place + EXCLUDED.place RETURNING f.place INTO last;
        INSERT INTO dashboard.change (agency_id, place, case_ref, changed_at)
        SELECT own.agency_id, last - cardinality(own.cases) + c.number, c.case_ref, register.instant()
        FROM unnest(own.cases) WITH ORDINALITY AS c (case_ref, number);
    END LOOP;
    PERFORM set_config('accord.agency', '', true);
END
$$;
CREATE FUNCTION dashboard.changes_since(agencies text[], places bigint[], most integer)
    RETURNS TABLE (agency text, at_place bigint, of_case uuid)
    LANGUAGE plpgsql SET search_path = pg_catalog
    AS $$
DECLARE
    own record;
BEGIN
    FOR own IN SELECT w.agency_id, w.place FROM unnest(agencies, places) AS w (agency_id, place) LOOP
        PERFORM set_config('accord.agency', own.agency_id, true);
        RETURN QUERY SELECT c.agency_id, c.place, c.case_ref FROM dashboard.change AS c
            WHERE c.agency_id = own.agency_id AND c.place > own.place ORDER BY c.place DESC LIMIT most;
    END LOOP;
    PERFORM set_config('accord.agency', '', true);
END
$$;
CREATE FUNCTION dashboard.sessions_over(digests bytea[]) RETURNS SETOF bytea
    LANGUAGE plpgsql SET search_path = pg_catalog
    AS $$
DECLARE
    own bytea;
BEGIN
    FOREACH own IN ARRAY digests LOOP
        PERFORM set_config('accord.session', encode(own, 'hex'), true);
        IF NOT EXISTS (SELECT FROM dashboard.session AS s
            WHERE s.digest = own AND NOT dashboard.is_over(s.seen_at, s.ends_at))
        THEN
            RETURN NEXT own;
        END IF;
    END LOOP;
    PERFORM set_config('accord.session', '', true);
END
$$;
REVOKE ALL ON FUNCTION dashboard.note_changes(text[], uuid[]), dashboard.changes_since(text[], bigint[], integer),
    dashboard.sessions_over(bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dashboard.note_changes(text[], uuid[]),
    dashboard.changes_since(text[], bigint[], integer), dashboard.sessions_over(bytea[]) TO accord_dashboard;
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE ON dashboard.feed TO accord_dashboard;
GRANT SELECT, INSERT, DELETE ON dashboard.change TO accord_dashboard;
"""


def upgrade() -> None:
    """Make the tables, their walls, the functions and the grants."""
    for part in (TABLES, WALLS, FUNCTIONS, GRANTS):
        op.execute(part)
