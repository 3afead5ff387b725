"""Who was told to stop using a copy, and when they confirmed that they have."""

from alembic import op

revision = "0005"
down_revision = "0004"

# Each side knows an ending by a reference of its own, so that no two agencies share one.
TABLE = """
CREATE TABLE consent.acknowledgement (
    ending_ref      uuid PRIMARY KEY,
    received_ref    uuid NOT NULL UNIQUE,
    subject_id      bigint NOT NULL,
    custodian       text NOT NULL,
    recipient       text NOT NULL,
    directive_ref   uuid NOT NULL,
    known_ref       uuid NOT NULL,
    told_at         timestamptz NOT NULL,
    due_at          timestamptz NOT NULL,
    overdue_at      timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by text,
    CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL))
);
CREATE INDEX ON consent.acknowledgement (subject_id, told_at);
CREATE INDEX ON consent.acknowledgement (recipient, known_ref);
CREATE INDEX ON consent.acknowledgement (custodian, due_at) WHERE acknowledged_at IS NULL AND overdue_at IS NULL;
"""

# A stop that a third agency recorded is told to both sides: a row may be written for others, but not read.
WALLS = """
ALTER TABLE consent.acknowledgement ENABLE ROW LEVEL SECURITY;
ALTER TABLE consent.acknowledgement FORCE ROW LEVEL SECURITY;
CREATE POLICY telling ON consent.acknowledgement FOR INSERT TO accord_consent WITH CHECK (true);
CREATE POLICY both_sides ON consent.acknowledgement FOR SELECT TO accord_consent
    USING (current_setting('accord.agency', true) IN (custodian, recipient));
CREATE POLICY both_sides_answer ON consent.acknowledgement FOR UPDATE TO accord_consent
    USING (current_setting('accord.agency', true) IN (custodian, recipient));
"""

GRANT = """
GRANT SELECT, INSERT, UPDATE (overdue_at, acknowledged_at, acknowledged_by) ON consent.acknowledgement
    TO accord_consent;
"""


def upgrade() -> None:
    """Make the table, its walls and its grant."""
    for part in (TABLE, WALLS, GRANT):
        op.execute(part)
