"""What an accepted event changes besides the book, as values.

Each kind of change knows how it shows in the state that later items of the same batch see,
and how many of its kind are written in one statement.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from sqlalchemy import Connection, Table

from settlement.ledger.bulk import (
    Addition,
    Statement,
    Writing,
    parsed,
    type_name,
    unnest,
    write,
)

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
    def writings(cls, changes: Sequence[Self]) -> Iterable[Writing]:
        """What writes changes of this kind: a fixed number of statements."""


class Insertion(Change):
    """A change that adds one row to one table."""

    table: ClassVar[Table]

    @abstractmethod
    def row(self) -> tuple[object, ...]:
        """The row, in the order of the table's columns."""

    @classmethod
    def writings(cls, changes: Sequence[Self]) -> Iterable[Writing]:
        """Insert the rows."""
        yield Addition(cls.table, [change.row() for change in changes])


class Modification(Change):
    """A change that sets `columns` of the row of one table that `key` names."""

    table: ClassVar[Table]
    key: ClassVar[tuple[str, ...]]
    columns: ClassVar[tuple[str, ...]]

    @abstractmethod
    def row(self) -> tuple[object, ...]:
        """Values of the key's columns, then of the changed ones."""

    @classmethod
    def writings(cls, changes: Sequence[Self]) -> Iterable[Writing]:
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
        yield Statement(parsed(statement), bound)


class Accumulation(Change):
    """A change that adds to a sum: the last column of a row, which its primary key names.

    The row is made where it is not there yet. The columns before the last are the key.
    """

    table: ClassVar[Table]

    @abstractmethod
    def row(self) -> tuple[tuple[object, ...], int]:
        """Values of the key's columns, and what is added."""

    @classmethod
    def writings(cls, changes: Sequence[Self]) -> Iterable[Writing]:
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
        yield Statement(parsed(statement), bound)


class DirectoryChange(Change):
    """A change of the directory, which later batches read anew."""

    def apply(self, state: "State") -> None:
        """Nothing: a change of the directory ends its batch."""


def write_all(connection: Connection, changes: Iterable[Change]) -> None:
    """Write changes. Raises what the driver raises, and LedgerInconsistency."""
    write(connection, writings(changes))


def writings(changes: Iterable[Change]) -> list[Writing]:
    """What writes changes: kind by kind, each in a fixed number of statements.

    Modifications set absolute values, so they are written before the other changes (a quote
    gives up its slot before the next one takes it) and again after them (for rows that the
    same batch added).
    """
    kinds: dict[type[Change], list[Any]] = {}
    for change in changes:
        kinds.setdefault(type(change), []).append(change)
    modified = list(_of_kinds(kinds, modifying=True))
    others = list(_of_kinds(kinds, modifying=False))
    return [*modified, *others, *(modified if others else ())]


def _of_kinds(kinds: Mapping[type[Change], list[Any]], *, modifying: bool) -> Iterator[Writing]:
    for kind, found in kinds.items():
        if issubclass(kind, Modification) is modifying:
            yield from kind.writings(found)
