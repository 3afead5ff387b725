"""Whoever holds a subject's lock reads it again without taking another: what a change of consent has made of it."""

from alembic import op

revision = "0023"
down_revision = "0022"

# As in 0020, without the lock: it shows what row level security shows this role anyway.
READ = """
CREATE FUNCTION register.read_subjects(held bigint[]) RETURNS TABLE (
    subject_id bigint, sv bigint, participation text, deceased boolean, home_agency text, pseudonym uuid,
    at timestamptz, cases text, keys bytea[]
) LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY
    SELECT s.subject_id, s.sv, s.participation, s.deceased_on IS NOT NULL, s.home_agency, s.pseudonym,
        register.instant(), known.cases, known.keys
    FROM register.subject AS s CROSS JOIN LATERAL (
        SELECT CAST(json_agg(json_build_array(c.agency_id, a.kind, a.flags, a.purposes, c.case_ref, a.pseudonym,
            a.active) ORDER BY c.agency_id) AS text), array_agg(c.wrapped_key ORDER BY c.agency_id)
        FROM register."case" AS c JOIN register.agency AS a USING (agency_id) WHERE c.subject_id = s.subject_id
    ) AS known (cases, keys)
    WHERE s.subject_id = ANY(held);
END $$;
REVOKE ALL ON FUNCTION register.read_subjects(bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION register.read_subjects(bigint[]) TO accord_consent;
"""


def upgrade() -> None:
    """Make the function, for the service that changes consent."""
    op.execute(READ)
