"""Which grants were told, kept with the grants: the clock asks for the others and must not read all of them."""

from alembic import op

revision = "0002"
down_revision = "0001"

# The wall holds for the owner too, who would find nothing to move: it is down for this, within the one transaction.
MOVED = """
ALTER TABLE consent.told NO FORCE ROW LEVEL SECURITY;
UPDATE register.directive AS d SET announced = true FROM consent.told AS t
WHERE t.directive_ref = d.directive_ref AND t.word = 'granted';
DELETE FROM consent.told WHERE word = 'granted';
ALTER TABLE consent.told FORCE ROW LEVEL SECURITY;
"""


def upgrade() -> None:
    """Move what was told of beginnings; what was told of ends stays."""
    op.execute(MOVED)
