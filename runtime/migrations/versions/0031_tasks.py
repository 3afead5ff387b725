"""What is due, for whom and by when: a row without a word of anybody, which any service opens and one service shows."""

from alembic import op

revision = "0031"
down_revision = "0030"

OPENS = (
    "accord_intake, accord_consent, accord_law_enforcement_bridge, accord_referrals, accord_notifications, "
    "accord_exchange, accord_audit, accord_dashboard, accord_relay"
)

# `custodian` and `purpose` say by whose consent the row is shown: a task about another agency's record is absent as
# soon as the release is.
TABLE = """
CREATE TABLE carrying.task (
    task_ref      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    agency_id     text NOT NULL REFERENCES register.agency,
    subject_id    bigint,
    case_ref      uuid,
    custodian     text,
    decided_ref   uuid,
    purpose       text,
    reason        text NOT NULL,
    cause_ref     uuid NOT NULL,
    turn          integer NOT NULL DEFAULT 0,
    trigger       text,
    queue         text NOT NULL,
    person_ref    text,
    due_at        timestamptz NOT NULL,
    state         text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'claimed', 'snoozed', 'done', 'cancelled')),
    flagged       boolean NOT NULL DEFAULT false,
    snoozed_until timestamptz,
    snooze_reason text,
    snoozes       smallint NOT NULL DEFAULT 0 CHECK (snoozes BETWEEN 0 AND 2),
    escalation    text NOT NULL DEFAULT 'none' CHECK (escalation IN ('none', 'duty', 'coordination')),
    escalated_at  timestamptz,
    outcome       text,
    version       integer NOT NULL DEFAULT 1,
    opened_at     timestamptz NOT NULL,
    changed_at    timestamptz NOT NULL,
    UNIQUE NULLS NOT DISTINCT (agency_id, reason, case_ref, cause_ref, turn),
    CHECK (num_nulls(subject_id, case_ref, custodian, decided_ref) IN (0, 4)),
    CHECK ((state = 'snoozed') = (snoozed_until IS NOT NULL)),
    CHECK ((state = 'done') = (outcome IS NOT NULL)),
    CHECK (state <> 'claimed' OR person_ref IS NOT NULL)
);
CREATE INDEX ON carrying.task (agency_id, due_at, task_ref) WHERE state IN ('open', 'claimed', 'snoozed');
CREATE INDEX ON carrying.task (agency_id, person_ref, due_at, task_ref) WHERE state IN ('open', 'claimed', 'snoozed');
CREATE INDEX ON carrying.task (agency_id, queue, due_at, task_ref) WHERE state IN ('open', 'claimed', 'snoozed');
CREATE INDEX ON carrying.task (cause_ref) WHERE state IN ('open', 'claimed', 'snoozed');
CREATE INDEX ON carrying.task (case_ref, due_at) WHERE state IN ('open', 'claimed', 'snoozed');
CREATE INDEX ON carrying.task (due_at) WHERE state = 'open' AND escalation <> 'coordination';
CREATE INDEX ON carrying.task (snoozed_until) WHERE state = 'snoozed';
"""

# A clock of one agency makes a task at another's: as with an offer, a service names whose it is.  The reference of a
# case is looked up here, so that no task says how another agency knows it.
FUNCTIONS = """
CREATE FUNCTION carrying.open_task(
    whose text, about uuid, custodian text, purpose text, reason text, cause uuid, turn integer, trigger text,
    due timestamptz, queue text, person text
) RETURNS boolean LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE carrying.task AS t SET due_at = due, trigger = open_task.trigger, version = t.version + 1,
        state = CASE t.state WHEN 'snoozed' THEN 'open' ELSE t.state END, snoozed_until = NULL, snooze_reason = NULL,
        changed_at = register.instant()
    WHERE t.agency_id = whose AND t.cause_ref = cause AND t.reason = open_task.reason AND t.due_at > due
        AND t.state IN ('open', 'claimed', 'snoozed');
    INSERT INTO carrying.task (agency_id, subject_id, case_ref, custodian, decided_ref, purpose, reason, cause_ref,
        turn, trigger, queue, person_ref, due_at, opened_at, changed_at)
    SELECT whose, c.subject_id, c.case_ref, d.agency_id, d.case_ref, open_task.purpose, open_task.reason, cause,
        open_task.turn, open_task.trigger, open_task.queue, person, due, once.at, once.at
    FROM (SELECT register.instant() AS at) AS once
    LEFT JOIN register."case" AS d ON d.case_ref = about AND d.agency_id = COALESCE(open_task.custodian, whose)
    LEFT JOIN register."case" AS c ON c.subject_id = d.subject_id AND c.agency_id = whose
    WHERE (about IS NULL OR c.case_ref IS NOT NULL)
        AND EXISTS (SELECT FROM register.agency AS a WHERE a.agency_id = whose)
        AND NOT EXISTS (SELECT FROM carrying.task AS t WHERE t.agency_id = whose AND t.cause_ref = cause
            AND t.reason = open_task.reason AND t.state IN ('open', 'claimed', 'snoozed'))
    ON CONFLICT (agency_id, reason, case_ref, cause_ref, turn) DO NOTHING
    RETURNING true
$$;
CREATE FUNCTION carrying.close_tasks(whose text, reasons text[], causes uuid[]) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH ended AS (
        UPDATE carrying.task AS t
        SET state = 'cancelled', snoozed_until = NULL, version = t.version + 1, changed_at = register.instant()
        WHERE t.agency_id = COALESCE(whose, t.agency_id) AND t.reason = ANY(reasons) AND t.cause_ref = ANY(causes)
            AND t.state IN ('open', 'claimed', 'snoozed')
        RETURNING 1
    )
    SELECT CAST(count(*) AS integer) FROM ended
$$;
CREATE FUNCTION carrying.put_back_tasks(whose text, person text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE carrying.task AS t SET person_ref = NULL, version = t.version + 1, changed_at = register.instant(),
        state = CASE t.state WHEN 'claimed' THEN 'open' ELSE t.state END
    WHERE t.agency_id = whose AND t.person_ref = person AND t.state IN ('open', 'claimed', 'snoozed')
$$;
REVOKE ALL ON FUNCTION
    carrying.open_task(text, uuid, text, text, text, uuid, integer, text, timestamptz, text, text),
    carrying.close_tasks(text, text[], uuid[]), carrying.put_back_tasks(text, text) FROM PUBLIC;
"""

