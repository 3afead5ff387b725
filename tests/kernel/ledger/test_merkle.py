import hashlib
from collections.abc import Callable

import pymerkle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.ledger import merkle
from tests.support.rounds import examples
from tests.support.trees import grow

# The leaves and roots of the Certificate Transparency reference implementation of RFC 6962.
KNOWN_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
KNOWN_ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)

BODIES = [b"entry %d" % number for number in range(300)]
LEAVES = [merkle.leaf_hash(body) for body in BODIES]
NODES = {(level, index): node for level, index, node in grow(0, [], LEAVES)}

sizes = st.integers(1, len(LEAVES))


def node(level: int, index: int) -> bytes:
    return NODES[level, index]


def as_the_rfc_says(leaves: list[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\x01" + as_the_rfc_says(leaves[:half]) + as_the_rfc_says(leaves[half:])).digest()


def only(places: list[merkle.Node]) -> Callable[[int, int], bytes]:
    fetched = {place: NODES[place] for place in places}
    return lambda level, index: fetched[level, index]


@pytest.mark.parametrize("size", range(9))
def test_the_roots_are_those_of_the_reference_implementation(size: int) -> None:
    grown = grow(0, [], map(merkle.leaf_hash, KNOWN_LEAVES[:size]))
    nodes = {(level, index): hashed for level, index, hashed in grown}

    root = merkle.root(size, lambda level, index: nodes[level, index])

    assert root.hex() == KNOWN_ROOTS[size]


def test_the_root_of_every_size_is_the_one_the_rfc_defines() -> None:
    assert [merkle.root(size, node) for size in range(301)] == [as_the_rfc_says(LEAVES[:size]) for size in range(301)]


def test_another_implementation_finds_the_same_roots_and_paths() -> None:
    oracle = pymerkle.InmemoryTree(algorithm="sha256")
    for body in BODIES[:70]:
        oracle.append_entry(body)

    for size in range(1, 71):
        assert merkle.root(size, node) == oracle.get_root(size)
        for index in range(size):
            expected_path = set(oracle.prove_inclusion(index + 1, size).path) - {LEAVES[index]}
            assert set(merkle.inclusion_proof(index, size, node)) == expected_path


@given(sizes, st.data())
def test_growing_in_batches_makes_the_same_nodes(size: int, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, size))
    peaks = [node(*place) for place in merkle.frontier(cut)]

    grown = grow(0, [], LEAVES[:cut]) + grow(cut, peaks, LEAVES[cut:size])

    assert grown == grow(0, [], LEAVES[:size])


@given(sizes)
def test_pushing_leaves_keeps_the_hashes_of_the_frontier(size: int) -> None:
    peaks: list[bytes] = []
    for index, leaf in enumerate(LEAVES[:size]):
        merkle.push(peaks, index, leaf)

    assert peaks == [node(*place) for place in merkle.frontier(size)]
    assert merkle.root_of(peaks) == merkle.root(size, node)


def test_every_inclusion_proof_verifies() -> None:
    for size in (1, 2, 3, 4, 5, 7, 8, 63, 64, 65, 127, 128, 129, 255, 300):
        root = merkle.root(size, node)
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, only(merkle.nodes_for_inclusion(index, size)))
            assert merkle.verify_inclusion(LEAVES[index], index, size, proof, root)


def test_every_consistency_proof_verifies() -> None:
    for new in (0, 1, 2, 3, 4, 5, 7, 8, 63, 64, 65, 127, 128, 129, 255, 300):
        for old in range(new + 1):
            proof = merkle.consistency_proof(old, new, only(merkle.nodes_for_consistency(old, new)))
            assert merkle.verify_consistency(old, new, merkle.root(old, node), merkle.root(new, node), proof)


def test_a_root_needs_no_more_than_the_nodes_named_for_it() -> None:
    for size in range(301):
        assert merkle.root(size, only(merkle.frontier(size))) == merkle.root(size, node)


