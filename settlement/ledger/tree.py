"""The hash tree over the entries (RFC 6962 section 2.1), grown one leaf at a time.

A frontier holds the roots of the perfect subtrees from the largest to the smallest, one for
each bit of the tree's size: all that is needed to append a leaf and to tell the root.
"""

import hashlib
from collections.abc import Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""Root of the tree of size 0 (RFC 6962: the hash of an empty list)."""


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def extend(frontier: Sequence[bytes], size: int, leaves: Sequence[bytes]) -> tuple[bytes, ...]:
    """The frontier of a tree of `size` leaves after `leaves` (leaf hashes) are appended."""
    grown = list(frontier)
    for leaf in leaves:
        node, carried = leaf, size
        while carried & 1:
            node = node_hash(grown.pop(), node)
            carried >>= 1
        grown.append(node)
        size += 1
    return tuple(grown)


def root(frontier: Sequence[bytes]) -> bytes:
    """The root of the tree whose frontier this is."""
    if not frontier:
        return EMPTY_ROOT
    result = frontier[-1]
    for left in reversed(frontier[:-1]):
        result = node_hash(left, result)
    return result
