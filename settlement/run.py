"""The night: one settlement in stages, each a transaction that ends by recording it.

           the open window's lines are summed up, while business goes on
    CUT    the window ends at a number, the next one opens
    NET    sums of the window by two paths; positions; payments
    POST   one entry: clearing goes to zero, what is due is posted
    STATE  a statement for every participant
    CLOSED payments may be confirmed; the window changes only where its settlement is aborted

Start equals resume: whatever ended an earlier run, the next one goes on after the last stage
that was recorded, and comes to the same bytes.

Only the first step takes longer for more entries, and nobody waits for it: what is summed from
CUT on is what came since. A run that goes on after another's end sums the window once more.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from settlement import statements, store, windows
from settlement.apart import left_to_net, payments_with_apart
from settlement.calendar import EVERY_MIDNIGHT, Calendar
from settlement.check_settlements import settlement_problems
from settlement.check_windows import clearing_left
from settlement.ledger import dues
from settlement.ledger.accounts import clearing_pair
from settlement.ledger.book import append, place, read_head
from settlement.ledger.entries import Coalition
from settlement.ledger.problems import Problem
from settlement.netting import bilateral, method, positions
from settlement.obligations import (
    Tally,
    counted,
    differences,
    take_tally,
    window_counters,
)
from settlement.posting import settlement_draft
from settlement.reports import SettlementReport, last_report
from settlement.store import Settlement, Stage
from settlement.windows import MoneyAt, Window

Clock = Callable[[], datetime]
Progress = Callable[[str, int, int], None]
"""Told the stage, and how much of how much of it is done; nothing is committed before it
returns, and what it raises ends the run."""

LOCK = int.from_bytes(b"coalset1")
"""Advisory lock of the night. PostgreSQL knows it per database, so the number is free."""


class SettlementUnderWay(Exception):
    """Another run is settling this coalition; it is safe to wait and run again."""


class SettlementDifference(Exception):
    """Two paths to the same sum disagree. Nothing is changed; see `problems`."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep the problems, and name the first ones."""
        super().__init__("the books do not agree: " + "; ".join(map(str, problems[:5])))
        self.problems = tuple(problems)


class NothingDue(Exception):
    """The calendar asks for no settlement now; nothing is changed."""


def ignore(_stage: str, _done: int, _total: int) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class _Night:
    connection: Connection
    coalition: Coalition
    clock: Clock
    money_at: MoneyAt
    progress: Progress
    calendar: Calendar
    only_due: bool
    tally: Tally | None = None
    """Of the window that this run cuts, taken before the cut."""

    def window(self, settlement: Settlement) -> Window:
        window = windows.get_window(self.connection, settlement.window_id)
        if window is None:
            where = f"settlement {settlement.settlement_id}"
            problem = Problem("windows", where, "no window", f"window {settlement.window_id}")
            raise SettlementDifference([problem])
        return window


def settle(
    engine: Engine,
    coalition: Coalition,
    participants: Sequence[str],
    clock: Clock,
    money_at: MoneyAt,
    progress: Progress = ignore,
    *,
    calendar: Calendar = EVERY_MIDNIGHT,
    only_due: bool = False,
) -> SettlementReport:
    """Settle the open window, or finish the settlement that an earlier run left.

    Windows whose settlement was aborted come before the open one, which the next run settles.

    Where the open window has no business, nothing is cut and the last settlement's report is
    given again. `money_at` says what the cut pins. Every participant named, the operator, and
    whoever owes or is owed, gets a statement.

    With `only_due` the same run goes on with the open window, but cuts it only where a closing of
    the calendar has passed since its first business: once, however many closings have. The report
    tells of all that the run closed.

    Raises SettlementUnderWay where another run holds the lock, and SettlementDifference where
    the books do not agree; then the stage that found it changed nothing. Raises NothingDue
    where only what is due is to be done, and there is nothing; and CalendarEnded.
    """
    with _only_run(engine) as connection:
        night = _Night(connection, coalition, clock, money_at, progress, calendar, only_due)
        closed: list[int] = []
        begun = _unfinished(night) or _again(night)
        while begun is not None:
            _finish(night, begun)
            closed.append(begun.settlement_id)
            begun = _again(night)
        if only_due or not closed:
            night = replace(night, tally=_summed(night))
            if (cut := _cut(night, participants)) is not None:
                _finish(night, cut)
                closed.append(cut.settlement_id)
        if only_due and not closed:
            raise NothingDue("no closing has passed since the first business of the open window")
        with connection.begin():
            return last_report(connection, closed)


