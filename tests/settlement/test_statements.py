"""Statements: their exact bytes, and that a reader finds whatever is wrong with one."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coalition.statements import verify_statement
from settlement.netting import Payment
from settlement.obligations import Gross
from settlement.statement_form import StatementData, exchanges
from settlement.statements import Statement, render
from support.handmade import COALITION

GROSS = (
    Gross("airline-m", "hotel-h", "PRINCIPAL", 2, 40_00),
    Gross("bank-c", "airline-m", "PRINCIPAL", 9, 1_00),
    Gross("hotel-h", "airline-m", "PRINCIPAL", 1, 240_00),
    Gross("hotel-h", "operator", "FEE", 1, 4_80),
    Gross("hotel-h", "operator", "ROUNDING", 3, 20),
)


def hotel(previous: bytes | None = None, opening: int = 0) -> Statement:
    return render(
        StatementData(
            coalition=COALITION,
            settlement_id=1,
            window_id=1,
            participant="hotel-h",
            first_number=0,
            last_number=9,
            entries=7,
            opening=opening,
            exchanges=exchanges("hotel-h", GROSS),
            payments=(
                Payment("hotel-h", "airline-m", 200_00),
                Payment("hotel-h", "operator", 5_00),
            ),
            previous_sha256=previous,
        ),
    )


GOLDEN_JSON = (
    '{"closing_minor":"-20500","coalition":"0f1e2d3c4b5a69788796a5b4c3d2e1f0",'
    '"controls":{"credits_minor":"4000","debits_minor":"24500","lines":"7"},'
    '"currency":"COIN","entries":"7","exponent":"2",'
    '"fees":{"count":"4","net_minor":"-500","owed_by_minor":"500","owed_to_minor":"0"},'
    '"first_number":"0","last_number":"9","net_minor":"-20500","obligations":['
    '{"count":"3","counterparty":"airline-m","kind":"PRINCIPAL","net_minor":"-20000",'
    '"owed_by_minor":"24000","owed_to_minor":"4000"},'
    '{"count":"1","counterparty":"operator","kind":"FEE","net_minor":"-480",'
    '"owed_by_minor":"480","owed_to_minor":"0"},'
    '{"count":"3","counterparty":"operator","kind":"ROUNDING","net_minor":"-20",'
    '"owed_by_minor":"20","owed_to_minor":"0"}],'
    '"opening_minor":"0","operator":"operator","participant":"hotel-h","payments":['
    '{"amount_minor":"20000","payee":"airline-m","payer":"hotel-h"},'
    '{"amount_minor":"500","payee":"operator","payer":"hotel-h"}],'
    '"previous_sha256":null,"settlement":"1","version":"1","window":"1"}\n'
)

GOLDEN_CSV = """\
section,name,counterparty,kind,count,owed_to_minor,owed_by_minor,net_minor,value
STATEMENT,version,,,,,,,1
STATEMENT,coalition,,,,,,,0f1e2d3c4b5a69788796a5b4c3d2e1f0
STATEMENT,operator,,,,,,,operator
STATEMENT,settlement,,,,,,,1
STATEMENT,window,,,,,,,1
STATEMENT,participant,,,,,,,hotel-h
STATEMENT,currency,,,,,,,COIN
STATEMENT,exponent,,,,,,,2
STATEMENT,first_number,,,,,,,0
STATEMENT,last_number,,,,,,,9
STATEMENT,entries,,,,,,,7
STATEMENT,previous_sha256,,,,,,,
POSITION,opening_minor,,,,,,,0
POSITION,net_minor,,,,,,,-20500
POSITION,closing_minor,,,,,,,-20500
OBLIGATION,,airline-m,PRINCIPAL,3,4000,24000,-20000,
OBLIGATION,,operator,FEE,1,0,480,-480,
OBLIGATION,,operator,ROUNDING,3,0,20,-20,
FEES,,,,4,0,500,-500,
PAYMENT,PAY,airline-m,,,,,,20000
PAYMENT,PAY,operator,,,,,,500
CONTROL,21,,,7,4000,24500,-20500,{sha256}
"""


def test_the_bytes() -> None:
    made = hotel()
    assert made.json.decode() == GOLDEN_JSON
    assert made.csv.decode() == GOLDEN_CSV.format(sha256=made.sha256.hex())
    assert verify_statement(made.json, made.csv) == []


def test_opening_and_the_statement_before_are_in_it() -> None:
    fields = json.loads(hotel(b"\x07" * 32, opening=-100).json)
    assert (fields["opening_minor"], fields["closing_minor"]) == ("-100", "-20600")
    assert fields["previous_sha256"] == "07" * 32


def test_fees_are_the_operators_alone() -> None:
    gross = (Gross("bank-c", "hotel-h", "FEE", 1, 9), Gross("hotel-h", "operator", "FEE", 1, 5))
    sides = {name: exchanges(name, gross) for name in ("bank-c", "hotel-h", "operator")}
    fees = {}
    for name, parts in sides.items():
        data = StatementData(COALITION, 1, 1, name, 0, 9, 1, 0, parts, (), None)
        fees[name] = json.loads(render(data).json)["fees"]["net_minor"]
    assert fees == {"bank-c": "0", "hotel-h": "-5", "operator": "5"}


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda f: f.update(net_minor="-20499"), "net_minor is -20499; it should be -20500"),
        (lambda f: f.update(closing_minor="0"), "closing_minor is 0; it should be -20500"),
        (lambda f: f["obligations"].pop(0), "control total lines is 7; it should be 4"),
        (lambda f: f["obligations"][0].update(net_minor="1"), "airline-m, PRINCIPAL: net is 1"),
        (lambda f: f["obligations"].reverse(), "not sorted"),
        (lambda f: f["obligations"][0].update(counterparty="hotel-h"), "nobody owes themselves"),
        (lambda f: f["obligations"][0].update(count="0"), "counts and gross amounts are positive"),
        (lambda f: f["fees"].update(owed_by_minor="499"), "fees: owed_by_minor is 499"),
        (lambda f: f["payments"].pop(), "payments received minus paid is -20000"),
        (lambda f: f["payments"][0].update(payer="bank-c"), "is not of this participant"),
        (lambda f: f["payments"][0].update(amount_minor="-1"), "is not positive"),
        (
            lambda f: f["payments"][0].update(payer="airline-m", payee="hotel-h"),
            "both pays and receives",
        ),
        (lambda f: f["controls"].update(debits_minor="1"), "control total debits_minor is 1"),
        (lambda f: f.update(first_number="10"), "its first number is after its last"),
        (lambda f: f.update(entries="-1"), "entries is negative"),
        (lambda f: f.update(previous_sha256="00"), "previous_sha256 is neither"),
        (lambda f: f.update(version="2"), "version '2' is not known"),
        (lambda f: f.update(extra="1"), "unknown ['extra']"),
        (lambda f: f.pop("fees"), "missing ['fees']"),
        (lambda f: f.update(fees=[]), "fees is no object"),
        (lambda f: f.update(payments={}), "payments is no list"),
        (lambda f: f.update(net_minor=-20500), "net_minor is -20500; expected a decimal string"),
        (lambda f: f.update(participant=""), "participant is ''; expected a text"),
    ],
)
def test_what_does_not_agree_is_named(change: Change, problem: str) -> None:
    fields = json.loads(hotel().json)
    change(fields)
    changed = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    assert any(problem in found for found in verify_statement(changed)), verify_statement(changed)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (b"", "cannot be read"),
        (b"{}\n", "missing"),
        (b"[]\n", "not a JSON object"),
        (GOLDEN_JSON.encode()[:-1], "the line feed at its end is missing"),
        (GOLDEN_JSON.encode() + b"\n", "not the canonical encoding"),
        (GOLDEN_JSON.replace('":"', '": "').encode(), "not the canonical encoding"),
        (GOLDEN_JSON.encode()[:400], "cannot be read"),
    ],
)
def test_what_is_no_statement_is_refused(changed: bytes, problem: str) -> None:
    (found,) = verify_statement(changed)
    assert problem in found


@given(st.integers(0, len(GOLDEN_CSV) + 62))
def test_a_truncated_table_is_refused(length: int) -> None:
    made = hotel()
    assert verify_statement(made.json, made.csv[: min(length, len(made.csv) - 1)])


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (b",480,-480", b",481,-481", "row 17 of the CSV does not say"),
        (b"OBLIGATION,,operator,FEE,1,0,480,-480,\n", b"", "cut off"),
        (b"section,", b"part,", "not its header"),
        (b"CONTROL,21", b"CONTROL,20", "cut off"),
        (b"hotel-h", "hotél-h".encode(), "cannot be read"),
        (b"version,,,,,,,1", b'version,,,,,,,"1', "cannot be read"),
    ],
)
def test_a_table_that_says_something_else(old: bytes, new: bytes, problem: str) -> None:
    made = hotel()
    assert old in made.csv
    found = verify_statement(made.json, made.csv.replace(old, new, 1))
    assert any(problem in each for each in found), found


def test_a_table_of_another_statement() -> None:
    found = verify_statement(hotel().json, hotel(opening=1).csv)
    assert found == [
        f"row {n} of the CSV does not say what the statement says" for n in (13, 15, 22)
    ]


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_bad_data_never_raises(json_bytes: bytes, csv_bytes: bytes) -> None:
    assert verify_statement(json_bytes)
    assert verify_statement(hotel().json, csv_bytes)
