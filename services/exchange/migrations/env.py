"""What Alembic runs for the schema exchange."""

from runtime.database.migrate import run

run()
