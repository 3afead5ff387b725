"""What Alembic runs for the schema dashboard."""

from runtime.database.migrate import run

run()
