"""Sealed messages as they arrived, one line of places a mailbox."""

from alembic import op

revision = "0001"
down_revision = None

# The place in a mailbox is taken under its row lock, so that places appear in their order: a reader who goes on
# from a place never misses one that commits late.
TABLES = """
CREATE TABLE exchange.mailbox (
    agency_id text PRIMARY KEY,
    place     bigint NOT NULL
);
CREATE TABLE exchange.message (
    message_ref uuid PRIMARY KEY,
    recipient   text NOT NULL,
    place       bigint NOT NULL,
    case_ref    uuid NOT NULL,
    type        text NOT NULL,
    sender      text NOT NULL,
    occurred_at timestamptz NOT NULL,
    body        bytea NOT NULL,
    UNIQUE (recipient, place)
);
CREATE INDEX ON exchange.message (recipient, case_ref, place);
"""

WALLS = """
ALTER TABLE exchange.mailbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE exchange.mailbox FORCE ROW LEVEL SECURITY;
CREATE POLICY own_mail ON exchange.mailbox TO accord_exchange
    USING (agency_id = current_setting('accord.agency', true))
    WITH CHECK (agency_id = current_setting('accord.agency', true));
ALTER TABLE exchange.message ENABLE ROW LEVEL SECURITY;
ALTER TABLE exchange.message FORCE ROW LEVEL SECURITY;
CREATE POLICY own_mail ON exchange.message TO accord_exchange
    USING (recipient = current_setting('accord.agency', true))
    WITH CHECK (recipient = current_setting('accord.agency', true));
"""

GRANTS = """
GRANT USAGE ON SCHEMA exchange TO accord_exchange;
GRANT SELECT, INSERT, UPDATE ON exchange.mailbox TO accord_exchange;
GRANT SELECT, INSERT ON exchange.message TO accord_exchange;
"""


def upgrade() -> None:
    """Make the tables, their walls and their grants."""
    for part in (TABLES, WALLS, GRANTS):
        op.execute(part)
