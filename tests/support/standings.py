"""Programmes with tiers, and what the log, the feed and the tables tell of members' standings."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from partners.activities import ActivityKey
from partners.usecases.accrual import Accrue
from settlement.ledger.reading import feed_page
from support.use_case_bench import Bench, Outcome, activity, bench, definition

TIERS = """
[[tiers]]
name = "MEMBER"

[[tiers]]
name = "SILVER"
bonus = "25%"
reached = [{ stays = 3 }]
price = "50 USD"

[[tiers]]
name = "GOLD"
bonus = "50%"
reached = [{ stays = 5 }]
match = [{ programme = "airline", tier = "TOP", holds = "6 months" }]

[[tiers]]
name = "TOP"
bonus = "100%"
reached = [{ stays = 7 }]
invitation = true
"""

STAYS = """
[[counters]]
counter = "stays"
activity = "STAY"
per = "activity"

[[earn]]
rule = "room"
activity = "STAY"
per = "money"
category = "ROOM"
currency = "EUR"
points = "10"
tier_bonus = true
"""
"""A stay of 200.00 EUR earns 2,000 points of base."""

AIRLINE = '[[tiers]]\nname = "MEMBER"\n[[tiers]]\nname = "TOP"\n'


def hotel(rest: str = "", tiers: str = TIERS, **more: Any) -> str:
    """A hotel's programme with tiers by stays."""
    return definition("hotel", "H-POINTS", rest=rest + tiers + STAYS, **more)


def on(day: str) -> datetime:
    """Noon of a day."""
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC) + timedelta(hours=12)


def stay_on(number: str, reference: str, day: str, minor: int = 20_000) -> Accrue:
    """A stay that began in the morning of a day and is over by its noon."""
    began = on(day) - timedelta(hours=4)
    return Accrue(
        ("hotel", number),
        activity(
            ActivityKey("hotel", "STAY", reference),
            started_at=began,
            ended_at=began + timedelta(hours=1),
            spend=[("ROOM", "EUR", minor)],
        ),
        (),
    )


@dataclass(frozen=True)
class Event:
    """An entry of the log with its facts."""

    number: int
    kind: str
    facts: dict[str, Any]


@contextmanager
def _opened(made: Bench) -> Iterator[Connection]:
    if made.connection is not None:
        yield made.connection
        return
    with made.engine.connect() as connection:
        yield connection


def events(made: Bench, after: int = -1, *kinds: str) -> list[Event]:
    """Entries after a number, of these kinds if any are named."""
    query = text("select number, kind, facts from entry where number > :after order by number")
    with _opened(made) as connection:
        found = [
            Event(row.number, row.kind, json.loads(bytes(row.facts)))
            for row in connection.execute(query, {"after": after})
        ]
    return [event for event in found if not kinds or event.kind in kinds]


def told(made: Bench, participant: str, after: int) -> list[int]:
    """Numbers after another of which the participant's own feed shows the facts."""
    with _opened(made) as connection:
        page = feed_page(connection, made.coalition, participant, after=after, limit=1_000)
    return [shown.number for shown in page if shown.facts is not None]


def rows(made: Bench, query: str, **values: object) -> list[tuple[Any, ...]]:
    """Rows of a query."""
    with _opened(made) as connection:
        return [tuple(row) for row in connection.execute(text(query), values)]


def terms(made: Bench, number: str, programme: str = "hotel") -> list[tuple[str, str, str, str]]:
    """Tier, first and last day, and source of every tier that a member ever had."""
    return [
        (tier, str(since), str(until), source)
        for tier, since, until, source in rows(
            made,
            "select t.tier, t.since, t.until, t.source from tier_term t "
            "join enrolment e using (member_id, programme) "
            "where programme = :programme and e.member_number = :number order by t.number",
            programme=programme,
            number=number,
        )
    ]


def tier(made: Bench, number: str, programme: str = "hotel") -> str:
    """The tier that a member's membership has."""
    found: str = rows(
        made,
        "select tier from membership where programme = :programme and member_number = :number",
        programme=programme,
        number=number,
    )[0][0]
    return found


def points(outcome: Outcome) -> list[tuple[str, int]]:
    """Reason and points of each leg that a report earned."""
    return [(leg.reason, leg.points_minor) for leg in outcome.result.legs]


@contextmanager
def tiered(database_url: str, rest: str = "", tiers: str = TIERS) -> Iterator[Bench]:
    """A hotel with tiers, an airline, a card that may report for the hotel's guests."""
    with bench(database_url) as made:
        made.admit("hotel", "airline", "stranger")
        made.publish("hotel", hotel(rest, tiers))
        made.publish("airline", definition("airline", "MILES", rest=AIRLINE))
        yield made
