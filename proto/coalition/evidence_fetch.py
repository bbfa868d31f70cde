"""Collects a partner's evidence from the gateway into a folder, which grows from time to time.

Records, checkpoints and statements are checked while they come. Proofs are kept as they are, also
those that prove nothing: with the gateway's signatures they are the evidence of it, and
`coalition.verifying` says so.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from coalition.answers import BadAnswer
from coalition.checkpoints import (
    BadCheckpoint,
    Checkpoint,
    open_checkpoint,
    write_checkpoint,
)
from coalition.client import Client
from coalition.evidence_folder import (
    EvidenceError,
    Folder,
    LineWriter,
    last_line,
    parse_line,
    read_lines,
    to_base64,
)
from coalition.log import NUMBERS_AT_ONCE, fetch_checkpoint
from coalition.profile import Profile
from coalition.rate_export import export, write_book
from coalition.statement_reading import Statement, read_form
from coalition.strict_json import BadJson
from coalition.v1 import log_pb2, payments_pb2, rates_pb2, settlement_pb2

Show = Callable[[str, int, int], None]
"""Told of progress: what, how much is done, and of how much (0: not known)."""

_STATED = frozenset(
    {
        payments_pb2.SETTLEMENT_STATE_CLOSED,
        payments_pb2.SETTLEMENT_STATE_SETTLED,
        payments_pb2.SETTLEMENT_STATE_ABORTED,
    }
)


@dataclass(slots=True)
class Fetch:
    """One round of collecting: `client` speaks for `participant`, whose evidence it is."""

    client: Client
    profile: Profile
    participant: str
    folder: Folder
    show: Show
    fetched: dict[str, int] = field(default_factory=dict)
    """How much of what is new."""

    def run(self, window: int | None, kept: Sequence[Path] = ()) -> None:
        """Everything up to now; statements up to those of a window (None: all).

        `kept` are checkpoints from elsewhere that the log is to be shown to extend. Raises
        EvidenceError, BadAnswer, BadCheckpoint, and what calling raises.
        """
        self.folder.path.mkdir(parents=True, exist_ok=True)
        # 1. The feed first: whatever is in it, a checkpoint that is asked for later covers.
        self._feed()
        # 2. Statements, and the book.
        self._statements(window)
        self._rates()
        # 3. The newest checkpoint, and for each new record the proof that it is in its tree.
        newest = self._checkpoint()
        self._inclusion(newest.size)
        # 4. Each tree extends the one before, those that were kept among them.
        self._consistency(kept)

    def _feed(self) -> None:
        last = _last_number(self.folder.feed)
        added = 0
        with LineWriter(self.folder.feed) as out:
            for item in self.client.follow(last, stop_at_end=True):
                envelope = to_base64(item.envelope.SerializeToString())
                out.add({"number": item.number, "envelope": envelope})
                added += 1
                if added % NUMBERS_AT_ONCE == 0:
                    self.show("Feed", added, 0)
        self.fetched["records of the feed"] = added

    def _statements(self, window: int | None) -> None:
        stated = self._stated()
        if window is not None:
            if all(each.window != window for each in stated):
                message = f"window {window} is not closed: there is no statement of it"
                raise EvidenceError(message)
            # Statements follow each other by settlement, whichever windows these are of.
            last = max(each.settlement for each in stated if each.window <= window)
            stated = [each for each in stated if each.settlement <= last]
        added = 0
        for done, each in enumerate(stated, 1):
            added += self._stored(*self._told(each.window, each.settlement))
            self.show("Statements", done, len(stated))
        self.fetched["statements"] = added

    def _stated(self) -> list[payments_pb2.SettlementInfo]:
        """Settlements whose statements are final, oldest first; an aborted one keeps its own."""
        found: list[payments_pb2.SettlementInfo] = []
        before = 0
        while page := self._settlements_before(before):
            found += page
            before = page[-1].settlement
        return [each for each in reversed(found) if each.state in _STATED]

    def _settlements_before(self, before: int) -> Sequence[payments_pb2.SettlementInfo]:
        """A page, newest first; 0: from the newest on."""
        request = payments_pb2.ListSettlementsRequest(before_settlement=before)
        page = self.client.read(
            "Payments.ListSettlements", request, payments_pb2.SettlementList
        ).settlements
        numbers = [*([before] if before else []), *(each.settlement for each in page), 0]
        if any(newer <= older for newer, older in pairwise(numbers)):
            message = "the settlements are not told newest first"
            raise BadAnswer(message)
        return page

    def _told(self, window: int, settlement: int) -> tuple[Statement, settlement_pb2.Statement]:
        request = settlement_pb2.GetStatementRequest(window=window, settlement=settlement)
        found = self.client.read("Settlement.GetStatement", request, settlement_pb2.Statement)
        if hashlib.sha256(found.json).digest() != found.sha256:
            message = f"the statement of window {window} has not the SHA-256 that was told"
            raise BadAnswer(message)
        try:
            read = read_form(found.json)
        except BadJson as problem:
            message = f"the statement of window {window} cannot be read: {problem}"
            raise BadAnswer(message) from None
        if read.settlement != settlement:
            message = f"settlement {settlement} was asked for, and {read.settlement} told"
            raise BadAnswer(message)
        return read, found

    def _stored(self, read: Statement, found: settlement_pb2.Statement) -> bool:
        """Whether it is new. One that is here stays, also where another took its place."""
        files = self.folder.statement(read.window, self.participant)
        if files.json.exists() and files.json.read_bytes() != found.json:
            files = self.folder.statement(read.window, self.participant, read.settlement)
        if files.json.exists():
            return False
        files.csv.write_bytes(found.csv)
        files.json.write_bytes(found.json)
        self._keep(open_checkpoint(found.checkpoint, self.profile.coalition, self.profile.keys))
        return True

    def _rates(self) -> None:
        request = rates_pb2.ListRatesRequest()
        found = self.client.read("Rates.ListRates", request, rates_pb2.RateBook)
        write_book(self.folder.rates, export(self.profile.coalition, found))
        self.fetched["versions of the rate book"] = len(found.versions)

    def _checkpoint(self) -> Checkpoint:
        checkpoint = fetch_checkpoint(self.client, self.profile)
        self._keep(checkpoint)
        return checkpoint

    def _keep(self, checkpoint: Checkpoint) -> None:
        path = self.folder.checkpoint(checkpoint.size)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and self._open(path).root != checkpoint.root:
            # Two histories: both are the proof of it.
            path = path.with_name(f"{checkpoint.size}-{checkpoint.root.hex()[:16]}.txt")
        if not path.exists():
            write_checkpoint(path, checkpoint)

    def _open(self, path: Path) -> Checkpoint:
        try:
            return open_checkpoint(path.read_bytes(), self.profile.coalition, self.profile.keys)
        except BadCheckpoint as problem:
            message = f"{path}: {problem}"
            raise BadCheckpoint(message) from None

    def _inclusion(self, size: int) -> None:
        last = _last_number(self.folder.inclusion)
        numbers = [number for number in _numbers(self.folder.feed) if number > last]
        with LineWriter(self.folder.inclusion) as out:
            for begin in range(0, len(numbers), NUMBERS_AT_ONCE):
                asked = numbers[begin : begin + NUMBERS_AT_ONCE]
                request = log_pb2.GetInclusionProofsRequest(tree_size=size, numbers=asked)
                found = self.client.read(
                    "Log.GetInclusionProofs", request, log_pb2.InclusionProofList
                )
                if [proof.number for proof in found.proofs] != asked:
                    message = "the proofs are not of the entries that were asked for"
                    raise BadAnswer(message)
                for proof in found.proofs:
                    hashes = [to_base64(each) for each in proof.hashes]
                    out.add({"number": proof.number, "size": size, "proof": hashes})
                self.show("Proofs", begin + len(asked), len(numbers))
        self.fetched["proofs that records are in the log"] = len(numbers)

    def _consistency(self, kept: Sequence[Path]) -> None:
        paths = (*self.folder.checkpoints(), *kept)
        sizes = sorted({self._open(path).size for path in paths})
        path = self.folder.consistency
        known = set() if not path.exists() else {pair for _, pair in read_lines(path, _pair)}
        missing = [pair for pair in pairwise(sizes) if pair not in known]
        with LineWriter(path) as out:
            for old, new in missing:
                request = log_pb2.GetConsistencyProofRequest(from_size=old, to_size=new)
                found = self.client.read(
                    "Log.GetConsistencyProof", request, log_pb2.ConsistencyProof
                )
                out.add({"from": old, "to": new, "proof": [to_base64(h) for h in found.hashes]})
        self.fetched["proofs that the log only grew"] = len(missing)


def _numbers(path: Path) -> Iterator[int]:
    return (number for _, number in read_lines(path, _number))


def _last_number(path: Path) -> int:
    """The number in the last whole line; -1 where there is none."""
    line = last_line(path)
    return -1 if line is None else parse_line(path, 0, line, _number)


def _number(fields: Mapping[str, object]) -> int:
    return int(str(fields["number"]))


def _pair(fields: Mapping[str, object]) -> tuple[int, int]:
    return int(str(fields["from"])), int(str(fields["to"]))
