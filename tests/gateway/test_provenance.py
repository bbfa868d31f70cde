"""Where points came from, by signed requests: in a history, and when the origin is reversed."""

from collections.abc import Iterator

import pytest

from coalition.v1 import accrual_pb2, members_pb2
from gateway.self_check import check_book
from settlement.ledger.book import load_coalition
from settlement.run import ignore
from support.coalition_day import Day, coalition_day, membership, stay


@pytest.fixture
def day(database_url: str) -> Iterator[Day]:
    with coalition_day(database_url) as day:
        day.admit("hotel", "HOTEL")
        day.admit("airline", "AIRLINE")
        for partner in ("hotel", "airline"):
            day.publish(partner)
        day.enrol("hotel", "H1")
        day.enrol("airline", "A1")
        day.link(("hotel", "H1"), ("airline", "A1"))
        yield day


def history(day: Day, programme: str, number: str) -> list[members_pb2.Movement]:
    page = day.client(programme).read(
        "Members.ListActivity",
        members_pb2.ListActivityRequest(membership=membership(programme, number)),
        members_pb2.ActivityPage,
    )
    return list(page.movements)


def test_a_history_tells_the_programme_and_the_rates_and_a_reversal_what_it_followed(
    day: Day,
) -> None:
    """1,000 points at 0.50 are 625 miles of 0.80; half of the stay is taken back."""
    source_rate, target_rate = day.rate("hotel", 50, 60), day.rate("airline", 70, 80)
    day.accrue(stay("H1", "folio", 10_000))
    conversion = day.convert(
        day.quote(("hotel", "H1"), ("airline", "A1"), 1_000).quote, "hotel"
    ).record
    assert conversion is not None
    request = accrual_pb2.ReverseRequest(activity=stay("H1", "folio").activity.key, reason="half")
    request.part.numerator, request.part.denominator = 1, 2
    answer = day.client("hotel").write("Accrual.Reverse", request)

    result = answer.result_as(accrual_pb2.ReversalResult)
    assert list(result.followed) == [
        accrual_pb2.FollowedConversion(
            conversion=conversion.entry.number,
            source_programme="hotel",
            target_programme="airline",
            source_minor=500,
            target_minor=313,
        )
    ]
    came, went = history(day, "airline", "A1")
    assert (came.entry_kind, came.amount_minor) == ("CONVERSION", 625)
    assert (came.from_programme, came.source_rate, came.target_rate) == (
        "hotel",
        source_rate,
        target_rate,
    )
    assert (went.entry_kind, went.amount_minor) == ("CONVERSION_REVERSED", -313)
    kinds = [(m.entry_kind, m.amount_minor, m.from_programme) for m in history(day, "hotel", "H1")]
    assert kinds == [
        ("ACCRUAL", 1_000, ""),
        ("CONVERSION", -1_000, ""),
        ("REVERSAL", -500, ""),
        ("CONVERSION_REVERSED", 500, ""),
    ]
    with day.engine.connect() as connection:
        coalition = load_coalition(connection)
    assert coalition is not None
    assert check_book(day.engine, coalition, ignore)[0] == []