WALLS = """
ALTER TABLE carrying.task ENABLE ROW LEVEL SECURITY;
ALTER TABLE carrying.task FORCE ROW LEVEL SECURITY;
CREATE POLICY opening ON carrying.task TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY own_tasks ON carrying.task TO accord_tasks
    USING (agency_id = current_setting('accord.agency', true))
    WITH CHECK (agency_id = current_setting('accord.agency', true));
"""

# The ninth service: what 0001 to 0030 give the others.
SERVICE = """
GRANT USAGE ON SCHEMA register, carrying, ledger TO accord_tasks;
GRANT EXECUTE ON FUNCTION register.instant(), carrying.beat(), carrying.note_lag(text, double precision),
    carrying.lock_repeat(integer, integer), carrying.lock_sweep(text), register.lock_shared(bigint[]),
    register.hold_subjects(bigint[]), register.hold_cases(uuid[]) TO accord_tasks;
GRANT SELECT (agency_id, name, kind, address, front_door, flags, purposes, profile, witness, hosted, active, pseudonym)
    ON register.agency TO accord_tasks;
GRANT SELECT (person_ref, agency_id, name, roles, active, pseudonym) ON register.person TO accord_tasks;
GRANT SELECT (client_id, agency_id, active, pseudonym, public_jwk) ON register.client TO accord_tasks;
GRANT SELECT ON register.subject, register."case", register.directive TO accord_tasks;
GRANT INSERT ON ledger.pending TO accord_tasks;
ALTER POLICY own_answers ON carrying.idempotency TO accord_intake, accord_consent, accord_law_enforcement_bridge,
    accord_referrals, accord_notifications, accord_exchange, accord_audit, accord_dashboard, accord_tasks;
GRANT SELECT, INSERT, DELETE ON carrying.idempotency TO accord_tasks;
ALTER POLICY own_lists ON carrying.listed TO accord_consent, accord_exchange, accord_intake,
    accord_law_enforcement_bridge, accord_notifications, accord_referrals, accord_tasks;
GRANT SELECT ON carrying.cursor_key TO accord_tasks;
GRANT SELECT, INSERT, DELETE, UPDATE (since) ON carrying.listed TO accord_tasks;
"""

# Who opens a task reads none, and who shows them opens none.
GRANTS = f"""
GRANT EXECUTE ON FUNCTION
    carrying.open_task(text, uuid, text, text, text, uuid, integer, text, timestamptz, text, text),
    carrying.close_tasks(text, text[], uuid[]) TO {OPENS};
GRANT EXECUTE ON FUNCTION carrying.put_back_tasks(text, text) TO accord_intake, accord_admin;
GRANT SELECT, UPDATE (queue, person_ref, state, flagged, snoozed_until, snooze_reason, snoozes, escalation,
    escalated_at, outcome, version, changed_at) ON carrying.task TO accord_tasks;
"""

NAMES = """
ALTER TABLE register.agency ADD CONSTRAINT agency_is_not_tasks CHECK (agency_id <> 'tasks');
ALTER TABLE register.client ADD CONSTRAINT client_is_not_tasks CHECK (client_id <> 'tasks');
"""


def upgrade() -> None:
    """Make the table, its walls, the functions that alone write new rows, and let the service show them."""
    for part in (TABLE, FUNCTIONS, WALLS, SERVICE, GRANTS, NAMES):
        op.execute(part)
