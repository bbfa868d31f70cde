"""Verifies a partner's evidence offline: feed, statements, rate book, proofs and receipts.

Nothing is needed but the folder, the coalition's profile and the partner's receipt file. Files
are read line by line: what is held in memory grows with windows and counterparties, and by a
few dozen bytes for each record of the feed and each receipt.
"""

import json
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from coalition import tree
from coalition.answers import BadAnswer
from coalition.checkpoints import BadCheckpoint, Checkpoint, open_checkpoint
from coalition.evidence import Noted, Verification, verify_all
from coalition.evidence_folder import (
    EvidenceError,
    Folder,
    StatementFiles,
    envelope_of,
    from_base64,
    lines_with_offsets,
    parse_line,
    read_lines,
)
from coalition.feed import open_feed_item
from coalition.feed_prices import Prices
from coalition.feed_sums import FeedSums
from coalition.profile import Profile
from coalition.rate_book import BadBook, RateBook, read_book
from coalition.records import Record, open_record
from coalition.statement_reading import Statement, read_form
from coalition.statements import verify_statement
from coalition.strict_json import INT64_MAX, BadJson
from coalition.v1.envelope_pb2 import FeedRecord

Show = Callable[[str, int, int], None]
"""Told of progress: what, how many bytes or things are done, and of how many."""

MOST_PROBLEMS = 1_000
"""So many are told in words; beyond them they are counted."""

_EVERY = 500
"""Records between two reports of progress."""


@dataclass(slots=True)
class Report:
    """What was verified, how often, and what does not hold, in words.

    `not_recomputed` counts entries whose amounts the visible lines do not give, by reason: that
    is no contradiction.
    """

    participant: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    not_recomputed: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    more_problems: int = 0

    @property
    def proven(self) -> bool:
        """Whether everything that is here holds."""
        return not self.problems

    def say(self, problem: str) -> None:
        """Note a problem."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)
        else:
            self.more_problems += 1

    def add(self, problems: Iterable[str]) -> None:
        """Note problems."""
        for problem in problems:
            self.say(problem)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is verified: a folder, and beside it the receipt file and checkpoints kept elsewhere.

    `receipts_whole` says that the receipt file holds every request that was ever sent, so that
    whatever the feed answers must be in it.
    """

    folder: Folder
    profile: Profile
    receipts: Path | None = None
    receipts_whole: bool = False
    kept: Sequence[Path] = ()


class _Named(NamedTuple):
    """A statement that was read, with its file's name for messages."""

    name: str
    statement: Statement


def verify(evidence: Evidence, show: Show) -> Report:
    """Everything that is wrong with the evidence, in words, and how much was verified.

    Raises what reading a profile or a receipt file raises; a damaged file of the folder is a
    problem like any other.
    """
    report = Report()
    # 1. Checkpoints are the gateway's, and each tree extends the one before.
    trees = _trees(evidence, report)
    # 2. Statements agree with themselves, their tables and each other.
    statements = _statements(evidence, report)
    # 3. The rate book can be read.
    book = _book(evidence, report)
    # 4. Receipts are signed, and answer what was sent.
    noted: dict[int, Noted] = {}
    _receipts(evidence, noted, report)
    # 5. Each record of the feed is signed, in a tree, by signed prices, and what receipts say.
    reading = _Reading.of(evidence, report, trees, book, noted)
    if reading is None:
        return report
    reading.read(show)
    # 6. Statements say what the signed records add up to.
    for name, statement in statements:
        report.add(f"{name}: {problem}" for problem in reading.sums.differences(statement))
    # 7. No receipt is left that the feed does not have, and no version that nobody signed.
    reading.finish()
    return report


# 1. Checkpoints


def _trees(evidence: Evidence, report: Report) -> dict[int, bytes]:
    """Roots of signed trees by size."""
    trees: dict[int, bytes] = {}
    paths = [*evidence.folder.checkpoints(), *evidence.kept]
    for path in paths:
        found = _checkpoint(path, evidence.profile, report)
        if found is None:
            continue
        if trees.setdefault(found.size, found.root) != found.root:
            report.say(
                f"checkpoint {path.name}: the gateway signed two trees of {found.size} "
                "entries that differ: one history was shown to you, another to others"
            )
    if not trees:
        report.say("there is no checkpoint: nothing proves that records are in the log")
    report.counts["checkpoints"] = len(trees)
    report.counts["trees that extend the one before"] = _extended(evidence, trees, report)
    return trees


