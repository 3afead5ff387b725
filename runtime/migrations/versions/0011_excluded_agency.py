"""Where a person works from whom a survivor hides: a system of that agency has to say for whom it asks."""

from alembic import op

revision = "0011"
down_revision = "0010"

# One whose person is no longer known keeps none, and a system of any agency is then shut out.
COLUMN = """
ALTER TABLE register.directive ADD COLUMN excluded_agency text REFERENCES register.agency;
UPDATE register.directive AS d SET excluded_agency = p.agency_id FROM register.person AS p
    WHERE p.person_ref = d.excluded_person_ref;
GRANT SELECT (excluded_agency) ON register.directive TO accord_audit;
"""
# The resource services verify with it what a system signs; the key is public, and nobody is named by it.
KEYS = """
GRANT SELECT (public_jwk) ON register.client TO
    accord_intake, accord_consent, accord_law_enforcement_bridge, accord_referrals, accord_notifications,
    accord_exchange, accord_audit;
"""


def upgrade() -> None:
    """Make the column, fill it from the register, and let services read the keys of systems."""
    op.execute(COLUMN)
    op.execute(KEYS)
