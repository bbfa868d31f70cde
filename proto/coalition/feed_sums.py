"""Adds a participant's feed up, and compares what comes out with what its statements say.

Nothing here is taken from a statement: spans of windows are those of the signed CUT entries,
obligations those of the signed lines.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from coalition.feed_prices import owed_by
from coalition.records import Line, Record
from coalition.statement_reading import Statement


@dataclass(slots=True)
class Sum:
    """What a participant and a counterparty owe each other by lines of one kind."""

    count: int = 0
    owed_to: int = 0
    owed_by: int = 0

    @property
    def net(self) -> int:
        """Positive is to be received."""
        return self.owed_to - self.owed_by


@dataclass(slots=True)
class Span:
    """A window's part of the feed: from the entry after the last CUT to its own CUT."""

    first: int
    last: int
    entries: int
    money: Mapping[str, Fraction]
    """What its CUT pinned: minor units of a money for a shared minor unit."""


@dataclass(slots=True)
class Posted:
    """What a signed SETTLEMENT entry says: the balance before it, and what is to be paid."""

    number: int
    window: int
    opening: int
    payments: list[tuple[str, str, int]] = field(default_factory=list)
    netted: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Aborted:
    """What a signed ABORT entry says of the settlement that it undoes."""

    number: int
    window: int
    apart: tuple[str, ...]


