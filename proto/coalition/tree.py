"""Checks proofs of the hash tree over the ledger's entries, as RFC 9162 section 2.1 has them.

The leaf of entry n is leaf n; `coalition.records.leaf_hash` computes it from the entry's
bytes. Hashes are SHA-256, 32 raw bytes each. Knows nothing of protobuf, gRPC or signatures.
"""

import hashlib
from collections.abc import Sequence

HASH_BYTES = hashlib.sha256().digest_size

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""Root of the tree of size 0."""


class BadProof(Exception):
    """A proof does not prove what it is said to; the message says what, in words."""


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def verify_inclusion(
    leaf: bytes, number: int, size: int, root: bytes, proof: Sequence[bytes]
) -> None:
    """Raise BadProof unless the tree of `size` leaves with this root has `leaf` at `number`.

    The algorithm of RFC 9162, section 2.1.3.2.
    """
    if not 0 <= number < size:
        message = f"entry {number} is not among the first {size}, so nothing proves it there"
        raise BadProof(message)
    _require_hashes(leaf, root, *proof)
    at, last = number, size - 1
    node = leaf
    for sibling in proof:
        if last == 0:
            message = f"the proof of entry {number} is longer than a tree of {size} needs"
            raise BadProof(message)
        if at & 1 or at == last:
            node = node_hash(sibling, node)
            at, last = _past_lefts(at, last)
        else:
            node = node_hash(node, sibling)
        at, last = at >> 1, last >> 1
    if last != 0:
        message = f"the proof of entry {number} is shorter than a tree of {size} needs"
        raise BadProof(message)
    if node != root:
        message = (
            f"entry {number} as it is here is not in the tree of {size} entries: "
            f"with the proof it gives the root {node.hex()}, not {root.hex()}"
        )
        raise BadProof(message)


def verify_consistency(
    old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> None:
    """Raise BadProof unless the tree (size, root) begins with the whole tree (old_size, old_root).

    Equal sizes need equal roots and no proof, and every tree extends the empty one. The
    algorithm of RFC 9162, section 2.1.4.2.
    """
    _require_hashes(old_root, root, *proof)
    if not 0 <= old_size <= size:
        message = f"a tree of {size} entries cannot extend one of {old_size}"
        raise BadProof(message)
    if old_size in {0, size}:
        _require_trivial(old_size, old_root, size, root, proof)
        return
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)  # a perfect tree is itself the first node
    if not path:
        message = f"no proof that the tree of {size} entries extends the one of {old_size}"
        raise BadProof(message)
    before, after, used_up = _fold(old_size, size, path)
    if not used_up:
        message = f"the proof from {old_size} to {size} entries is not as long as it must be"
        raise BadProof(message)
    if before != old_root or after != root:
        message = (
            f"the tree of {size} entries does not extend the one of {old_size}: "
            "the history between them was rewritten, or the proof is of other trees"
        )
        raise BadProof(message)


def _fold(old_size: int, size: int, path: Sequence[bytes]) -> tuple[bytes, bytes, bool]:
    """Both roots that a path gives, and whether its length is that of these sizes."""
    at, last = old_size - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = path[0]
    for node in path[1:]:
        if last == 0:
            return before, after, False
        if at & 1 or at == last:
            before, after = node_hash(node, before), node_hash(node, after)
            at, last = _past_lefts(at, last)
        else:
            after = node_hash(after, node)
        at, last = at >> 1, last >> 1
    return before, after, last == 0


def _past_lefts(at: int, last: int) -> tuple[int, int]:
    """Skip the levels on which the right edge has no sibling."""
    while at and not at & 1:
        at, last = at >> 1, last >> 1
    return at, last


def _require_trivial(
    old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> None:
    if proof:
        message = f"from {old_size} to {size} entries nothing is to be proven, and a proof came"
        raise BadProof(message)
    if old_size == 0 and old_root != EMPTY_ROOT:
        message = f"the root of an empty tree is {EMPTY_ROOT.hex()}, not {old_root.hex()}"
        raise BadProof(message)
    if old_size == size and old_root != root:
        message = (
            f"two trees of {size} entries with different roots, {old_root.hex()} and "
            f"{root.hex()}: one of them is not this ledger's"
        )
        raise BadProof(message)


def _require_hashes(*hashes: bytes) -> None:
    for each in hashes:
        if len(each) != HASH_BYTES:
            message = f"a hash of {len(each)} bytes; each has {HASH_BYTES}"
            raise BadProof(message)
