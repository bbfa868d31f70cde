"""The coalition's calendar as its operator writes it: calendar.toml in the data directory."""

from datetime import date, time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from gateway.rate_files.documents import Part, read_document
from partners.programmes.findings import Finding
from partners.programmes.forms import YEARS
from settlement.calendar import EVERY_MIDNIGHT, Calendar, Cycle, Days

CALENDAR_FILE = "calendar.toml"

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)


Day = Annotated[date, Field(ge=date(YEARS.start, 1, 1), le=date(YEARS.stop - 1, 12, 31))]
"""Of the years in which programmes live: what is reckoned from it is a day of the calendar too."""


class Closing(Part):
    """A day on which a window closes, with its other two."""

    closing: Day
    advice: Day
    settlement: Day


class CalendarFile(Part):
    """The whole file."""

    time_zone: str
    cut_off: time
    cut_off_next_day: bool = False
    cycle: Literal["nightly", "weekly", "listed"] = "nightly"
    weekday: Weekday = "monday"
    business_days: list[Weekday] = Field(default_factory=lambda: list(WEEKDAYS))
    holidays: list[Day] = Field(default_factory=list)
    advice_days: int = 0
    settlement_days: int = 1
    closing: list[Closing] = Field(default_factory=list)

    def calendar(self) -> Calendar:
        """What it comes to. Raises ValueError."""
        return Calendar(
            time_zone=self.time_zone,
            cut_off=self.cut_off,
            cut_off_next_day=self.cut_off_next_day,
            cycle=Cycle(self.cycle),
            weekday=WEEKDAYS.index(self.weekday),
            weekdays=frozenset(map(WEEKDAYS.index, self.business_days)),
            holidays=frozenset(self.holidays),
            advice_days=self.advice_days,
            settlement_days=self.settlement_days,
            listed=tuple(Days(c.closing, c.advice, c.settlement) for c in self.closing),
        )


def read_calendar(path: Path) -> Calendar:
    """A calendar. Raises BadFile; OSError where it cannot be read."""
    document = read_document(path, CalendarFile)
    try:
        return document.content.calendar()
    except ValueError as problem:
        finding = Finding((), str(problem), "see docs/SETTLEMENT.md")
        raise document.bad([finding]) from None


def calendar_in(data_dir: Path, named: Path | None = None) -> Calendar:
    """The calendar that is named, else that of the data directory, else every midnight UTC.

    Raises BadFile; OSError where one is named and is not there.
    """
    if named is not None:
        return read_calendar(named)
    path = data_dir / CALENDAR_FILE
    return read_calendar(path) if path.exists() else EVERY_MIDNIGHT
