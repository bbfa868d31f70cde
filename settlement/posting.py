"""The settlement's own entry: clearing goes to zero, what is due is posted.

Pure: which lines follow from a window's obligations and payments, and nothing else.
"""

from collections.abc import Iterable, Iterator, Sequence

from settlement.ledger import accounts
from settlement.ledger.entries import EVERYONE, Coalition, Draft, Line
from settlement.netting import Obligation, Payment

SETTLEMENT_KIND = "SETTLEMENT"
NETTING = "NETTING"
PAYMENT_DUE = "PAYMENT_DUE"


def settlement_lines(
    currency: str,
    window_id: int,
    nets: Iterable[Obligation],
    payments: Iterable[Payment],
) -> Iterator[Line]:
    """One line per pair that is not even, then one per payment; each shown to its two."""
    for net in nets:
        yield Line(
            kind=NETTING,
            amount=net.amount,
            debit=accounts.clearing(window_id, net.creditor, net.debtor, currency),
            credit=accounts.clearing(window_id, net.debtor, net.creditor, currency),
            parties=frozenset({net.debtor, net.creditor}),
        )
    for payment in payments:
        yield Line(
            kind=PAYMENT_DUE,
            amount=payment.amount,
            debit=accounts.settlement(payment.payer, currency),
            credit=accounts.settlement(payment.payee, currency),
            parties=frozenset({payment.payer, payment.payee}),
        )


def settlement_draft(
    coalition: Coalition,
    settlement_id: int,
    window_id: int,
    nets: Sequence[Obligation],
    payments: Sequence[Payment],
    supersedes: int | None = None,
) -> Draft:
    """The entry that posts a settlement. That it happened is everybody's; amounts are not."""
    in_place_of = {} if supersedes is None else {"supersedes": str(supersedes)}
    return Draft(
        kind=SETTLEMENT_KIND,
        sender=coalition.operator,
        facts={"settlement": str(settlement_id), "window": str(window_id), **in_place_of},
        facts_parties=frozenset({EVERYONE}),
        lines=tuple(settlement_lines(coalition.currency, window_id, nets, payments)),
    )
