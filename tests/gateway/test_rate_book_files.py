"""Changes of the rate book as a file: read into terms, or every problem told with its line."""

import json
import tomllib
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from gateway.rate_files.book_files import RateBookFile, book_file_schema, changes_of
from gateway.rate_files.documents import parse_document
from gateway.rate_files.forms import Amount, Part, Ratio, Seconds
from gateway.rate_files.problems import BadFile
from gateway.rate_files.scale import Scale
from partners.exchange.documents import KINDS
from partners.exchange.proposals import Change
from partners.exchange.terms import (
    BonusStep,
    Caps,
    GuardRails,
    Limits,
    MoneyFee,
    MoneyValue,
    PairTerms,
    RateTerms,
    Resumption,
    Safeguards,
)

SAMPLE = Path(__file__).parents[2] / "gateway" / "samples" / "rate_book.toml"
SCALE = Scale(2, {"hotel": 0, "airline": 1})


def read(text: str) -> tuple[Change, ...]:
    return changes_of(parse_document(text.encode(), "book.toml", RateBookFile), SCALE)


ALL = """
[[rate]]
programme = "airline"
rate_in = "0.50"
fee = "2%"
effective_from = 2027-01-01T00:00:00+01:00

[[pair]]
source = "hotel"
target = "airline"
offer = "spring"
ratio = "3:1"
settlement_price = "1.50"
minimum = 3000
increment = 1000
once_per_member = true
shortfall_funder = "hotel"
effective_to = 2027-02-01T00:00:00Z
bonus = [{ every = 60000, gives = "0.5", funder = "hotel" }]
fee = { per_point = "0.0006", currency = "USD", cap = "99.00" }
caps = { member_daily = 5000, pair_yearly = 70000 }

[[money_value]]
currency = "JPY"
value = "150"

[[guard_rails]]
largest_change = "10%"
notice = "36 hours"

[[limits]]
participant = "hotel"
net_debit_cap = 0
prefunded = "20.50"
alert_percents = [80, 50]

[[safeguards]]
programme = "airline"
ceiling = "1000.5"
daily_amount = 500
link_cooling = "1 day"

[[safeguards]]
ceiling = 7

[[resumption]]
source = "hotel"
target = "airline"
"""


def test_every_kind_of_change_is_read_in_minor_units() -> None:
    found = {type(change.terms): change for change in read(ALL) if change.terms.subject != ("",)}

    assert found[RateTerms] == Change(
        RateTerms("airline", Fraction(5), None, Fraction(1, 50)),
        datetime(2026, 12, 31, 23, tzinfo=UTC),
    )
    assert found[PairTerms] == Change(
        PairTerms(
            source="hotel",
            target="airline",
            offer="spring",
            ratio=Fraction(10, 3),
            settlement_price=Fraction(15),
            minimum_minor=3000,
            increment_minor=1000,
            bonuses=(BonusStep(60_000, 5, "hotel"),),
            fee=MoneyFee("USD", Fraction(3, 50), 9_900),
            caps=Caps(member_daily_minor=5_000, pair_yearly_minor=70_000),
            once_per_member=True,
            shortfall_funder="hotel",
        ),
        None,
        datetime(2027, 2, 1, tzinfo=UTC),
    )
    assert found[MoneyValue].terms == MoneyValue("JPY", Fraction(3, 2))
    assert found[GuardRails].terms == GuardRails(Fraction(1, 10), 36 * 3_600)
    assert found[Limits].terms == Limits("hotel", 0, 2_050, 0, (80, 50))
    assert found[Safeguards].terms == Safeguards(
        "airline", 10_005, 1, None, 5_000, link_cooling_seconds=86_400
    )
    assert found[Resumption].terms == Resumption("hotel", "airline")
    assert set(found) == set(KINDS.values())
    (others,) = [change.terms for change in read(ALL) if change.terms.subject == ("",)]
    assert others == Safeguards("", 7)


