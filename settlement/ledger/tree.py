"""The hash tree over the entries (RFC 6962 section 2.1), grown one leaf at a time.

A frontier holds the roots of the perfect subtrees from the largest to the smallest, one for
each bit of the tree's size: all that is needed to append a leaf and to tell the root.

A proof is a list of subtrees' hashes (RFC 9162 section 2.1). What it is made of is told first
as `Node`s, all of them perfect subtrees, so that whoever keeps the nodes can fetch all at once.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""Root of the tree of size 0 (RFC 6962: the hash of an empty list)."""

TILE_HEIGHT = 8
"""Of every so many levels one is stored: a tile is 256 nodes, and a proof reads one tile of
each stored level, that of the leaves among them. The hash of a tile is made on the way to the
frontier when its last leaf comes, so that storing it costs one short row in 256 entries."""


class Node(NamedTuple):
    """The perfect subtree over the leaves place * 2**level to (place + 1) * 2**level - 1."""

    level: int
    place: int


@dataclass(frozen=True, slots=True)
class Growth:
    """What appending leaves came to: the new frontier, and the tiles that were completed.

    Tiles are in the order in which they were completed, each with its hash.
    """

    frontier: tuple[bytes, ...]
    tiles: list[tuple[Node, bytes]]


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def extend(frontier: Sequence[bytes], size: int, leaves: Sequence[bytes]) -> tuple[bytes, ...]:
    """The frontier of a tree of `size` leaves after `leaves` (leaf hashes) are appended."""
    return grow(frontier, size, leaves).frontier


def grow(frontier: Sequence[bytes], size: int, leaves: Sequence[bytes]) -> Growth:
    """Append `leaves` (leaf hashes) to the tree of `size` leaves whose frontier this is."""
    grown = list(frontier)
    tiles: list[tuple[Node, bytes]] = []
    for leaf in leaves:
        node, level, carried = leaf, 0, size
        while carried & 1:
            node = node_hash(grown.pop(), node)
            level, carried = level + 1, carried >> 1
            if level % TILE_HEIGHT == 0:
                tiles.append((Node(level, carried), node))
        grown.append(node)
        size += 1
    return Growth(tuple(grown), tiles)


def root(frontier: Sequence[bytes]) -> bytes:
    """The root of the tree whose frontier this is."""
    if not frontier:
        return EMPTY_ROOT
    result = frontier[-1]
    for left in reversed(frontier[:-1]):
        result = node_hash(left, result)
    return result


Span = tuple[Node, ...]
"""Perfect subtrees side by side, the largest first: one subtree of a proof."""


def span(start: int, end: int) -> Span:
    """The perfect subtrees that make up the leaves from `start` to before `end`.

    `start` is a multiple of the smallest power of two that is not below end - start, as it is
    for every subtree of a tree.
    """
    nodes = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return tuple(nodes)


def inclusion(number: int, size: int) -> list[Span]:
    """What proves leaf `number` in the tree of `size` leaves: PATH(m, D_n), from the leaf up.

    Raises ValueError unless 0 <= number < size.
    """
    if not 0 <= number < size:
        message = f"leaf {number} is not in a tree of {size}"
        raise ValueError(message)
    spans, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if number < middle:
            spans.append(span(middle, end))
            end = middle
        else:
            spans.append(span(start, middle))
            start = middle
    return spans[::-1]


def consistency(old_size: int, size: int) -> list[Span]:
    """What proves that the tree of `size` leaves extends that of `old_size`: PROOF(m, D_n).

    Empty where nothing is to be proven. Raises ValueError unless 0 <= old_size <= size.
    """
    if not 0 <= old_size <= size:
        message = f"a tree of {size} does not extend one of {old_size}"
        raise ValueError(message)
    if old_size in {0, size}:
        return []
    spans, start, end = [], 0, size
    while end != old_size:
        middle = start + _split(end - start)
        if old_size <= middle:
            spans.append(span(middle, end))
            end = middle
        else:
            spans.append(span(start, middle))
            start = middle
    if start:  # the old tree's last subtree; where it is the whole of it, its root is known
        spans.append(span(start, end))
    return spans[::-1]


def hash_of(subtree: Span, hashes: Mapping[Node, bytes]) -> bytes:
    """The hash of a subtree from those of its perfect parts."""
    return root([hashes[node] for node in subtree])


def _split(size: int) -> int:
    """The largest power of two below a size of at least 2."""
    return 1 << (size - 1).bit_length() - 1
