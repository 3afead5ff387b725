"""What Alembic runs for the schemas register, carrying and ledger."""

from runtime.database.migrate import run

run()
