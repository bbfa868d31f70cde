"""Asking the database by batches of keys, and many questions in one round trip.

Whatever loads is a coroutine without an event loop: it awaits the rows of a question. Questions
of coroutines that run together are asked at once, so a batch costs as many round trips as one
question hangs on another, not as many as there are questions.
"""

from collections.abc import Coroutine, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Connection

from settlement.ledger.bulk import Statement, parsed, send, unnest

MEMBERSHIP = {"programme": "text", "member_number": "text"}
"""Columns of a membership's key."""

ACCOUNT = {"member_id": "bigint", "programme": "text"}
"""Columns of a member's account."""

NUMBER = {"number": "bigint"}
"""The column by which entries are named."""

Rows = Sequence[Any]
_Given = TypeVar("_Given")
Loading = Coroutine[Any, Any, Any]
"""What awaits rows, and puts them where they belong."""


@dataclass(frozen=True, slots=True)
class Question(Statement):
    """A statement that gives rows to who awaits it."""

    def __await__(self) -> Generator[tuple["Question", ...], tuple[Rows, ...], Rows]:
        """Be asked; the answer is that of one question."""
        (rows,) = yield (self,)
        return rows


def ask(statement: str, **bound: object) -> Question:
    """A question; parameters are written `:name`."""
    return Question(parsed(statement), bound)


async def query(
    statement: str, columns: Mapping[str, str], keys: Iterable[tuple[object, ...]], **more: object
) -> Rows:
    """Rows of a statement in which `{batch}` stands for the keys as a table.

    `more` is bound by name besides. Nothing is asked where there are no keys.
    """
    lists = list(zip(*keys, strict=True))
    if not lists:
        return ()
    bound = {name: list(values) for name, values in zip(columns, lists, strict=True)}
    return await Question(_parsed(statement, tuple(columns.items())), bound | more)


@dataclass(frozen=True, slots=True)
class _Together:
    loadings: tuple[Loading, ...]

    def __await__(self) -> Generator[tuple[Question, ...], tuple[Rows, ...], None]:
        """Ask what all of them ask, step by step, until the last has ended."""
        answers: dict[Loading, tuple[Rows, ...] | None] = dict.fromkeys(self.loadings)
        while answers:
            asked = _steps(answers)
            if not asked:
                return
            rows = iter((yield tuple(one for questions in asked.values() for one in questions)))
            answers = {
                loading: tuple(next(rows) for _ in questions)
                for loading, questions in asked.items()
            }


def _steps(
    answers: Mapping[Loading, tuple[Rows, ...] | None],
) -> dict[Loading, tuple[Question, ...]]:
    """Give each its answers; what those ask next that have not ended."""
    asked = {}
    for loading, rows in answers.items():
        try:
            asked[loading] = loading.send(rows)
        except StopIteration:
            continue
    return asked


def together(*loadings: Loading) -> _Together:
    """Await several that do not hang on each other."""
    return _Together(loadings)


def run(connection: Connection, loading: Coroutine[Any, Any, _Given]) -> _Given:
    """Ask what it asks, on a connection, until it has ended; gives what it gives.

    Raises what the driver raises.
    """
    answers = None
    try:
        while True:
            answers = _answers(connection, loading.send(answers))
    except StopIteration as ended:
        return ended.value  # type: ignore[no-any-return]
    finally:
        loading.close()


def _answers(connection: Connection, questions: Sequence[Question]) -> tuple[Rows, ...]:
    """Rows of each, in one round trip."""
    return tuple(cursor.fetchall() for cursor in send(connection, questions))


@cache
def _parsed(statement: str, columns: tuple[tuple[str, str], ...]) -> str:
    return parsed(statement.format(batch=unnest(dict(columns))))
