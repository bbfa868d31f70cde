"""What a settlement comes to in money: payments and positions at the value that its CUT pinned.

Every payment is valued for itself and rounded half to even, so that payer and payee come to the
same amount, each from what it knows alone. A position is valued for itself likewise. Where a
participant's payments, valued one by one, differ from its position, the difference is a rounding
that the operator carries: it is no payment.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import Connection, text

from settlement.netting import Payment
from settlement.windows import CUT_KIND


@dataclass(frozen=True, slots=True)
class MoneyPosition:
    """A participant's position in minor units of a money; positive receives.

    The net is what the payments come to and the rounding: parts sum to the whole.
    """

    participant: str
    net: int
    payments: int

    @property
    def rounding(self) -> int:
        """What the operator carries: positive where the payments come to less than the net."""
        return self.net - self.payments


def valued(amount: int, price: Fraction) -> int:
    """An amount at what its minor unit is worth, rounded half to even."""
    return round(amount * price)


def money_payments(payments: Iterable[Payment], price: Fraction) -> tuple[Payment, ...]:
    """Payments in money, in the same order."""
    return tuple(Payment(due.payer, due.payee, valued(due.amount, price)) for due in payments)


def money_positions(
    nets: Mapping[str, int],
    payments: Iterable[Payment],
    price: Fraction,
) -> tuple[MoneyPosition, ...]:
    """Positions in money of all who are in `nets`, by name; `payments` are theirs, unvalued."""
    paid = dict.fromkeys(nets, 0)
    for due in money_payments(payments, price):
        for name, amount in ((due.payee, due.amount), (due.payer, -due.amount)):
            if name in paid:
                paid[name] += amount
    return tuple(
        MoneyPosition(name, valued(nets[name], price), paid[name]) for name in sorted(nets)
    )


_CUT = text("select facts from entry where number = :number and kind = :kind")


def pinned_money(connection: Connection, cut_number: int) -> dict[str, Fraction]:
    """What a CUT pinned for the window that it ends: minor units of money per shared minor unit.

    By currency, sorted; empty where the rate book had no value, or no CUT has this number.
    """
    facts = connection.execute(_CUT, {"number": cut_number, "kind": CUT_KIND}).scalar()
    money: Mapping[str, str] = {} if facts is None else json.loads(facts)["money"]
    return {currency: Fraction(price) for currency, price in sorted(money.items())}
