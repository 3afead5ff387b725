"""The lines of one custodian, newest first: an index on the ledger's leaves that only audit's own lists go by."""

from alembic import op

revision = "0002"
down_revision = "0001"

# By the canonical text of a header, as the accounting seeks by it: to the letter as `services/audit/entries.py` asks.
INDEX = """
CREATE INDEX of_custodian ON ledger.leaf (
    (substring(header FROM position('"custodian":"'::bytea IN header) + 13 FOR 36)),
    (substring(header FROM position('"at":"'::bytea IN header) + 6 FOR 27)),
    hash
)
"""


def upgrade() -> None:
    """Make the index."""
    op.execute(INDEX)
