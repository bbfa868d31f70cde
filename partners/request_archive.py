"""Which envelopes of requests may leave the database, and what is known of those that did.

An envelope is evidence: what a sender signed. Nothing that the gateway answers is made of it. What
makes a write safe to repeat (the hash of its payload, and the answer) stays for ever.
"""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, text, update

from partners import tables
from partners.requests import RequestKey
from settlement.ledger.bulk import unnest
from settlement.ledger.dues import PostedState

ROWS_AT_ONCE = 20
"""Fetched at a time: of batches, each of some hundred kilobytes, some megabytes."""


@dataclass(frozen=True, slots=True)
class KeptRequest:
    """A decided request with the envelope in which it came; of a batch, the whole of it."""

    sender: str
    request_id: str
    sha256: bytes
    method: str
    keyid: str
    decided_at: datetime
    envelope: bytes

    @property
    def key(self) -> RequestKey:
        """Unique for ever."""
        return self.sender, self.request_id


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """A file of envelopes. `cleared` says that they are no longer in the database.

    `until` is the instant before which requests were taken; both hashes are SHA-256.
    """

    number: int
    name: str
    sha256: bytes
    requests: int
    manifest_sha256: bytes
    until: datetime
    written_at: datetime
    cleared: bool


_SETTLED_UNTIL = text(
    "select max(cut_at) from settlement_window w where cut_at <= :before and not exists ("
    "  select from settlement_window o where o.window_id <= w.window_id and not exists ("
    "    select from posted_settlement s where s.window_id = o.window_id and s.state = :settled))"
)


def settled_until(connection: Connection, before: datetime) -> datetime | None:
    """The latest cut, not after `before`, up to which every window is settled; None for none."""
    bound = {"before": before, "settled": PostedState.SETTLED}
    found: datetime | None = connection.execute(_SETTLED_UNTIL, bound).scalar_one()
    return found


_KEPT = text(
    "select sender, request_id, sha256, method, keyid, decided_at, envelope from request "
    "where (sender, request_id) > (:sender, :request_id) and envelope is not null "
    "and decided_at < :until order by sender, request_id"
)


def kept_requests(
    connection: Connection, until: datetime, *, after: RequestKey = ("", "")
) -> Generator[KeptRequest]:
    """Requests decided before an instant whose envelopes are here, by sender and request id."""
    bound = {"sender": after[0], "request_id": after[1], "until": until}
    with connection.execute(_KEPT, bound, execution_options={"yield_per": ROWS_AT_ONCE}) as rows:
        for row in rows:
            yield KeptRequest(
                sender=row.sender,
                request_id=row.request_id,
                sha256=bytes(row.sha256),
                method=row.method,
                keyid=row.keyid,
                decided_at=row.decided_at,
                envelope=bytes(row.envelope),
            )


def owners_of(connection: Connection, keyids: Iterable[str]) -> dict[str, tuple[str, bytes]]:
    """Owners and public keys (raw) by key id."""
    table = tables.key
    rows = connection.execute(select(table).where(table.c.keyid.in_(sorted(keyids))))
    return {row.keyid: (row.owner, bytes(row.public)) for row in rows}


def archive_files(connection: Connection) -> list[ArchiveFile]:
    """All files of envelopes, by number."""
    rows = connection.execute(select(tables.archive_file).order_by(tables.archive_file.c.number))
    return [
        ArchiveFile(
            number=row.number,
            name=row.name,
            sha256=bytes(row.sha256),
            requests=row.requests,
            manifest_sha256=bytes(row.manifest_sha256),
            until=row.until,
            written_at=row.written_at,
            cleared=row.cleared,
        )
        for row in rows
    ]


def record(connection: Connection, file: ArchiveFile) -> None:
    """Note a file that is written and verified, before anything of it is cleared."""
    connection.execute(
        insert(tables.archive_file).values(
            number=file.number,
            name=file.name,
            sha256=file.sha256,
            requests=file.requests,
            manifest_sha256=file.manifest_sha256,
            until=file.until,
            written_at=file.written_at,
            cleared=file.cleared,
        )
    )


_CLEAR = text(
    "update request r set envelope = null "  # noqa: S608 - names are of this module
    f"from {unnest({'sender': 'text', 'request_id': 'text', 'sha256': 'bytea'})} "
    "where r.sender = batch.sender and r.request_id = batch.request_id "
    "and r.sha256 = batch.sha256 and r.envelope is not null"
)


def clear(connection: Connection, requests: Sequence[KeptRequest]) -> int:
    """Take the envelopes of requests out of the database; how many there were.

    A request that is not what the file holds keeps its own.
    """
    return connection.execute(
        _CLEAR,
        {
            "sender": [request.sender for request in requests],
            "request_id": [request.request_id for request in requests],
            "sha256": [request.sha256 for request in requests],
        },
    ).rowcount


def record_cleared(connection: Connection, number: int) -> None:
    """Note that nothing of a file is in the database any more."""
    table = tables.archive_file
    connection.execute(update(table).where(table.c.number == number).values(cleared=True))
