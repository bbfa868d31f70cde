"""What is left to do after an erasure: stored requests and answers that hold the number are cut.

It is done without the writer's lock, which a search through all requests would hold for minutes.
Requests are only ever added, so nothing else waits for these rows.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from partners.requests import RequestKey
from settlement.ledger.bulk import unnest

FORGOTTEN = "erased"
"""Stands in the place of the words of a refusal."""

_KEYS = {"sender": "text", "request_id": "text"}


@dataclass(frozen=True, slots=True)
class Erasure:
    """A membership whose stored requests are to be cut; `erased_at` is its entry's time."""

    number: int
    member_id: int
    programme: str
    member_number: str
    erased_at: datetime


@dataclass(frozen=True, slots=True)
class Stored:
    """A decided request or batch as it is kept, with its entry's number."""

    key: RequestKey
    method: str
    sha256: bytes
    number: int | None
    decided_at: datetime
    envelope: bytes
    answer_type: str
    answer: bytes


def next_erasure(connection: Connection, *, without: Collection[int] = ()) -> Erasure | None:
    """The oldest erasure that is not finished, locked; one that another process cuts is not met."""
    row = connection.execute(
        text(
            "select o.number, o.member_id, o.programme, o.member_number, e.accepted_at "
            "from erasure o join entry e using (number) "
            "where o.finished_at is null and o.number <> all(:without) "
            "order by o.number, o.member_id limit 1 for update of o skip locked"
        ),
        {"without": list(without)},
    ).one_or_none()
    return None if row is None else Erasure(*row)


def requests_with(connection: Connection, word: str, until: datetime) -> Iterator[Stored]:
    """Requests decided up to an instant in whose bytes a word occurs: more than are meant.

    Reads every request once. They are fetched one by one, since a batch has some megabytes.
    """
    keys = connection.execute(
        text(
            "select sender, request_id from request where decided_at <= :until and "
            "(position(:word in envelope) > 0 or position(:word in answer) > 0) order by 1, 2"
        ),
        {"word": word.encode(), "until": until},
    ).all()
    for sender, request_id in keys:
        row = connection.execute(
            text(
                "select * from request where (sender, request_id) = (:sender, :request_id) "
                "for update"
            ),
            {"sender": sender, "request_id": request_id},
        ).one()
        yield Stored(
            (sender, request_id),
            row.method,
            bytes(row.sha256),
            row.number,
            row.decided_at,
            bytes(row.envelope),
            row.answer_type,
            bytes(row.answer),
        )


def replace_stored(connection: Connection, stored: Stored) -> None:
    """Put what is left of a request and of its answer in their place; its hash stays."""
    connection.execute(
        text(
            "update request set envelope = :envelope, answer_type = :answer_type, "
            "answer = :answer where (sender, request_id) = (:sender, :request_id)"
        ),
        {
            "envelope": stored.envelope,
            "answer_type": stored.answer_type,
            "answer": stored.answer,
            "sender": stored.key[0],
            "request_id": stored.key[1],
        },
    )


def note_erased(connection: Connection, erasure: Erasure, keys: Collection[RequestKey]) -> None:
    """Note requests and items as erased, and forget the words by which reports were refused.

    An item whose form was wrong is not kept under its id, so there is nothing to be noted.
    """
    if not keys:
        return
    bound = {
        name: list(values) for name, values in zip(_KEYS, zip(*keys, strict=True), strict=True)
    }
    connection.execute(
        text(
            "insert into erased_request (sender, request_id, number) "  # noqa: S608 - our names
            f"select sender, request_id, :number from {unnest(_KEYS)} "
            "join request using (sender, request_id) on conflict do nothing"
        ),
        bound | {"number": erasure.number},
    )
    connection.execute(
        text(
            f"update refused_activity as t set message = :forgotten from {unnest(_KEYS)} "  # noqa: S608 - our names
            "where (t.sender, t.request_id) = (batch.sender, batch.request_id)"
        ),
        bound | {"forgotten": FORGOTTEN},
    )


def finish(connection: Connection, erasure: Erasure, now: datetime) -> None:
    """The number itself is forgotten last."""
    connection.execute(
        text(
            "update erasure set member_number = null, finished_at = :now "
            "where (number, member_id) = (:number, :member_id)"
        ),
        {"now": now, "number": erasure.number, "member_id": erasure.member_id},
    )
