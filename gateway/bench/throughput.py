"""Rows of throughput and latency: single accruals, batches, and how long an answer takes."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.bench.copying import copy_per_second, lines_as_text
from gateway.bench.operating import Serving
from gateway.bench.processors import seconds_used, used_since
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
    """Lines that batches brought into the ledger, as COPY writes them, and how long it took.

    `used` are seconds of the processor by who used them.
    """

    lines: Sequence[bytes]
    seconds: float
    used: Mapping[str, float]

    @property
    def per_second(self) -> float:
        """Lines a second."""
        return len(self.lines) / self.seconds


def single_accruals(stand: Stand, reference: Serving, show: Show) -> Row:
    """Single accruals a second, against signed answers of the same requests."""
    sizes = stand.sizes
    pairs = []
    used: Counter[str] = Counter()
    for done in range(sizes.rounds + 1):
        requests = stand.stays.single(sizes.calls)
        job = stand.accruals(requests, in_flight=sizes.in_flight)
        before = _used(stand, reference)
        booked = stand.booked(job, len(requests))
        signed = stand.sender.send(replace(job, target=reference.target))
        if done:  # the first round only warms up
            pairs.append((booked.per_second, signed.per_second))
            used.update(used_since(before, _used(stand, reference)))
        show("Single accruals", done, sizes.rounds)
    return compared(
        f"unary signed accrual, {sizes.in_flight} in flight",
        pairs,
        unit="accruals/s",
        against="signed answer, unary, same",
        goal=SINGLE_GOAL,
        processor=_each(used, sizes.calls * sizes.rounds),
    )


def _used(stand: Stand, reference: Serving) -> dict[str, float]:
    return {**stand.processor(), "signed answer": seconds_used(reference.processes())}


def _each(used: Mapping[str, float], count: int) -> dict[str, float]:
    """Microseconds of each of so many."""
    return {name: seconds / count * 1_000_000 for name, seconds in used.items()}


def latency(stand: Stand, reference: Serving, rate: float, show: Show) -> Row:
    """How long single accruals take that are sent at this rate, against signed answers."""
    sizes = stand.sizes
    pairs = []
    for done in range(1, sizes.rounds + 1):
        requests = stand.stays.single(max(1, int(rate * sizes.latency_seconds)))
        job = stand.accruals(requests, rate=rate)
        booked = stand.booked(job, len(requests)).latency(MOST_LATE)
        signed = stand.sender.send(replace(job, target=reference.target)).latency(MOST_LATE)
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
    pairs, rounds = [], []
    for done in range(stand.sizes.rounds + 1):
        booked = batch_round(stand)
        copied = copy_per_second(stand.engine, booked.lines)
        if done:  # the first round only warms up
            rounds.append(booked)
            pairs.append((booked.per_second, copied))
        show("Batch accruals", done, stand.sizes.rounds)
    used: Counter[str] = Counter()
    for booked in rounds:
        used.update(booked.used)
    return compared(
        f"batch accrual, {stand.sizes.batch_items:,} double dips per envelope",
        pairs,
        unit="lines/s",
        against="COPY of the same lines, with key",
        goal=BATCH_GOAL,
        processor=_each(used, sum(len(booked.lines) for booked in rounds)),
    )


def batch_round(stand: Stand) -> BatchRound:
    """A round of batches."""
    sizes = stand.sizes
    job = stand.batches(stand.stays.batches(sizes.batches, sizes.batch_items))
    before, used = stand.entries(), stand.processor()
    sent = stand.booked(job, sizes.batches * sizes.batch_items)
    used = used_since(used, stand.processor())
    lines = lines_as_text(stand.engine, before, stand.entries())
    return BatchRound(lines, sent.seconds, used)
