"""The register: agencies, people, subjects, their pairwise case references, directives."""

from alembic import op

revision = "0001"
down_revision = None

EVERY_SERVICE = (
    "accord_intake, accord_consent, accord_law_enforcement_bridge, accord_referrals, "
    "accord_notifications, accord_exchange, accord_audit, accord_dashboard"
)
OFFERS = (
    "accord_intake, accord_consent, accord_law_enforcement_bridge, accord_referrals, "
    "accord_notifications, accord_exchange"
)
DOORS = f"{OFFERS}, accord_relay"

AGENCIES = """
CREATE FUNCTION register.instant() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()';

CREATE TABLE register.agency (
    agency_id   text PRIMARY KEY CHECK (agency_id ~ '^[a-z0-9][a-z0-9-]{1,39}$'),
    name        text NOT NULL,
    kind        text NOT NULL,
    address     text NOT NULL DEFAULT '',
    front_door  text NOT NULL DEFAULT '',
    flags       text[] NOT NULL DEFAULT '{}',
    purposes    text[] NOT NULL DEFAULT '{}',
    profile     text NOT NULL DEFAULT 'default',
    witness     boolean NOT NULL DEFAULT false,
    hosted      boolean NOT NULL DEFAULT true,
    active      boolean NOT NULL DEFAULT true,
    pseudonym   uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    joined_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE register.person (
    person_ref      text PRIMARY KEY CHECK (person_ref ~ '^[a-z0-9][a-z0-9-]{1,39}$'),
    agency_id       text NOT NULL REFERENCES register.agency,
    name            text NOT NULL,
    roles           text[] NOT NULL,
    active          boolean NOT NULL DEFAULT true,
    passphrase_hash text,
    pseudonym       uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    joined_at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE register.client (
    client_id   text PRIMARY KEY,
    agency_id   text NOT NULL REFERENCES register.agency,
    public_jwk  jsonb NOT NULL,
    active      boolean NOT NULL DEFAULT true,
    pseudonym   uuid NOT NULL UNIQUE DEFAULT gen_random_uuid()
);
"""

SUBJECTS = """
-- From a sequence, not + 1: a number that a rolled-back change used must never come again, since tables are kept by it.
CREATE SEQUENCE register.sv;
CREATE TABLE register.subject (
    subject_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    home_agency   text NOT NULL REFERENCES register.agency,
    sv            bigint NOT NULL DEFAULT 0,
    participation text NOT NULL DEFAULT 'not_asked',
    deceased_on   date,
    pseudonym     uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    opened_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE register."case" (
    subject_id  bigint NOT NULL REFERENCES register.subject,
    agency_id   text NOT NULL REFERENCES register.agency,
    case_ref    uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    sent        bigint NOT NULL DEFAULT 0,
    wrapped_key bytea,
    PRIMARY KEY (subject_id, agency_id)
);
CREATE TABLE register.directive (
    directive_ref       uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    subject_id          bigint NOT NULL REFERENCES register.subject,
    custodian           text NOT NULL REFERENCES register.agency,
    recipient           text REFERENCES register.agency,
    excluded_person_ref text,
    effect              text NOT NULL,
    purpose             text,
    categories          text[] NOT NULL DEFAULT '{}',
    excepted_fields     text[] NOT NULL DEFAULT '{}',
    only_fields         text[] NOT NULL DEFAULT '{}',
    valid_from          timestamptz NOT NULL,
    valid_until         timestamptz,
    starts_when         text,
    started_at          timestamptz,
    ends_when           text,
    ended_at            timestamptz,
    basis               text NOT NULL DEFAULT 'release',
    state               text NOT NULL DEFAULT 'draft',
    taxonomy_version    integer NOT NULL,
    version             integer NOT NULL DEFAULT 1,
    survives_death      boolean NOT NULL DEFAULT false,
    supersedes_ref      uuid,
    adds_to_ref         uuid,
    drafted_by          text NOT NULL,
    drafted_at          timestamptz NOT NULL,
    evidence            jsonb,
    signed_at           timestamptz,
    refused_at          timestamptz,
    revocation          jsonb,
    revoked_at          timestamptz,
    relayed             boolean NOT NULL DEFAULT false
);
CREATE INDEX ON register.directive (subject_id);
CREATE INDEX ON register.directive (valid_until) WHERE state = 'active';
"""

GRANTS = f"""
GRANT USAGE ON SCHEMA register TO {EVERY_SERVICE}, accord_relay, accord_issuer, accord_admin;
GRANT EXECUTE ON FUNCTION register.instant() TO {EVERY_SERVICE}, accord_relay, accord_issuer, accord_admin;
GRANT SELECT (agency_id, name, kind, address, front_door, flags, purposes, profile, witness, hosted, active, pseudonym)
    ON register.agency TO {EVERY_SERVICE}, accord_relay, accord_issuer, accord_admin;
GRANT SELECT (person_ref, agency_id, name, roles, active, pseudonym) ON register.person TO {EVERY_SERVICE};
GRANT SELECT (client_id, agency_id, active, pseudonym) ON register.client TO {EVERY_SERVICE};
GRANT SELECT ON register.person, register.client TO accord_issuer, accord_admin;
GRANT INSERT, UPDATE ON register.agency, register.person, register.client TO accord_admin;
GRANT SELECT ON register.subject, register."case", register.directive TO {DOORS};
GRANT SELECT (subject_id, pseudonym) ON register.subject TO accord_audit;
GRANT SELECT (subject_id, agency_id, case_ref) ON register."case" TO accord_audit;
-- Who is shut out of a case is shut out of its accounting as well.
GRANT SELECT (subject_id, effect, state, excluded_person_ref) ON register.directive TO accord_audit;
-- opened_at is never changed by them: PostgreSQL asks for one column before it grants FOR NO KEY UPDATE.
GRANT UPDATE (opened_at) ON register.subject TO {OFFERS};
GRANT UPDATE (sent) ON register."case" TO {OFFERS};
GRANT UPDATE (wrapped_key) ON register."case"
    TO accord_intake, accord_law_enforcement_bridge, accord_referrals, accord_consent, accord_notifications;
GRANT INSERT ON register.subject, register."case" TO accord_intake, accord_law_enforcement_bridge;
GRANT INSERT ON register."case" TO accord_consent;
GRANT INSERT, UPDATE ON register.directive TO accord_consent;
GRANT UPDATE (relayed) ON register.directive TO accord_relay;
GRANT USAGE ON SEQUENCE register.sv TO accord_consent;
GRANT UPDATE (sv, participation, deceased_on) ON register.subject TO accord_consent;
"""


def upgrade() -> None:
    """Make the register and say who may read and who may change it."""
    for part in (AGENCIES, SUBJECTS, GRANTS):
        op.execute(part)
