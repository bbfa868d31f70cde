"""Which terms could convert a pair at an instant, and what each gives for an amount.

These are the rules of quoting that need nothing of a member. Amounts are minor units.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Protocol, TypeVar

from partners.exchange.arithmetic import (
    ConversionAmounts,
    ConvertsToNothing,
    convert,
    convert_by_pair,
)
from partners.exchange.book import Pair, RateBook, Version
from partners.exchange.terms import PairTerms, RateTerms
from partners.programmes.money import decimal
from partners.refusals import Reason, Refused
from settlement.ledger.amounts import AmountOverflow

Into = Version[PairTerms] | Version[RateTerms] | None
"""What says what the target costs: terms of the pair, or the target's rate; None: one to one."""


@dataclass(frozen=True, slots=True)
class Sight:
    """The book as it is at an instant.

    `shared` is the programme whose points are the shared currency. Money is worth what was in
    force when the window opened. `exponents` are the decimals of points, by programme.
    """

    book: RateBook
    now: datetime
    window_opened_at: datetime
    shared: str
    exponents: Mapping[str, int]

    def points(self, programme: str, minor: int) -> str:
        """Points of a programme for a message, in major units."""
        return decimal(minor, self.exponents.get(programme, 0))

    def rate(self, programme: str) -> Version[RateTerms] | None:
        """The rate in force, or NO_RATE; of the shared currency None stands for one to one."""
        rate = self.book.rate(programme, self.now)
        if rate is None and programme != self.shared:
            raise _no_rate(programme, "")
        return rate


def candidates(pair: Pair, offer: str, sight: Sight) -> list[Version[PairTerms] | None]:
    """Terms in force that could convert a pair; None stands for the rates of both programmes.

    Only the named offer where there is a name, or UNKNOWN_OFFER.
    """
    book, now = sight.book, sight.now
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


def priced(
    pair: Pair, terms: Version[PairTerms] | None, sight: Sight
) -> tuple[Version[RateTerms] | None, Into]:
    """What says what the source is worth, and what the target costs; or NO_RATE, NOT_CONVERTIBLE.

    Without terms of the pair that are the rates of both.
    """
    rate_in = sight.rate(pair[0])
    if rate_in is not None and rate_in.terms.rate_in is None:
        raise _no_rate(pair[0], "into the shared currency")
    if terms is not None:
        return rate_in, terms
    if sight.book.has_own_terms(pair, sight.now):
        raise Refused(
            Reason.NOT_CONVERTIBLE,
            f"the terms of {pair[0]} to {pair[1]} have ended, and nothing took their place",
            {"source": pair[0], "target": pair[1]},
        )
    cost_out = sight.rate(pair[1])
    if cost_out is not None and cost_out.terms.cost_out is None:
        raise _no_rate(pair[1], "out of the shared currency")
    return rate_in, cost_out


def require_fits(
    amount_minor: int, source: str, terms: Version[PairTerms] | None, sight: Sight
) -> None:
    """It is the least amount and so many increments more; by rates the least alone counts."""
    if terms is None:
        least, step = sight.book.safeguards(source, sight.now).minimum_minor, 1
    else:
        least, step = terms.terms.minimum_minor, terms.terms.increment_minor
    if amount_minor < least:
        raise Refused(
            Reason.BELOW_MINIMUM,
            f"at least {sight.points(source, least)} points of {source} are converted at once",
            {"minimum_minor": str(least)},
        )
    if (amount_minor - least) % step:
        raise Refused(
            Reason.NOT_AN_INCREMENT,
            f"{sight.points(source, amount_minor)} points are not {sight.points(source, least)} "
            f"and a multiple of {sight.points(source, step)} more",
            {"minimum_minor": str(least), "increment_minor": str(step)},
        )


def amounts_of(
    amount_minor: int, source: Version[RateTerms] | None, into: Into, sight: Sight
) -> ConversionAmounts:
    """What comes of an amount, or NO_RATE for the money of a fee, AMOUNT_TOO_SMALL, OVERFLOW."""
    try:
        return _amounts(amount_minor, source, into, sight)
    except ConvertsToNothing as error:
        raise Refused(Reason.AMOUNT_TOO_SMALL, str(error)) from error
    except AmountOverflow as error:
        raise Refused(Reason.OVERFLOW, f"the amount is too large: {error}") from error


def _amounts(
    amount_minor: int, source: Version[RateTerms] | None, into: Into, sight: Sight
) -> ConversionAmounts:
    given = None if source is None else source.terms
    terms = None if into is None else into.terms
    if not isinstance(terms, PairTerms):
        return convert(amount_minor, given, terms)
    return convert_by_pair(amount_minor, given, terms, value_of_fee(terms, sight))


def value_of_fee(terms: PairTerms, sight: Sight) -> Fraction | None:
    """What a shared minor unit is worth in the money of a fee, or NO_RATE; None without a fee."""
    if terms.fee is None:
        return None
    currency = terms.fee.currency
    value = sight.book.money_value(currency, sight.window_opened_at, sight.now)
    if value is None:
        raise Refused(
            Reason.NO_RATE,
            f"the shared currency has no value in {currency} in this window",
            {"currency": currency},
        )
    return value


class Given(Protocol):
    """What one set of terms gives."""

    @property
    def amounts(self) -> ConversionAmounts:
        """For the amount that was asked about."""


G = TypeVar("G", bound=Given)


def best_of(
    found: Iterable[Version[PairTerms] | None], give: Callable[[Version[PairTerms] | None], G]
) -> G:
    """What gives most of the target, by the first of several that give as much.

    Refused as the first terms are that refuse, in the order of the list of reasons, where none
    fits.
    """
    fitting: list[G] = []
    refusals: list[Refused] = []
    for terms in found:
        try:
            fitting.append(give(terms))
        except Refused as refused:
            refusals.append(refused)
    if not fitting:
        raise min(refusals, key=lambda refused: _PRECEDENCE[refused.reason])
    return max(fitting, key=lambda given: given.amounts.target_minor)


_PRECEDENCE = {reason: place for place, reason in enumerate(Reason)}


def _no_rate(programme_id: str, way: str) -> Refused:
    return Refused(
        Reason.NO_RATE,
        f"no rate of {programme_id} {way + ' ' if way else ''}is in force; a rate administrator "
        "publishes one",
        {"programme": programme_id},
    )
