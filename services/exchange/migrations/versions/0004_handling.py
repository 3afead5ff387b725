"""Who has dealt with a message, so that a mailbox is a queue that falls."""

from alembic import op

revision = "0004"
down_revision = "0003"

# When somebody of the agency first opened it, and who marked it handled. An agency's own record is no mail to it.
MARKS = """
ALTER TABLE exchange.message
    ADD COLUMN opened_at timestamptz, ADD COLUMN handled_at timestamptz, ADD COLUMN handled_by text,
    ADD CHECK ((handled_at IS NULL) = (handled_by IS NULL));
CREATE INDEX ON exchange.message (recipient, place)
    WHERE sender <> recipient AND opened_at IS NULL AND handled_at IS NULL;
CREATE INDEX ON exchange.message (recipient, place)
    WHERE sender <> recipient AND opened_at IS NOT NULL AND handled_at IS NULL;
CREATE INDEX ON exchange.message (recipient, place) WHERE sender <> recipient AND handled_at IS NOT NULL;
GRANT UPDATE (opened_at, handled_at, handled_by) ON exchange.message TO accord_exchange;
"""


def upgrade() -> None:
    """Make the columns, an index for each queue, and the grant."""
    op.execute(MARKS)
