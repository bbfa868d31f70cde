"""Netting with some set apart: their counterparties bear their loss, and nobody else does."""

from hypothesis import given
from hypothesis import strategies as st

from settlement.apart import payments_with_apart
from settlement.netting import Obligation, Payment, bilateral, payments, positions

OWED = (
    Obligation("alpha", "beta", 100),
    Obligation("beta", "gamma", 70),
    Obligation("gamma", "delta", 20),
    Obligation("gamma", "alpha", 15),
)


def test_the_counterparties_keep_their_own() -> None:
    """Without alpha, beta owes gamma 70 and gamma owes delta 20: 50 and 20 as before."""
    assert payments_with_apart(positions(OWED), OWED, {"alpha"}) == (
        Payment("alpha", "beta", 100),
        Payment("beta", "delta", 20),
        Payment("beta", "gamma", 50),
        Payment("gamma", "alpha", 15),
    )


WHO = st.sampled_from(["a", "b", "c", "d", "e"])
PAIRS = st.tuples(WHO, WHO).filter(lambda pair: pair[0] != pair[1])
OBLIGATIONS = st.lists(st.tuples(PAIRS, st.integers(1, 1_000)))


@given(OBLIGATIONS, st.sets(WHO))
def test_every_position_is_paid_and_a_default_is_its_counterparties_alone(
    drawn: list[tuple[tuple[str, str], int]], apart: set[str]
) -> None:
    owed = bilateral(Obligation(*pair, amount) for pair, amount in drawn)
    nets = positions(owed)
    made = payments_with_apart(nets, owed, apart)
    assert positions((Obligation(p.payer, p.payee, p.amount) for p in made), nets) == nets
    netted = [p for p in made if apart.isdisjoint((p.payer, p.payee))]
    assert {p.payer for p in netted}.isdisjoint(p.payee for p in netted)
    alone = {(p.payer, p.payee): p.amount for p in made if p not in netted}
    assert alone == {
        (o.debtor, o.creditor): o.amount
        for o in owed
        if not apart.isdisjoint((o.debtor, o.creditor))
    }
    assert len({(p.payer, p.payee) for p in made}) == len(made)


@given(OBLIGATIONS)
def test_with_nobody_apart_all_is_netted(drawn: list[tuple[tuple[str, str], int]]) -> None:
    owed = bilateral(Obligation(*pair, amount) for pair, amount in drawn)
    assert payments_with_apart(positions(owed), owed, ()) == payments(positions(owed))
