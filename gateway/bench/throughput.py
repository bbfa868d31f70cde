"""Rows of throughput and latency: single accruals, batches, and how long an answer takes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from gateway.bench.copying import copy_per_second, lines_as_text
from gateway.bench.rows import Goal, Row, compared
from gateway.bench.stand import Stand

Show = Callable[[str, int, int], None]

SINGLE_GOAL = Goal(0.6, 0.8)
BATCH_GOAL = Goal(0.05, 0.12)
LATENCY_GOAL = Goal(8, 4, less=True)

MILLISECONDS = 1_000
MOST_LATE = 0.99
"""The part of the answers whose latency counts."""


@dataclass(frozen=True, slots=True)
class BatchRound:
    """Lines that batches brought into the ledger, as COPY writes them, and how long it took."""

    lines: Sequence[bytes]
    seconds: float

    @property
    def per_second(self) -> float:
        """Lines a second."""
        return len(self.lines) / self.seconds


def single_accruals(stand: Stand, reference: str, show: Show) -> Row:
    """Single accruals a second, against signed answers of the same requests."""
    sizes = stand.sizes
    pairs = []
    for done in range(sizes.rounds + 1):
        requests = stand.stays.single(sizes.calls)
        job = stand.accruals(requests, in_flight=sizes.in_flight)
        booked = stand.booked(job, len(requests))
        signed = stand.sender.send(replace(job, target=reference))
        if done:  # the first round only warms up
            pairs.append((booked.per_second, signed.per_second))
        show("Single accruals", done, sizes.rounds)
    return compared(
        f"unary signed accrual, {sizes.in_flight} in flight",
        pairs,
        unit="accruals/s",
        against="signed answer, unary, same",
        goal=SINGLE_GOAL,
    )


def latency(stand: Stand, reference: str, rate: float, show: Show) -> Row:
    """How long single accruals take that are sent at this rate, against signed answers."""
    sizes = stand.sizes
    pairs = []
    for done in range(1, sizes.rounds + 1):
        requests = stand.stays.single(max(1, int(rate * sizes.latency_seconds)))
        job = stand.accruals(requests, rate=rate)
        booked = stand.booked(job, len(requests)).latency(MOST_LATE)
        signed = stand.sender.send(replace(job, target=reference)).latency(MOST_LATE)
        pairs.append((booked * MILLISECONDS, signed * MILLISECONDS))
        show("Latency", done, sizes.rounds)
    return compared(
        f"p99 latency at half of the top rate, {rate:,.0f}/s",
        pairs,
        unit="ms",
        against="p99 of the signed answer, same rate",
        goal=LATENCY_GOAL,
    )


def batch_accruals(stand: Stand, show: Show) -> Row:
    """Lines a second that batches bring into the ledger, against COPY of the same lines."""
    pairs = list(_batch_rounds(stand, show))
    return compared(
        f"batch accrual, {stand.sizes.batch_items:,} double dips per envelope",
        pairs[1:],  # the first round only warms up
        unit="lines/s",
        against="COPY of the same lines, with key",
        goal=BATCH_GOAL,
    )


def batch_round(stand: Stand) -> BatchRound:
    """A round of batches."""
    sizes = stand.sizes
    job = stand.batches(stand.stays.batches(sizes.batches, sizes.batch_items))
    before = stand.entries()
    sent = stand.booked(job, sizes.batches * sizes.batch_items)
    lines = lines_as_text(stand.engine, before, stand.entries())
    return BatchRound(lines, sent.seconds)


def _batch_rounds(stand: Stand, show: Show) -> Iterator[tuple[float, float]]:
    for done in range(stand.sizes.rounds + 1):
        booked = batch_round(stand)
        yield booked.per_second, copy_per_second(stand.engine, booked.lines)
        show("Batch accruals", done, stand.sizes.rounds)
