"""Locks are taken through functions of ours alone, each of one kind: no role chooses what it holds, or for how long."""

from alembic import op

revision = "0020"
down_revision = "0019"

EVERY_SERVICE = (
    "accord_intake, accord_consent, accord_law_enforcement_bridge, accord_referrals, "
    "accord_notifications, accord_exchange, accord_audit, accord_dashboard"
)
OFFERS = (
    "accord_intake, accord_consent, accord_law_enforcement_bridge, accord_referrals, "
    "accord_notifications, accord_exchange"
)

# Definers, because the server's own functions are nobody's any more (runtime/database/roles.py).  A subject's lock is
# of one number, the others are of two and never meet it; those of repeats lie below zero, apart from the fixed ones.
LOCKS = """
CREATE FUNCTION register.lock_shared(subject_ids bigint[]) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE one bigint;
BEGIN
    FOREACH one IN ARRAY subject_ids LOOP
        PERFORM pg_advisory_xact_lock_shared(one);
    END LOOP;
END $$;
CREATE FUNCTION register.lock_exclusive(subject_ids bigint[]) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE one bigint;
BEGIN
    FOREACH one IN ARRAY subject_ids LOOP
        PERFORM pg_advisory_xact_lock(one);
    END LOOP;
END $$;
CREATE FUNCTION carrying.lock_repeat(high integer, low integer) RETURNS boolean
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT pg_try_advisory_xact_lock(high | -2147483648, low)';
CREATE FUNCTION carrying.lock_sweep(what text) RETURNS boolean
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT pg_try_advisory_xact_lock(24297, hashtext(what))';
-- For as long as the connection lives: a relay owns its shards between its transactions.
CREATE FUNCTION carrying.own_shard(shard smallint) RETURNS boolean
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT pg_try_advisory_lock(2764, CAST(shard AS integer))';
"""

RETURNS = """RETURNS TABLE (
    subject_id bigint, sv bigint, participation text, deceased boolean, home_agency text, pseudonym uuid,
    at timestamptz, cases text, keys bytea[]
) LANGUAGE plpgsql VOLATILE SECURITY INVOKER
"""
# As in 0004, but for the locks; without the keys for a relay, which opens nothing.
READ = """
    RETURN QUERY
    SELECT s.subject_id, s.sv, s.participation, s.deceased_on IS NOT NULL, s.home_agency, s.pseudonym,
        register.instant(), known.cases, known.keys
    FROM register.subject AS s CROSS JOIN LATERAL (
        SELECT CAST(json_agg(json_build_array(c.agency_id, a.kind, a.flags, a.purposes, c.case_ref, a.pseudonym,
            a.active) ORDER BY c.agency_id) AS text), array_agg({key} ORDER BY c.agency_id)
        FROM register."case" AS c JOIN register.agency AS a USING (agency_id) WHERE c.subject_id = s.subject_id
    ) AS known (cases, keys)
    WHERE s.subject_id = ANY(held);
"""
KEY, NO_KEY = "c.wrapped_key", "CAST(NULL AS bytea)"
OF_IDS = "SELECT DISTINCT w.id FROM unnest(wanted) AS w (id) ORDER BY w.id"
HELD_BY = {
    "register.hold_subjects(wanted bigint[])": ("shared", OF_IDS, KEY),
    "register.hold_subjects_without_keys(wanted bigint[])": ("shared", OF_IDS, NO_KEY),
    "register.hold_cases(refs uuid[])": (
        "shared",
        'SELECT DISTINCT c.subject_id FROM register."case" AS c WHERE c.case_ref = ANY(refs) ORDER BY c.subject_id',
        KEY,
    ),
    "register.hold_exclusive(ref uuid)": (
        "exclusive",
        'SELECT c.subject_id FROM register."case" AS c WHERE c.case_ref = ref',
        KEY,
    ),
}

# Whoever changes consent, or records a fact that ends or starts it.
CHANGES = "accord_consent, accord_referrals, accord_law_enforcement_bridge"
GRANTS = f"""
REVOKE ALL ON FUNCTION register.lock_shared(bigint[]), register.lock_exclusive(bigint[]),
    register.hold_subjects_without_keys(bigint[]), carrying.lock_repeat(integer, integer), carrying.lock_sweep(text),
    carrying.own_shard(smallint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION register.lock_shared(bigint[]) TO {OFFERS}, accord_relay;
REVOKE EXECUTE ON FUNCTION register.hold_exclusive(uuid) FROM {OFFERS};
GRANT EXECUTE ON FUNCTION register.lock_exclusive(bigint[]), register.hold_exclusive(uuid) TO {CHANGES};
REVOKE EXECUTE ON FUNCTION register.hold_subjects(bigint[]), register.hold_cases(uuid[]) FROM accord_relay;
GRANT EXECUTE ON FUNCTION register.hold_subjects_without_keys(bigint[]), carrying.own_shard(smallint) TO accord_relay;
GRANT EXECUTE ON FUNCTION carrying.lock_repeat(integer, integer), carrying.lock_sweep(text) TO {EVERY_SERVICE};
REVOKE SELECT ON register."case" FROM accord_relay;
GRANT SELECT (subject_id, agency_id, case_ref, time_shift) ON register."case" TO accord_relay;
"""  # noqa: S608 - names of our own


def upgrade() -> None:
    """Make the functions that lock, let those that hold use them, and say who may."""
    op.execute(LOCKS)
    for name, (how, whom, key) in HELD_BY.items():
        declared = f" AS $$ DECLARE held bigint[] := ARRAY({whom}); BEGIN PERFORM register.lock_{how}(held); "
        op.execute(f"CREATE OR REPLACE FUNCTION {name} {RETURNS}" + declared + READ.format(key=key) + " END $$")
        # As 0007 has it: what a function is set to goes when it is replaced.
        op.execute(f"ALTER FUNCTION {name} SET plan_cache_mode = force_generic_plan")
    op.execute(GRANTS)
