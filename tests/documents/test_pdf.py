"""A statement on paper: what it says is there to be read, whatever the names and however many."""

import io
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from pypdf import PdfReader

from coalition.statement_reading import Statement
from coalition.statements import read_statement
from gateway.documents.accounts import Account
from gateway.documents.pdf import statement_pdf
from gateway.documents.problems import NoDocument
from settlement.netting import payments, positions
from settlement.obligations import Gross
from settlement.statement_form import StatementData, exchanges
from settlement.statements import render
from settlement.store import Position
from support.bank_accounts import ACCOUNTS
from support.handmade import COALITION
from support.stated import stated


def hotel() -> Statement:
    return read_statement(stated("hotel-h", b"\x07" * 32, -12_34).json)


def pages(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def words(pdf: bytes) -> str:
    """All that is to be read, spaces and ends of lines made one."""
    return " ".join(" ".join(pages(pdf)).split())


def test_what_is_to_be_paid_to_whom_and_by_when() -> None:
    text = words(statement_pdf(hotel(), accounts=ACCOUNTS, due=date(2026, 12, 3)))
    assert "Hôtel de l'Étoile S.A." in text
    assert "Window 1, settlement 1" in text
    assert "To pay for this window (COIN) 205.02 102.51 USD" in text
    assert "Open before (COIN) -12.34" in text
    assert "Open after (COIN) -217.36" in text
    assert (
        "You pay 205.02 COIN in 2 payments from your account FR1420041010050500013M02606, by "
        "3 December 2026." in text
    )
    assert "Μεσόγειος Αερογραμμές 0026-1122 200.01 100.00" in text
    assert "Łódź Coalition Sp. z o.o. PL-7 5.01 2.50" in text
    assert "In all 205.02 102.50" in text


def test_why() -> None:
    text = words(statement_pdf(hotel()))
    assert "airline-m Principal 3 40.00 240.01 -200.01" in text
    assert "Fees" in text
    assert "operator Fee 1 0.00 4.80 -4.80" in text
    assert "Rounding 3 0.00 0.21 -0.21" in text
    assert "USD 0.5 -102.50 -0.01 -102.51" in text


def test_how_to_check_it() -> None:
    made = stated("hotel-h", b"\x07" * 32, -12_34)
    text = words(statement_pdf(hotel()))
    assert made.sha256.hex() in text
    assert "07" * 32 in text
    assert "coalition settlement statement 1" in text
    assert "count 3 · owed to 4000 · owed by 24001 · net -20001" in text


def test_every_page_says_which_it_is() -> None:
    found = pages(statement_pdf(hotel()))
    assert len(found) == 2
    for number, page in enumerate(found, 1):
        assert f"Page {number} of 2" in page
        assert "hotel-h · window 1 · SHA-256" in page


def test_who_receives_and_who_is_even() -> None:
    text = words(statement_pdf(read_statement(stated("airline-m").json)))
    assert "To receive for this window (COIN) 201.01" in text
    assert "You are paid 201.01 COIN in 2 payments, as your coalition agreed." in text
    even = StatementData(
        COALITION, 1, 1, "rail-r", 0, 9, 1, (Position("rail-r", 0, 0),), (), (), None
    )
    text = words(statement_pdf(read_statement(render(even).json)))
    assert "You have nothing to pay and nothing to receive for this window." in text
    assert "It is your first" in text


def test_without_a_value_in_money_it_says_so() -> None:
    text = words(statement_pdf(read_statement(stated("bank-c", money={}).json)))
    assert "No value in money is pinned for this window" in text
    assert "In money" not in text
    assert "USD" not in text


def test_the_operator_sees_everybody_and_the_rounding() -> None:
    text = words(statement_pdf(read_statement(stated("operator").json), accounts=ACCOUNTS))
    assert "Positions of everybody" in text
    assert "bank-c 0.00 -1.00 -1.00 -0.50" in text
    assert "Rounding, with the operator 0.01" in text
    assert "In all 0.00 0.00 0.00 0.00" in text


def test_the_same_bytes_whenever_it_is_made() -> None:
    told = {"accounts": ACCOUNTS, "money": "USD", "due": date(2026, 12, 3)}
    assert statement_pdf(hotel(), **told) == statement_pdf(hotel(), **told)  # type: ignore[arg-type]
    at = datetime(2026, 11, 28, tzinfo=UTC)
    dated = PdfReader(io.BytesIO(statement_pdf(hotel(), created=at)))
    assert dated.metadata is not None
    assert dated.metadata.creation_date == at


def test_moneys_are_chosen() -> None:
    values = {money: Fraction(n) for n, money in enumerate(("CHF", "EUR", "JPY", "USD"), 1)}
    said = read_statement(stated("hotel-h", money=values).json)
    assert "To COIN EUR" in words(statement_pdf(said, money="EUR"))
    for money, problem in ((None, "choose one"), ("GBP", "no value in GBP")):
        with pytest.raises(NoDocument, match=problem):
            statement_pdf(said, money=money)


def test_thirty_counterparties_with_long_names_and_large_amounts() -> None:
    names = [f"partner-{n:02}-of-the-coalition" for n in range(31)]
    me = names[0]
    gross = [
        Gross(debtor, creditor, kind, 1 + n, 10 ** (3 + n % 11) + n)
        for n, other in enumerate(names[1:])
        for debtor, creditor, kind in ((me, other, "PRINCIPAL"), (other, me, "REDEMPTION"))
    ]
    gross.append(Gross(names[1], me, "PRINCIPAL", 1, 10**15))
    nets = positions(row.obligation for row in gross)
    due = tuple(p for p in payments(nets) if me in {p.payer, p.payee})
    own, parts = (Position(me, nets[me], 0),), exchanges(me, gross)
    money = {"USD": Fraction(2, 3)}
    data = StatementData(COALITION, 7, 7, me, 0, 99, 9, own, parts, due, bytes(32), money)
    said = read_statement(render(data).json)
    company = "International Holdings and Çelebioğlu-Kowalczyk Company Limited"
    accounts = {name: Account(name=f"{name} {company}", account="1") for name in names}
    found = pages(statement_pdf(said, accounts=accounts))
    text = "".join("".join(found).split())  # names are broken where lines are
    for name in names[1:]:
        assert f"({name})" in text
    assert "10,000,000,000,000.00" in text
    assert all("Counterparty For Lines" in " ".join(page.split()) for page in found[1:3])
