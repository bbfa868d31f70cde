"""What programmes count of an activity: for points and for tiers alike.

A further measure is a further case of `counted`.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Annotated, TypeAlias

from pydantic import Field

from partners.activities import Activity
from partners.programmes.forms import AttributeValue, Category, Measure, Money, Slug
from partners.programmes.table import DefinitionTable

PER_MONEY = "money"
PER_ACTIVITY = "activity"
PER_POINTS = "points"
PER_MEMBERSHIP_MONTH = "membership_month"

NOT_UNITS = frozenset({PER_MONEY, PER_ACTIVITY, PER_POINTS, PER_MEMBERSHIP_MONTH})
"""Measures that are not the name of a unit of an activity's quantities."""

Exact: TypeAlias = int | Fraction
"""An exact number; a whole one as an int, as nearly all are: fractions cost more time."""

Exchange: TypeAlias = Callable[[str, str], Exact | None]
"""Minor units of the second currency that a minor unit of the first is worth, if known."""


class Measured(DefinitionTable):
    """A table that counts something of activities."""

    per: Measure
    """What it counts: "money", "activity", "points", or a unit such as "night" or "mile"."""
    category: Category | None = None
    """With money: the category of spend that counts; absent: all of them."""
    currency: Money | None = None
    """With money: its currency (ISO 4217). Money in others counts at the rates under [[fx]]."""
    where: Annotated[
        Mapping[Slug, Annotated[tuple[AttributeValue, ...], Field(strict=False, min_length=1)]],
        Field(max_length=10),
    ] = Field(default_factory=dict)
    """Attributes that the activity must have, each with the values that count, such as
    { fare-class = ["J", "C"] }; absent: whatever it has."""

    @property
    def unit(self) -> str:
        """The unit of an activity's quantities that it counts, if it counts one."""
        return self.per.upper()

    def looks_at(self, category: str) -> bool:
        """Whether money spent on a category can count for it, whatever the currency."""
        return self.per == PER_MONEY and self.category in (None, category)

    def holds_where(self, activity: Activity) -> bool:
        """Whether the activity has the attributes that it asks for."""
        return not self.where or all(
            activity.attribute(name) in values for name, values in self.where.items()
        )


def counted(measure: Measured, activity: Activity, exchange: Exchange) -> Exact:
    """How much of what is measured an activity holds; money in minor units of its currency.

    Points and months of membership are not of the activity: they count nothing here.
    """
    if measure.per == PER_ACTIVITY:
        return 1
    if measure.per == PER_MONEY:
        total: Exact = 0
        for part in activity.spend:
            if measure.looks_at(part.category):
                rate = exchange(part.currency, measure.currency or "")
                if rate is not None:
                    total += part.minor * rate
        return total
    if measure.per in NOT_UNITS:
        return 0
    return sum(q.count for q in activity.quantities if q.unit == measure.unit)
