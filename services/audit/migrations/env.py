"""What Alembic runs for the schema audit."""

from runtime.database.migrate import run

run()
