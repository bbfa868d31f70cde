"""Proofs of the hash tree, from the leaves of the entries and the stored hashes of its tiles.

A proof in a log of a million entries reads three tiles, some five hundred hashes, and hashes
about as many; proofs of entries that stand together share theirs.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import Connection, text

from settlement.ledger import tree
from settlement.ledger.book import LedgerInconsistency
from settlement.ledger.bulk import unnest
from settlement.ledger.tree import TILE_HEIGHT, Node, Span, node_hash

TILE_NODES = 1 << TILE_HEIGHT

_LEAVES = text(
    f"select tile, number as place, leaf as hash from {unnest({'tile': 'bigint'})} "  # noqa: S608 - our names
    f"join entry on number >= tile * {TILE_NODES} and number < (tile + 1) * {TILE_NODES} "
    "order by number",
)
_NODES = text(
    f'select tile, "index" as place, hash from {unnest({"tile": "bigint"})} '  # noqa: S608 - our names
    f'join tree_node on level = :level and "index" >= tile * {TILE_NODES} '
    f'and "index" < (tile + 1) * {TILE_NODES} order by "index"',
)


def root_at(connection: Connection, size: int) -> bytes:
    """The root of the tree over the first `size` entries, of which there are so many."""
    whole = tree.span(0, size)
    return tree.hash_of(whole, _hashes(connection, [whole]))


def prove_inclusion(
    connection: Connection,
    numbers: Sequence[int],
    size: int,
) -> list[tuple[bytes, ...]]:
    """For each entry the proof that the tree over the first `size` entries has it.

    Raises ValueError unless each number is 0 or greater and below the size.
    """
    return _made(connection, [tree.inclusion(number, size) for number in numbers])


def prove_consistency(connection: Connection, old_size: int, size: int) -> tuple[bytes, ...]:
    """The proof that the tree over `size` entries extends that over the first `old_size`.

    Raises ValueError unless 0 <= old_size <= size.
    """
    return _made(connection, [tree.consistency(old_size, size)])[0]


def _made(connection: Connection, proofs: Sequence[Sequence[Span]]) -> list[tuple[bytes, ...]]:
    hashes = _hashes(connection, [span for proof in proofs for span in proof])
    return [tuple(tree.hash_of(span, hashes) for span in proof) for proof in proofs]


def _hashes(connection: Connection, spans: Iterable[Span]) -> Mapping[Node, bytes]:
    """The hashes of all perfect subtrees named, with one query for each stored level."""
    wanted = {node for span in spans for node in span}
    tiles: dict[int, set[int]] = {}
    for node in wanted:
        below = node.level - node.level % TILE_HEIGHT
        tiles.setdefault(below, set()).add(node.place >> TILE_HEIGHT - (node.level - below))
    known: dict[Node, bytes] = {}
    for level, places in tiles.items():
        for place, stored in _read_tiles(connection, level, places).items():
            _build(known, level, place * TILE_NODES, stored)
    _require(wanted, known)
    return known


def _read_tiles(
    connection: Connection, level: int, tiles: Collection[int]
) -> Mapping[int, Sequence[bytes]]:
    """The hashes of each tile of a stored level from its first on, up to the first gap."""
    query, bound = (_NODES, {"level": level}) if level else (_LEAVES, {})
    found: dict[int, list[bytes]] = {}
    for tile, place, stored in connection.execute(query, {"tile": sorted(tiles), **bound}):
        hashes = found.setdefault(tile, [])
        if place == tile * TILE_NODES + len(hashes):
            hashes.append(bytes(stored))
    return found


def _build(known: dict[Node, bytes], level: int, first: int, hashes: Sequence[bytes]) -> None:
    """Add the perfect subtrees within one tile, whose hashes begin at `first` of a level."""
    row = hashes
    while row:
        known.update((Node(level, first + place), each) for place, each in enumerate(row))
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
        level, first = level + 1, first >> 1


def _require(wanted: Collection[Node], known: Mapping[Node, bytes]) -> None:
    """What is missing was taken away: the log is gapless, and tiles are stored with it."""
    missing = [node for node in wanted if node not in known]
    if missing:
        node = min(missing, key=lambda node: node.place << node.level)
        message = (
            f"the hash tree lacks its node {node.place} of level {node.level}, over the "
            f"entries from {node.place << node.level} on; `coalition check` tells more"
        )
        raise LedgerInconsistency(message)
