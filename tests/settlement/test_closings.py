"""The night by the calendar: what is due is cut, once, and the log tells its days."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import Engine, text

from settlement.calendar import Calendar, CalendarEnded, Cycle, Days
from settlement.check import check_settlements
from settlement.ledger.book import read_head
from settlement.ledger.check import snapshot
from settlement.ledger.reading import feed_page
from settlement.reports import SettlementReport
from settlement.run import NothingDue, Progress, ignore, settle
from settlement.statements import positions
from settlement.store import Stage
from support.handmade import COALITION, PARTICIPANTS, Business, debt, double_dip, money_at, write

CALENDAR = Calendar(
    time_zone="Europe/Berlin", cut_off=time(2), weekdays=frozenset(range(5)), settlement_days=2
)
MONDAY = datetime(2026, 1, 5, 12, tzinfo=UTC)
NIGHT = datetime(2026, 1, 6, 1, tzinfo=UTC)
"""When Monday closes: 02:00 in Berlin."""


def happened(engine: Engine, *business: Business, at: datetime) -> None:
    with engine.begin() as connection:
        write(connection, *business, now=at)


def due(
    engine: Engine, at: datetime, progress: Progress = ignore, calendar: Calendar = CALENDAR
) -> SettlementReport:
    return settle(
        engine,
        COALITION,
        PARTICIPANTS,
        lambda: at,
        money_at,
        progress,
        calendar=calendar,
        only_due=True,
    )


def days(report: SettlementReport) -> Days | None:
    assert report.settlement is not None
    return report.settlement.days


def cuts(engine: Engine) -> Iterator[dict[str, str]]:
    with engine.connect() as connection:
        for shown in feed_page(connection, COALITION, "hotel-h", after=0, limit=100):
            if json.loads(shown.entry_bytes)["kind"] == "CUT":
                yield json.loads(shown.facts or b"")


def test_what_is_due_is_cut_once_and_the_log_tells_its_days(engine: Engine) -> None:
    happened(engine, double_dip, at=MONDAY)
    with pytest.raises(NothingDue):
        due(engine, NIGHT - timedelta(microseconds=1))
    report = due(engine, NIGHT)
    monday = Days(date(2026, 1, 5), date(2026, 1, 5), date(2026, 1, 7))
    assert days(report) == monday
    (cut,) = cuts(engine)
    told = {name: cut[name] for name in ("business_date", "advice_date", "settlement_date")}
    assert told == {
        "business_date": "2026-01-05",
        "advice_date": "2026-01-05",
        "settlement_date": "2026-01-07",
    }
    assert cut["time_zone"] == "Europe/Berlin"
    for minutes in (0, 10, 600):
        with pytest.raises(NothingDue):
            due(engine, NIGHT + timedelta(minutes=minutes))


def test_what_comes_after_the_closing_waits_for_the_next(engine: Engine) -> None:
    """Although the window was empty at the closing, and so was not cut."""
    happened(engine, double_dip, at=NIGHT + timedelta(minutes=5))
    with pytest.raises(NothingDue):
        due(engine, NIGHT + timedelta(minutes=10))
    assert days(due(engine, NIGHT + timedelta(days=1))) == Days(
        date(2026, 1, 6), date(2026, 1, 6), date(2026, 1, 8)
    )


def test_an_outage_of_three_nights_is_caught_up_with_one_cut(engine: Engine) -> None:
    happened(engine, double_dip, at=MONDAY)
    happened(engine, debt("bank-c", "hotel-h", 5), at=MONDAY + timedelta(days=2))
    late = NIGHT + timedelta(days=2, hours=7)
    report = due(engine, late)
    assert days(report) == Days(date(2026, 1, 7), date(2026, 1, 7), date(2026, 1, 9))
    with pytest.raises(NothingDue):
        due(engine, late)
    assert len(list(cuts(engine))) == 1


class Killed(Exception):
    """The run ends here."""


@pytest.mark.parametrize("stage", [Stage.NET, Stage.POST, Stage.CLOSED])
def test_what_a_killed_run_left_is_finished_and_what_is_due_besides_is_cut(
    engine: Engine, stage: Stage
) -> None:
    def kill(reached: str, done: int, _total: int) -> None:
        if (reached, done) == (stage, 1):
            raise Killed

    happened(engine, double_dip, at=MONDAY)
    with pytest.raises(Killed):
        due(engine, NIGHT, kill)
    happened(engine, debt("bank-c", "hotel-h", 5), at=NIGHT + timedelta(hours=9))
    report = due(engine, NIGHT + timedelta(days=1))
    assert report.settlement is not None
    assert (report.settlement.settlement_id, report.settlement.stage) == (2, Stage.CLOSED)
    assert [cut["business_date"] for cut in cuts(engine)] == ["2026-01-05", "2026-01-06"]
    with snapshot(engine) as connection:
        assert check_settlements(connection, COALITION) == []


def test_what_a_killed_run_left_is_finished_though_nothing_else_is_due(engine: Engine) -> None:
    def kill(reached: str, _done: int, _total: int) -> None:
        if reached == Stage.NET:
            raise Killed

    happened(engine, double_dip, at=MONDAY)
    with pytest.raises(Killed):
        due(engine, NIGHT, kill)
    report = due(engine, NIGHT + timedelta(minutes=10))
    assert report.settlement is not None
    assert (report.settlement.settlement_id, report.settlement.stage) == (1, Stage.CLOSED)


def test_late_business_is_in_the_next_window_with_its_own_date(engine: Engine) -> None:
    """Monday's business that arrives after the cut is accepted, and settled, on Tuesday."""
    happened(engine, double_dip, at=MONDAY)

    def meanwhile(stage: str, done: int, _total: int) -> None:
        if (stage, done) == (Stage.NET, 0):
            happened(engine, debt("airline-m", "hotel-h", 7), at=NIGHT + timedelta(seconds=5))

    first = due(engine, NIGHT, meanwhile)
    assert first.positions["hotel-h"] == -244_80
    with engine.connect() as connection:
        assert positions(connection, 2) == {"airline-m": -7, "hotel-h": 7}
    second = due(engine, NIGHT + timedelta(days=1))
    assert second.positions["hotel-h"] == 7
    assert [days(first), days(second)] == [
        Days(date(2026, 1, 5), date(2026, 1, 5), date(2026, 1, 7)),
        Days(date(2026, 1, 6), date(2026, 1, 6), date(2026, 1, 8)),
    ]


