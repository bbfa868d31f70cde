"""No statement of the gateway's sessions reads a table whole that grows with business.

Statements are caught while random business goes through a real gateway, and planned again on a
session like the gateway's. There a sequential scan is chosen only where no index serves.
"""

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Engine, event

from gateway.database import connect_engine
from settlement.ledger.book import load_coalition
from settlement.ledger.reading import feed_page
from support.coalition_day import coalition_day
from support.random_business import World

GROWS_WITH_BUSINESS = {
    "activity",
    "conversion",
    "conversion_usage",
    "election",
    "enrolment",
    "entry",
    "expiry_notice",
    "feed",
    "held_points",
    "line",
    "link",
    "link_code",
    "member_account",
    "member_entry",
    "membership",
    "progress",
    "quote",
    "reconciliation_finding",
    "reconciliation_row",
    "redemption_hold",
    "refused_activity",
    "request",
    "tier_term",
    "tree_node",
    "voucher",
}
OF_WHAT_IS_OPEN = {
    "conversion_pending_idx",
    "hold_expiry_idx",
    "hold_member_idx",
    "quote_open_idx",
}
"""Indices of what has not ended: a table with few of it is read by them whole, and rightly so."""

PLANNED = {"select", "with", "update", "insert"}
ACTS = 60


@contextmanager
def caught(engine: Engine) -> Iterator[set[str]]:
    """Statements, as the driver takes them."""
    found: set[str] = set()

    def catch(*said: Any) -> None:
        _, _, statement, *_ = said
        found.add(statement)

    event.listen(engine, "before_cursor_execute", catch)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", catch)


@pytest.fixture(scope="module")
def planned(module_database_url: str) -> dict[str, dict[str, Any]]:
    """The plan of each statement that business needed."""
    with coalition_day(module_database_url) as day:
        world = World(day, random.Random(3))
        world.found()
        with caught(day.engine) as statements:
            for _ in range(ACTS):
                world.act()
        with day.engine.connect() as connection:
            return {
                statement: plan(connection, statement)
                for statement in statements
                if statement.split(maxsplit=1)[0].lower() in PLANNED
            }


def plan(connection: Connection, statement: str) -> dict[str, Any]:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    parameter = re.compile(r"%\((\w+)\)[sb]")
    places = {
        name: f"${n}" for n, name in enumerate(dict.fromkeys(parameter.findall(statement)), 1)
    }
    numbered = parameter.sub(lambda found: places[found[1]], statement)
    explain = f"explain (format json, generic_plan) {numbered}"
    ((found,),) = psycopg.ClientCursor(driver).execute(explain).fetchall()
    top: dict[str, Any] = found[0]["Plan"]
    return top


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def scanned(top: dict[str, Any]) -> set[str]:
    """Large tables of which a plan reads every row, or every entry of an index."""
    return {
        node["Relation Name"]
        for node in nodes(top)
        if node.get("Relation Name") in GROWS_WITH_BUSINESS
        and (node["Node Type"] == "Seq Scan" or ("Index Name" in node and "Index Cond" not in node))
        and node.get("Index Name") not in OF_WHAT_IS_OPEN
    }


def test_no_large_table_is_read_whole(planned: dict[str, dict[str, Any]]) -> None:
    assert len(planned) > 30
    assert {statement for statement, top in planned.items() if scanned(top)} == set()


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("select * from entry where sender = 'hotel'", "entry"),
        ("select number from entry order by number desc", "entry"),
        ("select * from request where method = 'x'", "request"),
    ],
)
def test_a_statement_without_an_index_would_show(
    module_database_url: str, statement: str, table: str
) -> None:
    engine = connect_engine(module_database_url)
    with engine.connect() as connection:
        assert scanned(plan(connection, statement)) == {table}
    engine.dispose()


@pytest.mark.usefixtures("planned")
def test_each_side_of_a_feed_is_limited_by_itself(module_database_url: str) -> None:
    """Where only both together are limited, all that is left of a long feed is sorted."""
    engine = connect_engine(module_database_url)
    with caught(engine) as statements, engine.connect() as connection:
        coalition = load_coalition(connection)
        assert coalition is not None
        feed_page(connection, coalition, "hotel", after=-1, limit=5)
        (statement,) = (one for one in statements if "union all" in one)
        plans = nodes(plan(connection, statement))
        above = [
            node["Node Type"]
            for node in plans
            for child in node.get("Plans", ())
            if child.get("Relation Name") == "feed"
        ]
    engine.dispose()
    assert above == ["Limit", "Limit"]
