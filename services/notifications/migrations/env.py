"""What Alembic runs for the schema notifications."""

from runtime.database.migrate import run

run()
