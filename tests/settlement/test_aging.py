"""What is unpaid by its age: whole days that have passed, at any instant."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.aging import Aged, aging, bucket_of
from settlement.ledger.dues import Due, DueState

POSTED = datetime(2026, 1, 5, 22, 30, tzinfo=UTC)


def due(payer: str, payee: str, amount: int, days: float = 0) -> Due:
    return Due(1, payer, payee, amount, DueState.DUE, POSTED - timedelta(days=days))


@pytest.mark.parametrize(
    ("age", "first"),
    [
        (timedelta(0), 0),
        (timedelta(days=2, microseconds=-1), 0),
        (timedelta(days=2), 2),
        (timedelta(days=8, microseconds=-1), 2),
        (timedelta(days=8), 8),
        (timedelta(days=31, microseconds=-1), 8),
        (timedelta(days=31), 31),
        (timedelta(days=4_000), 31),
        (timedelta(seconds=-1), 0),
    ],
)
def test_ages(age: timedelta, first: int) -> None:
    assert bucket_of(POSTED, POSTED + age)[0] == first


def test_who_pays_and_who_receives() -> None:
    unpaid = [
        due("alpha", "beta", 100),
        due("alpha", "gamma", 20, 1),
        due("beta", "alpha", 7, 9),
        due("alpha", "beta", 3, 40),
    ]
    assert aging(unpaid, POSTED) == [
        Aged("alpha", 0, 1, pays_minor=120, pays_count=2),
        Aged("alpha", 8, 30, receives_minor=7, receives_count=1),
        Aged("alpha", 31, None, pays_minor=3, pays_count=1),
        Aged("beta", 0, 1, receives_minor=100, receives_count=1),
        Aged("beta", 8, 30, pays_minor=7, pays_count=1),
        Aged("beta", 31, None, receives_minor=3, receives_count=1),
        Aged("gamma", 0, 1, receives_minor=20, receives_count=1),
    ]


WHO = st.sampled_from("abcd")
DUES = st.lists(
    st.builds(due, WHO, WHO, st.integers(1, 10**15), st.floats(-1, 60)).filter(
        lambda d: d.payer != d.payee
    )
)


@given(DUES)
def test_nothing_is_lost(unpaid: Sequence[Due]) -> None:
    found = aging(unpaid, POSTED)
    total = sum(d.amount_minor for d in unpaid)
    assert sum(a.pays_minor for a in found) == sum(a.receives_minor for a in found) == total
    assert sum(a.pays_count for a in found) == sum(a.receives_count for a in found) == len(unpaid)
