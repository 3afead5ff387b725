"""No agency and no client bears the name of one of our own parts."""

from alembic import op

revision = "0016"
down_revision = "0015"

# As `schemas.services.RESERVED` was when this was written: a migration says for ever what it did.
OURS = (
    "accord",
    "admin",
    "anonymous",
    "audit",
    "consent",
    "controller",
    "dashboard",
    "exchange",
    "intake",
    "issuer",
    "kafka",
    "law-enforcement-bridge",
    "law_enforcement_bridge",
    "notifications",
    "operator",
    "postgres",
    "referrals",
    "relay",
    "sequencer",
    "system",
    "worker",
)


def upgrade() -> None:
    """Refuse them: under such a name, an act of a service would stand in the ledger as that agency's."""
    names = ", ".join(f"'{name}'" for name in OURS)
    op.execute(f"ALTER TABLE register.agency ADD CONSTRAINT agency_is_not_ours CHECK (agency_id NOT IN ({names}))")
    op.execute(f"ALTER TABLE register.client ADD CONSTRAINT client_is_not_ours CHECK (client_id NOT IN ({names}))")