def test_proofs_stay_short() -> None:
    million = 1_000_000

    assert max(len(merkle.frontier(size)) for size in (million, million - 1, 2**20 - 1)) <= 20
    assert len(merkle.nodes_for_inclusion(million // 3, million)) <= 40


def mutated(data: st.DataObject, proof: list[bytes]) -> list[bytes]:
    """Return a proof that is not `proof`: one hash altered, dropped, doubled, cut or added."""
    noise = data.draw(st.binary(min_size=32, max_size=32).filter(lambda drawn: drawn not in proof))
    if not proof:
        return [noise]
    place = data.draw(st.integers(0, len(proof) - 1))
    edits = (
        [*proof[:place], noise, *proof[place + 1 :]],
        [*proof[:place], *proof[place + 1 :]],
        [*proof[:place], proof[place], *proof[place:]],
        [*proof[:place], proof[place][:-1], *proof[place + 1 :]],
        [*proof[:place], noise, *proof[place:]],
        [*proof, noise],
    )
    return data.draw(st.sampled_from(edits))


@settings(max_examples=examples(400))
@given(sizes, st.data())
def test_a_mutated_inclusion_proof_does_not_verify(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = mutated(data, merkle.inclusion_proof(index, size, node))

    assert not merkle.verify_inclusion(LEAVES[index], index, size, proof, merkle.root(size, node))


@settings(max_examples=examples(400))
@given(sizes, st.data())
def test_an_inclusion_proof_holds_for_nothing_else(size: int, data: st.DataObject) -> None:
    index, other = (data.draw(st.integers(0, size - 1)) for _ in "ab")
    proof = merkle.inclusion_proof(index, size, node)
    root = merkle.root(size, node)

    assert merkle.verify_inclusion(LEAVES[index], other, size, proof, root) == (other == index)
    assert merkle.verify_inclusion(LEAVES[other], index, size, proof, root) == (other == index)
    assert not merkle.verify_inclusion(LEAVES[index], index, size, proof, merkle.root(size - 1, node))


@settings(max_examples=examples(400))
@given(sizes, st.data())
def test_a_mutated_consistency_proof_does_not_verify(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, new))
    proof = mutated(data, merkle.consistency_proof(old, new, node))

    assert not merkle.verify_consistency(old, new, merkle.root(old, node), merkle.root(new, node), proof)


@settings(max_examples=examples(400))
@given(sizes, st.data())
def test_a_consistency_proof_holds_for_no_other_past(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, new))
    forged = merkle.root_of([merkle.leaf_hash(b"forged")])
    proof = merkle.consistency_proof(old, new, node)

    assert not merkle.verify_consistency(old, new, forged, merkle.root(new, node), proof)
    assert not merkle.verify_consistency(old, new, merkle.root(old, node), forged, proof) or old == 0


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_a_leaf_outside_the_tree_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(IndexError):
        merkle.inclusion_proof(index, size, node)

    assert not merkle.verify_inclusion(LEAVES[0], index, size, [], LEAVES[0])


def test_a_proof_longer_than_the_way_to_the_root_is_none() -> None:
    inclusion, consistency = merkle.inclusion_proof(2, 5, node), merkle.consistency_proof(3, 5, node)

    assert not merkle.verify_inclusion(LEAVES[2], 2, 5, [*inclusion, LEAVES[0]], merkle.root(5, node))
    assert not merkle.verify_consistency(3, 5, merkle.root(3, node), merkle.root(5, node), [*consistency, LEAVES[0]])


@pytest.mark.parametrize(("old", "new"), [(3, 2), (-1, 2)])
def test_a_tree_is_not_consistent_with_its_future(old: int, new: int) -> None:
    with pytest.raises(IndexError):
        merkle.consistency_proof(old, new, node)

    assert not merkle.verify_consistency(old, new, LEAVES[0], LEAVES[1], [LEAVES[2]])


def test_a_leaf_is_never_taken_for_an_inner_node() -> None:
    left, right = LEAVES[:2]

    assert merkle.leaf_hash(left + right) != merkle.node_hash(left, right)


def test_no_proof_is_no_proof_of_consistency() -> None:
    for old, new in ((1, 2), (3, 5), (4, 5)):
        assert not merkle.verify_consistency(old, new, merkle.root(old, node), merkle.root(new, node), [])
