"""What each role may do, as data.  What a survivor allowed is decided elsewhere: a scope never opens a field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum


class Scope(StrEnum):
    """One thing that a person or a system may ask for."""

    CASES_WRITE = "cases:write"
    CASES_READ = "cases:read"
    PARTICIPATION_WRITE = "participation:write"
    DIRECTIVES_DRAFT = "directives:draft"
    DIRECTIVES_SIGN = "directives:sign"
    DIRECTIVES_REVOKE = "directives:revoke"
    DIRECTIVES_READ = "directives:read"
    PREVIEW_READ = "preview:read"
    ORDERS_RECORD = "orders:record"
    ORDERS_READ = "orders:read"
    REFERRALS_SEND = "referrals:send"
    REFERRALS_ANSWER = "referrals:answer"
    REFERRALS_READ = "referrals:read"
    INBOX_READ = "inbox:read"
    MESSAGES_OPEN = "messages:open"
    LEDGER_READ = "ledger:read"
    ACCOUNTING_READ = "accounting:read"
    BOARD_READ = "board:read"
    CONFLICTS_READ = "conflicts:read"
    NOTICES_RELEASE = "notices:release"
    OPERATIONS_READ = "operations:read"
    OPERATIONS_REPAIR = "operations:repair"
    PERSONS_EXCLUDE = "persons:exclude"
    COLLEAGUES_READ = "colleagues:read"
    PEOPLE_READ = "people:read"
    PEOPLE_MANAGE = "people:manage"
    PEOPLE_CONFIRM = "people:confirm"
    TASKS_READ = "tasks:read"
    TASKS_WRITE = "tasks:write"
    DUTY_READ = "duty:read"
    DUTY_WRITE = "duty:write"


class Role(StrEnum):
    """What somebody is at their agency; `system` is the agency's own records system."""

    ADVOCATE = "advocate"
    LIAISON = "liaison"
    CASE_WORKER = "case_worker"
    COUNSELLOR = "counsellor"
    ATTORNEY = "attorney"
    COORDINATOR = "coordinator"
    PRIVACY_OFFICER = "privacy_officer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    SYSTEM = "system"


_MAIL = {Scope.INBOX_READ, Scope.MESSAGES_OPEN}
_REFERRALS = {Scope.REFERRALS_SEND, Scope.REFERRALS_ANSWER, Scope.REFERRALS_READ}
_CASES = {Scope.CASES_WRITE, Scope.CASES_READ, Scope.COLLEAGUES_READ}
_RELEASES = {
    Scope.PARTICIPATION_WRITE,
    Scope.DIRECTIVES_DRAFT,
    Scope.DIRECTIVES_SIGN,  # records the survivor's own signature; nobody signs for a survivor
    Scope.DIRECTIVES_REVOKE,
    Scope.DIRECTIVES_READ,
    Scope.PREVIEW_READ,
    Scope.PERSONS_EXCLUDE,
}
_OWN = {Scope.ORDERS_READ, Scope.ACCOUNTING_READ, Scope.NOTICES_RELEASE}  # what a brake holds is for a person to see
_TASKS = {Scope.TASKS_READ, Scope.TASKS_WRITE, Scope.DUTY_READ}
_CASEWORK = _CASES | _RELEASES | _REFERRALS | _MAIL | _OWN | _TASKS

SCOPES: Mapping[Role, frozenset[Scope]] = {
    Role.ADVOCATE: frozenset(_CASEWORK),
    Role.CASE_WORKER: frozenset(_CASEWORK),
    Role.COUNSELLOR: frozenset(_CASEWORK),
    Role.ATTORNEY: frozenset(_CASEWORK | {Scope.ORDERS_RECORD}),
    Role.LIAISON: frozenset(_CASEWORK | {Scope.ORDERS_RECORD}),
    Role.COORDINATOR: frozenset(
        _MAIL | _TASKS | {Scope.BOARD_READ, Scope.REFERRALS_READ, Scope.DUTY_WRITE, Scope.COLLEAGUES_READ}
    ),
    Role.PRIVACY_OFFICER: frozenset(
        _TASKS
        | {
            Scope.CASES_READ,
            Scope.COLLEAGUES_READ,
            Scope.DIRECTIVES_READ,
            Scope.DIRECTIVES_REVOKE,
            Scope.PREVIEW_READ,
            Scope.LEDGER_READ,
            Scope.ACCOUNTING_READ,
            Scope.CONFLICTS_READ,
            Scope.NOTICES_RELEASE,
            Scope.OPERATIONS_READ,
            Scope.OPERATIONS_REPAIR,
            Scope.PERSONS_EXCLUDE,
            Scope.PEOPLE_READ,
            Scope.PEOPLE_CONFIRM,
        }
    ),
    Role.AUDITOR: frozenset({Scope.LEDGER_READ, Scope.ACCOUNTING_READ}),
    # ADR 0043: asks for what a privacy officer confirms, takes away alone, and reads of no survivor.
    Role.ADMINISTRATOR: frozenset(
        {Scope.PEOPLE_READ, Scope.PEOPLE_MANAGE, Scope.DUTY_READ, Scope.DUTY_WRITE, Scope.COLLEAGUES_READ}
    ),
    # A task is a person's to claim: a system has none.
    # A system withdraws and reads, but drafts and signs nothing: a release is a person's act, in front of a person.
    Role.SYSTEM: frozenset(
        _CASES
        | _REFERRALS
        | _MAIL
        | {
            Scope.DIRECTIVES_REVOKE,
            Scope.DIRECTIVES_READ,
            Scope.PREVIEW_READ,
            Scope.ORDERS_RECORD,
            Scope.ORDERS_READ,
            Scope.ACCOUNTING_READ,
            Scope.BOARD_READ,
        }
    ),
}


def scopes_of(roles: Iterable[str]) -> frozenset[str]:
    """Return what these roles may ask for; a role that is not in our list gives nothing."""
    known_roles = set(Role)
    return frozenset(str(scope) for role in roles if role in known_roles for scope in SCOPES[Role(role)])
