"""What conversions that happened would have come to under proposed changes of the rate book.

Rules, with an example: docs/WHAT_IF.md.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from partners.exchange.arithmetic import ConversionAmounts
from partners.exchange.book import Pair, RateBook, Version
from partners.exchange.choosing import (
    Into,
    Sight,
    amounts_of,
    best_of,
    candidates,
    priced,
    require_fits,
)
from partners.exchange.proposals import Change
from partners.exchange.terms import MoneyValue, PairTerms, RateTerms, Safeguards, Terms
from partners.postings import OPERATOR_KINDS, owed_for
from partners.refusals import Reason, Refused
from partners.state import Quote
from settlement.ledger.amounts import INT64_MAX, prorate

ALWAYS = datetime(1, 1, 1, tzinfo=UTC)
"""Since when proposed changes count as in force."""

_RATES = None
"""Stands for the rates of both programmes among the names of offers."""


@dataclass(frozen=True, slots=True)
class Past:
    """A conversion as it happened. `quote` holds the amounts that were executed.

    `quoted_at` is when the book was asked, in the window that opened at `window_opened_at`.
    """

    number: int
    quote: Quote
    accepted_at: datetime
    quoted_at: datetime
    window_opened_at: datetime
    returned_source_minor: int = 0
    returned_target_minor: int = 0


@dataclass(frozen=True, slots=True)
class Programmes:
    """What has to be known of programmes: issuers, decimals, and whose are the shared currency."""

    issuers: Mapping[str, str]
    exponents: Mapping[str, int]
    shared: str
    operator: str


Figures = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a conversion moves: nets and fees in shared minor units, points in their own.

    Of fees what each participant owes the operator; of points how many more are outstanding.
    """

    nets: Figures
    fees: Figures
    outstanding: Figures


NOTHING = Effect({}, {}, {})


@dataclass(frozen=True, slots=True)
class Replayed:
    """A conversion as it was, and as it would have been; with the reason where it would not."""

    before: Effect
    after: Effect
    refused: Reason | None = None


def with_changes(book: RateBook, changes: Iterable[Change]) -> RateBook:
    """The book as if changes had always been in force, alone for the subjects that they are about.

    Of several about one subject the one that takes effect last.
    """
    by_time = sorted(changes, key=lambda change: change.effective_from or ALWAYS)
    proposed: dict[object, Terms] = {_subject(change.terms): change.terms for change in by_time}
    others = (v for v in book.versions if _subject(v.terms) not in proposed)
    always = (
        Version(INT64_MAX, 0, terms, ALWAYS, effective_to=None, approved_at=ALWAYS)
        for terms in proposed.values()
    )
    return replace(book, versions=(*others, *always))


def _subject(terms: Terms) -> tuple[type[Terms], tuple[str, ...]]:
    return type(terms), terms.subject


@dataclass(frozen=True, slots=True)
class Touched:
    """What proposed changes are about, as far as it is for what conversions give."""

    rated: frozenset[str]
    pairs: frozenset[Pair]
    guarded: frozenset[str]
    money: bool

    @classmethod
    def by(cls, changes: Iterable[Change]) -> "Touched":
        """By these changes."""
        terms = [change.terms for change in changes]
        return cls(
            rated=frozenset(t.programme for t in terms if isinstance(t, RateTerms)),
            pairs=frozenset((t.source, t.target) for t in terms if isinstance(t, PairTerms)),
            guarded=frozenset(t.programme for t in terms if isinstance(t, Safeguards)),
            money=any(isinstance(t, MoneyValue) for t in terms),
        )

    def concerns(self, pair: Pair) -> bool:
        """Whether conversions of a pair could come to something else."""
        return (
            self.money
            or pair in self.pairs
            or not self.rated.isdisjoint(pair)
            or not self.guarded.isdisjoint({pair[0], ""})
        )


@dataclass(frozen=True, slots=True)
class Fitting:
    """What one set of terms gives for an amount."""

    amounts: ConversionAmounts
    terms: Version[PairTerms] | None
    source: Version[RateTerms] | None
    into: Into


