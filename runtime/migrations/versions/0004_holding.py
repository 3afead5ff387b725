"""Holding a subject in one call: first the locks, then the register as it is once they are held."""

from alembic import op

revision = "0004"
down_revision = "0003"

OFFERS = (
    "accord_intake, accord_consent, accord_law_enforcement_bridge, accord_referrals, "
    "accord_notifications, accord_exchange"
)
DOORS = f"{OFFERS}, accord_relay"

# VOLATILE, and PL/pgSQL: each statement within takes a snapshot of its own.  One taken before the lock was granted may
# be older than the lock, so whoever reads by it may see a consent that is no more.
RETURNS = """RETURNS TABLE (
    subject_id bigint, sv bigint, participation text, deceased boolean, home_agency text, pseudonym uuid,
    at timestamptz, cases text, keys bytea[]
) LANGUAGE plpgsql VOLATILE SECURITY INVOKER
"""
READ = """
    RETURN QUERY
    SELECT s.subject_id, s.sv, s.participation, s.deceased_on IS NOT NULL, s.home_agency, s.pseudonym,
        register.instant(), known.cases, known.keys
    FROM register.subject AS s CROSS JOIN LATERAL (
        SELECT CAST(json_agg(json_build_array(c.agency_id, a.kind, a.flags, a.purposes, c.case_ref, a.pseudonym,
            a.active) ORDER BY c.agency_id) AS text), array_agg(c.wrapped_key ORDER BY c.agency_id)
        FROM register."case" AS c JOIN register.agency AS a USING (agency_id) WHERE c.subject_id = s.subject_id
    ) AS known (cases, keys)
    WHERE s.subject_id = ANY(held);
"""
# One by one in the order of their ids: no two holders can wait for each other.
LOCKS = """
    FOREACH one IN ARRAY held LOOP
        PERFORM {lock}(one);
    END LOOP;
"""
SHARED, EXCLUSIVE = "pg_advisory_xact_lock_shared", "pg_advisory_xact_lock"
HELD_BY = {
    "register.hold_subjects(wanted bigint[])": (
        SHARED,
        "SELECT DISTINCT w.id FROM unnest(wanted) AS w (id) ORDER BY w.id",
    ),
    "register.hold_cases(refs uuid[])": (
        SHARED,
        'SELECT DISTINCT c.subject_id FROM register."case" AS c WHERE c.case_ref = ANY(refs) ORDER BY c.subject_id',
    ),
    "register.hold_exclusive(ref uuid)": (
        EXCLUSIVE,
        'SELECT c.subject_id FROM register."case" AS c WHERE c.case_ref = ref',
    ),
}

GRANTS = f"""
REVOKE ALL ON FUNCTION register.hold_subjects(bigint[]), register.hold_cases(uuid[]), register.hold_exclusive(uuid)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION register.hold_subjects(bigint[]), register.hold_cases(uuid[]) TO {DOORS};
GRANT EXECUTE ON FUNCTION register.hold_exclusive(uuid) TO {OFFERS};
"""


def upgrade() -> None:
    """Make the functions that hold, and say who may."""
    for name, (lock, whom) in HELD_BY.items():
        declared = f" AS $$ DECLARE held bigint[] := ARRAY({whom}); one bigint; BEGIN "
        op.execute(f"CREATE FUNCTION {name} {RETURNS}" + declared + LOCKS.format(lock=lock) + READ + " END $$")
    op.execute(GRANTS)
