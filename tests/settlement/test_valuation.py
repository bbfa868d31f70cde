"""Value in money: half to even, parts sum to the whole, the rest is the operator's."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.netting import payments
from settlement.valuation import MoneyPosition, money_payments, money_positions, valued


@pytest.mark.parametrize(
    ("amount", "price", "money"),
    [
        (200_00, Fraction(1), 200_00),
        (1, Fraction(1, 2), 0),
        (3, Fraction(1, 2), 2),
        (-1, Fraction(1, 2), 0),
        (-3, Fraction(1, 2), -2),
        (10_00, Fraction(3, 4), 7_50),
        (1_00, Fraction(155), 155_00),
        (2**62 + 1, Fraction(1, 2), 2**61),
    ],
)
def test_to_even(amount: int, price: Fraction, money: int) -> None:
    assert valued(amount, price) == money


def test_three_thirds() -> None:
    """Each of three receives 100/3, which is 33; the payer pays 99 and its position is 100."""
    nets = {"a": -300, "b": 100, "c": 100, "d": 100}
    due = payments(nets)
    price = Fraction(1, 3)
    assert [p.amount for p in money_payments(due, price)] == [33, 33, 33]
    found = money_positions(nets, due, price)
    assert found[0] == MoneyPosition("a", net=-100, payments=-99)
    assert [each.rounding for each in found] == [-1, 0, 0, 0]
    assert sum(each.net for each in found) == -1


nets_of_all = st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=9).map(
    lambda nets: {f"p{n}": net for n, net in enumerate([*nets, -sum(nets)])}
)
prices = st.fractions(min_value=Fraction(1, 10**6), max_value=10**4, max_denominator=10**6)


@given(nets_of_all, prices)
def test_parts_sum_to_the_whole(nets: dict[str, int], price: Fraction) -> None:
    due = payments(nets)
    found = money_positions(nets, due, price)
    assert sum(each.payments for each in found) == 0
    assert all(each.net == each.payments + each.rounding for each in found)
    assert all(2 * abs(each.net - nets[each.participant] * price) <= 1 for each in found)
    for each in found:
        own = [p for p in due if each.participant in {p.payer, p.payee}]
        assert 2 * abs(each.rounding) <= len(own) + 1
        # What a participant is shown is enough: its own net, and its own payments.
        alone = money_positions({each.participant: nets[each.participant]}, own, price)
        assert alone == (each,)
