"""Reversal: everything is taken back, once, by those who may, also when it is spent."""

from collections.abc import Iterator
from fractions import Fraction

import pytest

from partners.activities import ActivityKey
from partners.directory import Permission
from partners.directory_store import money_at
from partners.state import MembershipState
from partners.usecases.agreements import Suspend
from partners.usecases.awards import Redeem
from partners.usecases.reversal import Reverse
from settlement.windows import cut
from support.five_companies import A1, H, five_companies
from support.use_case_bench import (
    Bench,
    definition,
    report,
    stay,
    update,
)


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[Bench]:
    with five_companies(module_database_url) as made:
        yield made


def test_reversal_restores_every_balance_and_obligation(world: Bench) -> None:
    with world.undone() as connection:
        assert not world.ask("hotel", stay("H1", "kept", 7_777)).reason
        before = world.accounts(connection)
        assert not world.ask("hotel", stay("H1", "taken", 33_333)).reason
        assert world.accounts(connection) != before
        taken = world.ask("hotel", Reverse(ActivityKey("hotel", "STAY", "taken"), "test"))

        assert world.accounts(connection) == before
        owed = [(leg.points_minor, leg.owed_minor, leg.fee_minor) for leg in taken.result.legs]
        assert owed == [(3_333, 0, 0), (833, 0, 0), (333, 39_960, 799)]
        assert taken.accepted is not None
        assert taken.accepted.decision.corrects == taken.result.reversed_number


def test_reversal_books_in_the_window_that_is_open_now(world: Bench) -> None:
    with world.undone() as connection:
        world.ask("hotel", stay("H1", "window"))
        cut(connection, world.coalition, world.now, money_at)
        taken = world.ask("hotel", Reverse(ActivityKey("hotel", "STAY", "window"), "test"))

        debits = {debit for kind, debit, _, _ in taken.lines if kind in {"PRINCIPAL", "FEE"}}
        assert debits == {"clearing/2/airline:hotel", "clearing/2/operator:hotel"}
        balances = world.accounts(connection)
        assert balances["clearing/1/airline:hotel"] == 24_000
        assert balances["clearing/2/airline:hotel"] == -24_000


def test_revisions(world: Bench) -> None:
    """One after the other, each once, each after the one before was taken back."""

    def revision(n: int) -> str:
        return world.ask("hotel", stay("H1", "rev", revision=n)).reason

    def reverse(n: int) -> str:
        return world.ask("hotel", Reverse(ActivityKey("hotel", "STAY", "rev", n), "test")).reason

    with world.undone():
        assert revision(1) == ""
        assert revision(2) == "REVISION_OUT_OF_ORDER"
        assert reverse(1) == ""
        assert reverse(1) == "ALREADY_REVERSED"
        assert revision(1) == "DUPLICATE_ACTIVITY"
        assert revision(3) == "REVISION_OUT_OF_ORDER"
        assert revision(2) == ""
        assert reverse(1) == "ALREADY_REVERSED"
        assert reverse(2) == ""
        assert revision(3) == ""
        assert reverse(3) == ""


REVERSERS = {"hotel": "", "airline": "", "stranger": "UNKNOWN_ACTIVITY", "bank": "UNKNOWN_ACTIVITY"}


@pytest.mark.parametrize("sender", REVERSERS)
def test_who_may_reverse(world: Bench, sender: str) -> None:
    """Who reported it (the airline) and who delivered it (the hotel)."""
    with world.undone():
        world.ask("airline", report(A1, H, quantities=[("MILE", 3)]))

        assert world.ask(sender, Reverse(H, "test")).reason == REVERSERS[sender]


def test_nothing_is_reversed_to_nothing(world: Bench) -> None:
    with world.undone():
        world.ask("hotel", stay("H1", "empty", spend=[]))
        taken = world.ask("hotel", Reverse(ActivityKey("hotel", "STAY", "empty"), "test"))

        assert (taken.reason, taken.lines, taken.result.legs) == ("", [], ())


