"""Which terms convert an amount for a member now, and what they give."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from partners.context import Context
from partners.exchange.arithmetic import ConversionAmounts
from partners.exchange.book import Version
from partners.exchange.choosing import (
    Sight,
    amounts_of,
    best_of,
    candidates,
    priced,
    require_fits,
)
from partners.exchange.explaining import Unit, Units, explain
from partners.exchange.terms import Caps, PairTerms
from partners.exchange_changes import ConversionUsed
from partners.refusals import Reason, Refused
from partners.state import Conversion, Membership, Quote, UsageKey

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
    return best_of(
        candidates(pair, offer, sight_of(context)),
        lambda terms: _offered(source, target, amount_minor, terms, context),
    )


def sight_of(context: Context) -> Sight:
    """The book as an item of a batch sees it."""
    directory = context.directory
    return Sight(
        book=directory.book,
        now=context.now,
        window_opened_at=context.window_opened_at,
        shared=directory.shared_programme,
        exponents=directory.exponents,
    )


def _offered(
    source: Membership,
    target: Membership,
    amount_minor: int,
    pair: Version[PairTerms] | None,
    context: Context,
) -> Offered:
    """What one set of terms gives, or why it does not fit."""
    sight = sight_of(context)
    rate_in, into = priced((source.programme, target.programme), pair, sight)
    require_fits(amount_minor, source.programme, pair, sight)
    if pair is not None:
        _require_under_caps(pair.terms, amount_minor, source.member_id, context)
    amounts = amounts_of(amount_minor, rate_in, into, sight)
    return Offered(
        amounts=amounts,
        source_version=0 if rate_in is None else rate_in.number,
        target_version=0 if into is None else into.number,
        offer="" if pair is None else pair.terms.offer,
        shortfall_funder=pair.terms.shortfall_funder if pair and amounts.shortfall_minor else "",
        steps=explain(amounts, units(source.programme, target.programme, context), rate_in, into),
    )


def units(source: str, target: str, context: Context) -> Units:
    """What the amounts of a conversion are of."""
    coalition = context.directory.coalition

    def unit(programme: str) -> Unit:
        exponent = context.directory.exponents.get(programme, 0)
        return Unit(context.programme(programme).currency or programme, exponent)

    return Units(unit(source), Unit(coalition.currency, coalition.exponent), unit(target))


def require_caps(quote: Quote, context: Context) -> None:
    """The caps of a quote's terms, with what was converted since it was given."""
    terms = _terms_of(quote, context)
    if terms is not None:
        _require_under_caps(terms, quote.source_minor, quote.source[0], context)


def _terms_of(quote: Quote, context: Context) -> PairTerms | None:
    """The pair's terms that gave a quote; None: rates did."""
    return context.directory.book.pair_terms(quote.target_rate)


def _require_under_caps(
    terms: PairTerms, amount_minor: int, member_id: int, context: Context
) -> None:
    usage = context.state.conversion_usage
    for key, cap in _capped(terms, member_id, context.now):
        used = usage.get(key, 0)
        if used + amount_minor > cap:
            # What is left says what others' members converted: it is the source's partner's.
            left = max(0, cap - used) if context.owns(terms.source) else None
            raise Refused(
                Reason.CONVERSION_CAP_EXCEEDED,
                f"{context.points(terms.source, cap)} points of {terms.source} may be converted "
                f"into {terms.target} {_whose(key)} in {key[4]}"
                + ("" if left is None else f"; {context.points(terms.source, left)} are left"),
                {
                    "cap": str(cap),
                    "period": key[4],
                    **({} if left is None else {"left": str(left)}),
                },
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
