"""What a window's lines and its clearing accounts say, each for itself: they must agree."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from settlement.ledger.accounts import clearing_pair, clearing_prefix
from settlement.ledger.amounts import INT64_MAX
from settlement.ledger.problems import Problem
from settlement.netting import Obligation
from settlement.windows import Window

_BOOK = text(
    "select debit, credit, kind, count(*) as lines, sum(amount) as debits, null as credits "
    "from line where number between :first and :last "
    "and currency = :currency and debit ^@ :prefix group by debit, credit, kind "
    "union all "
    "select code, null, null, null, debits, credits from company_account where code ^@ :prefix "
    "union all "
    "select debit, credit, null, count(*), sum(amount), null from line where number in "
    "(select unnest(array[post_number, abort_number]) from posted_settlement "
    "where window_id = :window) and currency = :currency and debit ^@ :prefix "
    "group by debit, credit",
)
"""One statement sees one state of the book, also while others write."""


@dataclass(frozen=True, slots=True, order=True)
class Gross:
    """The sum over a window's lines of one kind by which a debtor owes a creditor."""

    debtor: str
    creditor: str
    kind: str
    lines: int
    amount: int

    @property
    def obligation(self) -> Obligation:
        """The same without its kind."""
        return Obligation(self.debtor, self.creditor, self.amount)


@dataclass(frozen=True, slots=True)
class Summed:
    """Sum over lines between two accounts: of one kind or, where none is named, of all."""

    debit: str
    credit: str
    kind: str
    lines: int
    amount: int


@dataclass(frozen=True, slots=True)
class WindowBook:
    """A window twice: summed over its lines, and as its accounts' counters stand."""

    summed: tuple[Summed, ...]
    counters: Mapping[str, tuple[int, int]]
    """Debits and credits by the code of the clearing account."""
    undone: tuple[Summed, ...] = ()
    """What settlements of the window posted and, since they were aborted, took back."""

    @property
    def gross(self) -> tuple[Gross, ...]:
        """Who owes whom how much by what kind of line, sorted."""
        return tuple(
            sorted(
                Gross(*clearing_pair(row.debit), row.kind, row.lines, row.amount)
                for row in self.summed
            ),
        )


def read_book(connection: Connection, window: Window, currency: str) -> WindowBook:
    """Read a window's clearing, open or cut; while no settlement of it is posted and stands."""
    last = INT64_MAX if window.last_number is None else window.last_number
    rows = connection.execute(
        _BOOK,
        {
            "first": window.first_number,
            "last": last,
            "currency": currency,
            "prefix": clearing_prefix(window.window_id),
            "window": window.window_id,
        },
    ).all()
    return WindowBook(
        summed=tuple(
            Summed(row.debit, row.credit, row.kind, row.lines, int(row.debits))
            for row in rows
            if row.kind is not None
        ),
        counters={row.debit: (int(row.debits), row.credits) for row in rows if row.lines is None},
        undone=tuple(
            Summed(row.debit, row.credit, "", row.lines, int(row.debits))
            for row in rows
            if row.kind is None and row.lines is not None
        ),
    )


def counted(connection: Connection, window_id: int) -> tuple[Obligation, ...]:
    """What the clearing accounts of a window say that each owes each other, gross."""
    rows = connection.execute(
        text("select code, debits from company_account where code ^@ :prefix and debits > 0"),
        {"prefix": clearing_prefix(window_id)},
    )
    return tuple(Obligation(*clearing_pair(row.code), row.debits) for row in rows)


def differences(book: WindowBook) -> Iterator[Problem]:
    """Where the lines of a window and the counters of its accounts disagree."""
    sums: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in (*book.summed, *book.undone):
        sums[row.debit][0] += row.amount
        sums[row.credit][1] += row.amount
        if clearing_pair(row.debit) != clearing_pair(row.credit)[::-1]:
            yield Problem("mirror", f"lines from {row.debit}", row.credit, "its mirror account")
    for code in sorted(sums.keys() | book.counters.keys()):
        found, expected = book.counters.get(code, (0, 0)), tuple(sums.get(code, (0, 0)))
        if found != expected:
            yield Problem("window-sums", f"account {code}", _words(found), _words(expected))


def _words(counters: Iterable[int]) -> str:
    debits, credits_ = counters
    return f"debits {debits}, credits {credits_}"