NAME_OF = {"negative-balance": "below", "funder-bears": "borne"}
AWARDS = "".join(
    f'[[awards]]\naward = "for-{n}"\nname = "For {n}"\nprices = [{{ points = {n} }}]\n'
    for n in (700, 1_000)
)


def spent(world: Bench, policy: str, spend_minor: int) -> tuple[int, int, int]:
    """Of 1,000 points at 3 each some are spent, then all reversed: what the member holds then,
    and what the hotel owes their issuer and the operator."""
    connection = world.connection
    assert connection is not None
    name = NAME_OF[policy]
    world.publish("stranger", definition(name, name.upper(), reversal=policy, rest=AWARDS))
    world.agree(
        name,
        "hotel",
        issuer="stranger",
        price=3,
        fee=Fraction(1, 10),
        permissions=[Permission.STATE_POINTS],
    )
    world.enrol(name, "1", sender="stranger")
    stated = [(name, "BASE", 600), (name, "PROMOTION", 400)]
    assert not world.ask("hotel", report((name, "1"), H, stated)).reason
    if spend_minor:
        award = Redeem((name, "1"), f"for-{spend_minor}", None, buy_missing=False)
        assert not world.ask("stranger", award).reason
    taken = world.ask("hotel", Reverse(H, "test"))
    assert not taken.reason
    balances = world.accounts(connection)
    return (
        held(balances, name),
        -balances.get("clearing/1/hotel:stranger", 0),
        -balances.get("clearing/1/hotel:operator", 0),
    )


def held(balances: dict[str, int], programme: str) -> int:
    """What the members of a programme hold."""
    return sum(
        n for code, n in balances.items() if code.endswith(f"/{programme}") and "member" in code
    )


SPENT = {
    # policy, spent, then: the member's balance, and what the hotel still owes
    ("negative-balance", 0): (0, 0, 0),
    ("negative-balance", 700): (-700, 0, 0),
    ("negative-balance", 1_000): (-1_000, 0, 0),
    ("funder-bears", 0): (0, 0, 0),
    ("funder-bears", 700): (0, 2_100, 210),
    ("funder-bears", 1_000): (0, 3_000, 300),
}


@pytest.mark.parametrize(("policy", "spent_minor"), SPENT)
def test_points_that_are_spent_when_they_are_taken_back(
    world: Bench, policy: str, spent_minor: int
) -> None:
    with world.undone():
        assert spent(world, policy, spent_minor) == SPENT[policy, spent_minor]


def test_a_negative_balance_is_recovered_from_later_earning(world: Bench) -> None:
    with world.undone() as connection:
        spent(world, "negative-balance", 700)
        key = ActivityKey("hotel", "STAY", "later")
        assert not world.ask(
            "hotel", report(("below", "1"), key, [("below", "BASE", 1_000)])
        ).reason

        assert held(world.accounts(connection), "below") == 300


def test_an_agreement_suspended_earns_nothing_and_can_be_taken_back(world: Bench) -> None:
    """Suspension stops what is new; what was earned under it is reversed at its price."""
    with world.undone() as connection:
        before = world.accounts(connection)
        assert not world.ask("hotel", stay("H1", "old")).reason
        number = next(
            a.number
            for a in (world.directory.agreements.values() if world.directory else ())
            if (a.terms.programme, a.terms.buyer) == ("airline", "hotel")
        )
        assert not world.ask("airline", Suspend(number, suspended=True)).reason
        assert world.ask("hotel", stay("H1", "new")).reason == "NO_AGREEMENT"
        assert world.ask("hotel", stay("H2", "new")).reason == ""
        assert not world.ask("hotel", Reverse(ActivityKey("hotel", "STAY", "new"), "test")).reason
        assert not world.ask("hotel", Reverse(ActivityKey("hotel", "STAY", "old"), "test")).reason
        assert world.accounts(connection) == before


def test_a_closed_member_can_be_reversed(world: Bench) -> None:
    with world.undone():
        world.ask("hotel", stay("H2", "closing"))
        world.ask("hotel", update("hotel", "H2", state=MembershipState.CLOSED))

        assert (
            world.ask("hotel", Reverse(ActivityKey("hotel", "STAY", "closing"), "x")).reason == ""
        )
