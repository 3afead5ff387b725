"""What pages read of intake's answers about the agency's own people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from services.dashboard.language import mark, translate
from services.dashboard.rows.service_row import ServiceRow

# What a person may be, and what that lets them do, in the order in which it is offered.
ROLES: Final[Mapping[str, tuple[str, str]]] = {
    "advocate": (mark("Advocate"), mark("Works on cases, takes releases, sends and answers referrals.")),
    "case_worker": (mark("Case worker"), mark("Works as an advocate, at a shelter.")),
    "counsellor": (mark("Counsellor"), mark("Works as an advocate, in counselling.")),
    "attorney": (mark("Attorney"), mark("Works as an advocate, and records orders.")),
    "liaison": (mark("Police liaison"), mark("Works as an advocate, and records orders.")),
    "coordinator": (mark("Coordinator"), mark("Reads the board and what a release opens to the coordination.")),
    "privacy_officer": (mark("Privacy officer"), mark("Reads who looked, ends releases, confirms roles.")),
    "auditor": (mark("Auditor"), mark("Checks the record and reads who looked.")),
    "administrator": (mark("Administrator"), mark("Changes the agency's people, and reads no case.")),
}
ACTS: Final[Mapping[str, str]] = {
    "added": mark("Added"),
    "roles_requested": mark("Roles asked for"),
    "roles_changed": mark("Roles now"),
    "roles_confirmed": mark("Roles confirmed"),
    "session_ended": mark("Session ended"),
    "certified": mark("Certified for a risk instrument"),
    "left": mark("Taken out"),
}


class PersonRow(ServiceRow):
    """Somebody who works or worked at the agency."""

    person_ref: str
    name: str
    roles: tuple[str, ...]
    requested_roles: tuple[str, ...]
    requested_by: str | None = None
    active: bool
    joined_at: datetime
    left_at: datetime | None = None
    version: int
    cases: int
    passphrase: str | None = None


class PeopleRow(ServiceRow):
    """One page of the agency's people."""

    people: tuple[PersonRow, ...]


class PersonChangeRow(ServiceRow):
    """One change of one person."""

    person_ref: str
    name: str | None = None
    act: str
    roles: tuple[str, ...]
    by_name: str | None = None
    at: datetime

    @property
    def act_words(self) -> str:
        """Return what was done, in the reader's language."""
        return translate(ACTS.get(self.act, self.act))


class PersonChangesRow(ServiceRow):
    """One page of what changed."""

    changes: tuple[PersonChangeRow, ...]


class SystemRow(ServiceRow):
    """A system of the agency's own."""

    client_id: str
    active: bool
    kid: str | None = None
    thumbprint: str | None = None


class SystemsRow(ServiceRow):
    """One page of the agency's systems."""

    systems: tuple[SystemRow, ...]


def role_words(role: str) -> str:
    """Return what a role is called, in the reader's language."""
    return translate(ROLES[role][0]) if role in ROLES else role
