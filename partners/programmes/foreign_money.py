"""What foreign money is worth to a programme, as data and as arithmetic."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from operator import itemgetter
from types import MappingProxyType
from typing import TypeAlias

from partners.programmes.forms import Instant, Money, Points
from partners.programmes.measuring import Exact
from partners.programmes.money import exponent_of
from partners.programmes.table import DefinitionTable
from settlement.ledger.values import value

RatesOfMoney: TypeAlias = Mapping[tuple[str, str], Sequence[tuple[datetime, Fraction]]]
"""By currency paid and counted: from when on, and minor units for a minor unit."""


class ForeignMoney(DefinitionTable):
    """What money of one currency is worth in another, from an instant on."""

    currency: Money
    """Money that is paid."""
    to: Money
    """Money that a rule or counter counts."""
    rate: Points
    """Major units of `to` for one of `currency`, exactly."""
    valid_from: Instant
    """It holds for activities that start at this instant or later, until the next one does."""


def rates_of_money(rates: Iterable[ForeignMoney]) -> RatesOfMoney:
    """Rates by pair, in the order of their time."""
    found: dict[tuple[str, str], list[tuple[datetime, Fraction]]] = {}
    for rate in sorted(rates, key=lambda rate: rate.valid_from):
        minor = Fraction(10 ** exponent_of(rate.to), 10 ** exponent_of(rate.currency))
        in_time = found.setdefault((rate.currency, rate.to), [])
        in_time.append((rate.valid_from, rate.rate * minor))
    return MappingProxyType(found)


@value
class MoneyExchange:
    """What foreign money is worth to a programme at an instant."""

    rates: RatesOfMoney
    instant: datetime

    def __call__(self, currency: str, to: str) -> Exact | None:
        """Minor units of the second that a minor unit of the first is worth, if known."""
        if currency == to:
            return 1
        in_time = self.rates.get((currency, to), ())
        begun = bisect_right(in_time, self.instant, key=itemgetter(0))
        return in_time[begun - 1][1] if begun else None
