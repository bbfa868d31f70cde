"""Netting: from what everybody owes everybody to the few payments that settle it.

Plain integers of one currency's minor unit in and out. Amounts only move, so all positions
sum to zero.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from settlement.few import few
from settlement.fewest import MOST, fewest


class NotBalanced(ValueError):
    """Positions do not sum to zero: somebody would pay what nobody receives."""


@dataclass(frozen=True, slots=True, order=True)
class Obligation:
    """What a debtor owes a creditor. Raises ValueError unless positive and between two."""

    debtor: str
    creditor: str
    amount: int

    def __post_init__(self) -> None:
        """Refuse what is no obligation."""
        if self.debtor == self.creditor:
            message = f"{self.debtor} cannot owe itself"
            raise ValueError(message)
        if self.amount <= 0:
            message = f"{self.debtor} owes {self.creditor} {self.amount}: not a positive amount"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, order=True)
class Payment:
    """What is to be paid after netting; the amount is positive."""

    payer: str
    payee: str
    amount: int


def bilateral(obligations: Iterable[Obligation]) -> tuple[Obligation, ...]:
    """The net of each pair, sorted by debtor and creditor; a pair that is even is left out."""
    nets: defaultdict[tuple[str, str], int] = defaultdict(int)
    for owed in obligations:
        if owed.debtor < owed.creditor:
            nets[owed.debtor, owed.creditor] += owed.amount
        else:
            nets[owed.creditor, owed.debtor] -= owed.amount
    return tuple(
        sorted(
            Obligation(one, other, net) if net > 0 else Obligation(other, one, -net)
            for (one, other), net in nets.items()
            if net
        ),
    )


def positions(
    obligations: Iterable[Obligation],
    participants: Iterable[str] = (),
) -> dict[str, int]:
    """Each participant's net, by name; positive receives, negative pays, the sum is zero.

    Whoever is named in `participants` is in it, with zero where nothing concerns them.
    """
    nets = defaultdict(int, dict.fromkeys(participants, 0))
    for owed in obligations:
        nets[owed.debtor] -= owed.amount
        nets[owed.creditor] += owed.amount
    return dict(sorted(nets.items()))


class Method(StrEnum):
    """How payments are found."""

    EXACT = "exact"
    """The fewest that there can be; among several such lists the first."""
    HEURISTIC = "heuristic"
    """Few, and at most one fewer than there are positions that are not zero."""


def method(positions: Mapping[str, int]) -> Method:
    """How `payments` finds the payments of these positions: it depends on how many there are."""
    concerned = sum(1 for net in positions.values() if net)
    return Method.EXACT if concerned <= MOST else Method.HEURISTIC


def payments(positions: Mapping[str, int]) -> tuple[Payment, ...]:
    """Payments that bring every position to zero, sorted by payer and payee.

    The fewest where `method` says so; never more than one fewer than there are positions that
    are not zero. Nobody both pays and receives. The same positions always give the same
    payments, in whatever order they come.
    Raises NotBalanced where the positions do not sum to zero.
    """
    if total := sum(positions.values()):
        message = f"positions sum to {total}, not to zero"
        raise NotBalanced(message)
    concerned = {name: net for name, net in sorted(positions.items()) if net}
    find = fewest if method(positions) is Method.EXACT else few
    return tuple(sorted(Payment(*found) for found in find(concerned)))


@dataclass(frozen=True, slots=True)
class Volume:
    """How much netting saves, in minor units: what is owed, and what is paid in its place."""

    gross: int
    net: int

    @property
    def ratio(self) -> Fraction | None:
        """What is paid as a part of what is owed, exactly; None where nothing is owed."""
        return Fraction(self.net, self.gross) if self.gross else None

    @property
    def ratio_words(self) -> str:
        """The ratio exactly and as a percentage, as in 123/4880 (2.52 %); empty without one."""
        if self.ratio is None:
            return ""
        hundredths = round(self.ratio * 10_000)
        return f"{self.ratio} ({hundredths // 100}.{hundredths % 100:02} %)"


NO_VOLUME = Volume(gross=0, net=0)


def volume(obligations: Iterable[Obligation], payments: Iterable[Payment]) -> Volume:
    """Gross and net of obligations and of the payments that settle them."""
    return Volume(sum(owed.amount for owed in obligations), sum(due.amount for due in payments))
