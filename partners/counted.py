"""How an activity keeps what it added to counters and what came back of it, leg by leg."""

import json
from collections.abc import Iterable
from datetime import date

from partners.programmes.progress import Contribution, Kept
from partners.state import Counted


def write_counted(counted: Iterable[Counted]) -> str:
    """As JSON, compact: a list per contribution."""
    return json.dumps(
        [
            [*item.account, c.counter, c.day.isoformat(), str(c.amount), c.kept]
            for item in counted
            for c in [item.contribution]
        ],
        separators=(",", ":"),
    )


def read_counted(text: str) -> tuple[Counted, ...]:
    """What `write_counted` wrote."""
    return tuple(
        Counted(
            (member_id, programme),
            Contribution(counter, date.fromisoformat(day), int(amount), Kept(kept)),
        )
        for member_id, programme, counter, day, amount, kept in json.loads(text)
    )


def write_recovered(recovered: Iterable[int]) -> str:
    """Points by leg, separated by commas."""
    return ",".join(map(str, recovered))


def read_recovered(text: str) -> tuple[int, ...]:
    """What `write_recovered` wrote."""
    return tuple(map(int, text.split(","))) if text else ()
