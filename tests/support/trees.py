"""The nodes of a Merkle tree of many leaves at once."""

from collections.abc import Iterable, Sequence

from kernel.ledger.merkle import Grown, push


def grow(size: int, peaks: Sequence[bytes], leaves: Iterable[bytes]) -> list[Grown]:
    """Return every complete subtree that appending `leaves` brings about.

    `peaks` are the hashes of `frontier(size)`, in that order.
    """
    current_peaks = list(peaks)
    grown: list[Grown] = []
    for position, leaf in enumerate(leaves, start=size):
        grown += push(current_peaks, position, leaf)
    return grown
