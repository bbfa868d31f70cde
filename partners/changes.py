"""What an accepted event changes besides the book, as values.

Each kind of change knows how it shows in the state that later items of the same batch see,
and how many of its kind are written in one statement.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from sqlalchemy import Connection, Table

from settlement.ledger.bulk import Statement, copy_rows, parsed, send, type_name, unnest

if TYPE_CHECKING:
    from partners.state import State


class Change(ABC):
    """One change of what partners agreed or members are."""

    @abstractmethod
    def apply(self, state: "State") -> None:
        """Show it to the later items of the batch."""

    def require_fits(self, state: "State") -> None:  # noqa: B027 - few changes add up
        """Raise AmountOverflow where a sum would not fit into the database."""

    @classmethod
    @abstractmethod
    def write(cls, connection: Connection, changes: Sequence[Self]) -> None:
        """Write changes of this kind in a fixed number of statements."""


class Insertion(Change):
    """A change that adds one row to one table."""

    table: ClassVar[Table]

    @abstractmethod
    def row(self) -> tuple[object, ...]:
        """The row, in the order of the table's columns."""

    @classmethod
    def write(cls, connection: Connection, changes: Sequence[Self]) -> None:
        """Insert the rows by COPY."""
        copy_rows(connection, cls.table, [change.row() for change in changes])


class Stated(Change):
    """A change of a kind that one statement writes: several kinds go in one round trip."""

    @classmethod
    @abstractmethod
    def statement(cls, changes: Sequence[Self]) -> Statement:
        """The statement that writes changes of this kind."""

    @classmethod
    def write(cls, connection: Connection, changes: Sequence[Self]) -> None:
        """Send it."""
        send(connection, [cls.statement(changes)])


class Modification(Stated):
    """A change that sets `columns` of the row of one table that `key` names."""

    table: ClassVar[Table]
    key: ClassVar[tuple[str, ...]]
    columns: ClassVar[tuple[str, ...]]

    @abstractmethod
    def row(self) -> tuple[object, ...]:
        """Values of the key's columns, then of the changed ones."""

    @classmethod
    def statement(cls, changes: Sequence[Self]) -> Statement:
        """Update the rows."""
        names = (*cls.key, *cls.columns)
        rows = list({change.row()[: len(cls.key)]: change.row() for change in changes}.values())
        types = {name: type_name(cls.table.columns[name]) for name in names}
        sets = ", ".join(f"{name} = batch.{name}" for name in cls.columns)
        keys = " and ".join(f"target.{name} = batch.{name}" for name in cls.key)
        statement = (
            f"update {cls.table.name} as target set {sets} from {unnest(types)} where {keys}"  # noqa: S608 - names of our tables
        )
        lists = zip(*rows, strict=True)
        bound = {name: list(values) for name, values in zip(names, lists, strict=True)}
        return Statement(parsed(statement), bound)


class Accumulation(Stated):
    """A change that adds to a sum: the last column of a row, which its primary key names.

    The row is made where it is not there yet. The columns before the last are the key.
    """

    table: ClassVar[Table]

    @abstractmethod
    def row(self) -> tuple[tuple[object, ...], int]:
        """Values of the key's columns, and what is added."""

    @classmethod
    def statement(cls, changes: Sequence[Self]) -> Statement:
        """Add the sums."""
        sums: dict[tuple[object, ...], int] = {}
        for key, amount in (change.row() for change in changes):
            sums[key] = sums.get(key, 0) + amount
        types = {column.name: type_name(column) for column in cls.table.columns}
        *keys, added = types
        names = ", ".join(types)
        lists = zip(*((*key, amount) for key, amount in sums.items()), strict=True)
        statement = (
            f"insert into {cls.table.name} as total ({names}) "  # noqa: S608 - our names
            f"select {names} from {unnest(types)} on conflict ({', '.join(keys)}) "
            f"do update set {added} = total.{added} + excluded.{added}"
        )
        bound = {name: list(values) for name, values in zip(types, lists, strict=True)}
        return Statement(parsed(statement), bound)


class DirectoryChange(Change):
    """A change of the directory, which later batches read anew."""

    def apply(self, state: "State") -> None:
        """Nothing: a change of the directory ends its batch."""


def write_all(connection: Connection, changes: Iterable[Change]) -> None:
    """Write changes, kind by kind, each in a fixed number of statements.

    Modifications set absolute values, so they are written before the other changes (a quote
    gives up its slot before the next one takes it) and again after them (for rows that the
    same batch added).
    """
    kinds: dict[type[Change], list[Any]] = {}
    for change in changes:
        kinds.setdefault(type(change), []).append(change)
    modified: dict[type[Change], list[Any]] = {
        kind: kinds[kind] for kind in kinds if issubclass(kind, Modification)
    }
    others = {kind: kinds[kind] for kind in kinds if kind not in modified}
    _write(connection, modified)
    _write(connection, others)
    if others:
        _write(connection, modified)


def _write(connection: Connection, kinds: Mapping[type[Change], list[Any]]) -> None:
    """Kinds that do not hang on each other; those of one statement together."""
    stated = [kind.statement(found) for kind, found in kinds.items() if issubclass(kind, Stated)]
    if stated:
        send(connection, stated)
    for kind, found in kinds.items():
        if not issubclass(kind, Stated):
            kind.write(connection, found)
