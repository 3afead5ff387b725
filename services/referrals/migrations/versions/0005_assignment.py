"""Who of the receiving agency answers a referral, and lists by deadline in which only an unanswered one has one."""

from alembic import op

revision = "0005"
down_revision = "0004"

# A table of its own: a row of referrals.referral is its sender's, too.
TABLE = """
CREATE TABLE referrals.assignment (
    receiver_ref uuid PRIMARY KEY REFERENCES referrals.referral (receiver_ref),
    agency_id    text NOT NULL,
    person_ref   text NOT NULL,
    assigned_at  timestamptz NOT NULL
);
CREATE INDEX ON referrals.assignment (agency_id, person_ref);
ALTER TABLE referrals.assignment ENABLE ROW LEVEL SECURITY;
ALTER TABLE referrals.assignment FORCE ROW LEVEL SECURITY;
CREATE POLICY own_people ON referrals.assignment TO accord_referrals
    USING (agency_id = current_setting('accord.agency', true))
    WITH CHECK (agency_id = current_setting('accord.agency', true));
GRANT SELECT, INSERT, DELETE ON referrals.assignment TO accord_referrals;
"""

# In place of two of 0003: what was answered waits for nothing, and would stand before all that is late.
ORDERS = """
DROP INDEX referrals.referral_receiving_agency_coalesce_referral_ref_idx;
DROP INDEX referrals.referral_sending_agency_coalesce_referral_ref_idx;
CREATE INDEX ON referrals.referral (receiving_agency, (CASE WHEN state IN ('sent', 'needs_info')
    THEN coalesce(answer_by, '9999-01-01 00:00:00+00'::timestamptz) ELSE '9999-01-01 00:00:00+00'::timestamptz END),
    referral_ref)
    WHERE mode = 'live' AND state IN ('sent', 'needs_info', 'accepted', 'in_progress');
CREATE INDEX ON referrals.referral (sending_agency, (CASE WHEN state IN ('sent', 'needs_info')
    THEN coalesce(answer_by, '9999-01-01 00:00:00+00'::timestamptz) ELSE '9999-01-01 00:00:00+00'::timestamptz END),
    referral_ref)
    WHERE state IN ('sent', 'needs_info', 'accepted', 'in_progress');
"""


def upgrade() -> None:
    """Make the table, its wall and its grants, and the indexes."""
    for part in (TABLE, ORDERS):
        op.execute(part)
