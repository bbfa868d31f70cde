"""The calendar: business dates, closings, and what is due."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.calendar import EVERY_MIDNIGHT, Calendar, CalendarEnded, Cycle, Days

BERLIN = Calendar(time_zone="Europe/Berlin", cut_off=time(2, 30))
WORKDAYS = Calendar(
    time_zone="Europe/Berlin",
    cut_off=time(18),
    cut_off_next_day=False,
    weekdays=frozenset(range(5)),
    holidays=frozenset({date(2026, 12, 25), date(2027, 1, 1)}),
    advice_days=1,
    settlement_days=2,
)
WEEKLY = replace(WORKDAYS, cycle=Cycle.WEEKLY, weekday=4)
LISTED = Calendar(
    cycle=Cycle.LISTED,
    listed=(
        Days(date(2026, 12, 4), date(2026, 12, 7), date(2026, 12, 9)),
        Days(date(2026, 12, 11), date(2026, 12, 14), date(2026, 12, 16)),
    ),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "closes_at"),
    [
        (date(2026, 1, 5), "2026-01-06T01:30"),  # winter, UTC+1
        (date(2026, 7, 5), "2026-07-06T00:30"),  # summer, UTC+2
        (date(2026, 3, 27), "2026-03-28T01:30"),
        (date(2026, 3, 28), "2026-03-29T01:30"),  # 02:30 is skipped: it is 03:30, UTC+2
        (date(2026, 3, 29), "2026-03-30T00:30"),
        (date(2026, 10, 24), "2026-10-25T00:30"),  # 02:30 comes twice: it is the first, UTC+2
        (date(2026, 10, 25), "2026-10-26T01:30"),
    ],
)
def test_a_business_date_ends_at_the_cut_off_by_local_clocks(day: date, closes_at: str) -> None:
    assert BERLIN.closes_at(day) == at(closes_at)
    just_before = at(closes_at) - timedelta(microseconds=1)
    assert BERLIN.business_date(just_before) == day
    assert BERLIN.business_date(at(closes_at)) == day + timedelta(days=1)


@pytest.mark.parametrize(
    ("calendar", "instant", "expected"),
    [
        (EVERY_MIDNIGHT, "2026-12-04T23:59:59", date(2026, 12, 4)),
        (EVERY_MIDNIGHT, "2026-12-05T00:00", date(2026, 12, 5)),
        (WORKDAYS, "2026-12-04T16:59", date(2026, 12, 4)),  # a Friday
        (WORKDAYS, "2026-12-04T17:00", date(2026, 12, 7)),  # 18:00 in Berlin: Monday's
        (WORKDAYS, "2026-12-06T12:00", date(2026, 12, 7)),
        (WORKDAYS, "2026-12-24T17:00", date(2026, 12, 28)),  # Christmas, then a week-end
    ],
)
def test_business_date(calendar: Calendar, instant: str, expected: date) -> None:
    assert calendar.business_date(at(instant)) == expected


@pytest.mark.parametrize(
    ("calendar", "day", "closings"),
    [
        (EVERY_MIDNIGHT, date(2026, 12, 4), [(12, 4), (12, 5), (12, 6)]),
        (WORKDAYS, date(2026, 12, 23), [(12, 23), (12, 24), (12, 28)]),
        (WEEKLY, date(2026, 12, 5), [(12, 11), (12, 18), (12, 28)]),  # the 25th is a holiday
        (WEEKLY, date(2026, 12, 28), [(12, 28), (1, 4), (1, 8)]),  # so is the 1st
        (LISTED, date(2026, 12, 1), [(12, 4), (12, 11)]),
    ],
)
def test_closings(calendar: Calendar, day: date, closings: list[tuple[int, int]]) -> None:
    found = []
    for _ in closings:
        day = calendar.closing_from(day)
        found.append((day.month, day.day))
        day += timedelta(days=1)
    assert found == closings


@pytest.mark.parametrize(
    ("calendar", "began", "now", "due"),
    [
        (EVERY_MIDNIGHT, "2026-12-04T10:00", "2026-12-04T23:59", None),
        (EVERY_MIDNIGHT, "2026-12-04T10:00", "2026-12-05T00:00", date(2026, 12, 4)),
        # Nothing happened before midnight: what came after it is due at the next.
        (EVERY_MIDNIGHT, "2026-12-05T00:00", "2026-12-05T09:00", None),
        # Three nights were missed: one closing, the newest.
        (EVERY_MIDNIGHT, "2026-12-01T10:00", "2026-12-04T09:00", date(2026, 12, 3)),
        (WORKDAYS, "2026-12-04T18:00", "2026-12-06T23:00", None),
        (WEEKLY, "2026-12-05T10:00", "2026-12-11T16:59", None),
        (WEEKLY, "2026-12-05T10:00", "2026-12-11T17:00", date(2026, 12, 11)),
        (LISTED, "2026-12-01T10:00", "2026-12-04T23:59", None),
        (LISTED, "2026-12-01T10:00", "2026-12-05T00:00", date(2026, 12, 4)),
        (LISTED, "2026-12-01T10:00", "2027-02-01T00:00", date(2026, 12, 11)),
    ],
)
def test_due(calendar: Calendar, began: str, now: str, due: date | None) -> None:
    assert calendar.due(at(began), at(now)) == due


@pytest.mark.parametrize(
    ("calendar", "began", "now", "days"),
    [
        (EVERY_MIDNIGHT, "2026-12-04T10:00", "2026-12-05T00:10", [(12, 4), (12, 4), (12, 5)]),
        (EVERY_MIDNIGHT, "2026-12-04T10:00", "2026-12-04T11:00", [(12, 4), (12, 4), (12, 5)]),
        (WORKDAYS, "2026-12-23T10:00", "2026-12-23T17:05", [(12, 23), (12, 24), (12, 28)]),
        (WORKDAYS, "2026-12-05T10:00", "2026-12-05T11:00", [(12, 7), (12, 8), (12, 9)]),
        (LISTED, "2026-12-01T10:00", "2026-12-05T00:10", [(12, 4), (12, 7), (12, 9)]),
        # On demand between two closings: paid with the next.
        (LISTED, "2026-12-06T10:00", "2026-12-08T10:00", [(12, 8), (12, 14), (12, 16)]),
    ],
)
def test_days_of_a_window(
    calendar: Calendar, began: str, now: str, days: list[tuple[int, int]]
) -> None:
    expected = Days(*(date(2026, month, day) for month, day in days))
    assert calendar.days(at(began), at(now)) == expected


def test_a_list_that_has_ended_is_told_and_not_passed_over() -> None:
    with pytest.raises(CalendarEnded, match="no closing on 2026-12-12 or later: add"):
        LISTED.due(at("2026-12-12T00:00"), at("2026-12-12T10:00"))
    with pytest.raises(CalendarEnded, match="add"):
        LISTED.next_closing(at("2026-12-20T00:00"))


def test_a_calendar_of_holidays_alone_ends() -> None:
    year = frozenset(date(2026, 1, 1) + timedelta(days=n) for n in range(800))
    with pytest.raises(CalendarEnded, match="no business date"):
        replace(EVERY_MIDNIGHT, holidays=year).business_date(at("2026-02-01T00:00"))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"time_zone": "Europe/Berln"}, "no time zone 'Europe/Berln'"),
        ({"time_zone": "../../etc/passwd"}, "no time zone"),
        ({"time_zone": ""}, "no time zone"),
        ({"weekdays": frozenset()}, "no weekday"),
        ({"advice_days": 3, "settlement_days": 2}, "advice comes before"),
        ({"advice_days": -1}, "advice comes before"),
        ({"cycle": Cycle.LISTED}, "listed where"),
        ({"listed": LISTED.listed}, "listed where"),
        ({"cycle": Cycle.LISTED, "listed": LISTED.listed[::-1]}, "in order"),
        ({"cycle": Cycle.LISTED, "listed": LISTED.listed[:1] * 2}, "twice"),
        (
            {"cycle": Cycle.LISTED, "listed": (Days(*[date(2026, 1, n) for n in (3, 2, 4)]),)},
            "not in order",
        ),
    ],
)
def test_what_is_no_calendar_is_refused(values: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Calendar(**values)


zones = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]
)
instants = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(
    zones,
    st.times(),
    st.booleans(),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.sampled_from([Cycle.NIGHTLY, Cycle.WEEKLY]),
    instants,
    st.timedeltas(timedelta(0), timedelta(days=40)),
)
def test_every_instant_has_one_business_date_and_is_cut_once(
    zone: str,
    cut_off: time,
    next_day: bool,  # noqa: FBT001
    weekdays: frozenset[int],
    cycle: Cycle,
    began: datetime,
    passed: timedelta,
) -> None:
    calendar = Calendar(zone, cut_off, next_day, cycle, 2, weekdays)
    day = calendar.business_date(began)
    assert calendar.is_business_date(day)
    assert calendar.closes_at(day) > began
    closing = calendar.next_closing(began)
    assert closing >= day
    now = began + passed
    due = calendar.due(began, now)
    assert (due is None) == (calendar.closes_at(closing) > now)
    if due is not None:
        assert calendar.closes_at(due) <= now < calendar.closes_at(calendar.next_closing(now))
        assert calendar.due(now, now) is None  # cut: what comes from now on is not due