@dataclass(slots=True)
class FeedSums:
    """The sums of a feed, fed with every record in order."""

    me: str
    shared: str
    """Code of the shared currency."""
    spans: dict[int, Span] = field(default_factory=dict)
    posted: dict[int, Posted] = field(default_factory=dict)
    aborted: dict[int, Aborted] = field(default_factory=dict)
    records: int = 0
    lines: int = 0
    _sums: dict[int, dict[tuple[str, str], Sum]] = field(default_factory=dict)
    _balance: int = 0
    _first: int = 0
    _entries: int = 0

    def add(self, record: Record) -> list[str]:
        """Take in the next record; what contradicts itself in it, in words."""
        self.records += 1
        self._entries += 1
        number, kind, facts = record.entry.number, record.entry.kind, record.facts or {}
        problems = []
        opened = len(self.spans) + 1
        if record.entry.window not in {None, opened}:
            problems.append(
                f"entry {number} is of window {record.entry.window}, and no CUT of window "
                f"{opened} comes before it"
            )
        if kind == "CUT":
            window = int(str(facts.get("window", 0)))
            if window != opened:
                problems.append(f"entry {number} cuts window {window} after {opened - 1}")
            self.spans[window] = Span(self._first, number, self._entries, _money(facts, "money"))
            self._first, self._entries = number + 1, 0
        if kind == "ABORT":
            window, settlement = (int(str(facts.get(k, 0))) for k in ("window", "settlement"))
            self.aborted[settlement] = Aborted(number, window, _names(facts, "apart"))
        if kind == "SETTLEMENT":
            window, settlement = (int(str(facts.get(k, 0))) for k in ("window", "settlement"))
            self.posted[settlement] = Posted(number, window, self._balance)
            problems += self._settle(self.posted[settlement], record)
        elif record.entry.window is not None:
            problems += [p for line in record.lines for p in self._owe(line, record)]
        for line in record.lines:
            self.lines += 1
            self._balance += _to_be_paid_to(self.me, line)
        return problems

    def _owe(self, line: Line, record: Record) -> Iterator[str]:
        owed = owed_by(line)
        if owed is None:
            return
        number, window = record.entry.number, record.entry.window or 0
        what = f"entry {number}, line {line.index}"
        mirror = f"clearing/{window}/{owed.creditor}:{owed.debtor}"
        if (line.currency, line.debit, line.credit) != (
            self.shared,
            f"clearing/{window}/{owed.debtor}:{owed.creditor}",
            mirror,
        ):
            yield f"{what}: {line.debit} to {line.credit} is no obligation of window {window}"
        if self.me not in {owed.debtor, owed.creditor}:
            yield f"{what}: {owed.debtor} owes {owed.creditor}, which does not concern {self.me}"
            return
        to_me = owed.creditor == self.me
        other = owed.debtor if to_me else owed.creditor
        sums = self._sums.setdefault(window, defaultdict(Sum))[other, line.kind]
        sums.count += 1
        sums.owed_to += line.amount if to_me else 0
        sums.owed_by += 0 if to_me else line.amount

    def _settle(self, posted: Posted, record: Record) -> Iterator[str]:
        for line in record.lines:
            if line.kind == "PAYMENT_DUE":
                payer, payee = (code.partition("/")[2] for code in (line.debit, line.credit))
                posted.payments.append((payer, payee, line.amount))
            elif (owed := owed_by(line)) is not None:
                # Netting books the inverse: what it credits was owed.
                to_me = owed.debtor == self.me
                other = owed.creditor if to_me else owed.debtor
                posted.netted[other] = owed.amount if to_me else -owed.amount
        nets = self.nets(posted.window)
        for other in sorted(nets.keys() | posted.netted.keys()):
            due, netted = nets.get(other, 0), posted.netted.get(other, 0)
            if due != netted:
                yield (
                    f"entry {posted.number} settles {netted} with {other}, and the lines of "
                    f"window {posted.window} sum to {due}"
                )

    def nets(self, window: int) -> dict[str, int]:
        """What a window changes between its participant and each counterparty, none of zero."""
        nets: dict[str, int] = defaultdict(int)
        for (other, _), sums in self._sums.get(window, {}).items():
            nets[other] += sums.net
        return {other: net for other, net in nets.items() if net}

    def differences(self, statement: Statement) -> Iterator[str]:
        """In what a statement says something else than the signed records."""
        window, settlement = statement.window, statement.settlement
        span, posted = self.spans.get(window), self.posted.get(settlement)
        if span is None:
            yield f"the feed here does not reach the CUT of window {window}: fetch it again"
            return
        yield from _same("first_number", statement.first_number, span.first)
        yield from _same("last_number", statement.last_number, span.last)
        yield from _same("entries", statement.entries, span.entries)
        yield from self._sums_differ(statement)
        prices = statement.prices
        if prices != span.money:
            yield (
                f"its values in money are {_moneys(prices)}; entry {span.last} pinned "
                f"{_moneys(span.money)}"
            )
        if posted is None:
            yield f"the feed here holds no entry of settlement {settlement}: fetch it again"
            return
        if posted.window != window:
            yield (
                f"settlement {settlement} is of window {posted.window}, as entry {posted.number} "
                "says"
            )
            return
        own = statement.position
        yield from _same("opening_minor", int(own["opening_minor"]), posted.opening)
        # The operator's statement has everybody's payments, its feed its own.
        paid = sorted(
            (row["payer"], row["payee"], int(row["amount_minor"]))
            for row in statement.section("PAYMENTS").rows
            if self.me in {row["payer"], row["payee"]}
        )
        if paid != sorted(posted.payments):
            yield (
                f"its payments are {_payments(paid)}; entry {posted.number} says "
                f"{_payments(posted.payments)}"
            )
        yield from self._supersession(statement, posted)

    def _supersession(self, statement: Statement, posted: Posted) -> Iterator[str]:
        """That a statement is in the place of the one that was aborted, with whom it set apart."""
        earlier = {
            settlement: each
            for settlement, each in self.aborted.items()
            if each.window == statement.window and each.number < posted.number
        }
        newest, named = max(earlier, default=None), statement.supersedes
        if named is None and newest is not None:
            yield (
                f"entry {earlier[newest].number} aborted settlement {newest} of the same window, "
                "and the statement does not say that it supersedes it"
            )
        elif named is not None and named not in earlier:
            yield (
                f"it supersedes settlement {named}, and no ABORT of it in window "
                f"{statement.window} comes before entry {posted.number}"
            )
        elif named != newest and newest is not None:
            yield (
                f"it supersedes settlement {named}; entry {earlier[newest].number} aborted "
                f"settlement {newest} of the same window last"
            )
        said = () if newest is None else earlier[newest].apart
        if statement.apart != said:
            source = "no ABORT" if newest is None else f"entry {earlier[newest].number}"
            yield (
                f"it sets apart {_listed(statement.apart)}; {source} says to set apart "
                f"{_listed(said) if newest is not None else 'anybody'}"
            )

    def _sums_differ(self, statement: Statement) -> Iterator[str]:
        sums = self._sums.get(statement.window, {})
        rows = (*statement.section("OBLIGATIONS").rows, *statement.section("FEES").rows)
        stated = {(row["counterparty"], row["kind"]): row for row in rows}
        for key in sorted(stated.keys() | sums.keys()):
            what = f"obligations with {key[0]}, {key[1]}"
            if key not in sums:
                yield f"{what}, are in the statement, and no signed record has any"
            elif key not in stated:
                lines = sums[key].count
                yield f"{what}, are in {lines} signed lines, and missing in the statement"
            else:
                row, found = stated[key], sums[key]
                yield from _same(f"{what}: count", int(row["count"]), found.count)
                yield from _same(f"{what}: owed_to_minor", int(row["owed_to_minor"]), found.owed_to)
                yield from _same(f"{what}: owed_by_minor", int(row["owed_by_minor"]), found.owed_by)
        net = sum(each.net for each in sums.values())
        yield from _same("net_minor", int(statement.position["net_minor"]), net)


def _money(facts: Mapping[str, object], name: str) -> dict[str, Fraction]:
    """Values that a CUT pins, by currency."""
    pinned = facts.get(name)
    if not isinstance(pinned, dict):
        return {}
    return {str(currency): Fraction(str(price)) for currency, price in pinned.items()}


def _names(facts: Mapping[str, object], name: str) -> tuple[str, ...]:
    """Participants that facts list."""
    listed = facts.get(name)
    return tuple(map(str, listed)) if isinstance(listed, list) else ()


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "nobody"


def _to_be_paid_to(me: str, line: Line) -> int:
    """By how much a line of settlement accounts changes what a participant is to receive."""
    account = f"settlement/{me}"
    return line.amount * ((line.credit == account) - (line.debit == account))


def _same(what: str, stated: int, due: int) -> Iterator[str]:
    if stated != due:
        yield f"{what} is {stated} in the statement; the signed records give {due}"


def _moneys(prices: Mapping[str, Fraction]) -> str:
    return ", ".join(f"{price} {money}" for money, price in sorted(prices.items())) or "none"


def _payments(payments: list[tuple[str, str, int]]) -> str:
    told = (f"{payer} to {payee} {amount}" for payer, payee, amount in payments)
    return ", ".join(told) or "none"
