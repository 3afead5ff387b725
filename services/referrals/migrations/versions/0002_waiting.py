"""Referrals that wait, found past those of years that were answered long ago."""

from alembic import op

revision = "0002"
down_revision = "0001"

# By state for the lists that name one; what is late is little, whatever else there is.
INDEXES = """
CREATE INDEX ON referrals.referral (receiving_agency, state, created_at, referral_ref) WHERE mode = 'live';
CREATE INDEX ON referrals.referral (sending_agency, state, created_at, referral_ref);
CREATE INDEX ON referrals.referral (receiving_agency, created_at, referral_ref)
    WHERE mode = 'live' AND overdue_since IS NOT NULL AND state IN ('sent', 'needs_info');
CREATE INDEX ON referrals.referral (sending_agency, created_at, referral_ref)
    WHERE overdue_since IS NOT NULL AND state IN ('sent', 'needs_info');
"""


def upgrade() -> None:
    """Make the indexes."""
    op.execute(INDEXES)
