"""What should be seen, told without any of the machinery: sets of words, and what was said so far.

It shares no code with the services and none with the decision but the contracts' list of fields; what a directive
opens it asks of the twelve-line reference that the kernel itself is held against.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from kernel.consent import Directive, Request
from schemas.codes import DirectiveState, Purpose
from schemas.taxonomy import mask_of
from tests.kernel.consent import reference
from tests.support.consent import TOWN

HOME = "bay-hotline"
Content = dict[str, Any]  # "category.field" -> value, as its custodian reads it


@dataclass
class Copy:
    """One agency's copy of a fact: what was cut into it, and how far it came."""

    recipient: str
    content: Content
    state: str  # waiting, relayed, withheld


@dataclass
class Oracle:
    """One survivor's word, as a careful person would keep it in mind."""

    directives: dict[UUID, Directive] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)
    taking_part: bool = True
    copies: dict[str, list[Copy]] = field(default_factory=dict)  # by the custodian's own message

    def say(self, directive: Directive) -> None:
        """Keep a directive of the survivor's."""
        self.directives[directive.directive_ref] = directive

    def stop(self, directive_ref: UUID) -> None:
        """Keep that a directive was stopped."""
        self.directives[directive_ref] = replace(self.directives[directive_ref], state=DirectiveState.REVOKED)

    def permits(self) -> list[UUID]:
        """Return the permits that were not stopped."""
        return [
            ref
            for ref, directive in self.directives.items()
            if directive.effect == "permit" and directive.state == "active"
        ]

    def open_paths(self, agency: str, purpose: Purpose, paths: set[str], at: datetime) -> set[str]:
        """Return which of the paths are open to an agency for a purpose."""
        if not self.taking_part:
            return set()
        request = Request(TOWN[agency], TOWN[HOME], purpose, mask_of(paths))
        return reference.visible(request, self.directives.values(), at)

    def any_purpose(self, agency: str, paths: set[str], at: datetime) -> set[str]:
        """Return the paths that are open for some purpose of the agency."""
        return set[str]().union(*(self.open_paths(agency, purpose, paths, at) for purpose in TOWN[agency].purposes))

    def offered(self, message_ref: str, content: Content, at: datetime, *, relayed: bool) -> None:
        """Keep each agency's copy of a fact, with the fields that were cut into it."""
        for agency in TOWN:
            cut = self.any_purpose(agency, set(content), at) if agency != HOME else set()
            if cut:
                visible = {path: content[path] for path in cut}
                copy = Copy(agency, visible, "relayed" if relayed else "waiting")
                self.copies.setdefault(message_ref, []).append(copy)

    def relay(self, at: datetime) -> None:
        """Keep the outcome of sending each waiting copy: a copy whose permit lapsed is withheld."""
        for copy in self.all_copies():
            if copy.state == "waiting":
                permitted = self.any_purpose(copy.recipient, set(copy.content), at)
                copy.state = "relayed" if permitted else "withheld"

    def all_copies(self) -> Iterator[Copy]:
        """Return every copy that was ever cut."""
        return (copy for copies in self.copies.values() for copy in copies)

    def sees(self, agency: str, person: str, purpose: Purpose, at: datetime) -> list[Content]:
        """Return what this person should be shown of every copy that reached the agency, empty openings left out."""
        if person in self.blocked:
            return []
        contents = []
        for copy in self.all_copies():
            if copy.recipient == agency and copy.state == "relayed":
                paths = self.open_paths(agency, purpose, set(copy.content), at)
                contents.append({path: copy.content[path] for path in paths})
        return [content for content in contents if content]
