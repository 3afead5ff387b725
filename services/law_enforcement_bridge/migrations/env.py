"""What Alembic runs for the schema law_enforcement_bridge."""

from runtime.database.migrate import run

run()
