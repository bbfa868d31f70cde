"""An estimate of the points outstanding that will never be used: a life table by age in months.

The method, with a worked example: docs/LIABILITIES.md. It books nothing. Shares are exact
fractions; the result is rounded once, half up, and cohorts sum to it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from partners.lots import History

LEAST_MONTHS = 12
"""Whole months that have to be known: a season of the trade seen once."""

RECENT_MONTHS = 12
"""Months whose experience alone is looked at beside all of it, for the range."""

TAIL_AGES = 6
"""Oldest ages by which is judged what becomes of points that are older than any seen yet."""


class State(StrEnum):
    """Whether there is an estimate, or why there is none."""

    ESTIMATED = "ESTIMATED"
    KEPT_BY_PARTNER = "KEPT_BY_PARTNER"
    TOO_FEW_MONTHS = "TOO_FEW_MONTHS"
    NOTHING_HAPPENED = "NOTHING_HAPPENED"


@dataclass(frozen=True, slots=True)
class Age:
    """What became of points of one age: of those that came to it, how many went at it."""

    at_risk_minor: int
    used_minor: int
    lapsed_minor: int

    def shares(self) -> tuple[Fraction, Fraction]:
        """Of the points that come to it: the share that lapses, and the share that stays."""
        lapses = Fraction(self.lapsed_minor, self.at_risk_minor)
        return lapses, 1 - lapses - Fraction(self.used_minor, self.at_risk_minor)


@dataclass(frozen=True, slots=True)
class Cohort:
    """Points of one month of issue."""

    month: date
    issued_minor: int
    outstanding_minor: int
    breakage_minor: int = 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """What of the points outstanding will never be used, with the least and the most of it."""

    state: State
    months: int = 0
    """Whole months since the first issue."""
    breakage_minor: int = 0
    lowest_minor: int = 0
    highest_minor: int = 0
    cohorts: tuple[Cohort, ...] = ()
    ages: tuple[Age, ...] = ()

    @property
    def outstanding_minor(self) -> int:
        """Points that may be used yet."""
        return sum(cohort.outstanding_minor for cohort in self.cohorts)


@dataclass(frozen=True, slots=True)
class _Went:
    """What of a cohort went at each of its ages so far."""

    month: date
    issued: int
    used: list[int]
    lapsed: list[int]

    @property
    def left(self) -> int:
        return self.issued - sum(self.used) - sum(self.lapsed)

    def came_to(self, age: int) -> int:
        """Points that were still there when they came to an age."""
        return self.issued - sum(self.used[:age]) - sum(self.lapsed[:age])


def estimate(history: History, last: date) -> Estimate:
    """From what became of the months of issue up to the end of the month that begins on `last`.

    1. Each month of issue is a cohort; what went of it is counted by its age in months.
    2. Of the points that came to an age, in all cohorts, a share was used at it and a share lapsed.
    3. A point outstanding goes through the ages that it has not reached yet, by these shares.
    4. What is left after the oldest age known goes on as points of the oldest ages did, for as long
       again as is known; what is left then is never used. If all that is left after the oldest age
       known is used, breakage is least, and if none of it is, most.
    5. The same by the last months' experience alone widens the range.
    """
    went = _cohorts(history, last)
    months = len(went[0].used) if went else 0
    if months < LEAST_MONTHS:
        return Estimate(State.TOO_FEW_MONTHS, months)
    ages = life_table(went)
    if not any(age.used_minor or age.lapsed_minor for age in ages):
        return Estimate(State.NOTHING_HAPPENED, months)
    views = [_Shares.of(ages), _Shares.of(life_table(went, RECENT_MONTHS))]
    expected = [view.breakage(went) for view in views]
    cohorts = _spread(went, views[0])
    return Estimate(
        State.ESTIMATED,
        months,
        breakage_minor=sum(cohort.breakage_minor for cohort in cohorts),
        lowest_minor=int(min(least for least, _ in expected)),
        highest_minor=-int(-max(most for _, most in expected) // 1),
        cohorts=cohorts,
        ages=ages,
    )


def _months_between(earlier: date, later: date) -> int:
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def _cohorts(history: History, last: date) -> list[_Went]:
    """By month of issue, the oldest first. What went before it was earned went at age 0."""
    went: dict[date, _Went] = {}
    for month, issued in history.issued:
        ages = _months_between(month, last) + 1
        went[month] = _Went(month, issued, [0] * ages, [0] * ages)
    for gone in history.gone:
        cohort = went[gone.issued_month]
        age = max(0, _months_between(gone.issued_month, gone.month))
        ages_of = cohort.lapsed if gone.lapsed else cohort.used
        ages_of[age] += gone.amount_minor
    return [went[month] for month in sorted(went)]


def life_table(went: Iterable[_Went], months: int | None = None) -> tuple[Age, ...]:
    """What became of points at each age, of all cohorts that have reached it.

    With `months`, only what happened in so many last months.
    """
    table: list[Age] = []
    listed = list(went)
    for age in range(max((len(cohort.used) for cohort in listed), default=0)):
        seen = [
            cohort
            for cohort in listed
            if age < len(cohort.used) and (months is None or age >= len(cohort.used) - months)
        ]
        table.append(
            Age(
                sum(cohort.came_to(age) for cohort in seen),
                sum(cohort.used[age] for cohort in seen),
                sum(cohort.lapsed[age] for cohort in seen),
            )
        )
    return tuple(table)


@dataclass(frozen=True, slots=True)
class _Shares:
    """Of points that come to an age: the share that is never used, least, expected and most."""

    by_age: Sequence[tuple[Fraction, Fraction, Fraction]]

    @classmethod
    def of(cls, ages: Sequence[Age]) -> "_Shares":
        """From the oldest age known back to the first."""
        known = [age for age in ages if age.at_risk_minor > 0]
        never = [(Fraction(0), _tail(known[-TAIL_AGES:], len(known)), Fraction(1))]
        for age in reversed(ages):
            if age.at_risk_minor > 0:
                lapses, stays = age.shares()
                least, expected, most = (lapses + stays * later for later in never[-1])
                never.append((least, expected, most))
            else:
                never.append(never[-1])
        return cls(never[::-1])

    def never_used(self, cohort: _Went) -> tuple[Fraction, Fraction, Fraction]:
        """Of a cohort's points that are left: the share that is never used."""
        return self.by_age[len(cohort.used)]

    def breakage(self, went: Iterable[_Went]) -> tuple[Fraction, Fraction]:
        """The least and the most of all that is left."""
        least = most = Fraction(0)
        for cohort in went:
            low, _, high = self.never_used(cohort)
            least += cohort.left * low
            most += cohort.left * high
        return least, most


def _tail(oldest: Sequence[Age], months: int) -> Fraction:
    """Of points older than any seen yet: the share that is never used, over so many months."""
    together = Age(
        sum(age.at_risk_minor for age in oldest),
        sum(age.used_minor for age in oldest),
        sum(age.lapsed_minor for age in oldest),
    )
    never = Fraction(1)
    if oldest:
        lapses, stays = together.shares()
        for _ in range(months):
            never = lapses + stays * never
    return never


def _spread(went: Iterable[_Went], shares: _Shares) -> tuple[Cohort, ...]:
    """What is expected of each cohort, rounded so that the parts sum to the rounded whole."""
    found: list[Cohort] = []
    exact, given = Fraction(0), 0
    for cohort in went:
        exact += cohort.left * shares.never_used(cohort)[1]
        part = int(exact + Fraction(1, 2)) - given
        given += part
        found.append(Cohort(cohort.month, cohort.issued, cohort.left, part))
    return tuple(found)
