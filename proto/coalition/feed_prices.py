"""Checks the prices in a feed: by signed terms that were in force, and right to the unit.

Fed with every record of a participant's feed in order. What the visible lines do not let it
compute again is counted, with the reason in words.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from coalition.rate_book import BadBook, Converted, RateBook, Version, converted, differences
from coalition.records import Line, Record

QUOTE_LIFETIME = timedelta(minutes=10)
"""How long a quote binds: terms were in force when it was made, at most so long before."""

_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
_OBLIGATIONS = frozenset({"PRINCIPAL", "FEE", "SPREAD", "ROUNDING"})

OPERATOR_ALONE = "only the operator's part of it is shown to you"
TAKEN_BACK_IN_PART = "it takes back a part, or what is left of a part"
HIDDEN_ORIGINAL = "what it corrects is not shown to you"
MONEY_OF_QUOTE = "a fee in money, of a quote that is not shown to you"
BY_AGREEMENT = "what is owed for it follows from facts that are not in its lines"

Earlier = Callable[[int], Record | None]
"""An earlier record of the same feed by its number; None where it is not in it."""


class Owed(NamedTuple):
    """One obligation, without its window."""

    kind: str
    rule: str
    debtor: str
    creditor: str
    amount: int


def owed_by(line: Line) -> Owed | None:
    """Who owes whom by a line; None where it is none of clearing accounts."""
    parts = line.debit.split("/")
    if parts[0] != "clearing":
        return None
    debtor, _, creditor = parts[-1].partition(":")
    return Owed(line.kind, line.rule or "", debtor, creditor, line.amount)


@dataclass(slots=True)
class Prices:
    """What one participant can tell of prices from its feed, and the exported book."""

    me: str
    operator: str
    shared: str
    """Code of the shared currency."""
    book: RateBook
    earlier: Earlier
    recomputed: int = 0
    """Entries whose amounts were computed again, and agree."""
    not_recomputed: Counter[str] = field(default_factory=Counter)
    """Entries whose amounts could not be, by reason."""
    versions: int = 0
    """Versions of the book that a signed entry confirms."""
    _confirmed: set[int] = field(default_factory=set)
    _withdrawn: dict[int, int] = field(default_factory=dict)
    _agreements: dict[int, Mapping[str, object]] = field(default_factory=dict)
    _programmes: dict[str, str] = field(default_factory=dict)
    _definitions: set[int] = field(default_factory=set)
    _adjustments: dict[int, object] = field(default_factory=dict)
    """Debtor, creditor and amount of proposed adjustments, by the number of their entry."""
    _money: dict[int, Mapping[str, object]] = field(default_factory=dict)

    def add(self, record: Record) -> list[str]:
        """Take in the next record; what is wrong with it, in words."""
        try:
            return [*self._learn(record), *self._terms(record), *self._amounts(record)]
        except BadBook as problem:
            return [f"entry {record.entry.number}: {problem}"]

    def finish(self) -> list[str]:
        """What is wrong with the book as a whole, after the last record."""
        return [
            f"version {number} of the rate book is confirmed by no signed entry of the feed"
            for number in sorted(self.book.versions.keys() - self._confirmed)
        ]

    # What entries say of terms.

    def _learn(self, record: Record) -> Iterator[str]:
        facts, number = record.facts, record.entry.number
        if facts is None:
            return
        kind = record.entry.kind
        if kind == "RATE":
            yield from self._confirm(number, facts)
        elif kind == "AGREEMENT":
            self._agreements[int(str(facts["agreement"]))] = facts
        elif kind == "PROGRAMME":
            self._programmes[str(facts["programme"])] = str(facts["partner"])
            self._definitions.add(number)
        elif kind == "BREAK_STEP" and facts.get("adjustment") is not None:
            self._adjustments[number] = facts["adjustment"]
        elif kind == "CUT" and isinstance(facts.get("next_money"), dict):
            self._money[int(str(facts["next_window"]))] = facts["next_money"]  # type: ignore[assignment]

    def _confirm(self, number: int, facts: Mapping[str, object]) -> Iterator[str]:
        version = self.book.versions.get(number)
        if version is None:
            yield f"version {number}, signed in the feed, is missing in the exported rate book"
            return
        self._confirmed.add(number)
        self.versions += 1
        for problem in differences(version, facts):
            yield f"version {number} of the rate book: {problem}"

    def _terms(self, record: Record) -> Iterator[str]:
        """That whatever priced a line is signed, and was in force."""
        entry = record.entry
        original = None if entry.corrects is None else self.earlier(entry.corrects)
        inherited = set() if original is None else {line.terms for line in original.lines}
        for terms in sorted({line.terms for line in record.lines if line.terms is not None}):
            what = f"entry {entry.number}: the terms {terms} that priced it"
            if terms in self.book.versions:
                if original is not None and terms not in inherited:
                    yield f"{what} are not those of what it corrects, entry {entry.corrects}"
                reason = self.book.out_of_force(terms, *self._span(record))
                if reason:
                    yield f"{what} were not in force: {reason}"
            elif terms in self._adjustments:
                yield from self._adjusted(record, terms)
            elif terms not in self._agreements and terms not in self._definitions:
                yield f"{what} are in neither the exported rate book nor any signed entry before it"

    def _adjusted(self, record: Record, proposal: int) -> Iterator[str]:
        """That an adjustment is what was proposed, to the unit."""
        found = [
            [owed.debtor, owed.creditor, str(owed.amount)]
            for line in record.lines
            if line.terms == proposal and (owed := owed_by(line)) is not None
        ]
        if found != [self._adjustments[proposal]]:
            yield (
                f"entry {record.entry.number} books {found}, and entry {proposal} proposed "
                f"{self._adjustments[proposal]}"
            )

    def _span(self, record: Record) -> tuple[datetime, datetime]:
        """When the terms of a record had to be in force, as far as that can be told."""
        entry = record.entry
        if entry.kind != "CONVERSION" or entry.corrects is not None:
            return _BEGINNING, entry.accepted_at
        quote = self._quote(record)
        if quote is not None:
            return quote.entry.accepted_at, quote.entry.accepted_at
        return entry.accepted_at - QUOTE_LIFETIME, entry.accepted_at

    def _quote(self, record: Record) -> Record | None:
        facts = record.facts
        return None if facts is None else self.earlier(int(str(facts["quote"])))

    # Amounts, again.

    def _amounts(self, record: Record) -> Iterator[str]:
        owed = [each for line in record.lines if (each := owed_by(line)) is not None]
        entry = record.entry
        if not any(each.kind in _OBLIGATIONS for each in owed):
            return
        found: list[str] | str = BY_AGREEMENT
        if entry.corrects is not None:
            found = self._taken_back(record, owed)
        elif entry.kind == "CONVERSION":
            found = self._conversion(record, owed)
        elif entry.kind == "ACCRUAL":
            found = self._accrual(record)
        if isinstance(found, str):
            self.not_recomputed[found] += 1
            return
        self.recomputed += not found
        for problem in found:
            yield f"entry {entry.number}: {problem}"

    def _taken_back(self, record: Record, owed: Iterable[Owed]) -> list[str] | str:
        """Never more than there was; exact where all of it is taken back at once."""
        original = self.earlier(record.entry.corrects or 0)
        if original is None:
            return HIDDEN_ORIGINAL
        before = _sums(each for line in original.lines if (each := owed_by(line)) is not None)
        after = _sums(each._replace(debtor=each.creditor, creditor=each.debtor) for each in owed)
        if before == after:
            return []
        more = sorted(key for key, amount in after.items() if amount > before.get(key, 0))
        if not more:
            return TAKEN_BACK_IN_PART
        return [
            f"it takes back {after[key]} of {kind} that {debtor} owes {creditor}, and entry "
            f"{original.entry.number} has {before.get(key, 0)}"
            for key in more
            for kind, _, debtor, creditor in [key]
        ]

    def _accrual(self, record: Record) -> list[str] | str:
        """Each leg: points times the agreed price, and the operator's part of that."""
        lines = {line.index: line for line in record.lines}
        legs = [line for line in record.lines if line.price is not None]
        if not legs:
            return OPERATOR_ALONE
        return [problem for leg in legs for problem in self._leg(leg, lines)]

    def _leg(self, leg: Line, lines: Mapping[int, Line]) -> Iterator[str]:
        agreement = self._agreements.get(leg.terms or 0)
        if agreement is None:
            return  # named by _terms
        price, issuer = leg.price or Fraction(0), str(agreement["issuer"])
        funder = leg.funder or ""
        if Fraction(str(agreement["price"])) != price:
            yield (
                f"line {leg.index} is priced at {price}, and agreement {leg.terms} says "
                f"{agreement['price']}"
            )
        owed = _floor(leg.amount, price)
        fee = _floor(owed, Fraction(str(agreement["operator_fee"])))
        due = [("PRINCIPAL", funder, issuer, owed), ("FEE", funder, self.operator, fee)]
        at = leg.index
        for kind, debtor, creditor, amount in due:
            if not amount or debtor == creditor:
                continue
            at += 1
            if self.me not in {debtor, creditor}:
                continue
            said = None if at not in lines else owed_by(lines[at])
            wanted = Owed(kind, leg.rule or "", debtor, creditor, amount)
            if said != wanted:
                yield f"line {at} should be {_told(wanted)}; it is {_told(said)}"

    def _conversion(self, record: Record, owed: Sequence[Owed]) -> list[str] | str:
        given = [line for line in record.lines if line.credit.startswith("issued/")]
        got = [line for line in record.lines if line.debit.startswith("issued/")]
        if record.facts is None and not given and not got:
            return OPERATOR_ALONE
        if record.facts is None and not given:
            return list(self._taken(got, owed))
        quoted = self._quoted(record, given, got, owed)
        made = converted(quoted.amount, quoted.source, quoted.target)
        money = self._money_owed(record, made)
        if money is None:
            return MONEY_OF_QUOTE
        wanted = [
            each
            for each in self._due(quoted, made, money)
            if each.amount and each.debtor != each.creditor and self.me in each[2:4]
        ]
        problems = list(_compare(owed, wanted))
        problems += _points(got, quoted, made, self.me)
        if record.facts is not None:
            problems += _facts(record.facts, made)
        return problems

    def _quoted(
        self, record: Record, given: Sequence[Line], got: Sequence[Line], owed: Sequence[Owed]
    ) -> "_Quoted":
        """What was converted by which terms: from the facts, or else from the lines."""
        facts = record.facts
        if facts is not None:
            source, target = facts["source"], facts["target"]
            assert isinstance(source, list) and isinstance(target, list)  # noqa: PT018, S101
            return _Quoted(
                int(source[2]),
                self._version(int(str(facts["source_rate"]))),
                self._version(int(str(facts["target_rate"]))),
                self._partner(str(source[1])),
                self._partner(str(target[1])),
                _shortfall_funder(facts),
            )
        by_target = [line for line in record.lines if _is_of_target(line)]
        terms = (got or by_target or given)[0].terms if got or by_target else None
        takers = [each.creditor for each in owed if each.kind == "PRINCIPAL"]
        taker = self._partner(got[0].debit.split("/")[1]) if got else (takers or [""])[0]
        pair = None if terms is None else self._version(terms)
        funder = "" if pair is None else str(pair.facts.get("shortfall_funder") or "")
        return _Quoted(
            sum(line.amount for line in given),
            self._version(given[0].terms or 0),
            pair,
            self._partner(given[0].credit.split("/")[1]),
            taker,
            funder,
        )

    def _version(self, number: int) -> Version | None:
        if number == 0:
            return None
        version = self.book.versions.get(number)
        if version is None:
            message = f"version {number} is not in the exported rate book"
            raise BadBook(message)
        return version

    def _partner(self, programme: str) -> str:
        return self._programmes.get(programme, programme)

    def _due(self, quoted: "_Quoted", made: Converted, money: int) -> Iterator[Owed]:
        """What a conversion has companies owe each other, nothing left out."""
        giver, taker, operator = quoted.giver, quoted.taker, self.operator
        yield Owed("PRINCIPAL", "", giver, taker, made.value - made.shortfall)
        yield Owed("PRINCIPAL", "shortfall", quoted.shortfall_funder, taker, made.shortfall)
        for bonus in made.bonuses:
            yield Owed("PRINCIPAL", "bonus", bonus.funder, taker, bonus.value)
        yield Owed("FEE", "", giver, operator, made.fee)
        yield Owed("FEE", "money-fee", giver, operator, money)
        yield Owed("SPREAD", "", giver, operator, made.spread)
        yield Owed("ROUNDING", "", giver, operator, made.rounding)

    def _money_owed(self, record: Record, made: Converted) -> int | None:
        """The fee in money, in shared minor units; None where its rate cannot be told."""
        if made.money_fee is None:
            return 0
        currency, minor = made.money_fee
        quote = self._quote(record)
        if quote is None or quote.entry.window is None:
            return None
        pinned = self._money.get(quote.entry.window, {}).get(currency)
        value = (
            Fraction(str(pinned))
            if pinned is not None
            else self.book.first_money(currency, quote.entry.accepted_at)
        )
        return None if value is None else _floor(minor, 1 / value)

    def _taken(self, got: Sequence[Line], owed: Sequence[Owed]) -> Iterator[str]:
        """Who issues or funds points: what it is owed, or owes, is their value."""
        target = self._version(got[0].terms or 0)
        price = Fraction(1)
        if target is not None:
            name = "settlement_price" if target.kind == "PAIR" else "cost_out"
            price = target.fraction(name) or Fraction(0)
        base = [line for line in got if line.kind == "CONVERSION"]
        if base:
            due = _floor(sum(line.amount for line in base), price)
            paid = sum(
                each.amount
                for each in owed
                if each.kind == "PRINCIPAL" and each.rule != "bonus" and each.creditor == self.me
            )
            if paid != due:
                yield (
                    f"{sum(line.amount for line in base)} points at {price} are worth {due}, and "
                    f"{paid} is owed for them"
                )
        bonuses = sorted(
            _floor(line.amount, price)
            for line in got
            if line.kind == "BONUS" and line.funder != self._partner(line.debit.split("/")[1])
        )
        owed_for = sorted(each.amount for each in owed if each.rule == "bonus")
        if [amount for amount in bonuses if amount] != owed_for:
            yield f"bonuses are worth {bonuses}, and {owed_for} is owed for them"


