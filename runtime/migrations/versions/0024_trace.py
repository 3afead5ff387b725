"""What an operator may follow of one message: where it is, who took it, which lines of the ledger may be of it."""

from alembic import op

revision = "0024"
down_revision = "0023"

DEAD_LETTERS = "ALTER TABLE carrying.parked ADD COLUMN error_id text"

# The functions see the offer of the one message that they were asked for; the owner still sees no other.
WALL = """
CREATE POLICY tracing ON carrying.offer FOR SELECT TO accord_owner
    USING (message_ref = CAST(NULLIF(current_setting('accord.message', true), '') AS uuid));
"""

# Neither a body, nor a case, nor a type leaves: the route is what the name of a mailbox and the outbox tell.
ROUTE = """
CREATE FUNCTION carrying.route_of(message uuid) RETURNS TABLE (
    recipient text, state text, number bigint, queued_at timestamptz
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM set_config('accord.message', CAST(message AS text), true);
    RETURN QUERY
    SELECT o.recipient, o.state, COALESCE(o.sequence, n.sequence), q.put_at
    FROM carrying.offer AS o LEFT JOIN carrying.message_number AS n USING (message_ref)
    LEFT JOIN carrying.outbox AS q USING (message_ref) WHERE o.message_ref = message;
    PERFORM set_config('accord.message', '', true);
END $$;
REVOKE ALL ON FUNCTION carrying.route_of(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION carrying.route_of(uuid) TO accord_admin;
"""

ARRIVALS = """
CREATE FUNCTION carrying.arrivals_of(message uuid, consumers text[]) RETURNS TABLE (
    consumer text, received_at timestamptz
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT i.consumer, i.received_at FROM carrying.inbox AS i
    WHERE i.consumer = ANY(consumers) AND i.message_ref = message
$$;
REVOKE ALL ON FUNCTION carrying.arrivals_of(uuid, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION carrying.arrivals_of(uuid, text[]) TO accord_admin;
"""

# For whoever reads the whole ledger anyway.  Whose survivor a message is of leaves for no role: only the lines do.
ENTRIES = """
CREATE FUNCTION ledger.entries_beside(message uuid) RETURNS TABLE (
    number bigint, index bigint, header bytea, salt bytea
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    whose uuid;
    of_type bytea;
BEGIN
    PERFORM set_config('accord.message', CAST(message AS text), true);
    SELECT s.pseudonym, convert_to('"type":' || to_json(o.type), 'UTF8') INTO whose, of_type
    FROM carrying.offer AS o JOIN register.subject AS s USING (subject_id) WHERE o.message_ref = message;
    PERFORM set_config('accord.message', '', true);
    RETURN QUERY
    SELECT l.number, l.index, l.header, l.salt FROM ledger.leaf AS l
    WHERE l.subject = whose AND position(of_type IN l.header) > 0
    UNION ALL
    SELECT p.id, NULL, p.header, p.salt FROM ledger.pending AS p
    WHERE p.subject = whose AND position(of_type IN p.header) > 0
    ORDER BY 1;
END $$;
REVOKE ALL ON FUNCTION ledger.entries_beside(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.entries_beside(uuid) TO accord_audit;
"""


def upgrade() -> None:
    """Make the column, the wall's one opening and the functions."""
    for part in (DEAD_LETTERS, WALL, ROUTE, ARRIVALS, ENTRIES):
        op.execute(part)
