"""When points expire, as data and as arithmetic."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from partners.programmes.forms import Duration, Kind, TierName
from partners.programmes.periods import DAY, add_span, calendar_year
from partners.programmes.table import DefinitionTable


class ExpiryBy(StrEnum):
    """What makes points expire."""

    INACTIVITY = "inactivity"
    AGE = "age"


class ExpiryAt(StrEnum):
    """On which day points expire that have reached the age."""

    DAY = "day"
    YEAR_END = "year-end"


class Expiry(DefinitionTable):
    """When points expire. Without this table they never do."""

    by: Annotated[ExpiryBy, Field(strict=False)]
    """"inactivity": all points, when no qualifying activity happened for so long; "age": each
    point so long after it was earned, those earned first being spent first."""
    after: Duration
    """How long, such as "12 months"."""
    at: Annotated[ExpiryAt, Field(strict=False)] = ExpiryAt.DAY
    """"day": once that time has passed; "year-end": with the end of that calendar year."""
    activities: Annotated[tuple[Kind, ...], Field(strict=False, min_length=1)] | None = None
    """Kinds of activities that keep points alive; absent: all that earn or count."""
    notice_days: Annotated[int, Field(ge=0, le=366)] = 30
    """How many days before they expire the partner is told."""
    exempt_tiers: Annotated[tuple[TierName, ...], Field(strict=False)] = ()
    """Tiers whose points never expire."""

    def gone_on(self, day: date) -> date:
        """The first day on which points of a day (earned, or active last) are gone."""
        due = add_span(day, self.after)
        return due if self.at is ExpiryAt.DAY else calendar_year(due).last + DAY


def expired_minor(
    expiry: Expiry, *, balance_minor: int, by_day: Mapping[date, int], today: date, since: date
) -> int:
    """Points, in minor units, that are gone by a day; 0 where nothing expires.

    `by_day` are the points earned per day net of reversals (by age), or any positive number for
    each day with a qualifying activity (by inactivity). What it does not explain counts as of
    `since`: the day from which on the programme's points expire, or of joining. Of points by
    age those earned first are spent first, so what is left of the balance is what came last:
    all beyond what was earned by days that are not gone has expired.
    """
    if balance_minor <= 0:
        return 0
    kept = [day for day, amount in by_day.items() if amount > 0 and expiry.gone_on(day) > today]
    if expiry.gone_on(since) > today:
        return 0
    if expiry.by is ExpiryBy.INACTIVITY:
        return 0 if kept else balance_minor
    left = left_by_day(balance_minor, by_day)
    return balance_minor - sum(left.get(day, 0) for day in kept)


def left_by_day(balance_minor: int, by_day: Mapping[date, int]) -> dict[date, int]:
    """Of the points of each day what is left: those earned first were spent first.

    So what there is came last. `by_day` are points earned net of what was taken back; what of the
    balance they do not explain is of no day.
    """
    left: dict[date, int] = {}
    rest = max(0, balance_minor)
    for day in sorted((day for day, amount in by_day.items() if amount > 0), reverse=True):
        left[day] = min(by_day[day], rest)
        rest -= left[day]
    return left