def _checkpoint(path: Path, profile: Profile, report: Report) -> Checkpoint | None:
    try:
        return open_checkpoint(path.read_bytes(), profile.coalition, profile.keys)
    except BadCheckpoint as problem:
        report.say(f"checkpoint {path.name}: {problem}")
    except OSError as problem:
        report.say(f"cannot read the checkpoint {path}: {problem.strerror}")
    return None


def _extended(evidence: Evidence, trees: Mapping[int, bytes], report: Report) -> int:
    """How many trees were seen to extend the next smaller one."""
    proofs: dict[tuple[int, int], list[bytes]] = {}
    try:
        if evidence.folder.consistency.exists():
            for _, (span, hashes) in read_lines(evidence.folder.consistency, _consistency_of):
                proofs[span] = hashes
    except EvidenceError as problem:
        report.say(str(problem))
    sizes, proven = sorted(trees), 0
    for old, new in pairwise(sizes):
        proof = proofs.get((old, new))
        if proof is None:
            report.say(
                f"no proof that the tree of {new} entries extends that of {old}: fetch the "
                "evidence again (a checkpoint kept elsewhere: with --kept)"
            )
            continue
        try:
            tree.verify_consistency(old, trees[old], new, trees[new], proof)
            proven += 1
        except tree.BadProof as problem:
            report.say(f"checkpoints of {old} and {new} entries: {problem}")
    return proven


def _consistency_of(fields: Mapping[str, object]) -> tuple[tuple[int, int], list[bytes]]:
    return (_integer(fields["from"]), _integer(fields["to"])), _hashes(fields["proof"])


def _hashes(value: object) -> list[bytes]:
    if not isinstance(value, list):
        message = "the proof is no list"
        raise ValueError(message)  # noqa: TRY004 - a broken file, not a broken caller
    return [from_base64(each) for each in value]


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        message = f"{value!r:.40} is no whole number"
        raise ValueError(message)  # noqa: TRY004 - a broken file, not a broken caller
    return value


# 2. Statements


def _statements(evidence: Evidence, report: Report) -> list[_Named]:
    """Those that can be read, in the order of their settlements."""
    found = []
    for files in evidence.folder.statements():
        statement = _statement(files, evidence.profile, report)
        if statement is not None:
            found.append(_Named(files.json.name, statement))
    found.sort(key=lambda each: each.statement.settlement)
    if not found:
        report.say("there is no statement that can be read")
    previous: _Named | None = None
    for each in found:
        report.add(f"{each.name}: {problem}" for problem in _chained(previous, each.statement))
        previous = each
    report.counts["statements"] = len(found)
    if found:
        report.participant = found[0].statement.participant
    return found


def _statement(files: StatementFiles, profile: Profile, report: Report) -> Statement | None:
    name = files.json.name
    try:
        data = files.json.read_bytes()
        table = files.csv.read_bytes() if files.csv.exists() else None
        report.add(f"{name}: {problem}" for problem in verify_statement(data, table))
        found = read_form(data)
    except OSError as problem:
        report.say(f"cannot read {name}: {problem.strerror}")
        return None
    except BadJson:
        return None  # said by verify_statement
    for what, value, expected in (
        ("coalition", found.coalition, profile.coalition),
        ("operator", found.operator, profile.operator),
        ("currency", found.currency, profile.currency.code),
        ("exponent", found.exponent, profile.currency.exponent),
        ("window", found.window, files.window),
        ("participant", found.participant, files.participant),
    ):
        if value != expected:
            report.say(f"{name}: {what} is {value}; expected {expected}")
    return found


def _chained(previous: _Named | None, statement: Statement) -> Iterator[str]:
    """That a statement names the one before it, and goes on from the same participant."""
    named = statement.previous_sha256
    if previous is None:
        if named is not None:
            yield f"it follows a statement with SHA-256 {named}, which is not here"
        return
    before = previous.statement
    if named != before.sha256:
        yield f"it follows a statement with SHA-256 {named}; {previous.name} has {before.sha256}"
    if statement.participant != before.participant:
        yield f"it is of another participant than {previous.name}"


# 3. Rate book


def _book(evidence: Evidence, report: Report) -> RateBook:
    try:
        book = read_book(evidence.folder.rates)
    except BadBook as problem:
        report.say(str(problem))
        return RateBook(evidence.profile.coalition, {})
    if book.coalition != evidence.profile.coalition:
        report.say(f"the rate book is of coalition {book.coalition}")
    return book