@dataclass(frozen=True)
class Replay:
    """Replays conversions: `book` is the one that was, `proposed` the same with the changes."""

    programmes: Programmes
    book: RateBook
    proposed: RateBook
    touched: Touched

    @classmethod
    def of(cls, programmes: Programmes, book: RateBook, changes: Iterable[Change]) -> "Replay":
        """Under changes of a book."""
        listed = tuple(changes)
        return cls(programmes, book, with_changes(book, listed), Touched.by(listed))

    def replayed(self, past: Past) -> Replayed:
        """One conversion. What the changes are not about is as it was, to the unit."""
        before = self._effect(past.quote, past)
        if not self.touched.concerns(past.quote.pair):
            return Replayed(before, before)
        try:
            after = self._requoted(past)
        except Refused as refused:
            return Replayed(before, NOTHING, refused.reason)
        return Replayed(before, self._effect(after, past))

    def _requoted(self, past: Past) -> Quote:
        """The quote as the proposed book would have given it, by the rule of quoting.

        Terms that quoting would have preferred to those that were used were not open to the
        member: used up, or another offer was asked for by name. They are not now either.
        """
        sight, pair = self._sight(self.proposed, past), past.quote.pair
        found = candidates(pair, "", sight)
        closed = self._closed(past)
        best = best_of(
            [terms for terms in found if _name(terms) not in closed] or found,
            lambda terms: _fitting(past.quote.source_minor, pair, terms, sight),
        )
        return _quote(past.quote, best)

    def _closed(self, past: Past) -> set[str | None]:
        """Names of terms that would have been chosen then, and were not."""
        sight, quote = self._sight(self.book, past), past.quote
        used = self._used(quote)
        found = candidates(quote.pair, "", sight)
        names = [_name(terms) for terms in found]
        if names == [used]:
            return set()
        place_used = names.index(used) if used in names else len(names)
        closed: set[str | None] = set()
        for place, terms in enumerate(found):
            if place == place_used:
                continue
            try:
                given = _fitting(quote.source_minor, quote.pair, terms, sight).amounts.target_minor
            except Refused:
                continue
            if (given, -place) > (quote.target_minor, -place_used):
                closed.add(names[place])
        return closed

    def _used(self, quote: Quote) -> str | None:
        """The name of the terms that a quote was by."""
        return _RATES if self.book.pair_terms(quote.target_rate) is None else quote.offer

    def _sight(self, book: RateBook, past: Past) -> Sight:
        known = self.programmes
        return Sight(book, past.quoted_at, past.window_opened_at, known.shared, known.exponents)

    def _effect(self, quote: Quote, past: Past) -> Effect:
        """What stayed of it: without the part that came back since."""
        source, target = quote.pair
        issuers, executed = self.programmes.issuers, past.quote
        nets: defaultdict[str, int] = defaultdict(int)
        fees: defaultdict[str, int] = defaultdict(int)
        for owed in owed_for(quote, issuers[source], issuers[target], self.programmes.operator):
            if not owed.amount or owed.debtor == owed.creditor:
                continue
            stayed = _stayed(owed.amount, past.returned_source_minor, executed.source_minor)
            nets[owed.debtor] -= stayed
            nets[owed.creditor] += stayed
            if owed.kind in OPERATOR_KINDS:
                fees[owed.debtor] += stayed
        got = _stayed(quote.target_minor, past.returned_target_minor, executed.target_minor)
        gave = past.returned_source_minor - quote.source_minor
        return Effect(nets, fees, {source: gave, target: got})


def _stayed(amount: int, returned: int, of: int) -> int:
    """An amount without the part that came back, which is rounded half up."""
    return amount - prorate(amount, returned, of) if returned else amount


def _name(terms: Version[PairTerms] | None) -> str | None:
    return _RATES if terms is None else terms.terms.offer


def _fitting(
    amount_minor: int, pair: Pair, terms: Version[PairTerms] | None, sight: Sight
) -> Fitting:
    """What terms give, or why they do not fit. Caps are judged for each conversion by itself."""
    source, into = priced(pair, terms, sight)
    require_fits(amount_minor, pair[0], terms, sight)
    cap = None if terms is None else terms.terms.largest_minor
    if cap is not None and amount_minor > cap:
        raise Refused(Reason.CONVERSION_CAP_EXCEEDED, f"it is more than the cap of {cap}")
    ceiling = sight.book.ceiling_minor(pair[0], sight.exponents.get(pair[0], 0), sight.now)
    if amount_minor > ceiling:
        raise Refused(Reason.IMPLAUSIBLE, f"it is more than the ceiling of {ceiling}")
    return Fitting(amounts_of(amount_minor, source, into, sight), terms, source, into)


def _quote(quote: Quote, fitting: Fitting) -> Quote:
    """The quote with other amounts."""
    amounts, terms = fitting.amounts, fitting.terms
    return replace(
        quote,
        amounts=amounts,
        source_rate=0 if fitting.source is None else fitting.source.number,
        target_rate=0 if fitting.into is None else fitting.into.number,
        offer="" if terms is None else terms.terms.offer,
        shortfall_funder=terms.terms.shortfall_funder if terms and amounts.shortfall_minor else "",
    )


@dataclass
class Sums:
    """A sum before and a sum after, by name."""

    before: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    after: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, before: Figures, after: Figures) -> None:
        """Add to both."""
        for sums, figures in ((self.before, before), (self.after, after)):
            for name, figure in figures.items():
                sums[name] += figure

    def rows(self) -> list[tuple[str, int, int]]:
        """Names in order, with both sums."""
        names = sorted(self.before.keys() | self.after.keys())
        return [(name, self.before[name], self.after[name]) for name in names]


@dataclass
class Tally:
    """Sums of replayed conversions, before and after, by name."""

    conversions: int = 0
    refused: defaultdict[Reason, int] = field(default_factory=lambda: defaultdict(int))
    nets: Sums = field(default_factory=Sums)
    fees: Sums = field(default_factory=Sums)
    outstanding: Sums = field(default_factory=Sums)

    def add(self, replayed: Replayed) -> None:
        """One conversion more."""
        before, after = replayed.before, replayed.after
        self.conversions += 1
        if replayed.refused is not None:
            self.refused[replayed.refused] += 1
        self.nets.add(before.nets, after.nets)
        self.fees.add(before.fees, after.fees)
        self.outstanding.add(before.outstanding, after.outstanding)