@contextmanager
def _only_run(engine: Engine) -> Iterator[Connection]:
    """The connection of the one run: it holds the lock, and all stages are done on it.

    Were it lost, the lock would be lost with the transaction of the stage, not before.
    """
    with engine.connect() as connection:
        with connection.begin():
            taken = connection.execute(text("select pg_try_advisory_lock(:lock)"), {"lock": LOCK})
            if not taken.scalar_one():
                message = "another settlement run is under way; let it end, then run again"
                raise SettlementUnderWay(message)
        try:
            yield connection
        finally:
            _unlock(connection)


def _unlock(connection: Connection) -> None:
    """Give the lock back; a connection that cannot is closed, which gives it back too."""
    try:
        connection.rollback()
        connection.execute(text("select pg_advisory_unlock(:lock)"), {"lock": LOCK})
        connection.commit()
    except SQLAlchemyError:
        connection.invalidate()


def _unfinished(night: _Night) -> Settlement | None:
    with night.connection.begin():
        latest = store.latest_settlement(night.connection)
    return None if latest is None or latest.stage is Stage.CLOSED else latest


def _finish(night: _Night, settlement: Settlement) -> None:
    while settlement.stage is not Stage.CLOSED:
        settlement = _next_stage(night, settlement)


def _again(night: _Night) -> Settlement | None:
    """A new settlement in place of one that was aborted, over the same window.

    Who is set apart was said with the abort, so that every run comes to the same.
    """
    connection = night.connection
    with connection.begin():
        aborted = store.aborted_settlement(connection)
        if aborted is None:
            return None
        night.progress(Stage.CUT, 0, 1)
        apart = dues.apart_by_abort(connection, aborted.settlement_id)
        now = night.clock()
        settlement = store.begin(
            connection,
            aborted.window_id,
            aborted.participants,
            aborted.days,
            now,
            supersedes=aborted.settlement_id,
            apart=apart,
        )
        why = f"in place of settlement {aborted.settlement_id}"
        dues.record(connection, [_step(night, settlement, Stage.CUT, now, why)])
        night.progress(Stage.CUT, 1, 1)
    return settlement


def _step(
    night: _Night, settlement: Settlement, stage: Stage, at: datetime, why: str
) -> dues.Change:
    """A stage that is done, for the history."""
    number = settlement.post_number if stage is Stage.POST else None
    who = night.coalition.operator
    return dues.Change(settlement.settlement_id, dues.Step(stage), who, at, why, number)


def _summed(night: _Night) -> Tally | None:
    """The open window summed up, and seen to agree with its counters.

    None without business, and where only what is due is to be done and the window is not.

    Reads one state of the book without holding up the writer.
    """
    connection = night.connection
    with connection.begin():
        connection.execute(text("set transaction isolation level repeatable read, read only"))
        window = windows.open_window(connection)
        began_at = windows.first_business_at(connection, window)
        if began_at is None:
            return None
        if night.only_due and night.calendar.due(began_at, night.clock()) is None:
            return None
        night.progress(Stage.CUT, 0, 1)
        tally = take_tally(connection, window, night.coalition.currency)
        _require_none(differences(tally, window_counters(connection, window.window_id)))
    return tally


def _cut(night: _Night, participants: Iterable[str]) -> Settlement | None:
    """CUT; None where there is nothing to cut."""
    connection, operator = night.connection, night.coalition.operator
    if night.tally is None:
        return None
    with connection.begin():
        now = night.clock()
        cut = windows.cut(connection, night.coalition, now, night.money_at, night.calendar)
        if cut is None:
            return None
        window_id = cut.window.window_id
        owing = counted(connection, window_id)
        named = {name for owed in owing for name in (owed.debtor, owed.creditor)}
        settlement = store.begin(
            connection,
            window_id,
            {*participants, operator, *named},
            cut.days,
            now,
        )
        why = f"window {window_id} ends at {cut.window.last_number}"
        dues.record(connection, [_step(night, settlement, Stage.CUT, now, why)])
        night.progress(Stage.CUT, 1, 1)
    return settlement


