"""Reading all of the log in one statement, on whatever session the caller has."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

_SETTINGS = {
    "enable_seqscan": "on",
    "enable_hashjoin": "on",
    "enable_mergejoin": "on",
    "enable_nestloop": "off",
    "jit": "off",
    "work_mem": "64MB",
}
"""What a statement over millions of lines needs, each used once.

Sessions of the gateway look up batches of keys and may neither scan nor hash. How many rows come
out of a step that groups cannot be estimated: taken for a few they would be compared each with
each. 64 MB hold the lots of a million lines; beyond that PostgreSQL sorts and hashes on disk.
"""


@contextmanager
def whole_log(connection: Connection) -> Iterator[None]:
    """Statements inside may read everything; in the caller's transaction, and undone after it."""
    names = list(_SETTINGS)
    before = connection.execute(
        text("select name, current_setting(name) from unnest(cast(:names as text[])) as name"),
        {"names": names},
    ).all()
    _set(connection, _SETTINGS.items())
    yield
    _set(connection, ((row[0], row[1]) for row in before))


def _set(connection: Connection, values: Iterable[tuple[str, str]]) -> None:
    rows = list(values)
    connection.execute(
        text(
            "select set_config(name, value, true) "
            "from unnest(cast(:names as text[]), cast(:values as text[])) as s(name, value)"
        ),
        {"names": [name for name, _ in rows], "values": [value for _, value in rows]},
    )
