"""What Alembic runs for the schema tasks."""

from runtime.database.migrate import run

run()
