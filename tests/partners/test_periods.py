"""The calendar of programmes: days, months, years of membership."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.programmes.forms import Span
from partners.programmes.periods import (
    DAY,
    Days,
    add_months,
    add_span,
    calendar_year,
    last_of_month,
    local_day,
    membership_year,
    months_of,
    months_up_to,
    whole_months,
)

days = st.dates(date(1990, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 1, 15), -1, date(2025, 12, 15)),
        (date(2026, 3, 31), -13, date(2025, 2, 28)),
        (date(9999, 12, 31), 1, date.max),
        (date(1, 1, 31), -1, date.min),
    ],
)
def test_months_are_added_on_the_calendar(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


def test_spans_go_both_ways() -> None:
    assert add_span(date(2026, 1, 31), Span(1, 0)) == date(2026, 2, 28)
    assert add_span(date(2026, 1, 31), Span(0, 30)) == date(2026, 3, 2)
    assert add_span(date(2026, 1, 31), Span(0, 30), sign=-1) == date(2026, 1, 1)
    assert add_span(date(2026, 3, 31), Span(1, 0), sign=-1) == date(2026, 2, 28)


@pytest.mark.parametrize(
    ("instant", "zone", "day"),
    [
        ("2026-01-01T15:59:59+00:00", "Asia/Shanghai", date(2026, 1, 1)),
        ("2026-01-01T16:00:00+00:00", "Asia/Shanghai", date(2026, 1, 2)),
        ("2026-01-01T04:59:59+00:00", "America/New_York", date(2025, 12, 31)),
        ("2026-07-01T04:00:00+00:00", "America/New_York", date(2026, 7, 1)),
    ],
)
def test_a_day_is_of_its_time_zone(instant: str, zone: str, day: date) -> None:
    assert local_day(datetime.fromisoformat(instant), ZoneInfo(zone)) == day


def test_a_calendar_year_has_both_its_ends() -> None:
    year = calendar_year(date(2026, 7, 1))
    assert year == Days(date(2026, 1, 1), date(2026, 12, 31))
    assert date(2026, 1, 1) in year
    assert date(2026, 12, 31) in year
    assert date(2027, 1, 1) not in year


@pytest.mark.parametrize(
    ("day", "joined_on", "first", "last"),
    [
        (date(2026, 5, 9), date(2024, 5, 10), date(2025, 5, 10), date(2026, 5, 9)),
        (date(2026, 5, 10), date(2024, 5, 10), date(2026, 5, 10), date(2027, 5, 9)),
        (date(2024, 5, 10), date(2024, 5, 10), date(2024, 5, 10), date(2025, 5, 9)),
        # Who joined on February 29 has the anniversary on the 28th where there is no 29th.
        (date(2025, 2, 27), date(2024, 2, 29), date(2024, 2, 29), date(2025, 2, 27)),
        (date(2025, 2, 28), date(2024, 2, 29), date(2025, 2, 28), date(2026, 2, 27)),
        (date(2028, 2, 28), date(2024, 2, 29), date(2027, 2, 28), date(2028, 2, 28)),
        (date(2028, 2, 29), date(2024, 2, 29), date(2028, 2, 29), date(2029, 2, 27)),
    ],
)
def test_a_year_of_membership(day: date, joined_on: date, first: date, last: date) -> None:
    assert membership_year(day, joined_on) == Days(first, last)


@given(days, days)
def test_years_of_membership_follow_one_another(day: date, joined_on: date) -> None:
    year = membership_year(day, joined_on)
    assert day in year
    assert membership_year(year.last, joined_on) == year
    assert membership_year(year.last + DAY, joined_on).first == year.last + DAY


def test_whole_months_up_to_a_day() -> None:
    assert months_up_to(date(2026, 3, 5), 12) == Days(date(2025, 4, 1), date(2026, 3, 31))
    assert months_up_to(date(2026, 3, 5), 1) == Days(date(2026, 3, 1), date(2026, 3, 31))
    assert last_of_month(date(2024, 2, 1)) == date(2024, 2, 29)
    assert months_of(date(2025, 11, 30), date(2026, 1, 1)) == [
        date(2025, 11, 1),
        date(2025, 12, 1),
        date(2026, 1, 1),
    ]


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        (date(2026, 1, 31), date(2026, 2, 27), 0),
        (date(2026, 1, 31), date(2026, 2, 28), 1),
        (date(2024, 2, 29), date(2025, 2, 28), 12),
        (date(2026, 1, 15), date(2026, 1, 14), -1),
        (date(2016, 1, 1), date(2026, 1, 1), 120),
    ],
)
def test_whole_months_between(first: date, last: date, months: int) -> None:
    assert whole_months(first, last) == months


@pytest.mark.parametrize(("fold", "expected"), [(0, date(2026, 10, 24)), (1, date(2026, 10, 25))])
def test_an_hour_that_comes_twice_is_of_two_days_elsewhere(fold: int, expected: date) -> None:
    twice = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=fold)
    assert local_day(twice, ZoneInfo("Etc/GMT+1")) == expected