BROKEN = {
    "rate = 1": "line 1, rate is 1: write tables, each under [[rate]], or a list",
    '[[rate]]\nprogramme = "hotel"\nrate_in = 0.5': (
        "line 3, rate[0].rate_in is 0.5: write a number above zero"
    ),
    '[[rate]]\nprogramme = "hotel"\nrate_in = "0"': 'rate[0].rate_in is "0": write a number above',
    '[[rate]]\nprogramme = "hotel"\ncostout = "1"': (
        "line 3, rate[0].costout is not a key of this table: did you mean cost_out?"
    ),
    '[[rate]]\nprogramme = "hotel"': (
        "line 1, rate[0].rate_in and cost_out are both missing: nothing would be worth that"
    ),
    '[[rate]]\nrate_in = "1"': "line 1, rate[0].programme is missing: add it",
    '[[rate]]\nprogramme = "nobody"\nrate_in = "1"': (
        "line 2, rate[0].programme is nobody, and there is no such programme with points"
    ),
    '[[rate]]\nprogramme = "hotel"\nrate_in = "1"\neffective_from = 2027-01-01': (
        "line 4, rate[0].effective_from is 2027-01-01: write date, time and offset"
    ),
    '[[pair]]\nsource = "hotel"\ntarget = "hotel"\nratio = "1:1"\nsettlement_price = 1': (
        "line 3, pair[0].target is the source: a conversion is between two programmes"
    ),
    '[[pair]]\nsource = "hotel"\ntarget = "airline"\nratio = "1:1"\nsettlement_price = 1\n'
    "[pair.caps]\nmember_day = 1": (
        "line 7, pair[0].caps.member_day is not a key of this table: did you mean member_daily?"
    ),
    '[[pair]]\nsource = "hotel"\ntarget = "airline"\nratio = "1:1"\nsettlement_price = 1\n'
    "once_per_member = true": (
        "line 6, pair[0].once_per_member is for offers: standing terms are for everybody"
    ),
    '[[pair]]\nsource = "hotel"\ntarget = "airline"\nratio = "1:1"\nsettlement_price = 1\n'
    '[[pair.bonus]]\nevery = "0.5"\ngives = 1\nfunder = "hotel"': (
        "line 6, pair[0].bonus is 1/2, which is no amount with 0 decimals"
    ),
    '[[money_value]]\ncurrency = "ABC"\nvalue = 1': (
        'line 2, money_value[0].currency is "ABC": write a current currency code'
    ),
    '[[guard_rails]]\nnotice = "2 years"': 'guard_rails[0].notice is "2 years": write a length',
    '[[limits]]\nparticipant = "hotel"\nnet_debit_cap = "0.001"': (
        "line 3, limits[0].net_debit_cap is 1/1000, which is no amount with 2 decimals"
    ),
    '[[limits]]\nparticipant = "hotel"\nnet_debit_cap = 1\nalert_percents = ["a"]': (
        'line 4, limits[0].alert_percents[0] is "a": write a whole number, without quotes'
    ),
    "": "file has 0 changes: propose 1 to 500 together",
    "x": "line 1, file is not TOML",
    "x = " + "9" * 2_000: "line 1, file has 2004 characters in one line: break it at 1000",
}


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
def test_a_problem_is_told_with_its_line(text: str) -> None:
    with pytest.raises(BadFile) as bad:
        read(text)
    assert BROKEN[text] in str(bad.value)


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(BadFile) as bad:
        read('[[rate]]\nprogramme = "A"\n[[rate]]\nprogramme = "B"\n')
    assert [problem.line for problem in bad.value.problems] == [2, 4]


FORMS = {
    ("3:1", Ratio): Fraction(1, 3),
    ("3:1.1", Ratio): Fraction(11, 30),
    ("1/3", Ratio): Fraction(1, 3),
    ("2%", Part): Fraction(1, 50),
    ("0.02", Part): Fraction(1, 50),
    (0, Amount): Fraction(0),
    ("90 seconds", Seconds): 90,
    ("1 minute", Seconds): 60,
    ("7 days", Seconds): 604_800,
}


@pytest.mark.parametrize(("written", "form"), FORMS)
def test_figures_are_read_exactly(written: object, form: object) -> None:
    assert TypeAdapter(form).validate_python(written) == FORMS[written, form]  # type: ignore[index]


def test_the_sample_is_in_order_and_of_the_schema() -> None:
    changes = read(SAMPLE.read_text(encoding="utf-8"))
    assert {type(change.terms) for change in changes} == {*KINDS.values()} - {Resumption}
    schema = book_file_schema()
    assert set(tomllib.loads(ALL)) == set(schema["properties"])
    assert json.dumps(schema)