class _Quoted(NamedTuple):
    """What was converted, by which terms, between whom."""

    amount: int
    source: Version | None
    target: Version | None
    giver: str
    taker: str
    shortfall_funder: str


def _shortfall_funder(facts: Mapping[str, object]) -> str:
    named = facts["shortfall"]
    return str(named[0]) if isinstance(named, list) else ""


def _is_of_target(line: Line) -> bool:
    """Whether a line of clearing names the terms of the target."""
    return owed_by(line) is not None and (
        line.kind in {"PRINCIPAL", "ROUNDING"} or line.rule == "money-fee"
    )


def _compare(said: Iterable[Owed], wanted: Iterable[Owed]) -> Iterator[str]:
    there, due = Counter(said), Counter(wanted)
    for each in sorted((there - due).elements()):
        yield f"{_told(each)} does not follow from the rate book"
    for each in sorted((due - there).elements()):
        yield f"{_told(each)} is missing: it follows from the rate book"


def _points(got: Sequence[Line], quoted: _Quoted, made: Converted, me: str) -> Iterator[str]:
    """Points of the target, as far as they are shown."""
    base = sum(line.amount for line in got if line.kind == "CONVERSION")
    if me == quoted.taker and base != made.points:
        yield f"it gives {base} points; by the rate book it is {made.points}"
    bonuses = sorted((line.funder or "", line.amount) for line in got if line.kind == "BONUS")
    due = sorted((b.funder, b.points) for b in made.bonuses if me in {quoted.taker, b.funder})
    if bonuses != due:
        yield f"its bonuses are {bonuses}; by the rate book they are {due}"


def _facts(facts: Mapping[str, object], made: Converted) -> Iterator[str]:
    for name in ("shared", "fee", "spread", "value", "rounding"):
        if facts.get(name) != str(getattr(made, name)):
            yield f"its {name} is {facts.get(name)}; by the rate book it is {getattr(made, name)}"


def _sums(owed: Iterable[Owed]) -> dict[tuple[str, str, str, str], int]:
    found: Counter[tuple[str, str, str, str]] = Counter()
    for each in owed:
        found[each[:4]] += each.amount
    return dict(found)


def _floor(amount: int, rate: Fraction) -> int:
    return amount * rate.numerator // rate.denominator


def _told(owed: Owed | None) -> str:
    if owed is None:
        return "none"
    rule = f" ({owed.rule})" if owed.rule else ""
    return f"{owed.kind}{rule} {owed.amount} from {owed.debtor} to {owed.creditor}"
