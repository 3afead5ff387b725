"""Keeping what came for several mailboxes in one round trip, each behind its own agency's wall."""

from alembic import op

revision = "0003"
down_revision = "0002"

# By the rights of whoever calls, so that the walls hold: for each agency its own goes up, and down again at the end.
# In one order, as each mailbox's row is held until the commit.
KEEP = """
CREATE FUNCTION exchange.keep(refs uuid[], recipients text[], cases uuid[], types text[], senders text[],
    instants timestamptz[], bodies bytea[]) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog
    AS $$
DECLARE
    own text;
    written bigint;
    kept bigint := 0;
BEGIN
    FOR own IN SELECT a.agency_id FROM register.agency AS a
        WHERE a.agency_id = ANY(recipients) AND a.active ORDER BY a.agency_id
    LOOP
        PERFORM set_config('accord.agency', own, true);
        WITH mine AS (
            SELECT m.*, row_number() OVER (ORDER BY m.place) AS number, count(*) OVER () AS count
            FROM unnest(refs, recipients, cases, types, senders, instants, bodies)
                WITH ORDINALITY AS m (message_ref, recipient, case_ref, type, sender, occurred_at, body, place)
            WHERE m.recipient = own
        ), placed AS (
            INSERT INTO exchange.mailbox AS b (agency_id, place) SELECT own, count(*) FROM mine
            ON CONFLICT (agency_id) DO UPDATE SET place = b.place + EXCLUDED.place RETURNING b.place
        )
        INSERT INTO exchange.message (message_ref, recipient, place, case_ref, type, sender, occurred_at, body)
        SELECT mine.message_ref, own, placed.place - mine.count + mine.number, mine.case_ref, mine.type, mine.sender,
            mine.occurred_at, mine.body FROM mine, placed;
        GET DIAGNOSTICS written = ROW_COUNT;
        kept := kept + written;
    END LOOP;
    PERFORM set_config('accord.agency', '', true);
    RETURN kept;
END
$$;
REVOKE ALL ON FUNCTION exchange.keep(uuid[], text[], uuid[], text[], text[], timestamptz[], bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION exchange.keep(uuid[], text[], uuid[], text[], text[], timestamptz[], bytea[])
    TO accord_exchange;
"""


def upgrade() -> None:
    """Make the function."""
    op.execute(KEEP)
