"""What participants owe on balance, whatever window it is of and however far its settlement is."""

import pytest
from sqlalchemy import Connection, event, text

from settlement.ledger import accounts
from settlement.ledger.accounts import owner
from settlement.ledger.book import append, place, read_head
from settlement.ledger.check import check
from settlement.ledger.entries import Draft, Line
from settlement.ledger.exposure import owed_by
from settlement.netting import Obligation, Payment
from settlement.posting import settlement_draft
from settlement.windows import cut
from support.handmade import (
    COALITION,
    NOW,
    administration,
    conversion,
    debt,
    double_dip,
    found,
    nothing_earned,
    owes,
    write,
)
from support.net_debits import exposures


@pytest.fixture
def book(connection: Connection) -> Connection:
    found(connection)
    return connection


def enter(connection: Connection, draft: Draft) -> None:
    head = read_head(connection, lock=True)
    append(connection, head, [place(COALITION, head, draft, number=head.size, now=NOW)])


def settlement_line(debit: str, credit: str, amount: int) -> Line:
    sides = (accounts.settlement(name, "COIN") for name in (debit, credit))
    return Line("PAYMENT", amount, *sides, parties=frozenset({debit, credit}))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("clearing/7/hotel-h:operator", "hotel-h"),
        ("settlement/bank-c", "bank-c"),
        ("issued/hotel-h", None),
        ("external/hotel-h", None),
        ("member/17/hotel-h", None),
    ],
)
def test_whose_account_it_is(code: str, expected: str | None) -> None:
    assert owner(code) == expected


def test_what_lines_add() -> None:
    lines = [
        owes(1, "PRINCIPAL", "hotel-h", "airline-m", 500),
        owes(1, "FEE", "hotel-h", "operator", 20),
        owes(1, "PRINCIPAL", "operator", "hotel-h", 5),
    ]
    assert owed_by(lines) == {"hotel-h": 515, "airline-m": -500, "operator": -15}
    assert owed_by(double_dip(1).lines) == {
        "hotel-h": 244_80,
        "airline-m": -240_00,
        "operator": -4_80,
    }
    assert owed_by(nothing_earned(1).lines) == {}


def test_nobody_owes_in_the_beginning(book: Connection) -> None:
    write(book, administration, nothing_earned)
    assert exposures(book) == {}


def test_it_grows_with_every_line(book: Connection) -> None:
    write(book, double_dip, conversion)
    write(book, debt("airline-m", "hotel-h", 100))
    owed = {"hotel-h": 244_80 + 500_00 - 100, "airline-m": 100 - 240_00 - 484_80}
    assert exposures(book) == {**owed, "operator": -4_80 - 15_20}
    assert exposures(book, ["airline-m", "nobody"]) == {"airline-m": owed["airline-m"]}
    assert exposures(book, []) == {}


def test_it_counts_until_it_is_paid(book: Connection) -> None:
    """Cut off, posted for settlement, and then paid."""
    write(book, debt("hotel-h", "airline-m", 700))
    cut(book, COALITION, NOW, lambda *_: {})
    write(book, debt("hotel-h", "airline-m", 200))
    both = {"hotel-h": 900, "airline-m": -900}
    assert exposures(book) == both

    nets = [Obligation("hotel-h", "airline-m", 700)]
    enter(book, settlement_draft(COALITION, 1, 1, nets, [Payment("hotel-h", "airline-m", 700)]))
    assert exposures(book) == both

    paid = settlement_line("airline-m", "hotel-h", 700)
    enter(book, Draft("PAYMENT", "airline-m", {}, frozenset(), (paid,)))
    assert exposures(book) == {"hotel-h": 200, "airline-m": -200}
    assert check(book, COALITION) == []


def test_it_does_not_wrap(book: Connection) -> None:
    """The sums are over all windows there ever were."""
    book.execute(text(f"insert into exposure values ('hotel-h', {2**63 - 1}, 0)"))
    write(book, debt("hotel-h", "airline-m", 2**53))
    assert exposures(book, ["hotel-h"]) == {"hotel-h": 2**63 - 1 + 2**53}


def test_it_is_one_statement_for_any_number_of_entries(book: Connection) -> None:
    asked: list[str] = []
    event.listen(book, "before_cursor_execute", lambda *a: asked.append(a[2]))
    write(book, *[debt("hotel-h", "airline-m", 5)] * 50)
    assert sum("into exposure" in statement for statement in asked) == 1
    assert exposures(book) == {"hotel-h": 250, "airline-m": -250}
