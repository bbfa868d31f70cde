"""Queries by a batch of keys."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, TextClause, text

from settlement.ledger.bulk import unnest

MEMBERSHIP = {"programme": "text", "member_number": "text"}
"""Columns of a membership's key."""

ACCOUNT = {"member_id": "bigint", "programme": "text"}
"""Columns of a member's account."""


def query(
    connection: Connection,
    statement: str,
    columns: Mapping[str, str],
    keys: Iterable[tuple[object, ...]],
    **more: object,
) -> Sequence[Any]:
    """Rows of a statement in which `{batch}` stands for the keys as a table.

    `more` is bound by name besides.
    """
    lists = list(zip(*keys, strict=True))
    if not lists:
        return ()
    bound = {name: list(values) for name, values in zip(columns, lists, strict=True)}
    return connection.execute(_parsed(statement, tuple(columns.items())), bound | more).all()


@cache
def _parsed(statement: str, columns: tuple[tuple[str, str], ...]) -> TextClause:
    """The statements of the product are few, and each is parsed once."""
    return text(statement.format(batch=unnest(dict(columns))))
