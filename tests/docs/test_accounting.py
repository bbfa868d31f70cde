"""docs/ACCOUNTING.md says what the code books: every example is played, every figure compared."""

import inspect
import re
from collections.abc import Iterator

import pytest

from docs.markdown import Section, page
from docs.worked_examples import EXAMPLES, PAGE, play
from partners import postings
from settlement import posting
from settlement.ledger import accounts, dues
from support.coalition_day import Day, coalition_day


@pytest.fixture
def day(database_url: str) -> Iterator[Day]:
    with coalition_day(database_url) as day:
        yield day


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_an_example_books_what_the_page_says(day: Day, example: Section) -> None:
    lines, player = play(day, example)

    expected = example.table("debit")
    assert [{name: line[name] for name in expected[0]} for line in lines] == expected
    positions = {row["participant"]: row["position"] for row in example.table("position")}
    assert player.positions() == positions
    balances = player.balances()
    shown = example.table("balance")
    assert {row["account"]: balances[row["account"]] for row in shown} == {
        row["account"]: row["balance"] for row in shown
    }


def test_every_kind_of_event_has_an_example() -> None:
    assert [example.title for example in EXAMPLES] == [
        "Double dip",
        "Conversion",
        "A delivery that is refused",
        "Conversion from the shared currency",
        "Conversion into the shared currency",
        "Conversion by the terms of a pair",
        "Earning in the shared currency",
        "Co-brand card",
        "Reversal with a negative balance",
        "Reversal where the funder bears",
        "Reversal of points that were converted",
        "Reversal in part",
        "Redemption",
        "A voucher taken back",
        "Spending at a partner",
        "A refund",
        "Expiry",
        "Leaving",
        "Settlement",
        "A payment that is confirmed",
        "A settlement that is aborted",
        "A settlement with a participant apart",
    ]


def test_the_accounts_are_those_of_the_ledger() -> None:
    section = next(section for section in PAGE if section.title == "Accounts")
    told = {row["account"].strip("`").split("/")[0] for row in section.table("what it says")}
    made = {
        name
        for name, function in inspect.getmembers(accounts, callable)
        if inspect.signature(function).return_annotation is accounts.Account
    }
    assert told == made


def test_the_kinds_of_lines_are_told() -> None:
    told = set(re.findall(r"[A-Z]{3,}(?:_[A-Z]+)*", page("docs/ACCOUNTING.md")))
    for module in (postings, posting, dues):
        kinds = {
            value
            for name, value in vars(module).items()
            if name == value or name in {"NETTING", "PAYMENT_DUE"}
        }
        assert kinds
        assert kinds <= told
