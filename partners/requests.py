"""Signed requests and what became of them: the memory that makes every write safe to repeat."""

from collections.abc import Awaitable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, text

from partners import tables
from partners.context import Command, Decision
from partners.querying import Rows, query
from partners.refusals import Refused
from settlement.ledger.bulk import Addition
from settlement.ledger.entries import Entry
from settlement.ledger.values import value

RequestKey = tuple[str, str]


@value
class Request:
    """A verified request, or an item of a verified batch.

    `sha256` is of the payload or item as it came. `asks` is the kind of its command, by which
    roles are judged. `command` is None for a batch as a whole, and where a field is not of its
    form: then `malformed` says which.
    """

    method: str
    sender: str
    request_id: str
    sha256: bytes
    asks: type[Command]
    command: Command | None
    malformed: Refused | None = None

    @property
    def key(self) -> RequestKey:
        """Unique for ever."""
        return self.sender, self.request_id


@value
class Submission:
    """What came in one envelope: one request, or a batch with its items.

    `head` is the request itself or the batch as a whole, whose command is None. `envelope`
    is kept as evidence. `longest` is how long its method lets it live.
    """

    head: Request
    keyid: str
    created: datetime
    expires: datetime
    longest: timedelta
    received_at: datetime
    envelope: bytes
    items: tuple[Request, ...] | None = None

    @property
    def requests(self) -> tuple[Request, ...]:
        """What is to be decided, one by one."""
        return (self.head,) if self.items is None else self.items

    @property
    def keys(self) -> Iterator[RequestKey]:
        """All request ids of it."""
        yield self.head.key
        yield from (item.key for item in self.items or ())


@value
class Answer:
    """The payload of an answer, and the gateway key that signs it."""

    answer_type: str
    payload: bytes
    keyid: str


@value
class Remembered:
    """A request that was decided before.

    For an item of a batch, `answer` is the batch's and `batch_index` its place in it.
    """

    sha256: bytes
    method: str
    answer: Answer
    batch_index: int | None = None


@value
class Accepted:
    """A request that became an entry."""

    entry: Entry
    decision: Decision


async def remembered(keys: Iterable[RequestKey]) -> dict[RequestKey, Remembered]:
    """Those of the requests that were decided before.

    The answer of a batch, some megabytes, is fetched once however many of its items are named.
    """
    found = {(row.sender, row.request_id): row for row in await _rows(keys)}
    batches = {(row.sender, row.batch_id) for row in found.values() if row.batch_id is not None}
    rows = await _rows(batches - found.keys())
    holders = found | {(row.sender, row.request_id): row for row in rows}
    answers = {
        key: Answer(row.answer_type, bytes(row.answer), row.answer_keyid)
        for key, row in holders.items()
        if row.batch_id is None
    }
    return {
        key: Remembered(
            bytes(row.sha256),
            row.method,
            answers[key if row.batch_id is None else (row.sender, row.batch_id)],
            row.batch_index,
        )
        for key, row in found.items()
    }


def _rows(keys: Iterable[RequestKey]) -> Awaitable[Rows]:
    return query(
        "select sender, request_id, sha256, method, batch_id, batch_index, "
        "answer_type, answer, answer_keyid "
        "from {batch} join request using (sender, request_id)",
        {"sender": "text", "request_id": "text"},
        keys,
    )


@value
class Decided:
    """A request with what is to be remembered of it.

    An item of a batch has no answer of its own: the batch's holds it at `batch_index`.
    """

    request: Request
    submission: Submission
    number: int | None
    decided_at: datetime
    answer: Answer | None
    batch_index: int | None = None


def remembering(decided: Iterable[Decided]) -> Addition:
    """Stores answers for ever. Writing it raises a unique violation where one was stored."""
    return Addition(tables.request, list(map(_row, decided)))


def _row(decided: Decided) -> tuple[object, ...]:
    request, submission, answer = decided.request, decided.submission, decided.answer
    is_item = decided.batch_index is not None
    return (
        request.sender,
        request.request_id,
        request.sha256,
        request.method,
        submission.keyid,
        decided.number,
        decided.decided_at,
        submission.head.request_id if is_item else None,
        decided.batch_index,
        None if is_item else submission.envelope,
        None if answer is None else answer.answer_type,
        None if answer is None else answer.payload,
        None if answer is None else answer.keyid,
    )


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A request that a key signed."""

    sender: str
    request_id: str
    method: str
    decided_at: datetime
    number: int | None


def key_use(
    connection: Connection,
    keyid: str,
    since: datetime,
    *,
    after: tuple[str, str] | None,
    limit: int,
) -> list[KeyUse]:
    """What a key signed since an instant, by sender and request id, in pages."""
    table = tables.request
    shown = (table.c.sender, table.c.request_id, table.c.method, table.c.decided_at, table.c.number)
    query = select(*shown).where(table.c.keyid == keyid, table.c.decided_at >= since)
    if after is not None:
        query = query.where(text("(sender, request_id) > (:sender, :request_id)")).params(
            sender=after[0], request_id=after[1]
        )
    rows = connection.execute(query.order_by(table.c.sender, table.c.request_id).limit(limit))
    return [
        KeyUse(row.sender, row.request_id, row.method, row.decided_at, row.number) for row in rows
    ]