def test_on_demand_a_window_is_cut_before_its_closing(engine: Engine) -> None:
    happened(engine, double_dip, at=MONDAY)
    now = MONDAY + timedelta(hours=1)
    report = settle(engine, COALITION, PARTICIPANTS, lambda: now, money_at, calendar=CALENDAR)
    assert days(report) == Days(date(2026, 1, 5), date(2026, 1, 5), date(2026, 1, 7))
    happened(engine, double_dip, at=MONDAY + timedelta(hours=2))
    assert days(due(engine, NIGHT)) == days(report)


def test_a_calendar_that_has_ended_stops_the_run_and_changes_nothing(engine: Engine) -> None:
    day = date(2026, 1, 2)
    ended = Calendar(cycle=Cycle.LISTED, listed=(Days(day, day, day),))
    happened(engine, double_dip, at=MONDAY)
    with engine.connect() as connection:
        size = read_head(connection).size
    for only_due in (True, False):
        with pytest.raises(CalendarEnded, match="add the next ones"):
            settle(
                engine,
                COALITION,
                PARTICIPANTS,
                lambda: NIGHT,
                money_at,
                calendar=ended,
                only_due=only_due,
            )
    with engine.connect() as connection:
        assert read_head(connection).size == size


def test_days_that_were_changed_behind_our_back_are_found(engine: Engine) -> None:
    happened(engine, double_dip, at=MONDAY)
    due(engine, NIGHT)
    with engine.begin() as connection:
        connection.execute(text("update settlement set settlement_date = '2026-02-01'"))
    with snapshot(engine) as connection:
        problem, *statements = check_settlements(connection, COALITION)
    assert problem.check == "days"
    assert {each.check for each in statements} == {"statement-json", "statement-csv"}
    assert (problem.where, problem.found) == ("settlement 1", "2026-01-05, 2026-01-05, 2026-02-01")
