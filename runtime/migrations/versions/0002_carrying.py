"""What is carried: offers, the outbox, the inbox, what was parked, and repeat-safe answers."""

from alembic import op

revision = "0002"
down_revision = "0001"

EVERY_SERVICE = (
    "accord_intake, accord_consent, accord_law_enforcement_bridge, accord_referrals, "
    "accord_notifications, accord_exchange, accord_audit, accord_dashboard"
)
OFFERS = (
    "accord_intake, accord_consent, accord_law_enforcement_bridge, accord_referrals, "
    "accord_notifications, accord_exchange"
)
OPENS = "accord_exchange, accord_notifications"
CONSUMES = "accord_exchange, accord_notifications"

TABLES = """
CREATE SCHEMA carrying;
CREATE TABLE carrying.offer (
    message_ref uuid PRIMARY KEY,
    subject_id  bigint NOT NULL,
    custodian   text NOT NULL,
    recipient   text NOT NULL,
    case_ref    uuid NOT NULL,
    type        text NOT NULL,
    mask        bytea NOT NULL,
    party       boolean NOT NULL,
    sv          bigint NOT NULL,
    purposes    text[] NOT NULL,
    directives  uuid[] NOT NULL,
    wrapped_key bytea NOT NULL,
    sequence    bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    state       text NOT NULL DEFAULT 'offered' CHECK (state IN ('offered', 'relayed', 'withheld', 'parked'))
);
CREATE INDEX ON carrying.offer (recipient, case_ref);
CREATE INDEX ON carrying.offer (subject_id);
CREATE TABLE carrying.outbox (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shard       smallint NOT NULL,
    subject_id  bigint NOT NULL,
    message_ref uuid NOT NULL,
    recipient   text NOT NULL,
    key         uuid NOT NULL,
    type        text NOT NULL,
    sender      text NOT NULL,
    occurred_at timestamptz NOT NULL,
    sequence    bigint NOT NULL,
    traceparent text,
    body        bytea NOT NULL,
    put_at      timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX ON carrying.outbox (shard, id);
CREATE TABLE carrying.inbox (
    consumer    text NOT NULL,
    message_ref uuid NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (consumer, message_ref)
);
CREATE TABLE carrying.parked (
    parked_ref  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    consumer    text NOT NULL,
    topic       text NOT NULL,
    partition   integer NOT NULL,
    "offset"    bigint NOT NULL,
    message_ref uuid,
    headers     jsonb NOT NULL,
    key         text,
    body        bytea NOT NULL,
    reason      text NOT NULL,
    tries       integer NOT NULL,
    parked_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    resolved_at timestamptz,
    resolution  text
);
CREATE INDEX ON carrying.parked (consumer, parked_at) WHERE resolved_at IS NULL;
CREATE TABLE carrying.idempotency (
    agency_id   text NOT NULL,
    actor       text NOT NULL,
    route       text NOT NULL,
    key         text NOT NULL,
    body_digest bytea NOT NULL,
    status      integer NOT NULL,
    media_type  text,
    body        bytea NOT NULL,
    headers     jsonb NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (agency_id, actor, route, key)
);
CREATE INDEX ON carrying.idempotency (created_at);
"""

# FORCE, because without it the owner of a table passes by its policies.
WALLS = f"""
ALTER TABLE carrying.offer ENABLE ROW LEVEL SECURITY;
ALTER TABLE carrying.offer FORCE ROW LEVEL SECURITY;
CREATE POLICY putting ON carrying.offer FOR INSERT TO {OFFERS} WITH CHECK (true);
CREATE POLICY own_mail ON carrying.offer FOR SELECT TO {OPENS}
    USING (recipient = current_setting('accord.agency', true));
CREATE POLICY relaying ON carrying.offer TO accord_relay USING (true) WITH CHECK (true);
ALTER TABLE carrying.idempotency ENABLE ROW LEVEL SECURITY;
ALTER TABLE carrying.idempotency FORCE ROW LEVEL SECURITY;
CREATE POLICY own_answers ON carrying.idempotency TO {EVERY_SERVICE}
    USING (agency_id = current_setting('accord.agency', true))
    WITH CHECK (agency_id = current_setting('accord.agency', true));
"""

GRANTS = f"""
GRANT USAGE ON SCHEMA carrying TO {EVERY_SERVICE}, accord_relay, accord_admin;
GRANT INSERT ON carrying.offer, carrying.outbox TO {OFFERS};
GRANT SELECT ON carrying.offer TO {OPENS};
GRANT SELECT, UPDATE (state) ON carrying.offer TO accord_relay;
GRANT SELECT, DELETE ON carrying.outbox TO accord_relay;
GRANT SELECT, INSERT ON carrying.inbox TO {CONSUMES};
GRANT SELECT, INSERT ON carrying.parked TO {CONSUMES}, accord_relay;
GRANT UPDATE (resolved_at, resolution, tries) ON carrying.parked TO {CONSUMES}, accord_relay;
GRANT SELECT, UPDATE (resolution) ON carrying.parked TO accord_admin;
GRANT SELECT, INSERT, DELETE ON carrying.idempotency TO {EVERY_SERVICE};
"""


def upgrade() -> None:
    """Make the tables, their walls and their grants."""
    for part in (TABLES, WALLS, GRANTS):
        op.execute(part)
