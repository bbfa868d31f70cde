"""ISO 20022: valid by the published schemas, right to the unit, and never twice under two ids."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import xmlschema
from hypothesis import given
from hypothesis import strategies as st

from coalition.statement_reading import Statement
from coalition.statements import read_statement
from gateway.documents.accounts import Account
from gateway.documents.camt053 import account_statement
from gateway.documents.pain001 import payment_initiation
from gateway.documents.problems import NoDocument
from settlement.netting import payments, positions
from settlement.obligations import Gross
from settlement.statement_form import StatementData, exchanges
from settlement.statements import render
from settlement.store import Position
from support.bank_accounts import ACCOUNTS
from support.handmade import COALITION
from support.stated import stated

SCHEMAS = Path(__file__).parents[3] / "shared" / "iso20022"
AT = datetime(2026, 11, 30, 6, 7, 8, tzinfo=UTC)
DUE = date(2026, 12, 3)

needs_schemas = pytest.mark.skipif(
    not SCHEMAS.is_dir(), reason="the schemas of ../shared/iso20022 are not here"
)


def hotel(opening: int = -12_34, money: Mapping[str, Fraction] | None = None) -> Statement:
    values = {"USD": Fraction(1, 2)} if money is None else dict(money)
    return read_statement(stated("hotel-h", b"\x07" * 32, opening, values).json)


def pain(said: Statement, **changed: Any) -> bytes:
    told: dict[str, Any] = {"accounts": ACCOUNTS, "money": "USD", "created": AT, "due": DUE}
    return payment_initiation(said, **(told | changed))


def camt(said: Statement, **changed: Any) -> bytes:
    told: dict[str, Any] = {"accounts": ACCOUNTS, "money": "USD", "created": AT}
    return account_statement(said, **(told | changed))


def texts(message: bytes, path: str) -> list[str]:
    """What stands at a path such as PmtInf/CdtTrfTxInf/Amt/InstdAmt, wherever it is."""
    steps = "/".join(f"{{*}}{step}" for step in path.split("/"))
    return [found.text or "" for found in ET.fromstring(message).iterfind(f".//{steps}")]


@pytest.fixture(scope="module")
def schemas() -> dict[str, xmlschema.XMLSchema]:
    names = ("camt.053.001.08", "pain.001.001.09")
    return {name: xmlschema.XMLSchema(SCHEMAS / f"{name}.xsd") for name in names}


DASHED = replace(COALITION, coalition_id="0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0")
"""As `coalition init` makes ids."""


@needs_schemas
def test_valid_by_the_published_schemas(schemas: dict[str, xmlschema.XMLSchema]) -> None:
    many = {"BHD": Fraction(1, 7), "JPY": Fraction(155, 100), "USD": Fraction(1, 2)}
    bare = {name: Account(name=name, account="1") for name in ACCOUNTS}
    for accounts in (ACCOUNTS, bare):
        for money in many:
            told = {"money": money, "accounts": accounts}
            schemas["pain.001.001.09"].validate(pain(hotel(money=many), **told).decode())
            for name in ("hotel-h", "operator", "bank-c", "airline-m"):
                said = read_statement(stated(name, money=many, coalition=DASHED).json)
                schemas["camt.053.001.08"].validate(camt(said, **told).decode())


@needs_schemas
def test_a_schema_would_find_a_fault(schemas: dict[str, xmlschema.XMLSchema]) -> None:
    broken = pain(hotel()).decode().replace("<PmtMtd>TRF</PmtMtd>", "")
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        schemas["pain.001.001.09"].validate(broken)


def test_what_is_to_be_paid() -> None:
    message = pain(hotel())
    assert texts(message, "CdtTrfTxInf/Amt/InstdAmt") == ["100.00", "2.50"]
    assert texts(message, "CtrlSum") == ["102.50", "102.50"]
    assert texts(message, "NbOfTxs") == ["2", "2"]
    assert texts(message, "ReqdExctnDt/Dt") == ["2026-12-03"]
    assert texts(message, "CreDtTm") == ["2026-11-30T06:07:08Z"]
    assert texts(message, "DbtrAcct/Id/IBAN") == ["FR1420041010050500013M02606"]
    assert texts(message, "Cdtr/Nm") == ["Μεσόγειος Αερογραμμές", "Łódź Coalition Sp. z o.o."]
    assert texts(message, "CdtrAcct/Id/Othr/Id") == ["0026-1122", "PL-7"]
    assert texts(message, "Ustrd") == [
        "Settlement 1, window 1, hotel-h to airline-m",
        "Settlement 1, window 1, hotel-h to operator",
    ]


def test_the_operator_pays_its_own_alone() -> None:
    with pytest.raises(NoDocument, match="operator has nothing to pay in USD for window 1"):
        pain(read_statement(stated("operator").json))


def test_a_payment_has_one_id_however_often_it_is_initiated() -> None:
    both = {"EUR": Fraction(2), "USD": Fraction(1, 2)}
    said = hotel(money=both)
    ids = {
        (*texts(message, "MsgId"), *texts(message, "PmtInfId"), *texts(message, "EndToEndId"))
        for message in (
            pain(said),
            pain(said, money="EUR"),
            pain(said, created=datetime(2027, 1, 1, tzinfo=UTC), due=date(2027, 1, 2)),
        )
    }
    ((message_id, payment_info, *payment_ids),) = ids
    assert message_id == payment_info == f"PAY-{said.sha256}"[:35]
    assert len(set(payment_ids)) == 2
    assert texts(pain(hotel(opening=0)), "MsgId") != [message_id]
    # The id of a payment is known to the payee as well: settlement, payer and payee make it.
    assert texts(pain(hotel(opening=0)), "EndToEndId") == payment_ids


def test_what_is_nothing_in_money_is_not_paid() -> None:
    said = hotel(money={"USD": Fraction(1, 2000)})
    assert texts(pain(said), "InstdAmt") == ["0.10"]
    with pytest.raises(NoDocument, match="nothing to pay"):
        pain(hotel(money={"USD": Fraction(1, 10**6)}))


def test_balances_entries_and_fees() -> None:
    message = camt(hotel())
    assert texts(message, "Acct/Id/Othr/Id") == ["hotel-h"]
    assert texts(message, "Bal/Tp/CdOrPrtry/Cd") == ["OPBD", "CLBD"]
    assert texts(message, "Bal/Amt") == ["6.17", "108.68"]
    assert texts(message, "Bal/CdtDbtInd") == ["DBIT", "DBIT"]
    assert texts(message, "BkTxCd/Prtry/Cd") == ["PRINCIPAL", "FEE", "ROUNDING", "MONEY_ROUNDING"]
    assert texts(message, "Ntry/Amt") == ["100.00", "2.40", "0.10", "0.01"]
    assert texts(message, "TtlNtries/NbOfNtries") == ["4"]
    assert texts(message, "AddtlNtryInf")[0] == (
        "airline-m: owed to you 40.00, owed by you 240.01 COIN in 3 lines"
    )
    assert texts(message, "ElctrncSeqNb") == ["1"]


def test_the_money_is_chosen() -> None:
    both = {"EUR": Fraction(2), "USD": Fraction(1, 2)}
    assert texts(camt(hotel(), money=None), "Acct/Ccy") == ["USD"]
    for make in (camt, pain):
        with pytest.raises(NoDocument, match=r"a money has to be chosen .* EUR, USD"):
            make(hotel(money=both), money=None)
        with pytest.raises(NoDocument, match=r"no value in GBP .*: EUR, USD"):
            make(hotel(money=both), money="GBP")
        with pytest.raises(NoDocument, match="pinned for window 1: none"):
            make(hotel(money={}), money=None)


def test_an_account_that_is_missing_is_named() -> None:
    for missing in ("hotel-h", "operator"):
        known = {name: account for name, account in ACCOUNTS.items() if name != missing}
        with pytest.raises(NoDocument, match=rf"no account of {missing}: add \[{missing}\]"):
            pain(hotel(), accounts=known)
    assert "<Nm>hotel-h</Nm>" in camt(hotel(), accounts={}).decode()


def test_an_amount_that_no_message_can_hold() -> None:
    with pytest.raises(NoDocument, match="more than 18 digits"):
        pain(hotel(money={"USD": Fraction(10**15)}))
    with pytest.raises(NoDocument, match="more than 18 digits"):
        camt(hotel(money={"USD": Fraction(10**15)}))


kinds = st.sampled_from(("PRINCIPAL", "FEE", "SPREAD", "BONUS"))
parties = st.sampled_from(("hotel-h", "airline-m", "operator"))
lines = st.lists(st.tuples(parties, parties, kinds, st.integers(1, 10**12)), min_size=1, max_size=9)


@given(lines, st.fractions(Fraction(1, 1000), 1000), st.integers(-(10**9), 10**9))
def test_entries_sum_to_the_position(
    listed: list[tuple[str, str, str, int]], price: Fraction, opening: int
) -> None:
    gross = [Gross(a, b, kind, 1, amount) for a, b, kind, amount in listed if a != b]
    nets = positions((row.obligation for row in gross), ("hotel-h",))
    own = tuple(p for p in payments(nets) if "hotel-h" in {p.payer, p.payee})
    position = (Position("hotel-h", nets["hotel-h"], 7, opening),)
    parts = exchanges("hotel-h", gross)
    data = StatementData(
        COALITION, 1, 1, "hotel-h", 0, 9, 1, position, parts, own, None, {"USD": price}
    )
    message = camt(read_statement(render(data).json))
    balances, entries = signed(message, "Bal"), signed(message, "Ntry")
    assert balances[0] + sum(entries) == balances[1]
    assert sum(entries) == Decimal(round(nets["hotel-h"] * price)) / 100


def signed(message: bytes, what: str) -> list[Decimal]:
    sides = texts(message, f"{what}/CdtDbtInd")
    amounts = map(Decimal, texts(message, f"{what}/Amt"))
    return [
        -amount if side == "DBIT" else amount for side, amount in zip(sides, amounts, strict=True)
    ]
