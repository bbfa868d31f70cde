"""The worked examples of docs/ACCOUNTING.md, through signed requests on a real gateway."""

from collections.abc import Iterator

import pytest

from coalition.v1 import accrual_pb2, exchange_pb2
from support.coalition_day import Day, coalition_day, executed, stay


@pytest.fixture
def day(database_url: str) -> Iterator[Day]:
    with coalition_day(database_url) as day:
        day.settled_world()
        yield day


def test_one_stay_earns_points_and_miles_in_one_entry(day: Day) -> None:
    answer = day.accrue(stay("H1", "folio-1"))

    legs = [
        (leg.programme, leg.reason, leg.points_minor, leg.owed_minor, leg.fee_minor)
        for leg in answer.result_as(accrual_pb2.AccrualResult).legs
    ]
    assert legs == [
        ("hotel", "BASE", 2_000, 0, 0),
        ("hotel", "TIER_BONUS", 500, 0, 0),
        ("airline", "BASE", 200, 24_000, 480),
    ]
    assert answer.record is not None
    lines = [(line.kind, line.debit, line.credit, line.amount) for line in answer.record.lines]
    assert [line[0] for line in lines] == ["BASE", "TIER_BONUS", "BASE", "PRINCIPAL", "FEE"]
    assert lines[3][1:] == ("clearing/1/hotel:airline", "clearing/1/airline:hotel", 24_000)
    assert lines[4][1:] == ("clearing/1/hotel:operator", "clearing/1/operator:hotel", 480)
    assert day.balance("hotel", "H1") == 2_500
    assert day.balance("airline", "A1") == 200


def test_a_conversion_gives_exactly_what_was_quoted(day: Day) -> None:
    day.accrue(stay("H1", "folio-1"))
    quote = day.quote(("hotel", "H1"), ("airline", "A1"), 1_000)
    assert (quote.shared_minor, quote.fee_minor, quote.spread_minor) == (50_000, 1_000, 500)
    assert (quote.target_minor, quote.value_minor, quote.rounding_minor) == (606, 48_480, 20)

    converted = day.convert(quote.quote).result_as(exchange_pb2.ConversionTerms)

    assert converted.conversion > quote.quote
    assert executed(converted) == executed(quote)
    assert day.balance("hotel", "H1") == 1_500
    assert day.balance("airline", "A1") == 806
