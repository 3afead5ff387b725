"""What intake answers about the people and systems of the asker's own agency."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from runtime.auth.jwks import read_key
from runtime.register.people import Person, PersonChange, System
from schemas.strict_model import StrictModel


class PersonResponse(StrictModel):
    """Somebody who works or worked at the agency; `cases` are the open ones on which they are still named.

    `passphrase` is there once, in the answer to the confirmation that first lets them sign in.
    """

    person_ref: str
    name: str
    roles: list[str]
    requested_roles: list[str]
    requested_by: str | None = None
    active: bool
    joined_at: datetime
    left_at: datetime | None = None
    version: int
    cases: int
    passphrase: str | None = Field(default=None, repr=False)

    @classmethod
    def of(cls, person: Person, cases: int, passphrase: str | None = None) -> PersonResponse:
        """Return the answer for somebody who is named on so many open cases."""
        return cls(
            person_ref=person.person_ref,
            name=person.name,
            roles=list(person.roles),
            requested_roles=list(person.requested_roles),
            requested_by=person.requested_by,
            active=person.active,
            joined_at=person.joined_at,
            left_at=person.left_at,
            version=person.version,
            cases=cases,
            passphrase=passphrase,
        )


class PeopleResponse(StrictModel):
    """A page of the agency's people, by name."""

    people: list[PersonResponse]


class PersonChangeResponse(StrictModel):
    """One change of one person; without `by_ref` an operator made it."""

    person_ref: str
    name: str | None = None
    act: str
    roles: list[str]
    by_ref: str | None = None
    by_name: str | None = None
    at: datetime

    @classmethod
    def of(cls, change: PersonChange) -> PersonChangeResponse:
        """Return the answer for a change."""
        return cls(
            person_ref=change.person_ref,
            name=change.name,
            act=change.act,
            roles=list(change.roles),
            by_ref=change.by_ref,
            by_name=change.by_name,
            at=change.at,
        )


class PersonChangesResponse(StrictModel):
    """A page of what changed, the newest first."""

    changes: list[PersonChangeResponse]


class SystemResponse(StrictModel):
    """A system of the agency's own and the thumbprint of its public key (RFC 7638), if that is one that we accept."""

    client_id: str
    active: bool
    kid: str | None = None
    thumbprint: str | None = None

    @classmethod
    def of(cls, system: System) -> SystemResponse:
        """Return the answer for a system."""
        kid, key = system.public_jwk.get("kid"), read_key(system.public_jwk)
        return cls(
            client_id=system.client_id,
            active=system.active,
            kid=kid if isinstance(kid, str) else None,
            thumbprint=None if key is None else key.thumbprint(),
        )


class SystemsResponse(StrictModel):
    """A page of the agency's systems, by name."""

    systems: list[SystemResponse]
