"""Proofs of the hash tree, from the leaves of the entries and the stored hashes of its tiles.

A proof in a log of a million entries reads three tiles, some five hundred hashes, and hashes
about as many; proofs of entries that stand together share theirs.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from sqlalchemy import Connection, text

from settlement.ledger import tree
from settlement.ledger.book import LedgerInconsistency
from settlement.ledger.bulk import unnest
from settlement.ledger.tree import TILE_HEIGHT, Node, Span, node_hash

TILE_NODES = 1 << TILE_HEIGHT
HASH_BYTES = 32

_LEAVES = text(
    f"select tile, min(number) as first, string_agg(leaf, '' order by number) as hashes "  # noqa: S608 - our names
    f"from {unnest({'tile': 'bigint'})} join entry on number >= tile * {TILE_NODES} "
    f"and number < (tile + 1) * {TILE_NODES} group by tile "
    "having max(number) - min(number) + 1 = count(*)",
)
_NODES = text(
    f'select tile, min("index") as first, string_agg(hash, \'\' order by "index") as hashes '  # noqa: S608 - our names
    f"from {unnest({'tile': 'bigint'})} join tree_node on level = :level "
    f'and "index" >= tile * {TILE_NODES} and "index" < (tile + 1) * {TILE_NODES} group by tile '
    'having max("index") - min("index") + 1 = count(*)',
)
"""Tiles with a gap are left out: nothing can be proven with them."""


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
        level, tile = _tile_of(node)
        tiles.setdefault(level, set()).add(tile)
    rows: dict[tuple[int, int], Sequence[Sequence[bytes]]] = {}
    for level, places in tiles.items():
        for tile, stored in _read_tiles(connection, level, places):
            rows[level, tile] = _build(stored)
    return {node: _found(node, rows.get(_tile_of(node), ())) for node in wanted}


def _tile_of(node: Node) -> tuple[int, int]:
    """Stored level and place of the tile whose nodes a node is made of."""
    above = node.level % TILE_HEIGHT
    return node.level - above, node.place >> TILE_HEIGHT - above


def _read_tiles(
    connection: Connection, level: int, tiles: Collection[int]
) -> Iterator[tuple[int, list[bytes]]]:
    """The hashes of each tile of a stored level, as far as there are any."""
    query, bound = (_NODES, {"level": level}) if level else (_LEAVES, {})
    for tile, first, stored in connection.execute(query, {"tile": sorted(tiles), **bound}):
        if first == tile * TILE_NODES:
            hashes = bytes(stored)
            ends = range(0, len(hashes), HASH_BYTES)
            yield tile, [hashes[at : at + HASH_BYTES] for at in ends]


def _build(hashes: Sequence[bytes]) -> list[Sequence[bytes]]:
    """The perfect subtrees over the hashes of a tile, level by level."""
    rows = [hashes]
    while len(rows[-1]) > 1:
        row = rows[-1]
        rows.append([node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)])
    return rows


def _found(node: Node, rows: Sequence[Sequence[bytes]]) -> bytes:
    """A node's hash. What is not there was taken away: tiles are stored with the log."""
    above = node.level % TILE_HEIGHT
    place = node.place % (TILE_NODES >> above)
    if above < len(rows) and place < len(rows[above]):
        return rows[above][place]
    first = node.place << node.level
    message = (
        f"the hash tree cannot be read over the {1 << node.level} entries from number {first} "
        "on; `coalition check` tells more"
    )
    raise LedgerInconsistency(message)
