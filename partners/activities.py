"""What happened in the world, as values, and whether it can have happened like that."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from partners.programmes.money import exponent_of, in_words, magnitude_of
from settlement.ledger.values import value

CLOCK_SKEW = timedelta(seconds=60)
"""How far a partner's clock may run ahead of ours. A refusal for this reason is remembered, so
a card purchase must not be lost to two seconds; hosts that keep time by NTP stay far below."""

SPEND_CEILINGS_USD: Mapping[str, int] = {
    # The dearest hotel suites are advertised at about 100,000 USD a night; the largest of 6,938
    # real stays (Antonio et al., Hotel booking demand datasets, 2019) cost 2,812.50 EUR.
    "STAY": 200_000,
    # One coupon. First class around the world is sold below 50,000 USD.
    "FLIGHT": 50_000,
    # One purchase. Beyond it, banks ask before they pay, and so do we.
    "CARD_SPEND": 1_000_000,
}
"""Most that one activity can have cost, in US dollars; other currencies by their order of
magnitude. Meant to catch minor units sent as major ones and a decimal point that moved."""

GENERIC_SPEND_CEILING_USD = 1_000_000
"""Of kinds that are not listed: a banquet, a group, a car."""

QUANTITY_CEILINGS: Mapping[str, int] = {
    # A year; who stays longer is invoiced in between. The longest of those real stays: 46.
    "NIGHT": 366,
    # Once around the earth is 24,901 statute miles; the longest scheduled flight is 9,537.
    "MILE": 25_000,
    # The same in kilometres: 40,075.
    "KILOMETRE": 40_100,
}
"""Most that one activity can have measured, by unit."""

GENERIC_QUANTITY_CEILING = 1_000_000
"""Of units that are not listed: litres, minutes, items."""

DURATION_CEILINGS: Mapping[str, timedelta] = {
    # The longest scheduled flight takes 19 hours; the rest is delay and time zones mixed up.
    "FLIGHT": timedelta(days=3),
}

GENERIC_DURATION_CEILING = timedelta(days=366)
"""A year, as for nights."""

STATED_POINTS_CEILING = 100_000_000
"""Most points that one stated leg can hold, in major units: the dearest purchase above at ten
points per dollar and ten times over for the tier."""


EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
"""No programme is older; before it a year was left out or cut."""


class Implausible(ValueError):
    """An activity that did not happen yet, or not on that scale."""

    def __init__(self, field: str, found: str, allowed: str) -> None:
        super().__init__(f"{field} is {found}; allowed is {allowed}")
        self.field = field
        self.found = found
        self.allowed = allowed


@value
class ActivityKey:
    """Natural key: who delivered it, what kind it is, and the supplier's own reference."""

    supplier: str
    kind: str
    reference: str
    revision: int = 1


@value
class Spend:
    """Money paid for one category (ROOM, FARE, CARD, ...), in minor units of its currency."""

    category: str
    currency: str
    minor: int


@value
class Quantity:
    """A count of one unit (NIGHT, MILE, ...)."""

    unit: str
    count: int


@value
class StatedLeg:
    """Points that a partner states instead of leaving them to the programme's rules."""

    programme: str
    reason: str
    points_minor: int


@value
class Activity:
    """Something that happened, between two instants with a time zone.

    The start decides which version of a programme holds.
    """

    key: ActivityKey
    started_at: datetime
    ended_at: datetime | None
    spend: tuple[Spend, ...]
    quantities: tuple[Quantity, ...]
    attributes: tuple[tuple[str, str], ...] = ()
    """Names and values: property, brand, fare-class, whatever programmes ask for."""

    def attribute(self, name: str) -> str | None:
        """The value of an attribute, None where it has none of that name."""
        return next((value for known, value in self.attributes if known == name), None)


