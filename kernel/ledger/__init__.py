"""The record that can be checked by whoever trusts nobody: entries, tree, signed heads, and what verifies them.

>>> from kernel.ledger import merkle, note
>>> leaves = [merkle.leaf_hash(body) for body in (b"offered", b"opened", b"revoked")]
>>> peaks: list[bytes] = []
>>> grown = [node for size, leaf in enumerate(leaves) for node in merkle.push(peaks, size, leaf)]
>>> nodes = {(level, index): node for level, index, node in grown}
>>> root = merkle.root(3, lambda level, index: nodes[level, index])
>>> proof = merkle.inclusion_proof(1, 3, lambda level, index: nodes[level, index])
>>> merkle.verify_inclusion(leaves[1], 1, 3, proof, root)
True
>>> skey, vkey = note.new_keys("town.example/ledger")
>>> head = note.sign(note.Checkpoint("town.example/ledger", 3, root).text(), skey)
>>> note.verify_checkpoint(head, vkey).size
3
"""
