"""What Alembic runs for the schema consent."""

from runtime.database.migrate import run

run()
