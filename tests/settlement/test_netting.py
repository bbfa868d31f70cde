"""Netting: few payments, the same ones always, and nothing lost on the way."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.netting import (
    NotBalanced,
    Obligation,
    Payment,
    bilateral,
    payments,
    positions,
)

NAMES = ("airline-m", "bank-c", "hotel-h", "operator", "petrol-p", "shop-s")

obligations = st.lists(
    st.builds(
        lambda pair, amount: Obligation(pair[0], pair[1], amount),
        st.permutations(NAMES).map(lambda names: names[:2]),
        st.integers(1, 10**15),
    ),
)
balanced = st.lists(st.integers(-100, 100), max_size=8).map(
    lambda nets: {f"p{i}": net for i, net in enumerate([*nets, -sum(nets)])},
)


def paid(found: tuple[Payment, ...]) -> dict[str, int]:
    nets: dict[str, int] = {}
    for payment in found:
        nets[payment.payer] = nets.get(payment.payer, 0) - payment.amount
        nets[payment.payee] = nets.get(payment.payee, 0) + payment.amount
    return {name: net for name, net in nets.items() if net}


@given(obligations)
def test_positions_sum_to_zero_and_pairs_keep_them(owed: list[Obligation]) -> None:
    found = positions(owed, NAMES)
    assert sum(found.values()) == 0
    assert tuple(found) == NAMES
    assert positions(bilateral(owed), NAMES) == found


@given(obligations)
def test_a_pair_is_netted_once(owed: list[Obligation]) -> None:
    pairs = [frozenset({net.debtor, net.creditor}) for net in bilateral(owed)]
    assert len(pairs) == len(set(pairs))


@given(balanced)
def test_payments_bring_every_position_to_zero(nets: dict[str, int]) -> None:
    found = payments(nets)
    concerned = {name: net for name, net in nets.items() if net}
    assert paid(found) == concerned
    assert len(found) <= max(len(concerned) - 1, 0)
    assert not {payment.payer for payment in found} & {payment.payee for payment in found}
    assert all(payment.amount > 0 for payment in found)
    assert found == tuple(sorted(found))


@given(balanced, st.randoms())
def test_payments_do_not_depend_on_the_order_of_positions(
    nets: dict[str, int],
    random: Random,
) -> None:
    shuffled = list(nets.items())
    random.shuffle(shuffled)
    assert payments(dict(shuffled)) == payments(nets)


@pytest.mark.parametrize(
    ("nets", "expected"),
    [
        ({}, ()),
        ({"a": 0, "b": 0}, ()),
        ({"a": -3, "b": 3}, (Payment("a", "b", 3),)),
        (  # ties go by name
            {"d": -5, "c": -5, "b": 5, "a": 5},
            (Payment("c", "a", 5), Payment("d", "b", 5)),
        ),
        (
            {"hotel-h": -244_80, "airline-m": 240_00, "operator": 4_80},
            (Payment("hotel-h", "airline-m", 240_00), Payment("hotel-h", "operator", 4_80)),
        ),
    ],
)
def test_payments(nets: dict[str, int], expected: tuple[Payment, ...]) -> None:
    assert payments(nets) == expected


def test_an_even_pair_owes_nothing() -> None:
    assert bilateral([Obligation("a", "b", 5), Obligation("b", "a", 5)]) == ()


def test_positions_that_do_not_balance_are_refused() -> None:
    with pytest.raises(NotBalanced, match="sum to 1"):
        payments({"a": 1, "b": 0})


@pytest.mark.parametrize(("debtor", "creditor", "amount"), [("a", "a", 1), ("a", "b", 0)])
def test_what_is_no_obligation_is_refused(debtor: str, creditor: str, amount: int) -> None:
    with pytest.raises(ValueError, match=debtor):
        Obligation(debtor, creditor, amount)
