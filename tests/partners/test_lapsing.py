"""When points expire: by inactivity, by age first in first out, at the end of a year."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.programmes.lapsing import Expiry, expired_minor

JOINED = date(2020, 1, 1)
START = date(2026, 1, 1)


def expiry(by: str, after: str = "12 months", at: str = "day") -> Expiry:
    """The table [expiry]."""
    return Expiry.model_validate({"by": by, "after": after, "at": at})


@pytest.mark.parametrize(
    ("after", "at", "earned", "gone"),
    [
        ("12 months", "day", date(2026, 5, 31), date(2027, 5, 31)),
        ("12 months", "day", date(2024, 2, 29), date(2025, 2, 28)),
        ("30 days", "day", date(2026, 1, 31), date(2026, 3, 2)),
        ("12 months", "year-end", date(2026, 5, 31), date(2028, 1, 1)),
        ("12 months", "year-end", date(2026, 1, 1), date(2028, 1, 1)),
        ("2 years", "year-end", date(2026, 12, 31), date(2029, 1, 1)),
    ],
)
def test_the_day_on_which_points_are_gone(after: str, at: str, earned: date, gone: date) -> None:
    assert expiry("age", after, at).gone_on(earned) == gone


@pytest.mark.parametrize(
    ("active", "today", "expired"),
    [
        ([date(2026, 3, 10)], date(2027, 3, 9), 0),
        ([date(2026, 3, 10)], date(2027, 3, 10), 700),
        # One activity in twelve months keeps all points, also those of years ago.
        ([date(2022, 1, 1), date(2027, 3, 9)], date(2027, 3, 10), 0),
        ([date(2022, 1, 1), date(2022, 5, 5)], date(2023, 5, 5), 700),
        ([], date(2021, 1, 1), 700),
        ([], date(2020, 12, 31), 0),
    ],
)
def test_inactivity_takes_everything_or_nothing(
    active: list[date], today: date, expired: int
) -> None:
    by_day = dict.fromkeys(active, 1)
    taken = expired_minor(
        expiry("inactivity"), balance_minor=700, by_day=by_day, today=today, since=JOINED
    )
    assert taken == expired


def test_an_activity_that_was_taken_back_keeps_nothing_alive() -> None:
    by_day = {date(2026, 3, 10): 0}
    today = date(2026, 12, 31)
    taken = expired_minor(
        expiry("inactivity"), balance_minor=700, by_day=by_day, today=today, since=JOINED
    )
    assert taken == 700


@pytest.mark.parametrize(
    ("balance", "today", "expired"),
    [
        (300, date(2027, 1, 14), 0),
        (300, date(2027, 1, 15), 100),
        (300, date(2027, 2, 14), 100),
        (300, date(2027, 2, 15), 300),
        # Spent points are the oldest: of 250 left only 50 are of January.
        (250, date(2027, 1, 15), 50),
        (200, date(2027, 1, 15), 0),
        (0, date(2028, 1, 1), 0),
        (-50, date(2028, 1, 1), 0),
        # What nobody knows the day of is as old as the membership.
        (400, date(2021, 1, 1), 100),
        (400, date(2020, 12, 31), 0),
    ],
)
def test_by_age_what_was_earned_first_goes_first(balance: int, today: date, expired: int) -> None:
    by_day = {date(2026, 1, 15): 100, date(2026, 2, 15): 200}
    taken = expired_minor(
        expiry("age"), balance_minor=balance, by_day=by_day, today=today, since=JOINED
    )
    assert taken == expired


@pytest.mark.parametrize("by", ["age", "inactivity"])
def test_a_programme_that_begins_to_expire_points_does_so_from_then_on(by: str) -> None:
    by_day = {date(2021, 1, 1): 100}
    since = date(2026, 7, 1)
    for today, expired in ((date(2027, 6, 30), 0), (date(2027, 7, 1), 100)):
        taken = expired_minor(
            expiry(by), balance_minor=100, by_day=by_day, today=today, since=since
        )
        assert taken == expired


@dataclass
class Lots:
    """The oracle: points as lots that are kept apart, the oldest spent first."""

    expiry: Expiry
    lots: list[tuple[date, int]] = field(default_factory=list)

    def spend(self, amount: int) -> int:
        """Take from the oldest lots; gives what was there to take."""
        taken = 0
        while self.lots and taken < amount:
            day, left = self.lots.pop(0)
            part = min(left, amount - taken)
            taken += part
            if left > part:
                self.lots.insert(0, (day, left - part))
        return taken

    def expire(self, today: date) -> int:
        """Drop the lots that are gone, and say how much that was."""
        gone = sum(left for day, left in self.lots if self.expiry.gone_on(day) <= today)
        self.lots = [(day, left) for day, left in self.lots if self.expiry.gone_on(day) > today]
        return gone


steps = st.lists(
    st.tuples(
        st.integers(0, 120), st.sampled_from(["earn", "spend", "expire"]), st.integers(1, 1_000)
    ),
    max_size=40,
)


@given(steps, st.sampled_from(["12 months", "90 days"]), st.sampled_from(["day", "year-end"]))
def test_by_age_expires_what_separate_lots_would(
    steps: list[tuple[int, str, int]], after: str, at: str
) -> None:
    rule = expiry("age", after, at)
    oracle, today, balance = Lots(rule), START, 0
    by_day: dict[date, int] = {}
    for gap, what, amount in [*steps, (0, "expire", 0)]:
        today += timedelta(days=gap)
        if what == "earn":
            oracle.lots.append((today, amount))
            by_day[today] = by_day.get(today, 0) + amount
            balance += amount
        elif what == "spend":
            balance -= oracle.spend(amount)
        else:
            balance -= _expired_twice(rule, balance, by_day, today, oracle.expire(today))


def _expired_twice(
    rule: Expiry, balance: int, by_day: Mapping[date, int], today: date, expected: int
) -> int:
    """What expires is what the oracle says, and a second run takes nothing."""

    def taken(left: int) -> int:
        return expired_minor(rule, balance_minor=left, by_day=by_day, today=today, since=JOINED)

    assert taken(balance) == expected
    assert taken(balance - expected) == 0
    return expected
