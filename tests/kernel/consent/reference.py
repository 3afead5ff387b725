"""The decision once more, in plain Python: sets of words, no bits, nothing computed beforehand."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache

from kernel.consent import Directive, Request
from kernel.consent.need_profile import NEED_PROFILE, PURPOSES
from schemas.taxonomy import FIELDS, paths_of


def visible(request: Request, directives: Iterable[Directive], at: datetime) -> set[str]:
    """Return the paths that releases and denials leave open to an agency that is not the custodian."""
    sides = (request.custodian.agency_id, request.agency.agency_id)
    if any(
        hides(directive, request)
        for directive in directives
        if directive.state == "active" and directive.effect == "deny"
    ):
        return set()
    if request.purpose is None or request.purpose not in request.agency.purposes:
        return set()
    granted, denied = set[str](), set[str]()
    for directive in directives:
        spoken = directive.state == "active" and (directive.custodian, directive.recipient) == sides
        if (
            directive.effect == "deny"
            and spoken
            and directive.purpose in (None, request.purpose)
            and directive.valid_from <= at
        ):
            denied |= named(directive)
        if directive.effect == "permit" and spoken and directive.purpose == request.purpose and lasts(directive, at):
            granted |= named(directive) - unchecked(directive, request.agency.kind)
    return (granted - denied) & allowed(request.agency.kind, request.purpose) & set(paths_of(request.requested_mask))


def hides(directive: Directive, request: Request) -> bool:
    """Tell whether a block of a person hits the request: of that person, or of a system that names nobody."""
    person, works_at = directive.excluded_person_ref, directive.excluded_agency
    may_sit_there = works_at is None or works_at == request.agency.agency_id
    return person is not None and (person == request.person_ref or (request.unnamed and may_sit_there))


def lasts(directive: Directive, at: datetime) -> bool:
    over = directive.valid_until is None or directive.ended or at >= directive.valid_until
    return directive.started and directive.valid_from <= at and not over


@cache
def unchecked(directive: Directive, kind: str | None) -> frozenset[str]:
    """Paths that wait for a conflict check unless the directive does; the check and a court's order go before."""
    free = directive.after_conflict_check or directive.purpose == "conflict_check" or directive.basis == "court_order"
    head, *lines = map(words, NEED_PROFILE.strip().splitlines())
    waits = {line[0] for line in lines if kind in head and line[head.index(kind)] == "c"}
    return frozenset(path for path in FIELDS if category_of(path) in waits and not free)


@cache
def named(directive: Directive) -> frozenset[str]:
    narrowed = {category_of(path) for path in directive.only_fields}
    return frozenset(
        path
        for path in FIELDS
        if category_of(path) in directive.categories
        and (path in directive.only_fields or category_of(path) not in narrowed)
        and path not in directive.excepted_fields
    )


@cache
def allowed(kind: str | None, purpose: str) -> frozenset[str]:
    """Read both tables word by word, and keep the paths that each of them has."""
    head, *lines = map(words, NEED_PROFILE.strip().splitlines())
    cells = {line[0]: line[head.index(kind)] for line in lines} if kind in head else {}
    (kinds, carried), *_ = (line[1:] for line in map(words, PURPOSES.strip().splitlines()) if line[0] == purpose)
    paths = {path for path in FIELDS if listed(path, carried)} if listed(str(kind), kinds) else set()
    return frozenset(path for path in paths if opens(cells.get(category_of(path), "-"), path))


def words(line: str) -> list[str]:
    return line.strip("| ").split(" | ")


def listed(word: str, text: str) -> bool:
    is_listed = word in text.split(", ") or category_of(word) in text.removeprefix("all but ").split(", ")
    return text == "all" or is_listed != text.startswith("all but ")


def opens(cell: str, path: str) -> bool:
    return cell in ("y", "s", "p", "c") or cell == f"f {path.split('.')[1]}"


def category_of(path: str) -> str:
    return path.split(".")[0]
