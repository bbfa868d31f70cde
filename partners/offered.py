"""Which terms convert an amount for a member now, and what they give."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from partners.context import Context
from partners.exchange.arithmetic import (
    ConversionAmounts,
    ConvertsToNothing,
    convert,
    convert_by_pair,
)
from partners.exchange.book import Version
from partners.exchange.explaining import Unit, Units, explain
from partners.exchange.terms import Caps, PairTerms, RateTerms
from partners.exchange_changes import ConversionUsed
from partners.refusals import Reason, Refused
from partners.state import Conversion, Membership, Quote, UsageKey
from settlement.ledger.amounts import AmountOverflow

EVERYBODY = 0
"""Stands for all members together where it is counted what was converted."""

EVER = "ever"
"""The period in which an offer that is for once counts."""


@dataclass(frozen=True, slots=True)
class Offered:
    """What terms give for an amount; versions are 0 for the shared currency without a rate."""

    amounts: ConversionAmounts
    source_version: int
    target_version: int
    offer: str
    shortfall_funder: str
    steps: tuple[str, ...]


def best_offer(
    source: Membership, target: Membership, amount_minor: int, offer: str, context: Context
) -> Offered:
    """What the member gets: by the named offer, or by the terms in force that give most.

    Refused as the first terms are that refuse, in the order of the list of reasons, where none
    fits: stopped pair, unknown offer, no rate, minimum, increment, cap, too small.
    """
    pair = source.programme, target.programme
    book = context.directory.book
    if book.is_stopped(pair, context.now):
        raise Refused(
            Reason.PAIR_STOPPED,
            f"conversions of {pair[0]} to {pair[1]} are stopped until further notice",
            {"source": pair[0], "target": pair[1]},
        )
    fitting: list[Offered] = []
    refusals: list[Refused] = []
    for terms in _candidates(pair, offer, context):
        try:
            fitting.append(_offered(source, target, amount_minor, terms, context))
        except Refused as refused:
            refusals.append(refused)
    if not fitting:
        raise min(refusals, key=lambda r: list(Reason).index(r.reason))
    return max(fitting, key=lambda o: o.amounts.target_minor)


def _candidates(
    pair: tuple[str, str], offer: str, context: Context
) -> list[Version[PairTerms] | None]:
    """Terms in force that could convert a pair; None stands for the rates of both programmes."""
    book, now = context.directory.book, context.now
    offers = book.offers(pair, now)
    if offer:
        named = [version for version in offers if version.terms.offer == offer]
        if not named:
            raise Refused(
                Reason.UNKNOWN_OFFER,
                f"{pair[0]} to {pair[1]} has no offer {offer} in force",
                {"offer": offer},
            )
        return list(named)
    standing = book.standing(pair, now)
    if standing is not None:
        return [standing, *offers]
    return list(offers) if book.has_own_terms(pair, now) and offers else [None, *offers]


def _offered(
    source: Membership,
    target: Membership,
    amount_minor: int,
    pair: Version[PairTerms] | None,
    context: Context,
) -> Offered:
    """What one set of terms gives, or why it does not fit."""
    rate_in = _rate(source.programme, context)
    if rate_in is not None and rate_in.terms.rate_in is None:
        raise _no_rate(source.programme, "into the shared currency")
    into = _into(source, target, pair, context)
    if pair is not None:
        _require_fits(amount_minor, pair.terms, context)
        _require_under_caps(pair.terms, amount_minor, source.member_id, context)
    else:
        _require_minimum(amount_minor, source.programme, context)
    try:
        amounts = _amounts(amount_minor, rate_in, into, context)
    except ConvertsToNothing as error:
        raise Refused(Reason.AMOUNT_TOO_SMALL, str(error)) from error
    except AmountOverflow as error:
        raise Refused(Reason.OVERFLOW, f"the amount is too large: {error}") from error
    return Offered(
        amounts=amounts,
        source_version=0 if rate_in is None else rate_in.number,
        target_version=0 if into is None else into.number,
        offer="" if pair is None else pair.terms.offer,
        shortfall_funder=pair.terms.shortfall_funder if pair and amounts.shortfall_minor else "",
        steps=explain(amounts, units(source.programme, target.programme, context), rate_in, into),
    )


def _into(
    source: Membership, target: Membership, pair: Version[PairTerms] | None, context: Context
) -> Version[PairTerms] | Version[RateTerms] | None:
    """What says what the target costs: the pair's terms, or the target's rate."""
    if pair is not None:
        return pair
    names = source.programme, target.programme
    if context.directory.book.has_own_terms(names, context.now):
        raise Refused(
            Reason.NOT_CONVERTIBLE,
            f"the terms of {names[0]} to {names[1]} have ended, and nothing took their place",
            {"source": names[0], "target": names[1]},
        )
    cost_out = _rate(target.programme, context)
    if cost_out is not None and cost_out.terms.cost_out is None:
        raise _no_rate(target.programme, "out of the shared currency")
    return cost_out


def _amounts(
    amount_minor: int,
    source: Version[RateTerms] | None,
    into: Version[PairTerms] | Version[RateTerms] | None,
    context: Context,
) -> ConversionAmounts:
    given = None if source is None else source.terms
    terms = None if into is None else into.terms
    if not isinstance(terms, PairTerms):
        return convert(amount_minor, given, terms)
    value = None
    if terms.fee is not None:
        book, opened = context.directory.book, context.window_opened_at
        value = book.money_value(terms.fee.currency, opened)
        if value is None:
            raise Refused(
                Reason.NO_RATE,
                f"the shared currency has no value in {terms.fee.currency} in this window",
                {"currency": terms.fee.currency},
            )
    return convert_by_pair(amount_minor, given, terms, value)


def _rate(programme_id: str, context: Context) -> Version[RateTerms] | None:
    """The rate in force; of the shared currency None stands for one to one."""
    rate = context.directory.book.rate(programme_id, context.now)
    shared = context.programme(programme_id).currency == context.directory.coalition.currency
    if rate is None and not shared:
        raise _no_rate(programme_id, "")
    return rate


def _no_rate(programme_id: str, way: str) -> Refused:
    return Refused(
        Reason.NO_RATE,
        f"no rate of {programme_id} {way + ' ' if way else ''}is in force; a rate administrator "
        "publishes one",
        {"programme": programme_id},
    )


def units(source: str, target: str, context: Context) -> Units:
    """What the amounts of a conversion are of."""
    coalition = context.directory.coalition

    def unit(programme: str) -> Unit:
        exponent = context.directory.exponents.get(programme, 0)
        return Unit(context.programme(programme).currency or programme, exponent)

    return Units(unit(source), Unit(coalition.currency, coalition.exponent), unit(target))


def _require_minimum(amount_minor: int, programme: str, context: Context) -> None:
    least = context.directory.book.safeguards(programme, context.now).minimum_minor
    if amount_minor < least:
        raise _below(least, programme, context)


def _require_fits(amount_minor: int, terms: PairTerms, context: Context) -> None:
    """It is the least amount and so many increments more."""
    if amount_minor < terms.minimum_minor:
        raise _below(terms.minimum_minor, terms.source, context)
    if not terms.fits(amount_minor):
        least, step = terms.minimum_minor, terms.increment_minor
        raise Refused(
            Reason.NOT_AN_INCREMENT,
            f"{context.points(terms.source, amount_minor)} points are not "
            f"{context.points(terms.source, least)} and a multiple of "
            f"{context.points(terms.source, step)} more",
            {"minimum_minor": str(least), "increment_minor": str(step)},
        )


def _below(least: int, programme: str, context: Context) -> Refused:
    return Refused(
        Reason.BELOW_MINIMUM,
        f"at least {context.points(programme, least)} points of {programme} are converted at once",
        {"minimum_minor": str(least)},
    )


def require_caps(quote: Quote, context: Context) -> None:
    """The caps of a quote's terms, with what was converted since it was given."""
    terms = _terms_of(quote, context)
    if terms is not None:
        _require_under_caps(terms, quote.source_minor, quote.source[0], context)


