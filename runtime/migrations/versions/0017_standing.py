"""What hangs on an agency, as numbers, for whoever is about to close it."""

from alembic import op

revision = "0017"
down_revision = "0016"

# The administrator reads no case and no directive: three counts are all that closing an agency needs.
FUNCTION = """
CREATE FUNCTION register.standing_of(agency text) RETURNS TABLE (home bigint, given bigint, received bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH released AS (
        SELECT custodian, recipient FROM register.directive
        WHERE effect = 'permit' AND state = 'active' AND ended_at IS NULL
        AND (valid_until IS NULL OR valid_until > register.instant())
    )
    SELECT (SELECT count(*) FROM register.subject WHERE home_agency = agency),
        (SELECT count(*) FROM released WHERE custodian = agency),
        (SELECT count(*) FROM released WHERE recipient = agency)
$$;
REVOKE ALL ON FUNCTION register.standing_of(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION register.standing_of(text) TO accord_admin;
"""


def upgrade() -> None:
    """Make the function."""
    op.execute(FUNCTION)
