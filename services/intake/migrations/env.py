"""What Alembic runs for the schema intake."""

from runtime.database.migrate import run

run()
