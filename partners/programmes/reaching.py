"""Which tiers a membership has reached, by what was counted of it up to a day."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache

from partners.programmes.levels import YEARS, Alternatives, Period, Term
from partners.programmes.measuring import PER_MEMBERSHIP_MONTH
from partners.programmes.model import ProgrammeDefinition
from partners.programmes.periods import (
    DAY,
    Days,
    add_months,
    calendar_year,
    first_of_month,
    last_of_month,
    local_day,
    membership_year,
    months_from,
    months_of,
    months_up_to,
)
from partners.programmes.progress import Progress, value_of_counter


@dataclass(frozen=True, slots=True)
class Reached:
    """A tier that was reached, by its rank, and until when it holds by that (None: open)."""

    rank: int
    since: date
    until: date | None
    for_life: bool = False

    def holds_on(self, day: date) -> bool:
        """Whether its term has not ended by a day."""
        return self.until is None or self.until >= day


@dataclass(frozen=True, slots=True)
class Judge:
    """One membership under one version of its programme. Days are the programme's own."""

    definition: ProgrammeDefinition
    progress: Progress
    joined_on: date

    def reached_on(self, day: date) -> Iterator[Reached]:
        """Tiers that are reached by a day, in the period that holds it or over the whole life.

        Ratings are of the first days of months.
        """
        yield from self._reached_for_life(day)
        if not self._is_rated or day == first_of_month(day):
            yield from self._reached_within(self.period(day), day)

    def reached_at_end(self, day: date) -> Iterator[Reached]:
        """The same for a day on which a term is followed by another.

        What was reached in the year before counts where tiers hold to the end of the next.
        """
        yield from self._reached_for_life(day)
        yield from self._reached_within(self.period(day), day)
        if self.definition.qualification.term is Term.NEXT_PERIOD:
            last_year = self._year(self._year(day).first - DAY)
            for reached in self._reached_within(last_year, last_year.last):
                yield Reached(reached.rank, day, reached.until)

    def term_end(self, day: date) -> date | None:
        """The last day of a tier that was reached on a day; None: no end is known yet."""
        q = self.definition.qualification
        if q.term is Term.WHILE_REACHED:
            return None
        if q.term is Term.MONTHS or q.period not in YEARS:
            return last_of_month(add_months(day, q.term_months - 1))
        year = self._year(day)
        return year.last if q.term is Term.PERIOD else self._year(year.last + DAY).last

    def fallen_end(self, day: date) -> date | None:
        """The last day of a tier into which a member fell on a day."""
        if self.definition.qualification.term in {Term.PERIOD, Term.NEXT_PERIOD}:
            return self._year(day).last
        return self.term_end(day)

    def days_counted(self, first: date, last: date) -> set[date]:
        """Days on which something counted, and those on which it is rated, among these."""
        counted = {day for name in self._counters() for day in self.progress.by_day(name)}
        if self._is_rated:
            counted |= {add_months(first_of_month(day), 1) for day in counted}
        return {day for day in counted if first <= day <= last}

    def last_affected(self, day: date) -> date:
        """The last day on which the sums of a period hold what counted on a day."""
        q = self.definition.qualification
        if q.period in YEARS:
            return self._year(day).last
        return last_of_month(add_months(first_of_month(day), q.months + 1))

    def days_of_time(self, after: date, last: date) -> set[date]:
        """Days on which a tier can be reached though nothing happens, after one of them.

        Only by this version of the programme: what it asks for holds from its first day on.
        """
        q = self.definition.qualification
        if q.term is Term.WHILE_REACHED:
            return set()
        version_day = local_day(self.definition.valid_from, self.definition.time_zone)
        after = max(after, version_day)
        days: set[date] = set()
        if any(counter.per == PER_MEMBERSHIP_MONTH for counter in self.definition.counters):
            for month in months_of(after, last):
                days.add(add_months(self.joined_on, months_from(self.joined_on, month)))
                if self._is_rated:
                    days.add(month)
        elif self._is_rated:
            days = self.days_counted(after, last)
        return {day for day in days if after < day <= last}

    def _counters(self) -> set[str]:
        return {counter.counter for counter in self.definition.counters}

    @property
    def _is_rated(self) -> bool:
        return self.definition.qualification.period is Period.MONTHLY_RATING

    def _reached_for_life(self, day: date) -> Iterator[Reached]:
        value = self._values(Days(date.min, day))
        for rank, tier in enumerate(self.definition.tiers):
            if tier.lifetime and _meets(tier.lifetime, value):
                yield Reached(rank, day, None, for_life=True)

    def _reached_within(self, days: Days | None, day: date) -> Iterator[Reached]:
        """Tiers that are reached within a period, as far as it goes by a day."""
        if days is None:
            return
        value = self._values(Days(days.first, min(days.last, day)))
        for rank, tier in enumerate(self.definition.tiers):
            if tier.reached and _meets(tier.reached, value):
                yield Reached(rank, day, self.term_end(day))

    def _values(self, days: Days) -> Callable[[str], Fraction]:
        """The counters over days, each looked up once."""

        @cache
        def value(counter: str) -> Fraction:
            of = (self.definition, counter, self.progress, days, self.joined_on)
            return value_of_counter(*of)

        return value

    def _year(self, day: date) -> Days:
        if self.definition.qualification.period is Period.MEMBERSHIP_YEAR:
            return membership_year(day, self.joined_on)
        return calendar_year(day)

    def period(self, day: date) -> Days | None:
        """The days that count for what is judged on a day; None where there are none yet.

        Its last days can lie ahead.
        """
        q = self.definition.qualification
        if q.period in YEARS:
            return self._year(day)
        if q.period is Period.CONSECUTIVE_MONTHS:
            return months_up_to(day, q.months)
        before = months_up_to(first_of_month(day) - DAY, q.months)
        first = max(before.first, first_of_month(self.joined_on))
        return None if first > before.last else Days(first, before.last)


def _meets(alternatives: Alternatives, value: Callable[[str], Fraction]) -> bool:
    return any(
        all(limit.is_met_by(value(name)) for name, limit in alternative.items())
        for alternative in alternatives
    )
