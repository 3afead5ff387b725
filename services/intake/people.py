"""What an administrator may do to the agency's people: what widens waits for a second person, the rest is at once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import replace
from typing import Final

from runtime.auth.scopes import Role
from runtime.register.people import Person

SUFFIX_BYTES: Final = 2
LONGEST_STEM: Final = 30
_OTHER = re.compile(r"[^a-z0-9]+")


class PersonStepNotPossible(Exception):
    """The step is not possible as things stand; the code says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def reference_from(name: str, suffix: str) -> str:
    """Return a reference for somebody of this name: the first word of it in plain letters, and the suffix.

    It is never chosen: a refusal of one that is taken would tell who works at another agency.
    """
    plain_text = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = _OTHER.sub(" ", plain_text).split()
    return f"{(words or ['person'])[0][:LONGEST_STEM]}-{suffix}"


def change_roles(person: Person, roles: Collection[str], by: str) -> Person:
    """Return the person with these roles: what is taken away is gone at once, what is new waits."""
    _check_other(person, by)
    kept_roles = tuple(sorted(set(person.roles) & set(roles)))
    new_roles = tuple(sorted(set(roles) - set(person.roles)))
    return replace(person, roles=kept_roles, requested_roles=new_roles, requested_by=by if new_roles else None)


def confirm_roles(person: Person, by: str) -> Person:
    """Return the person with the roles that waited; raises `PersonStepNotPossible` for whoever asked for them."""
    _check_other(person, by)
    if not person.requested_roles:
        raise PersonStepNotPossible("nothing_requested")
    if person.requested_by == by:
        raise PersonStepNotPossible("party_to_the_first_act")
    roles = tuple(sorted({*person.roles, *person.requested_roles}))
    return replace(person, roles=roles, requested_roles=(), requested_by=None)


def check_leaving(person: Person, by: str) -> None:
    """Refuse that somebody takes themself out, or whoever left."""
    _check_other(person, by)


def check_administrators(person: Person, roles: Collection[str], administrators: Collection[str]) -> None:
    """Refuse that the last administrator loses the role; `administrators` are all there are now."""
    if person.person_ref in administrators and Role.ADMINISTRATOR not in roles and len(administrators) == 1:
        raise PersonStepNotPossible("last_administrator")


def _check_other(person: Person, by: str) -> None:
    if not person.active:
        raise PersonStepNotPossible("left")
    if person.person_ref == by:
        raise PersonStepNotPossible("own_person")