# 4. Receipts


def _receipts(evidence: Evidence, noted: dict[int, Noted], report: Report) -> None:
    if evidence.receipts is None:
        report.notes.append("no receipt file was named: your own requests were not looked up")
        return
    found: Verification = verify_all(evidence.receipts, evidence.profile, noted)
    report.add(f"receipt file: {problem}" for problem in found.problems)
    report.counts["receipts"] = found.receipts
    report.counts["refusals"] = found.refusals
    if found.pending:
        report.notes.append(
            f"{found.pending} requests have no answer yet: coalition receipts resend"
        )


# 5. The feed


class _Follower(NamedTuple):
    """Whose feed it is."""

    audience: str
    sender: str


@dataclass(slots=True)
class _Reading:
    """The state of reading a feed from its first record to its last."""

    evidence: Evidence
    report: Report
    reader: _Follower
    trees: Mapping[int, bytes]
    noted: dict[int, Noted]
    sums: FeedSums
    prices: Prices
    proofs: "_Proofs"
    last: int = -1
    last_at: datetime = datetime(1, 1, 1, tzinfo=UTC)
    matched: int = 0
    included: int = 0
    numbers: "array[int]" = field(default_factory=lambda: array("Q"))
    offsets: "array[int]" = field(default_factory=lambda: array("Q"))

    @classmethod
    def of(
        cls,
        evidence: Evidence,
        report: Report,
        trees: Mapping[int, bytes],
        book: RateBook,
        noted: dict[int, Noted],
    ) -> "_Reading | None":
        """A reading of a folder's feed, None where there is none."""
        try:
            _, first = next(read_lines(evidence.folder.feed, _feed_record))
        except StopIteration:
            report.say("the feed is empty")
            return None
        except EvidenceError as problem:
            report.say(str(problem))
            return None
        profile, me = evidence.profile, report.participant or first.participant
        # A person of the operator follows the operator's feed.
        if me not in {first.participant, profile.operator}:
            report.say(f"the feed is that of {first.participant}, the statements of {me}")
        report.participant = me
        sums = FeedSums(me, profile.currency.code)
        proofs = _Proofs(evidence.folder.inclusion)
        prices = Prices(me, profile.operator, profile.currency.code, book, lambda _: None)
        reader = _Follower(profile.coalition, first.participant)
        reading = cls(evidence, report, reader, trees, noted, sums, prices, proofs)
        prices.earlier = reading.earlier
        return reading

    def read(self, show: Show) -> None:
        """Verify every record; problems name the line and the entry."""
        path = self.evidence.folder.feed
        total = path.stat().st_size
        try:
            for line, offset, data in lines_with_offsets(path):
                self.report.add(self._line(line, offset, data))
                if line % _EVERY == 0:
                    show("Records of the feed", offset, total)
        except EvidenceError as problem:
            self.report.say(str(problem))
        show("Records of the feed", total, total)

    def _line(self, line: int, offset: int, data: bytes) -> Iterator[str]:
        where = f"feed.jsonl line {line}"
        try:
            envelope = parse_line(self.evidence.folder.feed, line, data, envelope_of)
            item = open_feed_item(envelope, self.evidence.profile.keys, self.reader, self.last)
        except EvidenceError as problem:
            yield str(problem)
            return
        except BadAnswer as problem:
            yield f"{where}: {problem}"
            return
        record, number = item.record, item.number
        if self.last < 0 and number != 0:
            yield f"the feed begins at entry {number}; the log begins at 0: fetch the whole feed"
        if record.entry.accepted_at < self.last_at:
            yield f"{where}: entry {number} was accepted before the one that precedes it"
        self.last, self.last_at = number, record.entry.accepted_at
        self.numbers.append(number)
        self.offsets.append(offset)
        yield from self._included(where, number, record.leaf)
        yield from self._receipt(number, record)
        yield from self.sums.add(record)
        yield from self.prices.add(record)

    def _included(self, where: str, number: int, leaf: bytes) -> Iterator[str]:
        """That a record's leaf is in a signed tree."""
        try:
            proof = self.proofs.of(number)
        except EvidenceError as problem:
            yield str(problem)
            return
        yield from self._unclaimed()
        if proof is None:
            yield f"{where}: entry {number} has no proof that it is in the log"
            return
        root = self.trees.get(proof.size)
        if root is None:
            yield (
                f"{where}: entry {number} is proven in a tree of {proof.size} entries, of which "
                "there is no signed checkpoint"
            )
            return
        try:
            tree.verify_inclusion(leaf, number, proof.size, root, proof.hashes)
            self.included += 1
        except tree.BadProof as problem:
            yield f"{where}: {problem}"

    def _unclaimed(self) -> Iterator[str]:
        """Proofs were fetched for records that were there then."""
        for number in self.proofs.passed_over():
            yield f"entry {number} is not in the feed here, and there is a proof of it: it was lost"

    def _receipt(self, number: int, record: Record) -> Iterator[str]:
        """That feed and receipt speak of the same entry, and none of the two hides a line."""
        noted = self.noted.pop(number, None)
        if noted is None:
            entry = record.entry
            asked = entry.request_sha256 is not None and entry.sender == self.reader.sender
            if self.evidence.receipts_whole and asked:
                yield f"entry {number} answers a request of yours that the receipt file lacks"
            return
        self.matched += 1
        if noted.leaf != record.leaf:
            yield (
                f"entry {number}: your receipt is of another entry than the feed's record; the "
                "gateway signed both, and only one of them can be in its log"
            )
        hidden = set(noted.lines) - {line.index for line in record.lines}
        if hidden:
            yield f"entry {number}: the feed does not show lines {sorted(hidden)} of your receipt"

    def earlier(self, number: int) -> Record | None:
        """A record that was read and verified before, read again."""
        at = bisect_left(self.numbers, number)
        if at == len(self.numbers) or self.numbers[at] != number:
            return None
        with self.evidence.folder.feed.open("rb") as file:
            file.seek(self.offsets[at])
            envelope = envelope_of(json.loads(file.readline()))
        return open_record(FeedRecord.FromString(envelope.payload).record)

    def finish(self) -> None:
        """What only the whole feed tells."""
        report, largest = self.report, max(self.trees, default=0)
        self._rest_of_proofs()
        report.add(self.prices.finish())
        covered = max(largest, self.last + 1)
        missing = sorted(number for number in self.noted if number < covered)
        report.add(f"entry {n}, which you hold a receipt of, is not in the feed" for n in missing)
        later = len(self.noted) - len(missing)
        if later:
            report.notes.append(f"{later} receipts are later than the evidence: fetch it again")
        counts = report.counts
        counts["records of the feed"] = self.sums.records
        counts["records proven to be in the log"] = self.included
        counts["lines"] = self.sums.lines
        if self.evidence.receipts is not None:
            counts["receipts found in the feed"] = self.matched
        counts["versions of the rate book signed"] = self.prices.versions
        counts["priced entries computed again"] = self.prices.recomputed
        report.not_recomputed.update(self.prices.not_recomputed)
        counts["priced entries not computed again"] = report.not_recomputed.total()

    def _rest_of_proofs(self) -> None:
        """Proofs after the last record."""
        try:
            self.proofs.of(INT64_MAX)
        except EvidenceError as problem:
            self.report.say(str(problem))
        self.report.add(self._unclaimed())


