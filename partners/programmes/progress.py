"""What a membership has done so far, counted per day: for tiers, limits and expiry."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from itertools import accumulate
from operator import itemgetter

from partners.activities import Activity
from partners.programmes.levels import Counter, Keep
from partners.programmes.measuring import (
    PER_MEMBERSHIP_MONTH,
    PER_POINTS,
    counted,
)
from partners.programmes.model import ProgrammeDefinition
from partners.programmes.periods import Days, whole_months
from partners.programmes.rules import EarnRule
from settlement.ledger.amounts import checked, prorate
from settlement.ledger.values import value

EARNED = "@earned"
"""Counter of points credited, by the day on which they were earned, net of reversals."""

ACTIVE = "@active"
"""Counter of activities that keep points alive."""

RULE_PREFIX = "@rule/"
"""Counters of what a limited rule gave begin with this, then name the rule."""


class Kept(StrEnum):
    """How values of a counter are kept: summed up per day, or each by itself."""

    SUM = "SUM"
    EACH = "EACH"


@value
class Contribution:
    """What one activity adds to a counter of one day; negative where it is taken back."""

    counter: str
    day: date
    amount: int
    kept: Kept = Kept.SUM

    def part(self, numerator: int, denominator: int) -> "Contribution":
        """The part of it that a fraction of the activity has, rounded half up."""
        return replace(self, amount=prorate(self.amount, numerator, denominator))


@dataclass
class Progress:
    """Counters of one membership: per counter, day and number what was added.

    The number is of the entry for counters whose values are kept each by itself, else 0.
    """

    values: dict[str, dict[tuple[date, int], int]] = field(default_factory=dict)
    _sums: dict[str, tuple[list[date], list[int]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """By counter the days on which something was added, and the sums up to each of them."""
    _each: dict[str, list[tuple[date, int, int]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """By counter day, number and value of what was not taken back, in their order."""

    def add(self, counter: str, day: date, number: int, amount: int) -> None:
        """Add to what a counter has on a day."""
        days = self.values.setdefault(counter, {})
        days[day, number] = days.get((day, number), 0) + amount
        self._sums.pop(counter, None)
        self._each.pop(counter, None)

    def plus(self, made: Iterable[tuple[Contribution, int]]) -> "Progress":
        """With contributions besides, each with its number; this one is not changed."""
        grown = Progress(dict(self.values))
        for contribution, number in made:
            grown.values[contribution.counter] = dict(grown.values.get(contribution.counter, {}))
            grown.add(contribution.counter, contribution.day, number, contribution.amount)
        return grown

    def by_day(self, counter: str) -> dict[date, int]:
        """What was added per day."""
        found: dict[date, int] = {}
        for (day, _), amount in self.values.get(counter, {}).items():
            found[day] = found.get(day, 0) + amount
        return found

    def total(self, counter: str, days: Days) -> int:
        """The sum over days."""
        if counter not in self._sums:
            by_day = sorted(self.by_day(counter).items())
            sums = list(accumulate((amount for _, amount in by_day), initial=0))
            self._sums[counter] = [day for day, _ in by_day], sums
        added_on, sums = self._sums[counter]
        return sums[bisect_right(added_on, days.last)] - sums[bisect_left(added_on, days.first)]

    def latest(self, counter: str, days: Days) -> int:
        """The value given last by the end of the days, also before them; 0 where none was."""
        until = self._within(counter, Days(date.min, days.last))
        return until[-1][2] if until else 0

    def largest(self, counter: str, days: Days) -> int:
        """The largest single value of the days; 0 where there is none."""
        return max((amount for _, _, amount in self._within(counter, days)), default=0)

    def _within(self, counter: str, days: Days) -> Sequence[tuple[date, int, int]]:
        """Day, number and value of what was not taken back, in their order."""
        if counter not in self._each:
            values = self.values.get(counter, {}).items()
            self._each[counter] = sorted((day, n, amount) for (day, n), amount in values if amount)
        each = self._each[counter]
        first = bisect_left(each, days.first, key=itemgetter(0))
        return each[first : bisect_right(each, days.last, key=itemgetter(0))]


def counter_exponent(definition: ProgrammeDefinition, name: str) -> int:
    """Decimals in which a counter is kept; 0 of one that the definition does not have."""
    return definition.counter_exponents.get(name, 0)


def value_of_counter(
    definition: ProgrammeDefinition, name: str, progress: Progress, days: Days, joined_on: date
) -> Fraction:
    """A counter's value over days, in major units, with months of membership where it has them.

    Those are counted from joining to the last of the days. The counter is one of the definition.
    """
    tables = definition.tables_by_counter[name]
    read = {Keep.SUM: progress.total, Keep.LATEST: progress.latest, Keep.LARGEST: progress.largest}
    kept = Fraction(read[tables[0].keep](name, days), 10 ** counter_exponent(definition, name))
    factors = [table.factor for table in tables if table.per == PER_MEMBERSHIP_MONTH]
    if factors:
        kept += sum(factors) * max(0, whole_months(joined_on, days.last))
    return kept


def contributions(
    definition: ProgrammeDefinition,
    activity: Activity,
    day: date,
    points_by_reason: Iterable[tuple[str, int]],
) -> tuple[Contribution, ...]:
    """What an activity adds to the counters of a membership; nothing where it adds 0.

    Each table of a counter is rounded down to the counter's own minor unit.
    `points_by_reason` are this programme's points that the activity earned, in minor units.

    Raises AmountOverflow.
    """
    if not definition.counters:
        return ()
    points = list(points_by_reason)
    found: dict[str, Contribution] = {}
    for table in definition.counters:
        if not table.counts(activity):
            continue
        exact = _counted(definition, table, activity, points)
        amount = checked(int(exact * 10 ** counter_exponent(definition, table.counter)))
        if amount:
            before = found.get(table.counter)
            kept = Kept.SUM if table.keep is Keep.SUM else Kept.EACH
            found[table.counter] = Contribution(
                table.counter, day, checked(amount + (before.amount if before else 0)), kept
            )
    return tuple(found.values())


def _counted(
    definition: ProgrammeDefinition,
    table: Counter,
    activity: Activity,
    points: Sequence[tuple[str, int]],
) -> Fraction:
    """In major units, times the table's factor."""
    if table.per == PER_POINTS:
        minor = Fraction(sum(amount for reason, amount in points if reason in table.reasons))
    else:
        minor = Fraction(counted(table, activity, definition.exchange(activity)))
    exact: Fraction = minor / 10 ** definition.exponent_of_table(table) * table.factor
    return exact


def rule_counter(rule: EarnRule) -> str:
    """The counter of what a limited rule gave to a membership."""
    return RULE_PREFIX + rule.rule
