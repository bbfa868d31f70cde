"""Moving the envelopes of old requests out of the database, into files that prove themselves.

A file is written, read back and verified before it is noted; only then are its envelopes cleared,
some hundreds in a transaction. A run that is killed anywhere is started again: a file that was not
noted is written anew, one that was noted is verified once more, and its clearing goes on.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, text

from gateway.archive_files import (
    FIRST_PREVIOUS,
    ArchiveError,
    Manifest,
    file_name,
    is_whole,
    manifest_name,
    open_file,
    pack,
    read_manifest,
    sealed,
    write_durably,
)
from gateway.keyring import Keyring
from partners.request_archive import (
    ArchiveFile,
    KeptRequest,
    archive_files,
    clear,
    kept_requests,
    owners_of,
    record,
    record_cleared,
    settled_until,
)
from partners.requests import RequestKey
from settlement.ledger.entries import Coalition, timestamp

ARCHIVE_LOCK = int.from_bytes(b"coalarch")
"""Advisory lock: one run at a time."""

FILE_REQUESTS = 20_000
FILE_BYTES = 64 * 1024 * 1024
"""Of envelopes in a file, at the most about: it is held in memory while it is verified."""

CLEARED_AT_ONCE = 500
"""A transaction that short keeps nobody waiting: writers only add requests."""

Show = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Archive:
    """Where envelopes go, and with which keys of the gateway their manifests are signed."""

    engine: Engine
    coalition: Coalition
    folder: Path
    keyring: Keyring
    gateway: dict[str, bytes]
    """The gateway's public keys, raw, by key id."""

    def run(self, before: datetime, now: datetime, show: Show) -> list[ArchiveFile]:
        """Move what is of settled windows that were cut not after `before`; the files written.

        Run again it changes nothing. Raises ArchiveError, OSError.
        """
        with _alone(self.engine):
            self.folder.mkdir(parents=True, exist_ok=True)
            known = self._finish(show)
            with self.engine.connect() as connection:
                until = settled_until(connection, before)
            written: list[ArchiveFile] = []
            after: RequestKey = ("", "")
            while until is not None:
                requests = self._next(until, after)
                if not requests:
                    break
                file = self._write([*known, *written], requests, until, now)
                self._clear(file, requests, show)
                written.append(file)
                after = requests[-1].key
            return written

    def _finish(self, show: Show) -> list[ArchiveFile]:
        """Go on with what an earlier run left; all files that are known."""
        with self.engine.connect() as connection:
            known = archive_files(connection)
        for file in known:
            if not file.cleared:
                self._clear(file, self._verified(file), show)
        return known

    def _verified(self, file: ArchiveFile) -> list[KeptRequest]:
        manifest = read_manifest(self.folder, file.number, self.gateway)
        if hashlib.sha256(manifest.payload).digest() != file.manifest_sha256:
            name = self.folder / manifest_name(file.number)
            message = (
                f"ARCHIVE_BROKEN: {name} is not the manifest that was noted; name the folder of "
                "this coalition's archive, or put back the copy that you keep of it"
            )
            raise ArchiveError(message)
        return open_file(self.folder, manifest)

    def _next(self, until: datetime, after: RequestKey) -> list[KeptRequest]:
        """The requests of the next file. One that was cut, for an erasure, stays where it is."""
        found: list[KeptRequest] = []
        size = 0
        with (
            self.engine.connect() as connection,
            closing(kept_requests(connection, until, after=after)) as kept,
        ):
            for request in kept:
                if not is_whole(request):
                    continue
                found.append(request)
                size += len(request.envelope)
                if size >= FILE_BYTES or len(found) >= FILE_REQUESTS:
                    break
        return found

    def _write(
        self,
        known: list[ArchiveFile],
        requests: list[KeptRequest],
        until: datetime,
        now: datetime,
    ) -> ArchiveFile:
        """Write a file and its manifest, read both back, and note them."""
        number = len(known) + 1
        data = pack(self.coalition.coalition_id, number, requests)
        with self.engine.connect() as connection:
            keys = owners_of(connection, {request.keyid for request in requests})
        manifest = Manifest(
            coalition=self.coalition.coalition_id,
            number=number,
            file=file_name(number),
            sha256=hashlib.sha256(data).hexdigest(),
            requests=len(requests),
            first=requests[0].key,
            last=requests[-1].key,
            until=timestamp(until),
            written_at=timestamp(now),
            previous=known[-1].manifest_sha256.hex() if known else FIRST_PREVIOUS,
            keys={keyid: (owner, public.hex()) for keyid, (owner, public) in keys.items()},
        )
        write_durably(self.folder / manifest.file, data)
        write_durably(self.folder / manifest_name(number), sealed(manifest, self.keyring))
        return self._note(manifest, requests, until, now)

    def _note(
        self, manifest: Manifest, requests: list[KeptRequest], until: datetime, now: datetime
    ) -> ArchiveFile:
        """Note a file in the database once it reads back as it was written."""
        file = ArchiveFile(
            number=manifest.number,
            name=manifest.file,
            sha256=bytes.fromhex(manifest.sha256),
            requests=len(requests),
            manifest_sha256=hashlib.sha256(manifest.payload).digest(),
            until=until,
            written_at=now,
            cleared=False,
        )
        if self._verified(file) != requests:
            message = (
                f"ARCHIVE_BROKEN: {self.folder / manifest.file} does not read back as it was "
                "written, so nothing was cleared; see to the disk, then start again"
            )
            raise ArchiveError(message)
        with self.engine.begin() as connection:
            record(connection, file)
        return file

    def _clear(self, file: ArchiveFile, requests: list[KeptRequest], show: Show) -> None:
        for start in range(0, len(requests), CLEARED_AT_ONCE):
            with self.engine.begin() as connection:
                clear(connection, requests[start : start + CLEARED_AT_ONCE])
            done = min(start + CLEARED_AT_ONCE, len(requests))
            show(f"Archived into {file.name}", done, len(requests))
        with self.engine.begin() as connection:
            record_cleared(connection, file.number)


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """Keep another run out. Raises ArchiveError where there is one."""
    with engine.connect() as connection:
        held = connection.execute(
            text("select pg_try_advisory_lock(:lock)"), {"lock": ARCHIVE_LOCK}
        ).scalar_one()
        connection.commit()
        if not held:
            message = "ARCHIVE_UNDER_WAY: another run is at it; wait until it has ended"
            raise ArchiveError(message)
        try:
            yield
        finally:
            connection.execute(text("select pg_advisory_unlock(:lock)"), {"lock": ARCHIVE_LOCK})
            connection.commit()
