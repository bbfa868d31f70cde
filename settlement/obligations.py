"""What a window's lines and its clearing accounts say, each for itself: they must agree."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from settlement.ledger.accounts import clearing_pair, clearing_prefix
from settlement.ledger.entries import EVERYONE
from settlement.ledger.problems import Problem
from settlement.netting import Obligation
from settlement.windows import Window

_LINES = text(
    "select debit, credit, kind, count(*) as lines, sum(amount) as amount "
    "from line where number between :first and :last "
    "and currency = :currency and debit ^@ :prefix group by debit, credit, kind",
)
_COUNTERS = text(
    "with posted as (select debit, credit, amount from line where number in "
    "(select unnest(array[post_number, abort_number]) from posted_settlement "
    "where window_id = :window) and debit ^@ :prefix), "
    "moved as (select code, sum(debits) as debits, sum(credits) as credits from ("
    "select debit as code, amount as debits, 0 as credits from posted union all "
    "select credit, 0, amount from posted) both_sides group by code) "
    "select code, a.debits - coalesce(m.debits, 0) as debits, "
    "a.credits - coalesce(m.credits, 0) as credits "
    "from company_account a left join moved m using (code) where code ^@ :prefix"
)
_SHOWN = text(
    "with recursive names as (select min(participant) as name from feed union all "
    "select (select min(participant) from feed where participant > name) from names "
    "where name is not null) "
    "select name as participant, (select count(*) from feed f "
    "where f.participant = name and f.number between :first and :last) - (select count(*) "
    "from feed e join feed f on f.number = e.number and f.participant = name "
    "where e.participant = :everyone and e.number between :first and :last "
    "and name <> :everyone) as entries from names where name is not null",
)
"""Reads a range of each feed's key, whatever came before it. Entries for everyone are few: those
that a feed holds besides are taken off its count."""

_END = text("select size - 1 from ledger_head")


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
class Tally:
    """What the log says of a window, from its first number through one: it only grows.

    `lines` and `amounts` are of lines between two clearing accounts, by the codes of the debit
    and the credit account and the kind; `shown` is how many entries each feed holds, those for
    everyone apart.
    """

    through: int
    lines: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    amounts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    shown: Counter[str] = field(default_factory=Counter)

    @property
    def gross(self) -> tuple[Gross, ...]:
        """Who owes whom how much by what kind of line, sorted."""
        return tuple(
            sorted(
                Gross(*clearing_pair(debit), kind, self.lines[debit, credit, kind], amount)
                for (debit, credit, kind), amount in self.amounts.items()
            ),
        )

    def entries_of(self, participant: str) -> int:
        """How many entries a participant's feed holds."""
        return self.shown[participant] + self.shown[EVERYONE]


def take_tally(
    connection: Connection, window: Window, currency: str, before: Tally | None = None
) -> Tally:
    """The tally of a window that was cut, or of the open one as it stands.

    `before` is an earlier tally of the same window: only what came since is read.
    """
    last = window.last_number
    if last is None:
        last = int(connection.execute(_END).scalar_one())
    first = window.first_number if before is None else before.through + 1
    span = {"first": first, "last": last}
    found = connection.execute(
        _LINES, {**span, "currency": currency, "prefix": clearing_prefix(window.window_id)}
    ).all()
    shown = connection.execute(_SHOWN, {**span, "everyone": EVERYONE})
    sums = {(row.debit, row.credit, row.kind): row for row in found}
    tally = Tally(
        through=last,
        lines=Counter({key: row.lines for key, row in sums.items()}),
        amounts=Counter({key: int(row.amount) for key, row in sums.items()}),
        shown=Counter({row.participant: row.entries for row in shown}),
    )
    if before is None:
        return tally
    return Tally(
        last,
        before.lines + tally.lines,
        before.amounts + tally.amounts,
        before.shown + tally.shown,
    )


def window_counters(connection: Connection, window_id: int) -> Mapping[str, tuple[int, int]]:
    """Debits and credits of a window's clearing accounts by code, by its business alone.

    What settlements of the window posted and, where they were aborted, took back is left out.
    """
    rows = connection.execute(
        _COUNTERS, {"prefix": clearing_prefix(window_id), "window": window_id}
    )
    return {row.code: (int(row.debits), int(row.credits)) for row in rows}


def counted(connection: Connection, window_id: int) -> tuple[Obligation, ...]:
    """What the clearing accounts of a window say that each owes each other, gross."""
    rows = connection.execute(
        text("select code, debits from company_account where code ^@ :prefix and debits > 0"),
        {"prefix": clearing_prefix(window_id)},
    )
    return tuple(Obligation(*clearing_pair(row.code), row.debits) for row in rows)


def differences(tally: Tally, counters: Mapping[str, tuple[int, int]]) -> Iterator[Problem]:
    """Where the lines of a window and the counters of its accounts disagree."""
    sums: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for (debit, credit, _), amount in tally.amounts.items():
        sums[debit][0] += amount
        sums[credit][1] += amount
        if clearing_pair(debit) != clearing_pair(credit)[::-1]:
            yield Problem("mirror", f"lines from {debit}", credit, "its mirror account")
    for code in sorted(sums.keys() | counters.keys()):
        found, expected = counters.get(code, (0, 0)), tuple(sums.get(code, (0, 0)))
        if found != expected:
            yield Problem("window-sums", f"account {code}", _words(found), _words(expected))


def _words(counters: Iterable[int]) -> str:
    debits, credits_ = counters
    return f"debits {debits}, credits {credits_}"
