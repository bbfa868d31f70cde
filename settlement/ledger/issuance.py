"""What issuers have outstanding, and what moved it over a span: by lines, and by counters."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from settlement.ledger.whole import whole_log

_MOVED = """
    select debit as account, number, kind, rule, true as issues, amount from line
    where debit = any(:accounts)
    union all
    select credit, number, kind, rule, false, -amount from line
    where credit = any(:accounts)
"""

_MOVEMENTS = text(
    f"""
    with moved as not materialized ({_MOVED})
    select 'within' as part, account, e.kind as entry_kind, m.kind as line_kind, rule, issues,
        sum(amount) as amount
    from moved m join entry e using (number)
    where number >= :first and number < :end and e.number >= :first and e.number < :end
    group by account, e.kind, m.kind, rule, issues
    union all
    select 'before', account, '', '', null, true, sum(amount) from moved
    where number < :first group by account
    union all
    select 'after', account, '', '', null, true, sum(amount) from moved
    where number >= :end group by account
    union all
    select 'counted', code, '', '', null, true, debits - credits from company_account
    where code = any(:accounts)
    """  # noqa: S608 - all of it is of this module
)
"""One statement, so that all of it is of one instant of the log. Lines within the span and after it
are found by their numbers; only the opening reads all lines before."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What lines alike moved on an issuer's account; positive: more is outstanding."""

    entry_kind: str
    line_kind: str
    rule: str | None
    issues: bool
    """Whether the issuer's account is debited."""
    amount: int


@dataclass
class Issuance:
    """An issuer's account over a span. All amounts are in minor units."""

    opening: int = 0
    moved: list[Moved] = field(default_factory=list)
    after: int = 0
    balance_now: int = 0
    """By the counters of the account."""

    @property
    def closing(self) -> int:
        """Outstanding at the end of the span, by the lines up to there."""
        return self.opening + sum(item.amount for item in self.moved)

    @property
    def counted(self) -> int:
        """The same by the counters, less what moved since: a second path."""
        return self.balance_now - self.after


def issuance(
    connection: Connection, accounts: Iterable[str], first: int, end: int
) -> Mapping[str, Issuance]:
    """Issuers' accounts by code over the entries from `first` to before `end`."""
    codes = list(accounts)
    found = {code: Issuance() for code in codes}
    with whole_log(connection):
        rows = connection.execute(_MOVEMENTS, {"accounts": codes, "first": first, "end": end}).all()
    for row in rows:
        of_account, amount = found[row.account], int(row.amount)
        if row.part == "within":
            moved = Moved(row.entry_kind, row.line_kind, row.rule, row.issues, amount)
            of_account.moved.append(moved)
        elif row.part == "before":
            of_account.opening = amount
        elif row.part == "after":
            of_account.after = amount
        else:
            of_account.balance_now = amount
    return found