def _feed_record(fields: Mapping[str, object]) -> FeedRecord:
    return FeedRecord.FromString(envelope_of(fields).payload)


class _Inclusion(NamedTuple):
    """Proof that an entry is in a tree."""

    number: int
    size: int
    hashes: list[bytes]


class _Proofs:
    """Inclusion proofs by number, read alongside the feed: both are in order."""

    def __init__(self, path: Path) -> None:
        self._lines = read_lines(path, _inclusion_of)
        self._next: _Inclusion | None = None
        self._passed_over: list[int] = []

    def of(self, number: int) -> _Inclusion | None:
        """The proof of an entry; numbers are asked for in order. Raises EvidenceError once."""
        while self._next is None or self._next.number < number:
            if self._next is not None:
                self._passed_over.append(self._next.number)
                self._next = None
            line = next(self._lines, None)
            if line is None:
                return None
            self._next = line[1]
        if self._next.number != number:
            return None
        found, self._next = self._next, None
        return found

    def passed_over(self) -> list[int]:
        """Numbers that there were proofs of, and that were not asked for; each told once."""
        passed, self._passed_over = self._passed_over, []
        return passed


def _inclusion_of(fields: Mapping[str, object]) -> _Inclusion:
    return _Inclusion(
        _integer(fields["number"]), _integer(fields["size"]), _hashes(fields["proof"])
    )
