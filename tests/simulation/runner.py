"""A history, carried out by the product and told by the oracle, side by side."""

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, text

from coalition.answers import BadAnswer, open_receipt
from coalition.requests import Sent
from coalition.v1.envelope_pb2 import Envelope
from gateway.database import report_engine
from gateway.timekeeping import end_all_due
from partners.directory_store import money_at
from settlement.ledger.book import load_coalition
from settlement.run import settle
from settlement.store import load_payments
from simulation.actions import (
    Again,
    Ask,
    Batch,
    Call,
    Due,
    Fault,
    Otherwise,
    Reprice,
    Restart,
    Settle,
    Step,
    Tick,
)
from simulation.atoms import words
from simulation.coalition import PROFILE, Founded, administration, local_day, reprice
from simulation.letters import parcel
from simulation.oracle.books import Entry, Line
from simulation.oracle.closing import WrongPayments
from simulation.oracle.oracle import Letter, Oracle, Told
from simulation.process import Fate, Parcel, Process, Reply
from simulation.results import told_by
from simulation.world import BEGIN, OPERATOR, PARTNERS, rate_of
from support.coalition_day import Clock

PARTICIPANTS = (*PARTNERS, OPERATOR)

_BOOKED = text(
    "select number, kind, accepted_at, window_id, corrects from entry "
    "where number >= :first order by number"
)
_LINES = text(
    "select number, kind, amount, debit, credit, funder from line "
    "where number >= :first order by number, index"
)


class Divergence(Exception):
    """Product and oracle do not agree; a shorter history has to differ in the same `kind`."""

    def __init__(self, kind: str, words: str) -> None:
        super().__init__(words)
        self.kind = kind


class _Killed(Exception):
    """The night is killed."""


@dataclass(frozen=True)
class Posted:
    """A request in its envelope, and what its answer must name."""

    letter: Letter
    parcel: Parcel
    sent: Sent


