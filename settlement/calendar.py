"""The calendar of a coalition: when windows close, and on which days that is told and paid.

Pure: days, local times and instants in and out. A *business date* ends at the cut-off, a local
time in the coalition's time zone; the days on which the clock is put forward or back are as
long as they are. Closing, advice and settlement days are business dates.
"""

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

MAX_HOLIDAYS_ON_END = 366
"""Days without business on end: a calendar with more of them never closes a window."""

MAX_SETTLEMENT_DAYS = 366
"""Business dates from closing to payment. Monthly netting among airlines takes some ten."""

EVERY_DAY = frozenset(range(7))

_DAY = timedelta(days=1)


class CalendarEnded(Exception):
    """A calendar of listed days has none left; the message says what to do."""


class Cycle(StrEnum):
    """When windows close."""

    NIGHTLY = "nightly"
    """At the end of every business date."""
    WEEKLY = "weekly"
    """At the end of one weekday, or of the next business date where that is none."""
    LISTED = "listed"
    """At the end of the days that the calendar lists."""


@dataclass(frozen=True, slots=True)
class Days:
    """What a window is closed with: its business date, and when that is told and paid."""

    business_date: date
    advice_date: date
    settlement_date: date


@dataclass(frozen=True, slots=True)
class Calendar:
    """Of one coalition.

    `cut_off` is on the business date itself or, where `cut_off_next_day` says so, on the day
    after. A time that the clock skips is taken as much later as the clock skips, one that comes
    twice is the first. `weekdays` (Monday is 0) less `holidays` are business dates. Advice and
    settlement are so many business dates after the closing, unless the cycle lists all three.
    Raises ValueError for what is no calendar.
    """

    time_zone: str = "UTC"
    cut_off: time = time(0)
    cut_off_next_day: bool = True
    cycle: Cycle = Cycle.NIGHTLY
    weekday: int = 0
    weekdays: frozenset[int] = EVERY_DAY
    holidays: frozenset[date] = frozenset()
    advice_days: int = 0
    settlement_days: int = 1
    listed: tuple[Days, ...] = ()
    _zone: ZoneInfo = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what would never close, or close in disorder."""
        try:
            object.__setattr__(self, "_zone", ZoneInfo(self.time_zone))
        except (KeyError, OSError, ValueError):
            raise ValueError(f"there is no time zone {self.time_zone!r}") from None
        if not self.weekdays:
            raise ValueError("no weekday is a business date")
        if not 0 <= self.advice_days <= self.settlement_days:
            raise ValueError("advice comes before settlement, and neither before the closing")
        if self.settlement_days > MAX_SETTLEMENT_DAYS:
            raise ValueError(f"settlement is at most {MAX_SETTLEMENT_DAYS} business dates later")
        for days in self.listed:
            if not days.business_date <= days.advice_date <= days.settlement_date:
                raise ValueError(f"the days of {days.business_date} are not in order")
        closings = [days.business_date for days in self.listed]
        if closings != sorted(set(closings)):
            raise ValueError("closing days are not in order, or listed twice")
        if bool(closings) != (self.cycle is Cycle.LISTED):
            raise ValueError("closing days are listed where the cycle is that, and only there")

    def closes_at(self, day: date) -> datetime:
        """The instant, in UTC, at which a business date ends; it is in the next one."""
        local = datetime.combine(day + _DAY * self.cut_off_next_day, self.cut_off, self._zone)
        return local.astimezone(UTC)

    def closes_at_local(self, day: date) -> datetime:
        """The same instant by the coalition's clocks."""
        return self.closes_at(day).astimezone(self._zone)

    def is_business_date(self, day: date) -> bool:
        """Whether a day is a business date; one that is listed as a closing is."""
        if day.weekday() in self.weekdays and day not in self.holidays:
            return True
        return any(days.business_date == day for days in self.listed)

    def business_date(self, instant: datetime) -> date:
        """The business date under way at an instant."""
        day = instant.astimezone(self._zone).date() - 2 * _DAY
        while self.closes_at(day) <= instant:
            day += _DAY
        return self._business_date_from(day)

    def _business_date_from(self, day: date) -> date:
        """That day, or the next business date."""
        last = day + MAX_HOLIDAYS_ON_END * _DAY
        while not self.is_business_date(day):
            day += _DAY
            if day > last:
                raise CalendarEnded(f"the calendar has no business date in the year before {last}")
        return day

    def _later(self, day: date, count: int) -> date:
        """So many business dates after a day."""
        for _ in range(count):
            day = self._business_date_from(day + _DAY)
        return day

    def closing_from(self, day: date) -> date:
        """The first closing on that day or after it. Raises CalendarEnded."""
        if self.cycle is Cycle.LISTED:
            return self._row_from(day).business_date
        day = self._business_date_from(day)
        while not self._closes(day):
            day = self._later(day, 1)
        return day

    def _row_from(self, day: date) -> Days:
        place = bisect_left(self.listed, day, key=lambda days: days.business_date)
        if place == len(self.listed):
            message = f"the calendar lists no closing on {day} or later: add the next ones"
            raise CalendarEnded(message)
        return self.listed[place]

    def _closes(self, day: date) -> bool:
        """Whether a business date closes a window of a cycle that lists none."""
        if self.cycle is Cycle.NIGHTLY:
            return True
        while day.weekday() != self.weekday:
            day -= _DAY
            if self.is_business_date(day):
                return False
        return True

    def next_closing(self, instant: datetime) -> date:
        """The closing that comes next after an instant. Raises CalendarEnded."""
        return self.closing_from(self.business_date(instant))

    def due(self, first_business_at: datetime, now: datetime) -> date | None:
        """The closing at which a window should have been cut, by the first business in it.

        The newest that has passed, so a window that was missed several times is cut once. None
        where the business came after it. Raises CalendarEnded where no closing follows the
        business at all.
        """
        closing = None
        following = self.next_closing(first_business_at)
        while self.closes_at(following) <= now:
            closing = following
            try:
                following = self.closing_from(following + _DAY)
            except CalendarEnded:
                break
        return closing

    def days(self, first_business_at: datetime, now: datetime) -> Days:
        """The days of a window that is cut now: of the closing that is due, else of today.

        Where closings are listed, a window that is cut between them has the advice and
        settlement days of the next. Raises CalendarEnded where there is none.
        """
        return self.days_of(self.due(first_business_at, now) or self.business_date(now))

    def days_of(self, day: date) -> Days:
        """What a window is closed with on a business date. Raises CalendarEnded."""
        if self.cycle is Cycle.LISTED:
            row = self._row_from(day)
            return Days(day, row.advice_date, row.settlement_date)
        return Days(day, self._later(day, self.advice_days), self._later(day, self.settlement_days))


EVERY_MIDNIGHT = Calendar()
"""Where nothing else was agreed: nightly at midnight UTC, told at once, paid the day after."""
