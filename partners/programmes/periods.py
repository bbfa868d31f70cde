"""Days, months and years as programmes count them: on the calendar of their own time zone."""

import calendar
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from partners.programmes.forms import Span
from settlement.ledger.values import value

DAY = timedelta(days=1)

CACHED_DAYS = 4_096
"""One decision asks for its own day and its activity's several times."""


@value
class Days:
    """From the first to the last day, both included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """The day of an instant in a time zone."""
    return _utc_day(instant.astimezone(UTC), zone)


@lru_cache(maxsize=CACHED_DAYS)
def _utc_day(instant: datetime, zone: ZoneInfo) -> date:
    return instant.astimezone(zone).date()


def add_months(day: date, months: int) -> date:
    """The same day of another month, or that month's last where it has no such day.

    Days outside the years 1 to 9999 are cut to the first or last day of them.
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    if year < date.min.year:
        return date.min
    if year > date.max.year:
        return date.max
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def add_span(day: date, span: Span, sign: int = 1) -> date:
    """A day moved by a length of time, forwards or (sign -1) backwards."""
    return add_months(day, sign * span.months) + sign * span.days * DAY


def first_of_month(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def last_of_month(day: date) -> date:
    """The last day of a day's month."""
    return add_months(first_of_month(day), 1) - DAY


def calendar_year(day: date) -> Days:
    """The calendar year of a day."""
    return Days(date(day.year, 1, 1), date(day.year, 12, 31))


def membership_year(day: date, joined_on: date) -> Days:
    """The year of membership that holds a day: from one anniversary to the day before the next."""
    years = day.year - joined_on.year
    if add_months(joined_on, 12 * years) > day:
        years -= 1
    first = add_months(joined_on, 12 * years)
    return Days(first, add_months(joined_on, 12 * (years + 1)) - DAY)


def months_up_to(day: date, months: int) -> Days:
    """So many whole calendar months, of which the day's is the last."""
    return Days(add_months(first_of_month(day), 1 - months), last_of_month(day))


def months_from(first: date, last: date) -> int:
    """How many months later the month of one day is than that of another."""
    return (last.year - first.year) * 12 + last.month - first.month


def months_of(first: date, last: date) -> list[date]:
    """The first day of each month from that of one day to that of another."""
    start = first_of_month(first)
    return [add_months(start, number) for number in range(months_from(first, last) + 1)]


def whole_months(first: date, last: date) -> int:
    """How many whole months lie between two days."""
    months = months_from(first, last)
    return months - 1 if add_months(first, months) > last else months
