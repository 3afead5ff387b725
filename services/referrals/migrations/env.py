"""What Alembic runs for the schema referrals."""

from runtime.database.migrate import run

run()
