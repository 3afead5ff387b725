"""What lists need: the key that seals their cursors, and which looks of today are on record already."""

from alembic import op

revision = "0013"
down_revision = "0012"

LISTS = "accord_consent, accord_law_enforcement_bridge, accord_referrals, accord_exchange"

# 64 bytes from the server's own random source, of which 244 bits are random in each half.
TABLES = """
CREATE TABLE carrying.cursor_key (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    key bytea NOT NULL
);
INSERT INTO carrying.cursor_key (key)
    SELECT string_agg(uuid_send(gen_random_uuid()), '') FROM generate_series(1, 4);
CREATE TABLE carrying.listed (
    agency_id text NOT NULL,
    actor     text NOT NULL,
    list      text NOT NULL,
    since     timestamptz NOT NULL,
    seen      bytea NOT NULL,
    PRIMARY KEY (agency_id, actor, list, since, seen)
);
CREATE INDEX ON carrying.listed (agency_id, since);
"""

WALLS = f"""
ALTER TABLE carrying.listed ENABLE ROW LEVEL SECURITY;
ALTER TABLE carrying.listed FORCE ROW LEVEL SECURITY;
CREATE POLICY own_lists ON carrying.listed TO {LISTS}
    USING (agency_id = current_setting('accord.agency', true))
    WITH CHECK (agency_id = current_setting('accord.agency', true));
"""

# since is never changed: PostgreSQL asks for one column before it lets rows be locked that are swept.
GRANTS = f"""
GRANT SELECT ON carrying.cursor_key TO {LISTS};
GRANT SELECT, INSERT, DELETE, UPDATE (since) ON carrying.listed TO {LISTS};
"""


def upgrade() -> None:
    """Make the tables, the wall and the grants."""
    for part in (TABLES, WALLS, GRANTS):
        op.execute(part)
