"""Which of the fields that an order file asks for were recorded, by name: what they say lies sealed."""

from alembic import op

revision = "0002"
down_revision = "0001"

COLUMNS = """
ALTER TABLE law_enforcement_bridge.protective_order ADD COLUMN entered text[] NOT NULL DEFAULT '{}';
ALTER TABLE law_enforcement_bridge.service ADD COLUMN entered text[] NOT NULL DEFAULT '{}';
GRANT UPDATE (entered) ON law_enforcement_bridge.protective_order, law_enforcement_bridge.service
    TO accord_law_enforcement_bridge;
"""


def upgrade() -> None:
    """Make the columns; of an order recorded before, nothing is known to be there."""
    op.execute(COLUMNS)
