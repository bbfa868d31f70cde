"""The self-check names what was done to windows and settlements behind their backs."""

import pytest
from sqlalchemy import Connection, Engine, text

from settlement.check import check_settlements
from settlement.ledger.check import check, snapshot
from settlement.run import settle
from support.handmade import (
    COALITION,
    NOW,
    PARTICIPANTS,
    conversion,
    debt,
    double_dip,
    money_at,
    nothing_earned,
    write,
)


@pytest.fixture
def nights(engine: Engine) -> Engine:
    """Two settled windows, and business in the third."""
    for day in ((double_dip, debt("bank-c", "hotel-h", 500)), (conversion, nothing_earned)):
        with engine.begin() as connection:
            write(connection, *day)
        settle(engine, COALITION, PARTICIPANTS, lambda: NOW, money_at)
    with engine.begin() as connection:
        write(connection, double_dip)
    return engine


def names(connection: Connection) -> set[str]:
    return {problem.check for problem in check_settlements(connection, COALITION)}


def test_sound_settlements(nights: Engine) -> None:
    with snapshot(nights) as connection:
        assert check(connection, COALITION) == []
        assert check_settlements(connection, COALITION) == []


def test_nothing_was_ever_made(connection: Connection) -> None:
    assert [str(problem) for problem in check_settlements(connection, COALITION)] == [
        "windows: windows: found none, expected one that is open",
    ]


DERIVED = {"statement-json", "statement-csv"}
"""What statements are made of is also in them."""
CHAINED = DERIVED | {"statement-chain"}

