"""How an agency's own messages fare: what waits to be sent, what was set aside, and how far a consumer is behind."""

from alembic import op

revision = "0027"
down_revision = "0026"

EVERY_SERVICE = (
    "accord_intake, accord_consent, accord_law_enforcement_bridge, accord_referrals, "
    "accord_notifications, accord_exchange, accord_audit, accord_dashboard"
)

# A consumer that stands still writes nothing: the age of its row tells so.
LAG = """
CREATE TABLE carrying.consumer_lag (
    consumer       text PRIMARY KEY,
    observed_at    timestamptz NOT NULL,
    unread_seconds double precision NOT NULL
);
CREATE FUNCTION carrying.note_lag(consumer text, unread_seconds double precision) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO carrying.consumer_lag AS l (consumer, observed_at, unread_seconds)
    VALUES (note_lag.consumer, clock_timestamp(), note_lag.unread_seconds)
    ON CONFLICT (consumer) DO UPDATE
    SET observed_at = excluded.observed_at, unread_seconds = excluded.unread_seconds
$$;
REVOKE ALL ON FUNCTION carrying.note_lag(text, double precision) FROM PUBLIC;
GRANT SELECT ON carrying.consumer_lag TO accord_exchange;
"""
NOTING = f"GRANT EXECUTE ON FUNCTION carrying.note_lag(text, double precision) TO {EVERY_SERVICE}"

# Neither table has an agency of its own to build a wall on: these functions are the wall, and take the agency from
# nobody who calls.  What a relay set aside is its sender's, what a consumer did the mailbox's.
OWN = """
CREATE FUNCTION carrying.own_outbox() RETURNS TABLE (waiting bigint, oldest_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*), min(put_at) FROM (
        SELECT o.put_at FROM carrying.outbox AS o
        WHERE o.sender = current_setting('accord.agency', true) ORDER BY o.id LIMIT 1000
    ) AS own
$$;
CREATE VIEW carrying.own_parked AS
SELECT p.parked_ref, p.consumer, p.topic, p.headers, p.reason, p.tries, p.parked_at, p.resolution
FROM carrying.parked AS p WHERE p.resolved_at IS NULL AND CASE WHEN p.consumer = 'relay'
    THEN p.headers @> jsonb_build_array(
        jsonb_build_array('ce_source', '/agencies/' || current_setting('accord.agency', true)))
    ELSE p.topic = 'to.' || current_setting('accord.agency', true) END;
CREATE FUNCTION carrying.own_dead_letters(after_at timestamptz, after_ref uuid, most integer) RETURNS TABLE (
    parked_ref uuid, consumer text, topic text, type text, source text, reason text, tries integer,
    parked_at timestamptz, retry boolean
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.parked_ref, p.consumer, p.topic,
        (SELECT h ->> 1 FROM jsonb_array_elements(p.headers) AS h WHERE h ->> 0 = 'ce_type' LIMIT 1),
        (SELECT h ->> 1 FROM jsonb_array_elements(p.headers) AS h WHERE h ->> 0 = 'ce_source' LIMIT 1),
        p.reason, p.tries, p.parked_at, COALESCE(p.resolution = 'retry', false)
    FROM carrying.own_parked AS p WHERE (p.parked_at, p.parked_ref) > (after_at, after_ref)
    ORDER BY p.parked_at, p.parked_ref LIMIT most
$$;
CREATE FUNCTION carrying.answer_own_dead_letter(ref uuid, answer text) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE carrying.parked AS p
    SET resolution = answer, resolved_at = CASE WHEN answer = 'ended' THEN clock_timestamp() END
    WHERE p.parked_ref = ref AND answer IN ('retry', 'ended')
    AND EXISTS (SELECT FROM carrying.own_parked AS own WHERE own.parked_ref = ref)
    RETURNING true
$$;
REVOKE ALL ON FUNCTION carrying.own_outbox(), carrying.own_dead_letters(timestamptz, uuid, integer),
    carrying.answer_own_dead_letter(uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION carrying.own_outbox(), carrying.own_dead_letters(timestamptz, uuid, integer),
    carrying.answer_own_dead_letter(uuid, text) TO accord_exchange;
"""


def upgrade() -> None:
    """Make the table and the functions, and let the exchange ask by them."""
    for part in (LAG, NOTING, OWN):
        op.execute(part)
