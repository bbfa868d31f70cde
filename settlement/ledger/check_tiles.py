"""The stored hashes of the hash tree's tiles against those that the entries give."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, text

from settlement.ledger.problems import Problem
from settlement.ledger.tree import Node

ROWS_AT_ONCE = 2_000

_STORED = text(
    'select level, "index", hash from tree_node '
    # In the order in which the last entries of the tiles come, small tiles first. As numeric:
    # a tile that was made up may end beyond any number.
    'order by (cast("index" as numeric) + 1) * power(cast(2 as numeric), level), level',
)


class StoredTiles:
    """The stored tiles, compared with those of the log while it is read from its start."""

    def __init__(self, connection: Connection) -> None:
        """Begin to read them; the connection stays in its transaction until `rest`."""
        streamed = {"yield_per": ROWS_AT_ONCE}
        stored = connection.execute(_STORED, execution_options=streamed)
        self._rows: Iterator[Row[Any]] = iter(stored)
        self._next = next(self._rows, None)

    def compare(self, node: Node, hashed: bytes) -> Iterator[Problem]:
        """The tile that the log completes next, and its hash."""
        while self._next is not None and _order(_node(self._next)) < _order(node):
            yield from self._made_up()
        if self._next is None or _node(self._next) != node:
            yield Problem("tree-nodes", _where(node), "nothing", hashed.hex())
            return
        stored = bytes(self._next.hash)
        if stored != hashed:
            yield Problem("tree-nodes", _where(node), stored.hex(), hashed.hex())
        self._next = next(self._rows, None)

    def rest(self) -> Iterator[Problem]:
        """The log is at its end: no tile ends behind it."""
        while self._next is not None:
            yield from self._made_up()

    def _made_up(self) -> Iterator[Problem]:
        if self._next is not None:
            found = bytes(self._next.hash).hex()
            yield Problem("tree-nodes", _where(_node(self._next)), found, "nothing")
            self._next = next(self._rows, None)


def _node(row: Row[Any]) -> Node:
    level, place, _ = tuple(row)
    return Node(level, place)


def _order(node: Node) -> tuple[int, int]:
    return (node.place + 1) << node.level, node.level


def _where(node: Node) -> str:
    first, last = node.place << node.level, ((node.place + 1) << node.level) - 1
    return f"level {node.level}, index {node.place}, over numbers {first} to {last}"