def _next_stage(night: _Night, settlement: Settlement) -> Settlement:
    stage, work = _STAGES[settlement.stage]
    with night.connection.begin():
        night.progress(stage, 0, 1)
        settlement = work(night, settlement)
        dues.record(night.connection, [_step(night, settlement, stage, night.clock(), "")])
        if stage is Stage.CLOSED:
            _let_pay(night, settlement)
        night.progress(stage, 1, 1)
    return settlement


def _net(night: _Night, settlement: Settlement) -> Settlement:
    """Sum what came to the window since, compare with its accounts, net."""
    connection, window = night.connection, night.window(settlement)
    tally = take_tally(connection, window, night.coalition.currency, night.tally)
    counters = window_counters(connection, window.window_id)
    _require_none(differences(tally, counters))
    gross = tally.gross
    nets = positions((row.obligation for row in gross), settlement.participants)
    by_counters = dict.fromkeys(nets, 0)
    for code, (debits, credits_) in counters.items():
        owner, _ = clearing_pair(code)
        by_counters[owner] = by_counters.get(owner, 0) + credits_ - debits
    _require_same("positions", nets, by_counters)
    owed = bilateral(row.obligation for row in gross)
    found = payments_with_apart(nets, owed, settlement.apart)
    used = method(left_to_net(nets, owed, settlement.apart))
    entries = {name: tally.entries_of(name) for name in nets}
    store.save_net(connection, settlement, gross, nets, entries, found)
    return store.advance(connection, settlement, Stage.NET, method=used)


def _post(night: _Night, settlement: Settlement) -> Settlement:
    """Write the entry of the settlement, and see that it did what it should."""
    connection, settlement_id = night.connection, settlement.settlement_id
    head = read_head(connection, lock=True)
    nets = {p.participant: p.net_minor for p in store.load_positions(connection, settlement_id)}
    openings = store.open_balances(connection, nets)
    payments = store.load_payments(connection, settlement_id)
    draft = settlement_draft(
        night.coalition,
        settlement_id,
        settlement.window_id,
        bilateral(row.obligation for row in store.load_gross(connection, settlement_id)),
        payments,
        settlement.supersedes,
    )
    entry = place(night.coalition, head, draft, number=head.size, now=night.clock())
    append(connection, head, [entry])
    made_due = ((due.payer, due.payee, due.amount) for due in payments)
    dues.post(connection, settlement_id, settlement.window_id, entry, made_due)
    store.save_openings(connection, settlement, openings)
    _require_none(clearing_left(connection, settlement.window_id))
    closings = {name: openings[name] + net for name, net in nets.items()}
    _require_same("closing", closings, store.open_balances(connection, nets))
    return store.advance(connection, settlement, Stage.POST, post_number=entry.number)


def _state(night: _Night, settlement: Settlement) -> Settlement:
    """Tell every participant."""
    window = night.window(settlement)
    made = statements.compose(night.connection, night.coalition, settlement, window)
    statements.save(night.connection, made)
    return store.advance(night.connection, settlement, Stage.STATE)


def _close(night: _Night, settlement: Settlement) -> Settlement:
    """See that all that was stored agrees, then close the window."""
    _require_none(settlement_problems(night.connection, settlement))
    windows.close(night.connection, settlement.window_id)
    return store.advance(night.connection, settlement, Stage.CLOSED, closed_at=night.clock())


def _let_pay(night: _Night, settlement: Settlement) -> None:
    """From here on payees confirm, and the settlement may be aborted until one has."""
    operator = night.coalition.operator
    dues.close(night.connection, settlement.settlement_id, operator, night.clock())


_STAGES: dict[Stage, tuple[Stage, Callable[[_Night, Settlement], Settlement]]] = {
    Stage.CUT: (Stage.NET, _net),
    Stage.NET: (Stage.POST, _post),
    Stage.POST: (Stage.STATE, _state),
    Stage.STATE: (Stage.CLOSED, _close),
}
"""What is done next, by the last stage that is done."""


def _require_same(check: str, found: dict[str, int], expected: dict[str, int]) -> None:
    _require_none(
        Problem(check, name, str(found.get(name)), str(expected.get(name)))
        for name in sorted(found.keys() | expected.keys())
        if found.get(name) != expected.get(name)
    )


def _require_none(problems: Iterable[Problem]) -> None:
    found = list(problems)
    if found:
        raise SettlementDifference(found)