DAMAGES: dict[str, set[str]] = {
    "update settlement_window set first_number = 2 where window_id = 1": {
        "entries-shown",
        "windows",
        "window-spans",
    }
    | DERIVED,
    "update settlement_window set cut_number = cut_number - 1 where window_id = 1": {
        "entries-shown",
        "windows",
        "window-cuts",
    }
    | DERIVED,
    "update settlement_window set first_number = first_number + 3 where window_id = 3": {
        "windows",
        "window-spans",
        "window-times",
    },
    "update settlement_window set cut_number = null where window_id = 2": {
        "entries-shown",
        "windows",
        "window-cuts",
        "window-spans",
        "window-times",
    }
    | DERIVED,
    "update settlement_window set state = 'OPEN' where window_id = 1": {"window-states"},
    "update settlement_window set state = 'CUT' where window_id = 1": {"window-states"},
    "delete from settlement_window where window_id = 3": {"windows", "window-spans"},
    "update ledger_head set open_window = 2": {"windows"},
    "update entry set window_id = 1 where window_id = 2": {"window-spans"},
    "update entry set kind = 'RATE' where kind = 'CUT' and number < 5": {"window-cuts"} | DERIVED,
    "update entry set kind = 'CUT' where number = 1": {"window-cuts"},
    "update entry set kind = 'RATE' where kind = 'SETTLEMENT' and number < 6": {
        "post",
        "settlement-steps",
        "settlement-words",
    },
    "update line set amount = amount + 1 where kind = 'NETTING' and index = 0": {"post"},
    "delete from line where kind = 'PAYMENT_DUE'": {"post", "openings", "dues"},
    "update settlement set settlement_date = advice_date - 1 where settlement_id = 1": {"days"}
    | DERIVED,
    "update settlement set method = 'magic' where settlement_id = 1": {"settlements"},
    "update settlement set post_number = 1 where settlement_id = 1": {
        "post",
        "posted-settlements",
        "clearing-entries",
    },
    "update settlement set post_number = null where settlement_id = 1": {
        "post",
        "posted-settlements",
        "clearing-entries",
    },
    ("update company_account set debits = debits + 1 where code = 'clearing/1/bank-c:hotel-h'"): {
        "clearing-left"
    },
    "update line set amount = amount + 1 where number = 1 and kind = 'FEE'": {"obligations"},
    "delete from line where number = 1 and kind = 'FEE'": {"obligations"},
    "update line set kind = 'BONUS' where number = 1 and kind = 'FEE'": {"obligations"},
    (
        "update settlement_obligation set amount = amount + 1 where settlement_id = 1 and "
        "kind = 'FEE'"
    ): {"obligations", "positions", "post"} | DERIVED,
    ("update settlement_obligation set amount = -1 where settlement_id = 1 and kind = 'FEE'"): {
        "obligations",
        "positions",
        "post",
    }
    | DERIVED,
    (
        "update settlement_obligation set lines = lines + 1 where settlement_id = 1 and kind "
        "= 'FEE'"
    ): {"obligations"} | DERIVED,
    (
        "update settlement_position set net = net + 1 where settlement_id = 1 and participant"
        " = 'bank-c'"
    ): {"positions", "payments"} | DERIVED,
    (
        "update settlement_position set entries = entries + 1 where settlement_id = 1 and "
        "participant = 'bank-c'"
    ): {"entries-shown"} | DERIVED,
    "delete from feed where number = 1 and participant = 'hotel-h'": {"entries-shown"},
    "delete from settlement_position where settlement_id = 1 and participant = 'bank-c'": {
        "positions",
        "payments",
        "statements",
    }
    | DERIVED,
    (
        "update settlement_position set opening = 1 where settlement_id = 2 and participant ="
        " 'bank-c'"
    ): {"openings"} | DERIVED,
    (
        "update settlement_position set opening = null where settlement_id = 1 and "
        "participant = 'bank-c'"
    ): {"openings"},
    (
        "update settlement_payment set amount = amount + 1 where settlement_id = 1 and payer "
        "= 'bank-c'"
    ): {"payments", "post"} | DERIVED,
    "delete from settlement_payment where settlement_id = 1": {"payments", "post"} | DERIVED,
    "insert into settlement_payment values (1, 'airline-m', 'bank-c', 1)": {"payments", "post"}
    | DERIVED,
    "update settlement set stage = 'NONSENSE' where settlement_id = 1": {
        "settlements",
        "posted-settlements",
        "settlement-history",
        "window-states",
    },
    (
        "update settlement set participants = participants || 'petrol-p'::text where "
        "settlement_id = 1"
    ): {"positions"},
    "delete from settlement where settlement_id = 2": {
        "window-states",
        "clearing-entries",
        "posted-settlements",
        "settlement-history",
    },
    (
        "update settlement_statement set json = json || ' ' where settlement_id = 2 and "
        "participant = 'bank-c'"
    ): {"statement-hash", "statement-json"},
    (
        "update settlement_statement set json = 'x', sha256 = sha256('x') where settlement_id"
        " = 2 and participant = 'bank-c'"
    ): {"statement-json"},
    "update settlement_statement set csv = 'x' where settlement_id = 1": {"statement-csv"},
    (
        "update settlement_statement set sha256 = sha256('x') where settlement_id = 1 and "
        "participant = 'bank-c'"
    ): {"statement-hash"} | CHAINED,
    (
        "update settlement_statement set previous_sha256 = null where settlement_id = 2 and "
        "participant = 'bank-c'"
    ): {"statement-chain"},
    "delete from settlement_statement where settlement_id = 2 and participant = 'bank-c'": {
        "statements"
    },
}


def test_damage_is_named(nights: Engine) -> None:
    """Each damage by itself, taken back before the next."""
    named = {}
    for damage in DAMAGES:
        with nights.connect() as connection:
            connection.execute(text(damage))
            named[damage] = names(connection)
            connection.rollback()
    assert named == DAMAGES


def test_a_problem_says_where(nights: Engine) -> None:
    with nights.connect() as connection:
        connection.execute(text("delete from line where number = 1 and kind = 'FEE'"))
        (problem,) = check_settlements(connection, COALITION)
        connection.rollback()
    assert str(problem) == (
        "obligations: window 1, hotel-h owes operator, FEE: "
        "found 480 in 1 lines, expected 0 in 0 lines"
    )
