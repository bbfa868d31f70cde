"""Whether a rate book may hold: nobody comes back with more, and everything has a funder.

Judged for now and for every later instant at which something takes effect, with the quotes that
will still be open then.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from partners.context import Context
from partners.directory import Programme, Role
from partners.exchange.book import RateBook
from partners.exchange.chains import (
    BUDGET,
    Chain,
    Finding,
    NotProven,
    check_book,
    find_chain,
    require_work,
)
from partners.exchange.searching import Work
from partners.exchange.terms import MoneyValue, PairTerms
from partners.exchange.ways import Convertible, Moment, QuoteWay, Way, quote_way
from partners.programmes.definition import ProgrammeDefinition
from partners.refusals import Reason, Refused
from partners.state import AccountKey, Quote, QuoteState
from settlement.ledger.entries import timestamp

QUOTE_BUDGET = 50_000
"""Work for one quote, all imminent instants together: half a second. Beyond it a quote
ends before the first instant that was not judged."""


def require_sound(
    book: RateBook, context: Context, published: ProgrammeDefinition | None = None
) -> None:
    """Refuse a book in which a member could come back with more than they started with.

    `published` is a definition that is about to take effect with it. Refused as MONEY_MACHINE
    with a chain that can be replayed, as UNFUNDED with an amount, or as NOT_PROVEN.
    """
    check = _Check(book, context, convertible(context, published), Work(BUDGET))
    try:
        for opened_at in check.windows():
            check.require_terms(opened_at)
            check.require_quotes(opened_at)
    except NotProven as error:
        raise Refused(
            Reason.NOT_PROVEN,
            f"it was {error}; propose coarser ratios, larger increments or a wider margin there",
            {"what": error.what},
        ) from error


def convertible(
    context: Context, published: ProgrammeDefinition | None = None
) -> dict[str, Convertible]:
    """What definitions in force now, or later, allow of each programme with points."""
    programmes = context.directory.programmes.values()
    return {
        programme.programme_id: _allowed(programme, context, published)
        for programme in programmes
        if programme.currency is not None
    }


def _allowed(
    programme: Programme, context: Context, published: ProgrammeDefinition | None
) -> Convertible:
    current = programme.version_at(context.now) or programme.versions[0]
    later = (v for v in programme.versions if v.valid_from > context.now)
    definitions = [version.definition for version in (current, *later)]
    if published is not None and published.programme == programme.programme_id:
        definitions.append(published)
    return Convertible(
        out=any(definition.conversion.out for definition in definitions),
        into=any(definition.conversion.into for definition in definitions)
        and context.is_open(programme.programme_id, context.now),
        exponent=context.directory.exponents[programme.programme_id],
    )


def shared_programme(context: Context) -> str:
    """The programme whose points are the shared currency."""
    return context.directory.shared_programme


def moment(context: Context) -> Moment:
    """The book as it stands now."""
    return Moment(
        context.directory.book,
        context.now,
        context.window_opened_at,
        convertible(context),
        shared_programme(context),
    )


@dataclass(frozen=True)
class _Check:
    book: RateBook
    context: Context
    programmes: Mapping[str, Convertible]
    work: Work
    """For all windows and instants together: the writer's lock is held meanwhile."""

    @property
    def shared(self) -> str:
        return shared_programme(self.context)

    def windows(self) -> list[datetime]:
        """When windows open in which money is worth what it is now, and what it will be."""
        opened_at = self.context.window_opened_at
        standing = self.book.standing_versions
        charged = {
            version.terms.fee.currency
            for version in standing
            if isinstance(version.terms, PairTerms) and version.terms.fee is not None
        }
        later = {
            version.effective_from
            for version in standing
            if isinstance(version.terms, MoneyValue)
            and version.terms.currency in charged
            and version.effective_from > opened_at
        }
        return [opened_at, *sorted(later)]

    def require_terms(self, opened_at: datetime) -> None:
        """What is in force now and at any later instant, of a window once it is open."""
        since = max(self.context.now, opened_at)
        finding = check_book(
            self.book, since, self.programmes, self.shared, opened_at, budget=self.work
        )
        if finding is None:
            return
        if finding.chain is not None:
            raise self._machine(finding.instant, finding.chain)
        raise self._unfunded(finding)

    def require_quotes(self, opened_at: datetime) -> None:
        """Quotes that are open now, together with what takes effect while they are."""
        now, since = self.context.now, max(self.context.now, opened_at)
        quotes = [q for q in self.context.state.quotes.values() if _is_open(q, now)]
        last = max((quote.expires_at for quote in quotes), default=now)
        for instant in (since, *self.book.instants(since)):
            if instant > last:
                return
            still = [quote for quote in quotes if quote.expires_at >= instant]
            at = Moment(self.book, instant, opened_at, self.programmes, self.shared)
            chain = self._chain(at, still)
            if chain is not None:
                raise self._machine(instant, chain)

    def _chain(self, at: Moment, quotes: list[Quote]) -> Chain | None:
        """A chain of one member with quotes. All of them at once first: mostly there is none."""
        together = chain_with(at, map(_way, quotes), self.work) if quotes else None
        if together is None or _quoted(together) == 1:
            return together
        members = _by_member(quotes, self.context)
        found = (chain_with(at, map(_way, of_member), self.work) for of_member in members)
        return next((chain for chain in found if chain is not None), None)

    def _machine(self, instant: datetime, chain: Chain) -> Refused:
        def points(programme: str, minor: int) -> str:
            return f"{self.context.points(programme, minor)} {programme}"

        if _quoted(chain) and not self._sees_quotes():
            return Refused(
                Reason.MONEY_MACHINE,
                f"from {timestamp(instant)} on a member could come back with more, along quotes "
                "that are open; they expire within minutes, so try again later as a new request",
                {"instant": timestamp(instant)},
            )
        first = chain.steps[0]
        amounts = [f"{first.source}:{first.source_minor}"]
        amounts += [f"{step.target}:{step.target_minor}" for step in chain.steps]
        return Refused(
            Reason.MONEY_MACHINE,
            f"from {timestamp(instant)} on a member could come back with more: "
            f"{chain.words(points)}{self._numbering()}",
            {
                "instant": timestamp(instant),
                "chain": " ".join(amounts),
                "gain_minor": str(chain.gain),
            },
        )

    def _sees_quotes(self) -> bool:
        """Whether the sender may know of others' quotes: a partner may not."""
        roles = self.context.directory.principals[self.context.sender].roles
        return Role.RATE_ADMINISTRATOR in roles

    def _unfunded(self, finding: Finding) -> Refused:
        source, target = finding.pair or ("", "")
        amount = self.context.points(source, finding.source_minor or 0)
        return Refused(
            Reason.UNFUNDED,
            f"from {timestamp(finding.instant)} on, {amount} points of {source} would be worth "
            f"less than what is owed for the points of {target} (version {finding.version}); lower "
            f"the settlement price or name a shortfall_funder{self._numbering()}",
            {"source": source, "target": target, "source_minor": str(finding.source_minor)},
        )

    def _numbering(self) -> str:
        """What numbers mean that the log has not reached: they are the proposal's own changes."""
        number = self.context.number
        if all(version.number <= number for version in self.book.versions):
            return ""
        return f" (version {number + 1} and later are the changes proposed here, in order)"


