"""A code by which two people on the telephone name a referral, and lists by deadline and last change."""

from alembic import op

revision = "0003"
down_revision = "0002"

# One code names one open referral, whoever sent it; a closed one keeps its code and reserves it no more.
CODE = """
ALTER TABLE referrals.referral ADD COLUMN spoken_code text;
CREATE UNIQUE INDEX ON referrals.referral (spoken_code)
    WHERE mode = 'live' AND state IN ('sent', 'needs_info', 'accepted', 'in_progress');
CREATE INDEX ON referrals.referral (spoken_code text_pattern_ops);
"""

# What is open is little beside what was closed in years; of that, people ask for what was closed last.
ORDERS = """
CREATE INDEX ON referrals.referral
    (receiving_agency, coalesce(answer_by, '9999-01-01 00:00:00+00'::timestamptz), referral_ref)
    WHERE mode = 'live' AND state IN ('sent', 'needs_info', 'accepted', 'in_progress');
CREATE INDEX ON referrals.referral
    (sending_agency, coalesce(answer_by, '9999-01-01 00:00:00+00'::timestamptz), referral_ref)
    WHERE state IN ('sent', 'needs_info', 'accepted', 'in_progress');
CREATE INDEX ON referrals.referral (receiving_agency, changed_at, referral_ref) WHERE mode = 'live';
CREATE INDEX ON referrals.referral (sending_agency, changed_at, referral_ref);
"""


def upgrade() -> None:
    """Make the column and the indexes."""
    for part in (CODE, ORDERS):
        op.execute(part)