@dataclass
class Run:
    """One history in one world, step by step. `answers` are the bytes of all answers, in order."""

    founded: Founded
    oracle: Oracle
    clock: Clock
    processes: tuple[Process, Process]
    books: Engine
    coalition: Any
    posted: dict[int, Posted] = field(default_factory=dict)
    answers: list[bytes] = field(default_factory=list)
    stored: dict[tuple[str, int], tuple[Posted, bytes]] = field(default_factory=dict)
    checked: int = 0

    def step(self, step: Step) -> None:
        match step:
            case Batch():
                self._batch(step)
            case Tick(minutes=minutes):
                self.clock.forward(minutes=minutes)
            case Settle():
                self._settle(step)
            case Due():
                self._end_due()
            case Reprice():
                self._reprice(step)
            case Restart(writer=writer):
                self.processes[writer].restart()
        self._compare_books()

    # Batches --------------------------------------------------------------------------------

    def _batch(self, step: Batch) -> None:
        """The oracle tells first: numbers that are given out here may be named here."""
        one, other = self.processes[step.writer], self.processes[1 - step.writer]
        before = self.oracle.copy() if step.fault in _UNDONE else None
        if step.fault is Fault.TAKEN_OVER:
            posts = self._write(step.calls)
            late, told_late = self._tell(step.then)
            told = [self.oracle.answer(p.letter, self.clock.now) for p in posts]
        else:
            posts, told = self._tell(step.calls)
            late, told_late = self._tell(step.then)
        parcels = [p.parcel for p in posts]
        if not parcels and not late:
            return
        replies: list[list[Reply]] = []

        def meanwhile() -> None:
            replies.append(other.batch([p.parcel for p in late]))

        got = one.batch(parcels, Fate(step.fault, step.at, meanwhile))
        if late and not replies:  # it did not come to a commit: nothing was to be written
            meanwhile()
        if before is not None:
            self.oracle = before
        if step.fault is Fault.UNREACHABLE:
            told = [Told("UNAVAILABLE")] * len(posts)
        if step.fault in _CRASHES:
            answered = [reply for reply in got if isinstance(reply, Envelope)]
            self._same("a crash", "what a process answers that is gone", answered, [])
        else:
            self._compare(posts, told, got)
        if late:
            self._compare(late, told_late, replies[0])

    def _write(self, calls: Sequence[Call]) -> list[Posted]:
        """Envelopes by what is known before any of them is decided."""
        return [post for call in calls if (post := self._post(call)) is not None]

    def _tell(self, calls: Sequence[Call]) -> tuple[list[Posted], list[Told]]:
        """Envelopes by what is known when those before them are decided, and their answers."""
        posts, told = [], []
        for call in calls:
            if (post := self._post(call)) is not None:
                posts.append(post)
                told.append(self.oracle.answer(post.letter, self.clock.now))
        return posts, told

    def _post(self, call: Call) -> Posted | None:
        """The envelope of a call; None where what it repeats was never sent."""
        if isinstance(call, Again):
            return self.posted.get(call.name)
        assert isinstance(call, Ask | Otherwise)
        letter = self.oracle.letter(call, self.clock.now)
        post = Posted(letter, *parcel(letter, PROFILE.coalition))
        if isinstance(call, Ask):
            self.posted[call.name] = post
        return post

    def _compare(self, posts: Sequence[Posted], told: Sequence[Told], got: Sequence[Reply]) -> None:
        for post, expected, reply in zip(posts, told, got, strict=True):
            where = f"the answer to #{post.letter.name}"
            if not isinstance(reply, Envelope):
                reason = "none" if reply is None else str(reply.reason)
                self.answers.append(reason.encode())
                self._same_answer(where, Told(reason), expected)
                continue
            data = reply.SerializeToString()
            self.answers.append(data)
            try:
                answer = open_receipt(reply, PROFILE.keys, post.sent)
            except BadAnswer as bad:
                raise Divergence("a receipt", f"{where} does not hold: {bad}") from bad
            self._same_answer(where, told_by(answer), expected)
            self._compare_bytes(where, post, data)

    def _compare_bytes(self, where: str, post: Posted, data: bytes) -> None:
        """What was answered once is answered for ever, byte for byte."""
        key = (post.letter.sender, post.letter.name)
        before = self.stored.setdefault(key, (post, data))
        self._same("bytes", f"{where}, once more", data, before[1])

    # The rest -------------------------------------------------------------------------------

    def _settle(self, step: Settle) -> None:
        """The night, as far as it comes. Which payments it chose is its own, if they are few."""

        def progress(stage: str, done: int, _: int) -> None:
            if str(stage) == step.dies_in and bool(done) == step.late:
                raise _Killed

        with suppress(_Killed):
            settle(
                self.books, self.coalition, PARTICIPANTS, lambda: self.clock.now, money_at, progress
            )
        try:
            self.oracle.closing.settle(self.clock.now, step.dies_in, self._payments_of)
        except WrongPayments as wrong:
            raise Divergence("payments", str(wrong)) from wrong

    def _payments_of(self, settlement: int) -> list[tuple[str, str, int]]:
        with self.books.connect() as connection:
            due = load_payments(connection, settlement)
        return [(p.payer, p.payee, p.amount) for p in due]

    def _end_due(self) -> None:
        self.oracle.end_due(self.clock.now)
        end_all_due(self.processes[0].engine, self.coalition, self.clock.now, on_step=_ignore)

    def _reprice(self, step: Reprice) -> None:
        """Administration is not predicted but in what it leaves: no lines, and no window."""
        rate = rate_of(step.programme, random.Random(step.draw))
        day = local_day(self.processes[0], self.clock, self.books)
        day.count[0] = 1_000_000 + self.oracle.books.size
        reprice(day, step.programme, rate)
        self.oracle.exchange.rates[step.programme] = rate
        books = self.oracle.books
        for row in self._rows(_BOOKED, books.size):
            entry = Entry(row.number, row.kind, row.accepted_at, None)
            books.entries.append(entry)
            books.size, books.at = row.number + 1, row.accepted_at

    # The books ------------------------------------------------------------------------------

    def _rows(self, query: Any, first: int) -> Sequence[Any]:
        with self.books.connect() as connection:
            return connection.execute(query, {"first": first}).all()

    def _compare_books(self) -> None:
        """Every entry that came since, line by line."""
        first = self.founded.oracle.books.size + self.checked
        lines: dict[int, list[Line]] = {}
        for row in self._rows(_LINES, first):
            line = Line(row.kind, row.amount, row.debit, row.credit, row.funder)
            lines.setdefault(row.number, []).append(line)
        found = [
            Entry(
                row.number,
                row.kind,
                row.accepted_at,
                row.window_id,
                tuple(lines.get(row.number, ())),
                row.corrects,
            )
            for row in self._rows(_BOOKED, first)
        ]
        expected = self.oracle.books.entries[self.checked :]
        for one, other in zip(found, expected, strict=False):
            self._same("an entry", f"entry {other.number}", one, other)
        self._same("entries", "the number of entries", len(found), len(expected))
        self.checked += len(expected)

    def _same_answer(self, where: str, found: Told, expected: Told) -> None:
        if len(found.items or ()) == len(expected.items or ()):
            for place, pair in enumerate(zip(found.items or (), expected.items or (), strict=True)):
                self._same_answer(f"{where}, item {place}", *pair)
        kind = f"{found.reason or 'accepted'} for {expected.reason or 'accepted'}"
        self._same(kind, where, found, expected)

    def _same(self, kind: str, where: str, found: object, expected: object) -> None:
        if found != expected:
            sides = f"  product {words(found)}\n  oracle  {words(expected)}"
            raise Divergence(kind, f"{where}\n{sides}")


_CRASHES = frozenset({Fault.CRASH_BEFORE_COMMIT, Fault.CRASH_AFTER_COMMIT})
_UNDONE = frozenset({Fault.CRASH_BEFORE_COMMIT, Fault.UNREACHABLE})


def _ignore(_: object) -> None:
    pass


@contextmanager
def run_in(founded: Founded) -> Iterator[Run]:
    """A run that has not begun."""
    clock, books = Clock(BEGIN), report_engine(founded.url)
    with ExitStack() as stack:
        stack.callback(books.dispose)
        killer = stack.enter_context(administration(founded.url))
        with books.connect() as connection:
            coalition = load_coalition(connection)
        pair = (Process(founded.url, clock, killer), Process(founded.url, clock, killer))
        for process in pair:
            stack.callback(process.stop)
        yield Run(founded, founded.oracle.copy(), clock, pair, books, coalition)
