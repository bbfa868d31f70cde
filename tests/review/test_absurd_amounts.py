"""Amounts that fit into 64 bits one by one, and what they add up to."""

from collections.abc import Iterator
from fractions import Fraction

import pytest

from coalition.errors import Refused
from coalition.v1 import accrual_pb2
from gateway.self_check import check_book
from partners.directory_store import money_at
from settlement.ledger.book import load_coalition
from settlement.run import settle
from support.coalition_day import Day, activity_key, coalition_day, item, stay


@pytest.fixture
def day(database_url: str) -> Iterator[Day]:
    with coalition_day(database_url) as day:
        day.settled_world()
        yield day


def gift(reference: str, points: int) -> accrual_pb2.AccrualItem:
    key = activity_key("hotel", "GIFT", reference)
    return item("hotel", "H1", key, stated={("airline", "PROMOTION"): points})


def test_no_two_partners_can_keep_the_night_from_closing(day: Day) -> None:
    """9 * 10**18 owed and as much again in fees: a position that no int64 holds."""
    day.agree("airline", "hotel", price=10**11, fee=1, permissions=("STATE_POINTS",))

    with pytest.raises(Refused) as refused:
        day.accrue(gift("absurd", 9 * 10**7))

    assert refused.value.reason == "OVERFLOW"
    day.accrue(gift("large", 9 * 10**4))
    with day.engine.connect() as connection:
        coalition = load_coalition(connection)
    assert coalition is not None
    report = settle(day.engine, coalition, ["hotel", "airline"], day.clock, money_at)
    owed = 9 * 10**15
    assert report.positions == {"hotel": -2 * owed, "airline": owed, "operator": owed}
    assert check_book(day.engine, coalition, lambda *_: None)[0] == []
    day.agree("airline", "hotel", price=120, fee=Fraction(1, 50))
    day.accrue(stay("H1", "the day after"))
