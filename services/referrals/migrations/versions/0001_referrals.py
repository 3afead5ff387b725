"""Referrals: the sender's rows, seen by sender and receiver, and by a coordination cell that knows the case."""

from alembic import op

revision = "0001"
down_revision = None

# References, state codes and instants: what was told of the survivor lies sealed in the sender's own copy.
TABLES = """
CREATE TABLE referrals.referral (
    referral_ref     uuid PRIMARY KEY,
    subject_id       bigint NOT NULL,
    case_ref         uuid NOT NULL,
    sending_agency   text NOT NULL,
    receiving_agency text NOT NULL,
    receiver_ref     uuid UNIQUE,
    kind             text NOT NULL,
    mode             text NOT NULL CHECK (mode IN ('live', 'logged')),
    service_code     text NOT NULL,
    priority         text NOT NULL,
    purpose          text,
    state            text NOT NULL,
    version          integer NOT NULL,
    created_at       timestamptz NOT NULL,
    changed_at       timestamptz NOT NULL,
    answer_by        timestamptz,
    overdue_since    timestamptz,
    follows_ref      uuid REFERENCES referrals.referral,
    conflict_check   text,
    reason_code      text,
    outcome_code     text,
    consent_sv       bigint NOT NULL,
    consent_until    timestamptz,
    CHECK ((mode = 'live') = (receiver_ref IS NOT NULL))
);
CREATE INDEX ON referrals.referral (sending_agency, created_at, referral_ref);
CREATE INDEX ON referrals.referral (receiving_agency, created_at, referral_ref) WHERE mode = 'live';
CREATE INDEX ON referrals.referral (subject_id);
CREATE INDEX ON referrals.referral (answer_by) WHERE overdue_since IS NULL AND state IN ('sent', 'needs_info');
CREATE INDEX ON referrals.referral (sending_agency)
    WHERE mode = 'live' AND state IN ('sent', 'needs_info', 'accepted', 'in_progress');
"""

# A logged referral was sent to nobody: its row is the sender's alone.
WALLS = """
ALTER TABLE referrals.referral ENABLE ROW LEVEL SECURITY;
ALTER TABLE referrals.referral FORCE ROW LEVEL SECURITY;
CREATE POLICY sender ON referrals.referral TO accord_referrals
    USING (sending_agency = current_setting('accord.agency', true))
    WITH CHECK (sending_agency = current_setting('accord.agency', true));
CREATE POLICY receiver_reads ON referrals.referral FOR SELECT TO accord_referrals
    USING (mode = 'live' AND receiving_agency = current_setting('accord.agency', true));
CREATE POLICY receiver_answers ON referrals.referral FOR UPDATE TO accord_referrals
    USING (mode = 'live' AND receiving_agency = current_setting('accord.agency', true))
    WITH CHECK (mode = 'live' AND receiving_agency = current_setting('accord.agency', true));
CREATE POLICY cell_follows ON referrals.referral FOR SELECT TO accord_referrals
    USING (mode = 'live' AND EXISTS (
        SELECT FROM register."case" AS known JOIN register.agency AS cell USING (agency_id)
        WHERE known.agency_id = current_setting('accord.agency', true) AND cell.kind = 'coordination'
        AND known.subject_id = referral.subject_id));
CREATE POLICY clock ON referrals.referral FOR SELECT TO CURRENT_USER USING (true);
"""

# The clock asks first whose turn it is, and then works within that agency's wall like anybody else.
CLOCK = """
CREATE FUNCTION referrals.agencies_to_remind() RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS $$SELECT DISTINCT sending_agency FROM referrals.referral
         WHERE overdue_since IS NULL AND state IN ('sent', 'needs_info') AND answer_by <= register.instant()$$;
CREATE FUNCTION referrals.agencies_to_review() RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS $$SELECT DISTINCT r.sending_agency FROM referrals.referral AS r JOIN register.subject AS s USING (subject_id)
         WHERE r.mode = 'live' AND r.state IN ('sent', 'needs_info', 'accepted', 'in_progress')
         AND (s.sv <> r.consent_sv OR r.consent_until <= register.instant())$$;
REVOKE ALL ON FUNCTION referrals.agencies_to_remind(), referrals.agencies_to_review() FROM PUBLIC;
"""

GRANTS = """
GRANT USAGE ON SCHEMA referrals TO accord_referrals;
GRANT SELECT, INSERT ON referrals.referral TO accord_referrals;
GRANT UPDATE (state, version, changed_at, answer_by, overdue_since, conflict_check, reason_code, outcome_code,
    consent_sv, consent_until) ON referrals.referral TO accord_referrals;
GRANT EXECUTE ON FUNCTION referrals.agencies_to_remind(), referrals.agencies_to_review() TO accord_referrals;
"""


def upgrade() -> None:
    """Make the table, its walls and what the clock asks."""
    for part in (TABLES, WALLS, CLOCK, GRANTS):
        op.execute(part)
