"""Netting: from what everybody owes everybody to the few payments that settle it.

Plain integers of one currency's minor unit in and out. Amounts only move, so all positions
sum to zero.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


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


def payments(positions: Mapping[str, int]) -> tuple[Payment, ...]:
    """Payments that bring every position to zero, sorted by payer and payee.

    At most one fewer than there are positions that are not zero; nobody both pays and
    receives. The largest payer pays the largest receiver as much as goes, and so on; ties go
    by name, so the same positions always give the same payments.
    Raises NotBalanced where the positions do not sum to zero.
    """
    if total := sum(positions.values()):
        message = f"positions sum to {total}, not to zero"
        raise NotBalanced(message)
    payers = [(net, name) for name, net in positions.items() if net < 0]
    receivers = [(-net, name) for name, net in positions.items() if net > 0]
    heapq.heapify(payers)
    heapq.heapify(receivers)
    found = []
    while payers:
        (owed, payer), (due, payee) = heapq.heappop(payers), heapq.heappop(receivers)
        amount = min(-owed, -due)
        found.append(Payment(payer, payee, amount))
        if owed + amount:
            heapq.heappush(payers, (owed + amount, payer))
        if due + amount:
            heapq.heappush(receivers, (due + amount, payee))
    return tuple(sorted(found))
