"""The money value of the shared currency is pinned at the cut, and changes only there."""

from collections.abc import Iterator, Mapping
from fractions import Fraction

import pytest
from sqlalchemy import text

from coalition.v1 import exchange_pb2, rates_pb2
from gateway.cli.settle_command import settle_now
from settlement.reports import SettlementReport
from support.coalition_day import Day, coalition_day, fraction, stay


@pytest.fixture
def day(database_url: str) -> Iterator[Day]:
    """Hotel points become miles for a fee of 0.06 USD a hundred, 0.99 USD at most."""
    with coalition_day(database_url) as day:
        day.settled_world()
        pair = rates_pb2.PairTerms(
            source="hotel",
            target="airline",
            ratio=fraction(Fraction(1, 2)),
            settlement_price=fraction(80),
            fee=rates_pb2.MoneyFee(
                currency="USD", per_source_minor=fraction(Fraction(6, 100)), cap_minor=99
            ),
        )
        day.published(usd(1), rates_pb2.BookChange(pair=pair))
        day.clock.forward(minutes=1)
        day.accrue(stay("H1", "one", 200_000))
        yield day


def usd(cents: Fraction | int) -> rates_pb2.BookChange:
    value = rates_pb2.MoneyValue(currency="USD", per_shared_minor=fraction(cents))
    return rates_pb2.BookChange(money_value=value)


def settled(day: Day) -> SettlementReport:
    return settle_now(day.engine, day.clock, lambda *_: None)[1]


def quoted(day: Day) -> exchange_pb2.ConversionTerms:
    return day.quote(("hotel", "H1"), ("airline", "A1"), 2_000)


def cuts(day: Day, partner: str) -> list[Mapping[str, object]]:
    """The facts of every CUT in a partner's feed."""
    records = [item.record for item in day.client(partner).follow(0, stop_at_end=True)]
    return [record.facts or {} for record in records if record.entry.kind == "CUT"]


def test_a_value_takes_effect_with_the_next_window(day: Day) -> None:
    """0.99 USD are owed as 99 while a shared minor unit is a cent, and as 49 once it is two."""
    before = quoted(day)
    day.clock.forward(minutes=1)
    day.published(usd(2))
    day.clock.forward(minutes=1)
    approved = quoted(day)
    day.clock.forward(minutes=1)
    day.convert(approved.quote)
    settled(day)
    after = quoted(day)

    owed = [q.money_fee_shared_minor for q in (before, approved, after)]
    assert ([q.money_fee.minor for q in (before, approved, after)], owed) == (
        [99, 99, 99],
        [99, 99, 49],
    )


def test_the_cut_tells_every_partner(day: Day) -> None:
    """A value that is approved to hold from a later instant on waits for the window after that."""
    later = usd(3)
    later.effective_from.FromDatetime(day.clock.now.replace(hour=20))
    day.published(usd(2), later)
    day.clock.forward(hours=1)
    settled(day)
    for reference in ("two", "three"):
        day.clock.forward(hours=8)
        day.accrue(stay("H1", reference, 100))
        settled(day)

    for partner in ("hotel", "airline", "card"):
        told = [(c["window"], c["money"], c["next_money"]) for c in cuts(day, partner)]
        assert told == [
            ("1", {"USD": "1/1"}, {"USD": "2/1"}),
            ("2", {"USD": "2/1"}, {"USD": "3/1"}),
            ("3", {"USD": "3/1"}, {"USD": "3/1"}),
        ]


def test_what_is_pinned_is_what_conversions_use(day: Day) -> None:
    """Also where the log and the value are of one instant: the next window's, in both."""
    day.published(usd(Fraction(1, 3)))
    settled(day)

    assert cuts(day, "hotel")[0]["next_money"] == {"USD": "1/3"}
    assert quoted(day).money_fee_shared_minor == 297


def test_a_run_again_pins_nothing_anew(day: Day) -> None:
    def stored() -> list[bytes]:
        with day.engine.connect() as connection:
            rows = connection.execute(text("select entry_bytes, facts from entry order by number"))
            return [bytes(part) for row in rows for part in row]

    settled(day)
    first = stored()
    day.clock.forward(hours=1)
    settled(day)

    assert stored() == first
