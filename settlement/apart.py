"""Netting with some participants set apart: their loss stays with their own counterparties."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from settlement.netting import Obligation, Payment, payments


def payments_with_apart(
    positions: Mapping[str, int],
    owed: Collection[Obligation],
    apart: Collection[str],
) -> tuple[Payment, ...]:
    """Payments that bring every position to zero, sorted by payer and payee.

    What is owed, net of each pair, between a participant apart and another is a payment of its
    own; only the rest is netted among all others. With nobody apart it is all netted.
    """
    alone = (Payment(due.debtor, due.creditor, due.amount) for due in _own(owed, apart))
    return tuple(sorted((*alone, *payments(left_to_net(positions, owed, apart)))))


def left_to_net(
    positions: Mapping[str, int], owed: Iterable[Obligation], apart: Collection[str]
) -> dict[str, int]:
    """The positions that are left to be netted, without what is owed by and to those apart."""
    left = defaultdict(int, positions)
    for due in _own(owed, apart):
        left[due.debtor] += due.amount
        left[due.creditor] -= due.amount
    return left


def _own(owed: Iterable[Obligation], apart: Collection[str]) -> list[Obligation]:
    return [due for due in owed if not {due.debtor, due.creditor}.isdisjoint(apart)]
