"""Conditions of a directive, met by whoever records the fact: what it is to end with, and what it waits for.

Only the consent service writes directives.  These two functions set one instant of those that name the condition, and
raise the version: nobody who may call them can sign, widen or reopen anything.
"""

from alembic import op

revision = "0018"
down_revision = "0017"

# The lock is the caller's already, taken exclusive before anything was read.  Taken here again it costs nothing; for a
# caller who forgot it, nothing that is being opened passes by the end.
END = """
CREATE FUNCTION register.end_when_met(subject bigint, side text, other text, condition text)
RETURNS TABLE (met uuid, giver text, receiver text) LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog AS $$ BEGIN
    PERFORM pg_advisory_xact_lock(subject);
    RETURN QUERY UPDATE register.directive AS d
    SET ended_at = register.instant(), version = d.version + 1, announced = false
    WHERE d.subject_id = subject AND d.effect = 'permit' AND d.state = 'active' AND d.ended_at IS NULL
        AND ((d.custodian = side AND (other IS NULL OR d.recipient = other))
            OR (d.recipient = side AND (other IS NULL OR d.custodian = other)))
        AND (d.ends_when = condition
            OR (condition = 'conflict_match' AND d.starts_when = 'conflict_clear' AND d.started_at IS NULL))
    RETURNING d.directive_ref, d.custodian, d.recipient;
    IF FOUND THEN
        UPDATE register.subject AS s SET sv = nextval('register.sv') WHERE s.subject_id = subject;
    END IF;
END $$
"""
# One way only, and only what was signed: this opens.
START = """
CREATE FUNCTION register.start_when_met(subject bigint, side text, other text, condition text)
RETURNS TABLE (met uuid, giver text, receiver text) LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog AS $$ BEGIN
    PERFORM pg_advisory_xact_lock(subject);
    RETURN QUERY UPDATE register.directive AS d SET started_at = register.instant(), version = d.version + 1
    WHERE d.subject_id = subject AND d.effect = 'permit' AND d.state = 'active' AND d.ended_at IS NULL
        AND d.custodian = side AND d.recipient = other AND d.signed_at IS NOT NULL
        AND d.starts_when = condition AND d.started_at IS NULL
    RETURNING d.directive_ref, d.custodian, d.recipient;
    IF FOUND THEN
        UPDATE register.subject AS s SET sv = nextval('register.sv') WHERE s.subject_id = subject;
    END IF;
END $$
"""
GRANTS = """
REVOKE ALL ON FUNCTION register.end_when_met(bigint, text, text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION register.start_when_met(bigint, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION register.end_when_met(bigint, text, text, text)
    TO accord_referrals, accord_law_enforcement_bridge;
GRANT EXECUTE ON FUNCTION register.start_when_met(bigint, text, text, text) TO accord_referrals;
"""
# What ended so and has not been told yet, found past all that ended before.
INDEX = """
CREATE INDEX ON register.directive (custodian)
    WHERE effect = 'permit' AND state = 'active' AND ended_at IS NOT NULL AND NOT announced;
"""


def upgrade() -> None:
    """Make the functions, say who may call them, and index what is to be told."""
    for part in (END, START, GRANTS, INDEX):
        op.execute(part)
