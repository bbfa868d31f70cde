"""Words that are planted and searched for, in every byte of a database."""

from collections.abc import Iterable

from sqlalchemy import Column, Engine, LargeBinary, cast, func, select
from sqlalchemy.types import Text

import partners.tables
from settlement.ledger.tables import metadata

assert partners.tables.metadata is metadata


def places_of(engine: Engine, words: Iterable[str]) -> set[str]:
    """The columns, as table.column, in which one of the words occurs, in text or in bytes."""
    found = set()
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            for column in table.columns:
                for word in words:
                    query = select(func.count()).select_from(table).where(_holds(column, word))
                    if connection.execute(query).scalar_one():
                        found.add(f"{table.name}.{column.name}")
    return found


def _holds(column: Column[object], word: str) -> object:
    if isinstance(column.type, LargeBinary):
        return func.strpos(func.encode(column, "hex"), word.encode().hex()) > 0
    return func.strpos(cast(column, Text), word) > 0
