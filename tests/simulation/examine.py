"""The end of a history: every counter, window and receipt, and the product's own checks."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from coalition.v1.envelope_pb2 import Envelope
from gateway.self_check import check_book
from settlement.ledger.book import read_head
from settlement.run import ignore
from settlement.store import load_positions
from simulation.atoms import words
from simulation.oracle.closing import Night
from simulation.runner import Divergence, Run
from simulation.world import OPERATOR

_ACCOUNTS = text(
    "select code, debits, credits, debits_pending as pending from company_account union all "
    "select 'member/' || member_id || '/' || programme, debits, credits, debits_pending "
    "from member_account"
)
_EXPOSURE = text("select participant, debits - credits as owed from exposure")
_PROMISED = text("select participant, amount from promised")
_USED = text(
    "select a.programme, a.buyer, u.used from agreement_usage u join agreement a "
    "on a.number = u.agreement"
)
_WINDOWS = text("select window_id, state, first_number, cut_number from settlement_window")
_STATES = text(
    "select number, state, returned_source_minor as one, returned_target_minor as other "
    "from conversion "
    "union all select number, state, captured, refunded from redemption_hold"
)


def examine(run: Run) -> None:
    """Raise Divergence where anything in the database is not as the oracle has it."""
    _accounts(run)
    _debts(run)
    _usage(run)
    _states(run)
    _positions(run)
    _windows(run)
    _receipts(run)
    problems, _ = check_book(run.books, run.coalition, ignore)
    _same("the book's checks", [str(p) for p in problems], [])


def _same(where: str, found: object, expected: object) -> None:
    if isinstance(found, Mapping) and isinstance(expected, Mapping):
        keys = sorted(found.keys() | expected.keys(), key=str)
        other = [k for k in keys if found.get(k) != expected.get(k)]
        found, expected = ({k: of.get(k) for k in other} for of in (found, expected))
    if found != expected:
        sides = f"  product {words(found)}\n  oracle  {words(expected)}"
        raise Divergence(where.split("#", maxsplit=1)[0], f"at the end, {where}\n{sides}")


def _rows(run: Run, query: Any) -> Any:
    with run.books.connect() as connection:
        return connection.execute(query).all()


def _accounts(run: Run) -> None:
    """Debits, credits and what is pending, of every account."""
    books = run.oracle.books
    found = {
        row.code: (int(row.debits), int(row.credits), int(row.pending))
        for row in _rows(run, _ACCOUNTS)
        if row.debits or row.credits or row.pending
    }
    pending: dict[str, int] = {}
    for holder in books.members:
        if holder[1] == OPERATOR:
            pending[books.account(holder)] = run.oracle.spending.pending(holder)
    codes = {c for c in books.debits if books.debits[c]} | {
        c for c in books.credits if books.credits[c]
    }
    expected = {c: (books.debits[c], books.credits[c], pending.get(c, 0)) for c in codes}
    _same("accounts", found, expected)


def _debts(run: Run) -> None:
    """What each owes on balance, with what it promised."""
    found: dict[str, int] = {}
    for query, column in ((_EXPOSURE, "owed"), (_PROMISED, "amount")):
        for row in _rows(run, query):
            found[row.participant] = found.get(row.participant, 0) + int(getattr(row, column))
    expected = {name: owed for name, owed in run.oracle.books.owed.items() if owed}
    _same("what is owed", {name: owed for name, owed in found.items() if owed}, expected)


def _usage(run: Run) -> None:
    found = {(row.programme, row.buyer): int(row.used) for row in _rows(run, _USED) if row.used}
    expected = {deal: used for deal, used in run.oracle.earnings.used.items() if used}
    _same("what agreements are used for", found, expected)


def _states(run: Run) -> None:
    """Of every conversion and every hold."""
    found = {row.number: (row.state, int(row.one), int(row.other)) for row in _rows(run, _STATES)}
    expected = {
        of.number: (of.state, of.returned, of.taken)
        for of in run.oracle.exchange.conversions.values()
    }
    for hold in run.oracle.spending.holds.values():
        expected[hold.number] = (hold.state, hold.captured, hold.refunded)
    _same("states", found, expected)


def _positions(run: Run) -> None:
    """Of every settlement that was netted."""
    for night in run.oracle.closing.nights:
        with run.books.connect() as connection:
            found = {
                p.participant: p.net_minor
                for p in load_positions(connection, night.number)
                if p.net_minor
            }
        expected = night.positions if night.done > 1 else {}
        nets = {name: net for name, net in expected.items() if net}
        _same(f"positions of settlement {night.number}", found, nets)


def _windows(run: Run) -> None:
    """Which entries each window spans, and how far its closing has come."""
    found = {
        row.window_id: (row.state, row.first_number, row.cut_number) for row in _rows(run, _WINDOWS)
    }
    cuts = [entry.number for entry in run.oracle.books.entries if entry.kind == "CUT"]
    states = {night.window: _state(night) for night in run.oracle.closing.nights}
    spans = zip((found[1][1], *(cut + 1 for cut in cuts)), (*cuts, None), strict=True)
    expected = {window: (states.get(window, "OPEN"), *span) for window, span in enumerate(spans, 1)}
    _same("windows", found, expected)


def _state(night: Night) -> str:
    return "CLOSED" if night.closed and not night.aborted else "CUT"


def _receipts(run: Run) -> None:
    """Whatever was answered is answered again to the same bytes, by a process that knows nothing.

    Nothing is written by it, however late it is.
    """
    run.clock.forward(days=400)
    process = run.processes[0]
    process.restart()
    kept = [
        (post, data)
        for (sender, name), (post, data) in run.stored.items()
        if (sender, name) in run.oracle.remembered
    ]
    replies = process.batch([post.parcel for post, _ in kept])
    for (post, data), reply in zip(kept, replies, strict=True):
        again = reply.SerializeToString() if isinstance(reply, Envelope) else reply
        _same(f"the answer to #{post.letter.name}, again", again, data)
    with run.books.connect() as connection:
        _same("the number of entries", read_head(connection).size, run.oracle.books.size)
