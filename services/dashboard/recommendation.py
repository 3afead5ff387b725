"""Who is recommended to answer referrals: by how many each has, and nothing else, as the page that shows it says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID


def recommended(refs: Iterable[UUID], people: Collection[str], loads: Mapping[str, int]) -> dict[UUID, str]:
    """Return for each referral, in turn, whoever then has the fewest; of several, who stands first among `people`.

    Each recommendation counts for the next, so that nobody is given two while another has less. Empty without people.
    """
    counts = {person: loads.get(person, 0) for person in people}
    chosen: dict[UUID, str] = {}
    for ref in refs if counts else ():
        chosen[ref] = min(counts, key=counts.__getitem__)
        counts[chosen[ref]] += 1
    return chosen
