"""When a referral was first replied to, and its survivor first reached: each later step overwrites `changed_at`."""

from alembic import op

revision = "0004"
down_revision = "0003"

# By the database, so that no step can forget it; of what was answered before this, nobody knows.
REPLIES = """
ALTER TABLE referrals.referral ADD COLUMN replied_at timestamptz, ADD COLUMN contacted_at timestamptz;
CREATE FUNCTION referrals.note_reply() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF NEW.replied_at IS NULL AND OLD.state = 'sent' AND NEW.state IN ('needs_info', 'accepted', 'declined') THEN
        NEW.replied_at := NEW.changed_at;
    END IF;
    IF NEW.contacted_at IS NULL AND OLD.state = 'accepted' AND NEW.state IN ('in_progress', 'completed') THEN
        NEW.contacted_at := NEW.changed_at;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER note_reply BEFORE UPDATE ON referrals.referral
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION referrals.note_reply();
"""


def upgrade() -> None:
    """Make the columns and the trigger."""
    op.execute(REPLIES)
