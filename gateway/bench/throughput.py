"""Rows of throughput and latency: single accruals, batches, and how long an answer takes."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from coalition.methods import method
from gateway.bench.copying import copy_per_second, lines_as_text
from gateway.bench.load import Job
from gateway.bench.rows import Goal, Row, compared
from gateway.bench.stand import Stand
from gateway.bench.stays import ACCRUE_BATCH

Show = Callable[[str, int, int], None]

SINGLE_GOAL = Goal(0.6, 0.8)
BATCH_GOAL = Goal(0.05, 0.12)
LATENCY_GOAL = Goal(8, 4, less=True)

MILLISECONDS = 1_000
MOST_LATE = 0.99
"""The part of the answers whose latency counts."""


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
        requests = stand.stays.single(sizes.calls)
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


def _batch_rounds(stand: Stand, show: Show) -> Iterator[tuple[float, float]]:
    sizes = stand.sizes
    for done in range(sizes.rounds + 1):
        requests = stand.stays.batches(sizes.batches, sizes.batch_items)
        name = method(ACCRUE_BATCH).full_name
        job = Job(stand.gateway.target, name, requests, in_flight=sizes.batches_in_flight)
        before = stand.entries()
        sent = stand.booked(job, sizes.batches * sizes.batch_items)
        lines = lines_as_text(stand.engine, before, stand.entries())
        yield len(lines) / sent.seconds, copy_per_second(stand.engine, lines)
        show("Batch accruals", done, sizes.rounds)
