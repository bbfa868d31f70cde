"""Whether published conversions make a sound rate book, at every instant; else whose fault it is.

The check is the one by which the gateway refuses a proposal (`partners.exchange.chains`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gateway.rate_files.conversions import Conversions
from gateway.rate_files.replaying import Replayed, replayed
from gateway.rate_files.rows import Row
from partners.exchange.chains import ChainStep, Finding, NotProven, check_book
from partners.exchange.terms import PairTerms
from partners.exchange.ways import Convertible, Way, ways_in_force

NO_SHARED = ""
"""No row names the shared currency's programme."""


@dataclass(frozen=True, slots=True)
class Step:
    """One conversion of a chain, with the row that gives it."""

    row: Row
    offer: str
    source_minor: int
    target_minor: int
    money_fee_minor: int
    """In shared minor units."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong from an instant on, and the row without which it is not.

    A chain by which a member gains; or, without one, an amount that nobody pays for.
    """

    instant: datetime
    row: Row
    chain: tuple[Step, ...] = ()
    unfunded_minor: int | None = None

    @property
    def gain_minor(self) -> int:
        """Of a chain: how much more comes back, in minor units of its first programme."""
        return self.chain[-1].target_minor - self.chain[0].source_minor if self.chain else 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Rows that pass together, and faults of the others."""

    instants: tuple[datetime, ...]
    passed: tuple[Row, ...]
    faults: tuple[Fault, ...]
    not_proven: str = ""
    """What could not be settled within the bounds of the check; empty: everything was."""


def judge(conversions: Conversions) -> Verdict:
    """Check all rows; leave out the one to blame for what is found; check the rest, to the end.

    To blame is an offer before standing terms, and of several rows the one that begins last, or
    stands last.
    """
    instants = tuple(_instants(conversions.rows))
    faults: list[Fault] = []
    left = conversions
    while left.rows:
        try:
            fault = _first_fault(left)
        except NotProven as problem:
            return Verdict(instants, (), tuple(faults), str(problem))
        if fault is None:
            break
        faults.append(fault)
        left = left.without([fault.row])
    return Verdict(instants, left.rows, tuple(faults))


def _instants(rows: Iterable[Row]) -> list[datetime]:
    """Every instant at which a row begins or ends."""
    edges = {row.begins for row in rows} | {row.ends for row in rows if row.ends is not None}
    return sorted(edges)


def _first_fault(conversions: Conversions) -> Fault | None:
    made = replayed(conversions)
    exponents = conversions.scale.programmes
    programmes = {name: Convertible(True, True, e) for name, e in exponents.items()}  # noqa: FBT003
    finding = check_book(made.book, made.since, programmes, NO_SHARED, made.since)
    if finding is None:
        return None
    if finding.chain is None:
        return _unfunded(finding, made)
    ways = ways_in_force(made.book, finding.instant, made.since, programmes, NO_SHARED)
    taken = [_way(step, ways) for step in finding.chain.steps]
    starts = [step.source_minor for step in finding.chain.steps]
    steps = _walked(taken, starts[0], made)
    worst = _to_blame(steps)
    first = next(place for place, step in enumerate(steps) if step.row is worst)
    # The same round told from the row to blame on, if it gains from there too.
    turned = _walked([*taken[first:], *taken[:first]], starts[first], made)
    gains = len(turned) == len(steps) and turned[-1].target_minor > turned[0].source_minor
    return Fault(finding.instant, worst, turned if gains else steps)


def _unfunded(finding: Finding, made: Replayed) -> Fault:
    if finding.version is None:
        message = "what is not funded has a version"
        raise AssertionError(message)
    row = made.rows[finding.version]
    return Fault(finding.instant, row, unfunded_minor=finding.source_minor)


def _way(step: ChainStep, ways: Iterable[Way]) -> Way:
    said = step.source, step.target, step.label
    return next(way for way in ways if (way.source, way.target, way.label) == said)


def _walked(ways: Iterable[Way], start_minor: int, made: Replayed) -> tuple[Step, ...]:
    """The conversions of the whole amount along ways, as far as they go."""
    steps: list[Step] = []
    amount_minor = start_minor
    for way in ways:
        given_minor = way.result(amount_minor)
        if given_minor is None:
            break
        (number,) = way.versions
        offer = next(
            version.terms.offer
            for version in made.book.versions
            if version.number == number and isinstance(version.terms, PairTerms)
        )
        fee_minor = way.money_fee(amount_minor)
        steps.append(Step(made.rows[number], offer, amount_minor, given_minor, fee_minor))
        amount_minor = given_minor
    return tuple(steps)


def _to_blame(steps: Iterable[Step]) -> Row:
    """An offer before standing terms; then the row that begins last, then the one below."""
    worst = max(steps, key=lambda s: (bool(s.offer), s.row.begins, s.row.number))
    return worst.row
