"""The ledger: what waits, the leaves, the tree, the signed heads."""

from alembic import op

revision = "0003"
down_revision = "0002"

WRITERS = (
    "accord_intake, accord_consent, accord_law_enforcement_bridge, accord_referrals, "
    "accord_notifications, accord_exchange, accord_relay, accord_audit, accord_admin"
)

TABLES = """
CREATE SCHEMA ledger;
-- One number at a time: whoever writes after having read what another committed takes the higher number.
CREATE TABLE ledger.pending (
    id      bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
    header  bytea NOT NULL,
    salt    bytea NOT NULL,
    detail  bytea,
    subject uuid
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE TABLE ledger.leaf (
    index         bigint PRIMARY KEY,
    number        bigint NOT NULL, -- under which it waited: lists go by it, before and after it came into the tree
    header        bytea NOT NULL,
    hash          bytea NOT NULL,
    salt          bytea,
    detail        bytea,
    subject       uuid,
    integrated_at timestamptz NOT NULL
);
CREATE INDEX ON ledger.leaf (subject, number);
CREATE TABLE ledger.node (
    level integer NOT NULL,
    index bigint NOT NULL,
    hash  bytea NOT NULL,
    PRIMARY KEY (level, index)
);
CREATE TABLE ledger.head (
    one  boolean PRIMARY KEY DEFAULT true CHECK (one),
    size bigint NOT NULL
);
INSERT INTO ledger.head (size) VALUES (0);
CREATE TABLE ledger.checkpoint (
    size      bigint PRIMARY KEY,
    root      bytea NOT NULL,
    note      text NOT NULL,
    signed_at timestamptz NOT NULL
);
"""

# Erasing is allowed only where it breaks no proof: the salt and the sealed detail, never what was hashed.
APPEND_ONLY = """
CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'leaf' THEN
        IF NEW.salt IS NULL AND NEW.detail IS NULL AND (NEW.subject IS NULL OR NEW.subject = OLD.subject)
            AND (NEW.index, NEW.number, NEW.header, NEW.hash, NEW.integrated_at)
                = (OLD.index, OLD.number, OLD.header, OLD.hash, OLD.integrated_at) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the ledger is append-only';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.leaf
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.node
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.checkpoint
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON ledger.leaf EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON ledger.node EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON ledger.checkpoint EXECUTE FUNCTION ledger.refuse_change();
"""

GRANTS = f"""
GRANT USAGE ON SCHEMA ledger TO {WRITERS};
GRANT INSERT ON ledger.pending TO {WRITERS};
GRANT SELECT, DELETE ON ledger.pending TO accord_audit;
GRANT SELECT, INSERT ON ledger.leaf, ledger.node, ledger.checkpoint TO accord_audit;
GRANT SELECT ON ledger.head TO accord_audit;
GRANT UPDATE (size) ON ledger.head TO accord_audit;
"""


def upgrade() -> None:
    """Make the ledger and the triggers that keep it append-only."""
    for part in (TABLES, APPEND_ONLY, GRANTS):
        op.execute(part)
