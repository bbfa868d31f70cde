"""The timekeeper: what is due ends, one that cannot keeps no other back, and nothing stops it."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from gateway import timekeeping
from gateway.database import connect_engine
from gateway.reviewing import review
from gateway.timekeeping import Timekeeper, end_all_due
from partners import due
from partners.activities import ActivityKey
from partners.context import Context, Decision
from partners.due import Ended
from partners.usecases.exchange import Convert
from support.coalition_day import NOON
from support.use_case_bench import Bench, bench, definition, quote, report

LATER = NOON.replace(hour=14)


@pytest.fixture
def world(database_url: str) -> Iterator[Bench]:
    """Five conversions that wait until 14:00."""
    with bench(database_url) as made:
        made.admit("alpha", "vault")
        made.publish("alpha", definition("alpha", "AA"))
        rest = "[conversion]\ndelivery_minutes = 120\n"
        made.publish("vault", definition("vault", "VV", custody="partner", rest=rest))
        made.rate("alpha", 100, 100)
        made.rate("vault", 200, 200)
        for programme in ("alpha", "vault"):
            made.enrol(programme, "1")
        made.link(("alpha", "1"), ("vault", "1"))
        gift = ActivityKey("alpha", "GIFT", "1")
        made.ask("alpha", report(("alpha", "1"), gift, [("alpha", "BASE", 1_000)]))
        for _ in range(5):
            asked = made.ask("alpha", quote(("alpha", "1"), ("vault", "1"), 100))
            assert not made.ask("alpha", Convert(asked.result.quote.number)).reason
        yield made


def waiting(world: Bench) -> list[int]:
    query = text("select number from conversion where state = 'PENDING' order by number")
    with world.engine.connect() as connection:
        return list(connection.execute(query).scalars())


def test_steps_are_committed_one_by_one(world: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = waiting(world)
    monkeypatch.setattr(due.due, "__defaults__", (2,))
    told: list[list[int]] = []
    left: list[int] = []

    def on_step(ended: list[Ended]) -> None:
        told.append([one.number for one in ended])
        left.append(len(waiting(world)))

    end_all_due(world.engine, world.coalition, LATER, on_step=on_step)

    assert told == [numbers[:2], numbers[2:4], numbers[4:]]
    assert left == [3, 1, 0]


def test_one_that_cannot_be_ended_keeps_no_other_back(
    world: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = waiting(world)
    (kind,) = (kind for kind in due.KINDS if kind.needs == "conversions")

    def end(number: int, context: Context) -> Decision:
        if number == numbers[1]:
            raise ValueError(number)
        return kind.end(number, context)

    monkeypatch.setattr(due, "KINDS", (replace(kind, end=end),))
    steps: list[Any] = []
    end_all_due(world.engine, world.coalition, LATER, on_step=steps.append)

    assert waiting(world) == [numbers[1]]
    assert sum(map(len, steps)) == 4
    monkeypatch.undo()
    end_all_due(world.engine, world.coalition, LATER, on_step=steps.append)
    assert waiting(world) == []


def test_many_that_cannot_be_ended_hide_no_other(
    world: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as are looked for at once; and what failed is left alone by the looks after that."""
    numbers = waiting(world)
    (kind,) = (kind for kind in due.KINDS if kind.needs == "conversions")
    tried: list[int] = []

    def end(number: int, context: Context) -> Decision:
        tried.append(number)
        if number in numbers[:4]:
            raise ValueError(number)
        return kind.end(number, context)

    monkeypatch.setattr(due.due, "__defaults__", (2,))
    monkeypatch.setattr(due, "KINDS", (replace(kind, end=end),))
    failed: set[int] = set()
    for _ in range(2):
        end_all_due(world.engine, world.coalition, LATER, on_step=lambda _: None, failed=failed)

    assert waiting(world) == numbers[:4]
    assert failed == set(numbers[:4])
    assert max(map(tried.count, numbers)) == 2


def test_two_at_once_end_each_thing_once(world: Bench) -> None:
    """Side by side, as several gateways on one database are."""
    numbers = waiting(world)
    ended: list[Ended] = []
    threads = [
        threading.Thread(
            target=end_all_due,
            args=(world.engine, world.coalition, LATER),
            kwargs={"on_step": ended.extend},
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(one.number for one in ended) == numbers


def test_the_thread_goes_on_when_the_database_was_away(
    world: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timekeeping, "LOOK_SECONDS", 0.01)
    looks: list[str] = []
    done = threading.Event()

    def away(*arguments: Any, **more: Any) -> None:
        looks.append("look")
        if len(looks) < 3:
            raise OperationalError("select", {}, Exception("away"))
        end_all_due(*arguments, **more)

    monkeypatch.setattr(timekeeping, "end_all_due", away)
    keeper = Timekeeper(world.engine, world.coalition, lambda: LATER, done.set)
    keeper.start()
    assert done.wait(60)
    keeper.stop()

    assert waiting(world) == []
    assert keeper._thread is not None
    assert not keeper._thread.is_alive()


def test_it_stops_without_a_database() -> None:
    engine = connect_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    keeper = Timekeeper(engine, None, lambda: LATER, lambda: None)  # type: ignore[arg-type]
    keeper.start()
    keeper.stop()

    assert keeper._thread is not None
    assert not keeper._thread.is_alive()


def test_the_review_ends_what_is_due_or_shows_it(world: Bench) -> None:
    numbers = waiting(world)
    told: list[Any] = []
    review(world.engine, world.coalition, NOON, writes=True, on_finding=told.append)
    assert told == []
    review(world.engine, world.coalition, LATER, writes=False, on_finding=told.append)
    assert waiting(world) == numbers
    review(world.engine, world.coalition, LATER, writes=True, on_finding=told.append)

    assert waiting(world) == []
    assert told[:5] == told[5:]
    assert [finding.kind for finding in told[:5]] == ["CONVERSION_REVERSED"] * 5
    assert told[0].what == f"conversion {numbers[0]} was not confirmed in time"
