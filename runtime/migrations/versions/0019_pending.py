"""A pending leaf leaves for the tree and for nothing else: by one function, of which no role is the owner."""

from alembic import op

revision = "0019"
down_revision = "0018"

# The leaf comes first: the trigger lets a pending row go only where its leaf is in the tree.  The hash is taken here,
# so that whoever calls decides nothing but which rows, and they stand in the order of their numbers.
INTEGRATE = """
CREATE FUNCTION ledger.integrate(taken bigint[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first bigint;
    moved bigint;
    at constant timestamptz := register.instant();
BEGIN
    SELECT size INTO STRICT first FROM ledger.head FOR UPDATE;
    INSERT INTO ledger.leaf (index, number, header, hash, salt, detail, subject, integrated_at)
    SELECT first + row_number() OVER (ORDER BY id) - 1, id, header, sha256('\\x00'::bytea || header), salt, detail,
        subject, at
    FROM ledger.pending WHERE id = ANY(taken);
    GET DIAGNOSTICS moved = ROW_COUNT;
    DELETE FROM ledger.pending WHERE id = ANY(taken);
    RETURN moved;
END $$;
REVOKE ALL ON FUNCTION ledger.integrate(bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.integrate(bigint[]) TO accord_audit;
REVOKE DELETE ON ledger.pending FROM accord_audit;
REVOKE INSERT ON ledger.leaf FROM accord_audit;
"""

ONLY_MOVED = """
CREATE FUNCTION ledger.refuse_loss() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM gone WHERE NOT EXISTS (
            SELECT FROM ledger.leaf AS l WHERE l.index >= (SELECT size FROM ledger.head)
            AND l.number = gone.id AND l.header = gone.header AND l.salt = gone.salt
            AND l.detail IS NOT DISTINCT FROM gone.detail AND l.subject IS NOT DISTINCT FROM gone.subject)
    ) THEN
        RAISE EXCEPTION 'the ledger is append-only';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER only_moved AFTER DELETE ON ledger.pending
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_loss();
CREATE TRIGGER append_only BEFORE UPDATE ON ledger.pending
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON ledger.pending EXECUTE FUNCTION ledger.refuse_change();
"""


# Every batch is signed, for the sequencer to hold the tree against; what others are shown are these heads alone.
PUBLISHED = """
CREATE TABLE ledger.published (
    size         bigint PRIMARY KEY, -- of a checkpoint
    published_at timestamptz NOT NULL
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.published
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON ledger.published EXECUTE FUNCTION ledger.refuse_change();
GRANT SELECT, INSERT ON ledger.published TO accord_audit;
"""


def upgrade() -> None:
    """Let pending leaves go by way of the tree alone, and publish some heads only."""
    for part in (INTEGRATE, ONLY_MOVED, PUBLISHED):
        op.execute(part)
