"""How a person is named whom a survivor shuts out: with the agency they work at, whether or not anybody knows them."""

from __future__ import annotations

from collections.abc import Collection


def person_errors(person: str | None, agency: str | None, agencies: Collection[str]) -> list[tuple[bool, str, str]]:
    """Return what is wrong with how a person is named, `agencies` being the active ones; each as `refuse_if` takes it.

    Whether there is such a person is not asked: the answer would tell who works at a shelter, and somebody who is
    enrolled later has to be shut out from the start.
    """
    unknown = person is not None and agency is not None and agency not in agencies
    return [
        (person is not None and agency is None, "excluded_agency_ref", "missing"),
        (person is None and agency is not None, "excluded_agency_ref", "only_with_a_person"),
        (unknown, "excluded_agency_ref", "unknown_agency"),
    ]
