"""Aging of unpaid positions: what each participant has to pay and to receive, by its age."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from settlement.ledger.dues import Due

DAY = timedelta(days=1)

BUCKETS: tuple[tuple[int, int | None], ...] = ((0, 1), (2, 7), (8, 30), (31, None))
"""First and last age of each in whole days since the settlement was posted; the last is open."""


@dataclass(frozen=True, slots=True)
class Aged:
    """A participant's unpaid payments of one age, in shared minor units."""

    participant: str
    from_days: int
    to_days: int | None
    pays_minor: int = 0
    pays_count: int = 0
    receives_minor: int = 0
    receives_count: int = 0


def bucket_of(posted_at: datetime, instant: datetime) -> tuple[int, int | None]:
    """The bucket of what was posted then, seen at an instant; days that have passed whole count.

    What is posted after the instant is of the first: clocks of two machines may disagree.
    """
    days = max(0, (instant - posted_at) // DAY)
    return next(b for b in BUCKETS if b[1] is None or days <= b[1])


def aging(unpaid: Iterable[Due], instant: datetime) -> list[Aged]:
    """By participant, then by age; only where something is unpaid.

    What all pay in a bucket is what all receive in it.
    """
    pays: dict[tuple[str, int], list[int]] = {}
    receives: dict[tuple[str, int], list[int]] = {}
    for due in unpaid:
        first, _ = bucket_of(due.posted_at, instant)
        pays.setdefault((due.payer, first), []).append(due.amount_minor)
        receives.setdefault((due.payee, first), []).append(due.amount_minor)
    last = dict(BUCKETS)
    return [
        Aged(
            participant=participant,
            from_days=first,
            to_days=last[first],
            pays_minor=sum(pays.get((participant, first), ())),
            pays_count=len(pays.get((participant, first), ())),
            receives_minor=sum(receives.get((participant, first), ())),
            receives_count=len(receives.get((participant, first), ())),
        )
        for participant, first in sorted(pays.keys() | receives.keys())
    ]
