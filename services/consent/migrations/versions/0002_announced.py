"""Which grants were told, kept with the grants: the clock asks for the others and must not read all of them."""

from alembic import op

revision = "0002"
down_revision = "0001"

MOVED = """
UPDATE register.directive AS d SET announced = true FROM consent.told AS t
WHERE t.directive_ref = d.directive_ref AND t.word = 'granted';
DELETE FROM consent.told WHERE word = 'granted';
"""


def upgrade() -> None:
    """Move what was told of beginnings; what was told of ends stays."""
    op.execute(MOVED)
