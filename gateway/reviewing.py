"""The nightly review: what is due, then programme by programme, some hundreds in a transaction."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, Engine

from gateway.erasing import finish_erasures
from gateway.timekeeping import end_all_due
from partners.due import Ended, end_due
from partners.review import (
    Finding,
    Review,
    programmes_to_review,
    relegate_lowest,
    review_members,
)
from settlement.ledger.entries import Coalition

LISTED = 10_000
"""Of each kind that a dry run lists as due: more is not read by anybody."""


def review(
    engine: Engine,
    coalition: Coalition,
    now: datetime,
    *,
    writes: bool,
    on_finding: Callable[[Finding], None],
) -> None:
    """End what is due, let tiers and points lapse whose time is up, and give notice of what will.

    With `writes` each step is committed by itself, so that a run that is cut short goes on where
    it stopped when it is started again; without, nothing is changed, and `now` may lie ahead.
    """
    for ended in _ended(engine, coalition, now, writes=writes):
        on_finding(Finding(ended.kind, "", 0, "", ended.what))
    if writes:
        finish_erasures(engine, coalition, now)
    with engine.connect() as connection:
        names = programmes_to_review(connection, coalition)
    step = Review(coalition, now, writes)
    for name in names:
        after: int | None = 0
        while after is not None:
            step = replace(step, findings=[])
            with engine.connect() as connection:
                after = review_members(connection, step, name, after)
                _end(connection, step, on_finding)
        more = True
        while more:
            step = replace(step, findings=[])
            with engine.connect() as connection:
                more = relegate_lowest(connection, step, name)
                _end(connection, step, on_finding)


def _ended(engine: Engine, coalition: Coalition, now: datetime, *, writes: bool) -> list[Ended]:
    """What ended because its time is up, or would."""
    if not writes:
        with engine.connect() as connection:
            return end_due(connection, coalition, now, writes=False, limit=LISTED)
    found: list[Ended] = []
    end_all_due(engine, coalition, now, on_step=found.extend)
    return found


def _end(connection: Connection, step: Review, on_finding: Callable[[Finding], None]) -> None:
    """What was found is told once it holds."""
    if step.writes:
        connection.commit()
    for finding in step.findings:
        on_finding(finding)