def require_plausible(activity: Activity, now: datetime, *, may_end_later: bool = False) -> None:
    """Refuse what cannot have happened: the future, time running backwards, absurd amounts.

    A stay or flight is over when it is reported, so that it happened; without an end, the
    start stands for it. With `may_end_later` it has begun.
    Raises Implausible, and UnknownMoney for a currency that is not money.
    """
    _require_past(activity, now, may_end_later=may_end_later)
    _require_duration(activity)
    _require_spend(activity)
    _require_quantities(activity)


def require_plausible_points(stated: Iterable[StatedLeg], exponents: Mapping[str, int]) -> None:
    """Refuse stated legs that are not positive or beyond the ceiling.

    `exponents` gives the exponent of the points currency of every programme that is named.
    Raises Implausible.
    """
    for leg in stated:
        exponent = exponents[leg.programme]
        if not 0 < leg.points_minor <= STATED_POINTS_CEILING * 10**exponent:
            raise Implausible(
                field=f"stated.{leg.programme}.{leg.reason}",
                found=f"{leg.points_minor} minor units",
                allowed=f"1 to {STATED_POINTS_CEILING * 10**exponent}",
            )


def _require_past(activity: Activity, now: datetime, *, may_end_later: bool) -> None:
    if activity.started_at < EARLIEST:
        raise Implausible(
            "started_at", activity.started_at.isoformat(), f"from {EARLIEST.isoformat()} on"
        )
    latest = now + CLOCK_SKEW
    ended_at = None if may_end_later else activity.ended_at
    for field, instant in (("started_at", activity.started_at), ("ended_at", ended_at)):
        if instant is not None and instant > latest:
            raise Implausible(
                field,
                instant.isoformat(),
                f"up to now, {now.isoformat()}: report it when it has happened",
            )


def _require_duration(activity: Activity) -> None:
    if activity.ended_at is None:
        return
    lasted = activity.ended_at - activity.started_at
    if lasted < timedelta(0):
        raise Implausible(
            field="ended_at",
            found=activity.ended_at.isoformat(),
            allowed=f"from its start on, {activity.started_at.isoformat()}",
        )
    kind = activity.key.kind
    ceiling = DURATION_CEILINGS.get(kind, GENERIC_DURATION_CEILING)
    if lasted > ceiling:
        raise Implausible(
            field="ended_at",
            found=f"{lasted.days} days after the start",
            allowed=f"at most {ceiling.days} days for a {kind}",
        )


def _require_spend(activity: Activity) -> None:
    kind = activity.key.kind
    ceiling_usd = SPEND_CEILINGS_USD.get(kind, GENERIC_SPEND_CEILING_USD)
    money = [(part.currency, part.minor) for part in activity.spend]
    for currency, minor in _totals("spend", money).items():
        ceiling = ceiling_usd * magnitude_of(currency) * 10 ** exponent_of(currency)
        if minor > ceiling:
            raise Implausible(
                field=f"spend.{currency}",
                found=in_words(minor, currency),
                allowed=f"at most {in_words(ceiling, currency)} for a {kind} (sent in minor units)",
            )


def _require_quantities(activity: Activity) -> None:
    counts = [(part.unit, part.count) for part in activity.quantities]
    for unit, count in _totals("quantities", counts).items():
        ceiling = QUANTITY_CEILINGS.get(unit, GENERIC_QUANTITY_CEILING)
        if count > ceiling:
            raise Implausible(
                field=f"quantities.{unit}", found=str(count), allowed=f"at most {ceiling}"
            )


def _totals(field: str, parts: Iterable[tuple[str, int]]) -> Mapping[str, int]:
    """Sum by the first item of each pair; raises Implausible for a negative part."""
    totals: dict[str, int] = {}
    for name, amount in parts:
        if amount < 0:
            raise Implausible(
                field=f"{field}.{name}",
                found=str(amount),
                allowed="zero or more; to take back, reverse the activity",
            )
        totals[name] = totals.get(name, 0) + amount
    return totals
