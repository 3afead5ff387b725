"""A person who is taken in: what an operator types of them."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.register.enrolment import NewPerson


@dataclass(frozen=True, slots=True)
class Member:
    """A person of an agency, before a passphrase was made."""

    person_ref: str
    agency_id: str
    name: str
    roles: tuple[str, ...]

    def enrolled(self, passphrase_hash: str) -> NewPerson:
        """Return the person as the register takes them."""
        return NewPerson(self.person_ref, self.agency_id, self.name, self.roles, passphrase_hash)
