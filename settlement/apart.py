"""Netting with some participants set apart: their loss stays with their own counterparties."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from settlement.netting import Obligation, Payment, payments


def payments_with_apart(
    positions: Mapping[str, int],
    owed: Iterable[Obligation],
    apart: Collection[str],
) -> tuple[Payment, ...]:
    """Payments that bring every position to zero, sorted by payer and payee.

    What is owed, net of each pair, between a participant apart and another is a payment of its
    own; only the rest is netted among all others. With nobody apart it is all netted.
    """
    own = [due for due in owed if apart and not {due.debtor, due.creditor}.isdisjoint(apart)]
    left = defaultdict(int, positions)
    for due in own:
        left[due.debtor] += due.amount
        left[due.creditor] -= due.amount
    alone = (Payment(due.debtor, due.creditor, due.amount) for due in own)
    return tuple(sorted((*alone, *payments(left))))
