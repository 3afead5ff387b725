"""The decision once more, in plain Python: sets of words, no bits, nothing computed beforehand."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache

from kernel.consent import Directive, Request
from kernel.consent.need_profile import NEED_PROFILE, PURPOSES
from schemas.taxonomy import FIELDS, paths_of


def visible(request: Request, directives: Iterable[Directive], at: datetime) -> set[str]:
    """Return the paths that releases and denials leave open to an agency that is not the custodian."""
    way = (request.custodian.agency_id, request.agency.agency_id)
    if any(hides(said, request) for said in directives if said.state == "active" and said.effect == "deny"):
        return set()
    if request.purpose is None or request.purpose not in request.agency.purposes:
        return set()
    granted, denied = set[str](), set[str]()
    for said in directives:
        spoken = said.state == "active" and (said.custodian, said.recipient) == way
        if said.effect == "deny" and spoken and said.purpose in (None, request.purpose) and said.valid_from <= at:
            denied |= named(said)
        if said.effect == "permit" and spoken and said.purpose == request.purpose and lasts(said, at):
            granted |= named(said) - unchecked(said, request.agency.kind)
    return (granted - denied) & allowed(request.agency.kind, request.purpose) & set(paths_of(request.requested_mask))


def hides(said: Directive, request: Request) -> bool:
    """Tell whether a block of a person is one of whoever asks: of that person, or of a system that names nobody."""
    person, works_at = said.excluded_person_ref, said.excluded_agency
    may_sit_there = works_at is None or works_at == request.agency.agency_id
    return person is not None and (person == request.person_ref or (request.unnamed and may_sit_there))


def lasts(said: Directive, at: datetime) -> bool:
    over = said.valid_until is None or said.ended or at >= said.valid_until
    return said.started and said.valid_from <= at and not over


@cache
def unchecked(said: Directive, kind: str | None) -> frozenset[str]:
    """What waits for a conflict check, where the directive does not: the check itself and a court's order go before."""
    free = said.after_conflict_check or said.purpose == "conflict_check" or said.basis == "court_order"
    head, *lines = map(words, NEED_PROFILE.strip().splitlines())
    waits = {line[0] for line in lines if kind in head and line[head.index(kind)] == "c"}
    return frozenset(path for path in FIELDS if category_of(path) in waits and not free)


@cache
def named(said: Directive) -> frozenset[str]:
    narrowed = {category_of(path) for path in said.only_fields}
    return frozenset(
        path
        for path in FIELDS
        if category_of(path) in said.categories
        and (path in said.only_fields or category_of(path) not in narrowed)
        and path not in said.excepted_fields
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
    here = word in text.split(", ") or category_of(word) in text.removeprefix("all but ").split(", ")
    return text == "all" or here != text.startswith("all but ")


def opens(cell: str, path: str) -> bool:
    return cell in ("y", "s", "p", "c") or cell == f"f {path.split('.')[1]}"


def category_of(path: str) -> str:
    return path.split(".")[0]