def _quoted(chain: Chain) -> int:
    return sum(step.label.startswith("quote ") for step in chain.steps)


def chain_with(at: Moment, quotes: Iterable[QuoteWay], budget: int | Work = BUDGET) -> Chain | None:
    """A chain at an instant that takes at least one of these quotes. Raises NotProven.

    Without them there is none: the book was found sound before.
    """
    ways = list(at.all_ways())
    work = budget if isinstance(budget, Work) else Work(budget)
    require_work(work, 10 + len(ways) // 2)
    beyond = _beyond(ways, quotes)
    if not beyond:
        return None
    rates = {name: at.rate_in(name) for name in at.programmes}
    rate_in_of = {name: rate for name, rate in rates.items() if rate is not None}
    return find_chain([*ways, *beyond], rate_in_of, budget=work)


def _beyond(ways: Iterable[Way], quotes: Iterable[QuoteWay]) -> list[QuoteWay]:
    """Quotes that give what no way in force does: along the others nobody gains by the quotes.

    Of quotes of the same amounts one: they differ in their numbers and fees alone.
    """
    by_pair: dict[tuple[str, str], list[Way]] = {}
    for way in ways:
        by_pair.setdefault((way.source, way.target), []).append(way)
    found: dict[tuple[str, str, int, int], QuoteWay] = {}
    for quote in quotes:
        key = quote.source, quote.target, quote.smallest, quote.target_minor
        if key not in found or quote.fee_minor < found[key].fee_minor:
            found[key] = quote
    return [
        quote
        for quote in found.values()
        if not any(
            way.result(quote.smallest) == quote.target_minor
            and way.money_fee(quote.smallest) <= quote.fee_minor
            for way in by_pair.get((quote.source, quote.target), ())
        )
    ]


def _way(quote: Quote) -> QuoteWay:
    fee = quote.amounts.money_fee
    return quote_way(
        *quote.pair,
        quote.source_minor,
        quote.target_minor,
        quote.number,
        0 if fee is None else fee.shared_minor,
    )


def _is_open(quote: Quote, now: datetime) -> bool:
    return quote.state is QuoteState.OPEN and now <= quote.expires_at


def _by_member(quotes: Collection[Quote], context: Context) -> Iterator[list[Quote]]:
    """Quotes of accounts that are one person's, or may be: linked, or of one member."""
    parents: dict[AccountKey | int, AccountKey | int] = {}

    def root(of: AccountKey | int) -> AccountKey | int:
        while parents.setdefault(of, of) != of:
            parents[of] = of = parents[parents[of]]
        return of

    def join(one: AccountKey | int, other: AccountKey | int) -> None:
        parents[root(one)] = root(other)

    for account in context.state.accounts:
        join(account, account[0])
    for account, others in context.state.links.items():
        for other in others:
            join(account, other)
    groups: dict[AccountKey | int, list[Quote]] = {}
    for quote in quotes:
        join(quote.source, quote.target)
    for quote in quotes:
        groups.setdefault(root(quote.source), []).append(quote)
    yield from groups.values()


def _near(quote: Quote, context: Context) -> set[AccountKey]:
    own = {quote.source, quote.target}
    linked = {other for account in own for other in context.state.links.get(account, ())}
    ids = {account[0] for account in own}
    return own | linked | {a for a in context.state.accounts if a[0] in ids}


def last_instant(quote: Quote, lifetime: timedelta, context: Context) -> datetime:
    """Until when a quote may bind: for its lifetime, or until terms begin that it would milk.

    Other quotes that are open for the same person's memberships are taken into account.
    """
    book, end = context.directory.book, context.now + lifetime
    imminent = [instant for instant in book.instants(context.now) if instant <= end]
    if not imminent:
        return end
    work = Work(QUOTE_BUDGET)
    near = _near(quote, context) | context.state.persons.get(quote.source, set())
    others = [
        q
        for q in context.state.quotes.values()
        if _is_open(q, context.now) and q.source in near and q.slot != quote.slot
    ]
    ways = [_way(q) for q in (quote, *others)]
    for instant in imminent:
        at = replace(moment(context), now=instant)
        try:
            require_work(work, len(book.standing_versions) // 16)
            gains = chain_with(at, ways, work) is not None
        except NotProven:
            gains = True
        if gains:
            return instant - timedelta(microseconds=1)
    return end
