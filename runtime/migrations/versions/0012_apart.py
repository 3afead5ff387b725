"""Numbers given when a message is relayed, times of each agency's own, and each agency's own name of a fact."""

from alembic import op

revision = "0012"
down_revision = "0011"

# The shift is drawn from the same source as references are, since an agency that could guess it could undo it.
CASES = """
ALTER TABLE register."case" ADD COLUMN time_shift smallint NOT NULL DEFAULT
    (get_byte(uuid_send(gen_random_uuid()), 0) * 256 + get_byte(uuid_send(gen_random_uuid()), 1)) % 300;
"""
OFFERED = """
ALTER TABLE carrying.offer ALTER COLUMN sequence DROP NOT NULL;
ALTER TABLE carrying.offer ADD COLUMN traceparent text;
ALTER TABLE carrying.offer ADD COLUMN fact_ref uuid NOT NULL DEFAULT gen_random_uuid();
ALTER TABLE carrying.offer ALTER COLUMN fact_ref DROP DEFAULT;
"""
# A number is committed before its message is sent, and stays here until the message is known to be delivered.
NUMBERS = """
CREATE TABLE carrying.case_counter (
    case_ref uuid PRIMARY KEY,
    last     bigint NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE carrying.message_number (
    message_ref uuid PRIMARY KEY,
    sequence    bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
INSERT INTO carrying.case_counter (case_ref, last) SELECT case_ref, sent FROM register."case" WHERE sent > 0;
INSERT INTO carrying.message_number (message_ref, sequence) SELECT message_ref, sequence FROM carrying.outbox;
ALTER TABLE register."case" DROP COLUMN sent;
ALTER TABLE carrying.outbox DROP COLUMN sequence, DROP COLUMN traceparent;
GRANT SELECT, INSERT, UPDATE ON carrying.case_counter TO accord_relay;
GRANT SELECT, INSERT, DELETE ON carrying.message_number TO accord_relay;
GRANT UPDATE (sequence) ON carrying.offer TO accord_relay;
"""


def upgrade() -> None:
    """Make the columns and tables, and take over the numbers that were given."""
    for part in (CASES, OFFERED, NUMBERS):
        op.execute(part)
