"""Statements: their exact bytes, and that a reader finds whatever is wrong with one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coalition.statements import BadStatement, read_statement, verify_statement, verify_table
from settlement.obligations import Gross
from settlement.statement_form import StatementData, exchanges
from settlement.statements import Statement, render
from support.handmade import COALITION
from support.stated import NETS, stated


def hotel(previous: bytes | None = None, opening: int = 0) -> Statement:
    return stated("hotel-h", previous, opening)


# 200.01 at a half is 100.005: to even, 100.00. 5.01 likewise is 2.50. The position, 205.02, is
# 102.51, a cent more than the two: a rounding that the operator carries.
SPECIFIED = (Path(__file__).parents[2] / "proto" / "SIGNING.md").read_text(encoding="utf-8")
GOLDEN_JSON = SPECIFIED.split("```statement\n")[1].split("```\n")[0]
GOLDEN_CSV = SPECIFIED.split("```table\n")[1].split("```\n")[0]


def test_the_bytes_are_those_of_the_specification() -> None:
    made = hotel()
    assert made.json.decode() == GOLDEN_JSON
    assert made.csv.decode() == GOLDEN_CSV
    assert verify_statement(made.json, made.csv) == []
    assert verify_table(made.csv) == []


def test_opening_and_the_statement_before_are_in_it() -> None:
    made = read_statement(hotel(b"\x07" * 32, opening=-100).json)
    assert made.position["opening_minor"] == "-100"
    assert made.position["closing_minor"] == "-20602"
    assert made.previous_sha256 == "07" * 32


def test_fees_are_the_operators_alone() -> None:
    gross = (Gross("bank-c", "hotel-h", "FEE", 1, 9), Gross("hotel-h", "operator", "FEE", 1, 5))
    fees = {}
    for name in ("bank-c", "hotel-h", "operator"):
        parts = exchanges(name, gross)
        data = StatementData(COALITION, 1, 1, name, 0, 9, 1, (), parts, (), None)
        (section,) = (s for s in json.loads(render(data).json)["sections"] if s["name"] == "FEES")
        fees[name] = section["totals"]["net_minor"]
    assert fees == {"bank-c": "0", "hotel-h": "-5", "operator": "5"}


def test_the_operator_is_told_of_everybody() -> None:
    made = stated("operator")
    assert verify_statement(made.json, made.csv) == []
    found = read_statement(made.json)
    positions = found.section("POSITIONS")
    assert {r["participant"]: int(r["net_minor"]) for r in positions.rows} == NETS
    assert [row["payer"] for row in found.section("PAYMENTS").rows] == [
        "bank-c",
        "hotel-h",
        "hotel-h",
    ]
    # In halves: 100.50, -0.50, -102.51 and 2.50, which leave a cent to the operator.
    in_money = found.section("MONEY_POSITIONS", "USD")
    assert [int(row["net_minor"]) for row in in_money.rows] == [100_50, -50, -102_51, 2_50]
    assert in_money.totals["payments_minor"] == 0
    (residual,) = found.section("MONEY_RESIDUAL", "USD").rows
    assert residual == {"participant": "operator", "amount_minor": "1"}
    assert in_money.totals["net_minor"] + int(residual["amount_minor"]) == 0


def test_without_a_value_in_money_the_statement_says_so() -> None:
    for name in NETS:
        made = stated(name, money={})
        assert verify_statement(made.json, made.csv) == []
        sections = json.loads(made.json)["sections"]
        assert sections[-1] == {
            "name": "MONEY_VALUES",
            "currency": "COIN",
            "row_count": "0",
            "totals": {},
            "rows": [],
        }


def test_a_section_that_this_client_does_not_know_is_counted_and_summed() -> None:
    fields = json.loads(hotel().json)
    more = {"name": "WEATHER", "currency": "COIN", "row_count": "1", "totals": {"open_minor": "7"}}
    fields["sections"].append({**more, "rows": [{"owner": "bank-c", "open_minor": "7"}]})
    assert verify_statement(encoded(fields)) == []
    fields["sections"][-1]["rows"][0]["open_minor"] = "8"
    assert verify_statement(encoded(fields)) == [
        "WEATHER in COIN: control total open_minor is 7; it should be 8"
    ]


def encoded(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode() + b"\n"


Change = Callable[[dict[str, Any], dict[str, Any]], object]
"""Given the fields, and the sections by name."""


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda _, s: s["POSITIONS"]["rows"][0].update(net_minor="-20501"),
            "net_minor of hotel-h is -20501; it should be -20502",
        ),
        (
            lambda _, s: s["POSITIONS"]["rows"][0].update(closing_minor="0"),
            "closing_minor of hotel-h is 0; it should be -20502",
        ),
        (
            lambda _, s: s["POSITIONS"]["rows"][0].update(participant="bank-c"),
            "positions are not the participant's own",
        ),
        (
            lambda _, s: s["OBLIGATIONS"]["rows"].pop(0),
            "OBLIGATIONS in COIN has 0 rows; its control total counts 1: rows are missing or added",
        ),
        (
            lambda _, s: s["FEES"]["rows"].append({**s["FEES"]["rows"][1], "kind": "SPREAD"}),
            "FEES in COIN has 3 rows; its control total counts 2: rows are missing or added",
        ),
        (
            lambda _, s: s["OBLIGATIONS"]["rows"][0].update(net_minor="1"),
            "OBLIGATIONS with airline-m, PRINCIPAL: net is 1",
        ),
        (lambda _, s: s["FEES"]["rows"].reverse(), "FEES are not sorted"),
        (lambda _, s: s["PAYMENTS"]["rows"].reverse(), "payments are not sorted"),
        (lambda f, _: f["sections"].reverse(), "its sections are not these, in this order"),
        (lambda f, _: f["sections"].pop(), "its sections are not these, in this order"),
        (lambda f, s: f["sections"].append(s["FEES"]), "a section stands twice"),
        (
            lambda _, s: s["OBLIGATIONS"]["rows"][0].update(counterparty="hotel-h"),
            "nobody owes themselves",
        ),
        (
            lambda _, s: s["OBLIGATIONS"]["rows"][0].update(kind="FEE", counterparty="operator"),
            "OBLIGATIONS with operator, FEE: stands in the wrong section",
        ),
        (
            lambda _, s: s["FEES"]["rows"][0].update(count="0"),
            "counts and gross amounts are positive",
        ),
        (lambda _, s: s["FEES"]["totals"].update(owed_by_minor="500"), "owed_by_minor is 500"),
        (lambda _, s: s["FEES"]["totals"].pop("count"), "FEES has control totals of"),
        (
            lambda _, s: s["PAYMENTS"]["rows"].pop(),
            "payments received by hotel-h minus paid is -20001",
        ),
        (
            lambda _, s: s["PAYMENTS"]["rows"][0].update(payer="bank-c"),
            "is not of this participant",
        ),
        (lambda _, s: s["PAYMENTS"]["rows"][0].update(amount_minor="-1"), "is not positive"),
        (
            lambda _, s: s["PAYMENTS"]["rows"][0].update(payer="airline-m", payee="hotel-h"),
            "hotel-h both pays and receives",
        ),
        (
            lambda _, s: s["MONEY_VALUES"]["rows"][0].update(price="2/3"),
            "payments in USD are not those of the shared currency at 2/3",
        ),
        (lambda _, s: s["MONEY_VALUES"]["rows"][0].update(price="2/4"), "in lowest terms"),
        (lambda _, s: s["MONEY_VALUES"]["rows"][0].update(price="0/1"), "more than zero"),
        (
            lambda _, s: s["MONEY_POSITIONS"]["rows"][0].update(rounding_minor="0"),
            "positions in USD are not those of the shared currency at 1/2",
        ),
        (lambda f, _: f.update(first_number="10"), "its first number is after its last"),
        (lambda f, _: f.update(entries="-1"), "entries is negative"),
        (lambda f, _: f.update(previous_sha256="00"), "previous_sha256 is neither"),
        (lambda f, _: f.update(version="1"), "version '1' is not known"),
        (lambda f, _: f.update(extra="1"), "unknown ['extra']"),
        (lambda f, _: f.pop("sections"), "missing ['sections']"),
        (lambda f, _: f.update(sections={}), "sections is no list"),
        (lambda _, s: s["FEES"].update(totals=[]), "totals of FEES is no object"),
        (lambda _, s: s["FEES"]["rows"][0].pop("kind"), "missing ['kind']"),
        (
            lambda _, s: s["POSITIONS"]["rows"][0].update(net_minor="-0"),
            "net_minor is '-0'; expected a decimal string",
        ),
        (lambda f, _: f.update(participant=""), "participant is ''; expected a text"),
    ],
)
def test_what_does_not_agree_is_named(change: Change, problem: str) -> None:
    fields = json.loads(hotel().json)
    change(fields, {each["name"]: each for each in fields["sections"]})
    changed = encoded(fields)
    assert any(problem in found for found in verify_statement(changed)), verify_statement(changed)
    with pytest.raises(BadStatement):
        read_statement(changed)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda _, s: s["POSITIONS"]["rows"].pop(0),
            "positions in USD are not those of the shared currency",
        ),
        (
            lambda _, s: s["POSITIONS"]["rows"][0].update(net_minor="20102"),
            "the sum of all positions is 1; it should be 0",
        ),
        (lambda _, s: s["POSITIONS"]["rows"].reverse(), "sorted by name, each once"),
        (
            lambda _, s: s["MONEY_RESIDUAL"]["rows"][0].update(amount_minor="0"),
            "the rounding residual in USD is not what positions leave",
        ),
    ],
)
def test_what_does_not_agree_in_the_operators_is_named(change: Change, problem: str) -> None:
    fields = json.loads(stated("operator").json)
    change(fields, {each["name"]: each for each in fields["sections"]})
    found = verify_statement(encoded(fields))
    assert any(problem in each for each in found), found


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (b"", "cannot be read"),
        (b"{}\n", "missing"),
        (b"[]\n", "not a JSON object"),
        (GOLDEN_JSON.encode()[:-1], "the line feed at its end is missing"),
        (GOLDEN_JSON.encode() + b"\n", "not the canonical encoding"),
        (GOLDEN_JSON.encode() + b"{}\n", "Extra data"),
        (GOLDEN_JSON.replace('":"', '": "').encode(), "not the canonical encoding"),
        (GOLDEN_JSON.encode()[:400], "cannot be read"),
    ],
)
def test_what_is_no_statement_is_refused(changed: bytes, problem: str) -> None:
    (found,) = verify_statement(changed)
    assert problem in found


LINES = hotel().csv.decode().splitlines(keepends=True)
FEE = next(n for n, line in enumerate(LINES) if line.startswith("FEES"))


def csv_of(*lines: str) -> bytes:
    return "".join(lines).encode()


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (b"", "the first line of the CSV is not its header"),
        (csv_of(*LINES[1:]), "the first line of the CSV is not its header"),
        (csv_of(*LINES[:-1]), "the CSV is cut off: it does not end with a CONTROL row"),
        (csv_of(*LINES)[:-1], "the CSV is cut off"),
        (csv_of(*LINES[:-2], LINES[-1]), "the CSV has 35 rows; its CONTROL row counts 36"),
        (csv_of(*LINES, LINES[FEE]), "the CSV is added to: rows follow the CONTROL row"),
        (csv_of(*LINES, *LINES[1:]), "the CSV is added to: rows follow the CONTROL row"),
        (
            csv_of(*LINES[:FEE], LINES[FEE + 1], LINES[FEE], *LINES[FEE + 2 :]),
            f"the rows of the CSV are in another order from row {FEE} on",
        ),
        (csv_of(*LINES).replace(b",480,", b",481,", 1), f"row {FEE} of the CSV does not say"),
        (csv_of(*LINES).replace(b"FEES,COIN,", b"FEES,COIN", 1), "more or fewer cells"),
        (csv_of(*LINES[:FEE]) + b'"', "the CSV cannot be read"),
    ],
)
def test_a_table_that_is_not_whole(changed: bytes, problem: str) -> None:
    found = verify_statement(hotel().json, changed)
    assert any(problem in each for each in found), found


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (csv_of(*LINES[:-1]), "the CSV is cut off"),
        (
            csv_of(*LINES[:FEE], LINES[FEE], LINES[FEE], *LINES[FEE + 2 :]),
            "FEES in COIN: owed_by_minor sums to 960, not to 501",
        ),
        (
            csv_of(*LINES[: FEE + 1], *LINES[FEE + 2 : -1], LINES[FEE + 1], LINES[-1]),
            "FEES in COIN has 1 rows; its TOTAL row counts 2",
        ),
        (
            csv_of(*LINES[: FEE + 1], *LINES[FEE + 2 : -1], LINES[FEE + 1], LINES[-1]),
            "section FEES is cut off: its TOTAL row is missing",
        ),
        (csv_of(*LINES[: FEE + 2], *LINES[FEE + 3 : -1], LINES[FEE + 2], LINES[-1]), "stand where"),
        (csv_of(*LINES).replace(b",480,", b",4 0,", 1), "a owed_by_minor that is no number"),
    ],
)
def test_a_table_alone_tells_that_it_is_not_whole(changed: bytes, problem: str) -> None:
    assert any(problem in each for each in verify_table(changed)), verify_table(changed)


def test_a_table_of_another_statement() -> None:
    assert verify_statement(hotel().json, hotel(opening=1).csv) == [
        f"row {n} of the CSV does not say what the statement says" for n in (18, 19, 37)
    ]


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_bad_data_never_raises(json_bytes: bytes, csv_bytes: bytes) -> None:
    assert verify_statement(json_bytes)
    assert verify_statement(hotel().json, csv_bytes)
    assert verify_table(csv_bytes)
    assert verify_table(LINES[0].encode() + csv_bytes)


@given(st.data())
def test_a_row_dropped_or_doubled_is_found_by_the_table_alone(data: st.DataObject) -> None:
    body = LINES[1:-1]
    at = data.draw(st.integers(0, len(body) - 1))
    kind = data.draw(st.sampled_from(("drop", "double")))
    changed = [*body[:at], *([body[at]] * 2 if kind == "double" else []), *body[at + 1 :]]
    assert verify_table(csv_of(LINES[0], *changed, LINES[-1]))
