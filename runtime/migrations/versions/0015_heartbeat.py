"""A row that a process writes to show that it can: a full disk or a standby answers questions, and keeps nothing."""

from alembic import op

revision = "0015"
down_revision = "0014"

EVERY_ROLE = (
    "accord_intake, accord_consent, accord_law_enforcement_bridge, accord_referrals, accord_notifications, "
    "accord_exchange, accord_audit, accord_dashboard, accord_issuer"
)
TABLE = """
CREATE TABLE carrying.heartbeat (
    role text PRIMARY KEY,
    at   timestamptz NOT NULL
);
"""
# Under the name of the role that signed in, as the function runs with its owner's rights.
BEAT = """
CREATE FUNCTION carrying.beat() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO carrying.heartbeat AS h (role, at) VALUES (session_user, clock_timestamp())
    ON CONFLICT (role) DO UPDATE SET at = excluded.at
$$;
REVOKE EXECUTE ON FUNCTION carrying.beat() FROM PUBLIC;
"""


def upgrade() -> None:
    """Make the table, and the function that alone writes it."""
    op.execute(TABLE)
    op.execute(BEAT)
    op.execute(f"GRANT USAGE ON SCHEMA carrying TO {EVERY_ROLE}")
    op.execute(f"GRANT EXECUTE ON FUNCTION carrying.beat() TO {EVERY_ROLE}")