def _terms_of(quote: Quote, context: Context) -> PairTerms | None:
    """The pair's terms that gave a quote; None: rates did."""
    for version in context.directory.book.versions:
        if version.number == quote.target_rate and isinstance(version.terms, PairTerms):
            return version.terms
    return None


def _require_under_caps(
    terms: PairTerms, amount_minor: int, member_id: int, context: Context
) -> None:
    usage = context.state.conversion_usage
    for key, cap in _capped(terms, member_id, context.now):
        used = usage.get(key, 0)
        if used + amount_minor > cap:
            raise Refused(
                Reason.CONVERSION_CAP_EXCEEDED,
                f"{context.points(terms.source, cap)} points of {terms.source} may be converted "
                f"into {terms.target} {_whose(key)} in {key[4]}; "
                f"{context.points(terms.source, max(0, cap - used))} are left",
                {"cap": str(cap), "left": str(max(0, cap - used)), "period": key[4]},
            )
    if terms.once_per_member and usage.get(_ever(terms, member_id), 0):
        raise Refused(
            Reason.OFFER_USED,
            f"the member has used offer {terms.offer}, which is for once",
            {"offer": terms.offer},
        )


def _whose(key: UsageKey) -> str:
    return "by all" if key[3] == EVERYBODY else "by a member"


def periods(now: datetime) -> tuple[str, str]:
    """The day and the year of UTC in which a conversion counts."""
    return now.date().isoformat(), str(now.year)


def _capped(terms: PairTerms, member_id: int, now: datetime) -> Iterator[tuple[UsageKey, int]]:
    caps: Caps = terms.caps
    by_count = (
        caps.member_daily_minor,
        caps.member_yearly_minor,
        caps.pair_daily_minor,
        caps.pair_yearly_minor,
    )
    for key, cap in zip(_counted(terms, member_id, now), by_count, strict=True):
        if cap is not None:
            yield key, cap


def _counted(terms: PairTerms, member_id: int, now: datetime) -> Iterator[UsageKey]:
    """What conversions by a pair's terms are counted by, in the order of its caps."""
    for whose in (member_id, EVERYBODY):
        for period in periods(now):
            yield terms.source, terms.target, terms.offer, whose, period


def count_for_caps(quote: Quote, context: Context) -> Iterator[ConversionUsed]:
    """What a conversion adds to what was converted by its pair's terms, capped yet or not."""
    for key in _counted_by(quote, context.now, context):
        yield ConversionUsed(key, quote.source_minor)


def give_back_caps(
    quote: Quote, conversion: Conversion, context: Context
) -> Iterator[ConversionUsed]:
    """What a conversion that is taken back leaves to be converted, on its day and in its year."""
    still_there = conversion.source_minor - conversion.returned_source_minor
    for key in _counted_by(quote, conversion.accepted_at, context):
        yield ConversionUsed(key, -still_there)


def _counted_by(quote: Quote, at: datetime, context: Context) -> Iterator[UsageKey]:
    terms = _terms_of(quote, context)
    if terms is None:
        return
    yield from _counted(terms, quote.source[0], at)
    if terms.once_per_member:
        yield _ever(terms, quote.source[0])


def _ever(terms: PairTerms, member_id: int) -> UsageKey:
    return terms.source, terms.target, terms.offer, member_id, EVER
