"""Published conversions: rows that are read or refused, and the terms that they come to."""

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from hypothesis import given as any_given
from hypothesis import strategies as st

from gateway.rate_files.checking import judge
from gateway.rate_files.conversions import begun, converted, scale_of, timing
from gateway.rate_files.problems import BadFile
from gateway.rate_files.replaying import NothingGiven, given
from gateway.rate_files.rows import Row, parse_rows
from partners.exchange.arithmetic import convert_by_pair
from partners.exchange.terms import BonusStep, MoneyFee, MoneyValue, PairTerms, RateTerms
from support.published import (
    DECLARED,
    HEADER,
    conversions_of,
    declared,
    real_conversions,
    real_file,
    rows_of,
)

PLAIN = "BANK,AIR,3,1,3000,3000,,,,,2020-01-01,,"


def test_a_row_is_read() -> None:
    (row,) = rows_of('BANK,AIR,3,1,3000,1000,60000,5000,0.0006,99,2020-01-01,2021-02-03,"a, b"')
    columns = row.columns
    assert (row.number, row.line, row.pair, row.ratio) == (1, 2, ("BANK", "AIR"), Fraction(1, 3))
    assert (columns.minimum, columns.increment) == (3_000, 1_000)
    assert (columns.bonus_every_source_units, columns.bonus_target_units) == (60_000, 5_000)
    assert (columns.fee_per_source_unit_usd, columns.fee_cap_usd) == (Fraction(6, 10_000), 99)
    assert columns.note == "a, b"
    assert row.begins == datetime(2020, 1, 1, tzinfo=UTC)
    assert row.ends == datetime(2021, 2, 3, tzinfo=UTC)


def test_a_note_may_have_lines_and_lines_may_be_empty() -> None:
    rows = rows_of(
        'BANK,AIR,3,1,3000,3000,,,,,2020-01-01,,"a\nb"', "", PLAIN.replace("2020", "2021")
    )
    assert [(row.number, row.line) for row in rows] == [(1, 2), (2, 5)]


BAD_ROWS = {
    "bank account,AIR,3,1,3,3,,,,,2020-01-01,,": 'line 2, source is "bank account": write 2 to 32',
    "BANK,AIR,3.5,1,3,3,,,,,2020-01-01,,": 'source_units is "3.5": write a whole number above zero',
    "BANK,AIR,3,0,3,3,,,,,2020-01-01,,": 'target_units is "0": write a whole number above zero',
    "BANK,AIR,3,-1,3,3,,,,,2020-01-01,,": 'target_units is "-1": write a whole number above zero',
    "BANK,AIR,3,1,,3,,,,,2020-01-01,,": "line 2, minimum is empty: fill it",
    "BANK,AIR,3,1,3,3,5,,,,2020-01-01,,": "bonus_target_units stands alone, or is missing",
    "BANK,AIR,3,1,3,3,,,1e-3,,2020-01-01,,": 'fee_per_source_unit_usd is "1e-3": write a number',
    "BANK,AIR,3,1,3,3,,,,99,2020-01-01,,": "fee_cap_usd caps no fee: fill fee_per_source_unit_usd",
    "BANK,AIR,3,1,3,3,,,,,0001-01-01,,": 'effective_from is "0001-01-01": write a day',
    "BANK,AIR,3,1,3,3,,,,,01/02/2020,,": 'effective_from is "01/02/2020": write a day',
    "BANK,AIR,3,1,3,3,,,,,2020-01-01,2020-01-01,": "effective_to is not after effective_from",
    "BANK,BANK,3,1,3,3,,,,,2020-01-01,,": "target is the source: convert between two programmes",
    "BANK,AIR,3,1": "line 2, row has 4 cells, and the header 13: write one for each column",
    'BANK,AIR,3,1,3,3,,,,,2020-01-01,,"open': "line 2, row is not CSV",
    f"{PLAIN}\n{PLAIN}": "line 3, row is of the same pair and days as line 2",
    "": "file has no rows",
}


@pytest.mark.parametrize("line", BAD_ROWS, ids=range(len(BAD_ROWS)))
def test_a_bad_row_is_told_with_line_and_field(line: str) -> None:
    with pytest.raises(BadFile) as bad:
        rows_of(line)
    assert BAD_ROWS[line] in str(bad.value)


def test_every_bad_row_is_told() -> None:
    with pytest.raises(BadFile) as bad:
        rows_of(*list(BAD_ROWS)[:10])
    assert len({problem.line for problem in bad.value.problems}) > 3


HEADERS = {
    HEADER.replace("minimum", "minimun"): ('line 1, header has "minimun"', "header lacks minimum"),
    HEADER.replace("note", "minimum"): ('header has "minimum" twice',),
}


@pytest.mark.parametrize("header", HEADERS, ids=range(len(HEADERS)))
def test_a_header_is_one_of_known_columns(header: str) -> None:
    with pytest.raises(BadFile) as bad:
        parse_rows(header.encode(), "x.csv")
    for told in HEADERS[header]:
        assert told in str(bad.value)


def terms_of(*lines: str, text: str = DECLARED) -> list[PairTerms]:
    changes = conversions_of(*lines, text=text).changes
    return [change.terms for change, _ in changes if isinstance(change.terms, PairTerms)]


def test_rows_and_declaration_become_changes() -> None:
    made = conversions_of("BANK,AIR,3,1,3000,1000,60000,5000,0.0006,99,2020-01-01,2021-01-01,")
    assert [change.terms for change, _ in made.changes] == [
        MoneyValue("USD", Fraction(1)),
        RateTerms("bank", Fraction(1), None),
        PairTerms(
            source="bank",
            target="air",
            offer="",
            ratio=Fraction(1, 3),
            settlement_price=Fraction(3),
            minimum_minor=3_000,
            increment_minor=1_000,
            bonuses=(BonusStep(60_000, 5_000, "operator"),),
            fee=MoneyFee("USD", Fraction(3, 50), 9_900),
        ),
    ]
    last = made.changes[-1][0]
    assert (last.effective_from, last.effective_to) == (
        datetime(2020, 1, 1, tzinfo=UTC),
        datetime(2021, 1, 1, tzinfo=UTC),
    )


def test_what_is_declared_goes_before_the_rules() -> None:
    text = """
    shared_decimals = 3
    shortfall_funder = "fund"
    [programmes.BANK]
    programme = "the-bank"
    worth = "0.01"
    bonus_funder = "marketing"
    decimals = 1
    [programmes.AIR]
    settlement_price = "0.02"
    """
    (terms,) = terms_of("BANK,AIR,3,1,3000,1000,60000,5000,,,2020-01-01,,", text=text)
    assert (terms.source, terms.target) == ("the-bank", "air")
    assert terms.ratio == Fraction(1, 30)
    assert (terms.minimum_minor, terms.settlement_price) == (30_000, 20)
    assert terms.bonuses == (BonusStep(600_000, 5_000, "marketing"),)
    assert terms.shortfall_funder == "fund"


OFFERS = {
    "one after the other": (("2020-01-01,2021-01-01,", "2021-01-01,,"), ["", ""]),
    "the one that begins later": (("2020-01-01,,", "2021-01-01,,"), ["", "row-2"]),
    "the one that begins later, first in the file": (
        ("2021-01-01,,", "2020-01-01,,"),
        ["row-1", ""],
    ),
    "on one day the one below": (("2020-01-01,,", "2020-01-01,2021-01-01,"), ["", "row-2"]),
    "by its title": (("2020-01-01,,", "2021-01-01,,spring offer: more"), ["", "spring-offer"]),
    "a title of figures is none": (("2020-01-01,,", "2021-01-01,,at 3:1 only"), ["", "row-2"]),
    "standing again after an offer": (
        ("2020-01-01,2020-06-01,", "2020-03-01,2020-09-01,", "2020-06-01,,"),
        ["", "row-2", ""],
    ),
    "two of one title": (
        ("2020-01-01,,", "2021-01-01,2021-02-01,sale: a", "2021-03-01,,sale: a"),
        ["", "row-2", "row-3"],
    ),
}


@pytest.mark.parametrize("name", OFFERS)
def test_a_row_that_overlaps_is_an_offer(name: str) -> None:
    dates, offers = OFFERS[name]
    assert [t.offer for t in terms_of(*(f"BANK,AIR,3,1,3,3,,,,,{d}" for d in dates))] == offers


def test_what_an_offer_gives_more_is_a_bonus() -> None:
    standing, offer = terms_of(
        "BANK,AIR,400,250,400,400,,,,,2021-01-25,,",
        "BANK,AIR,1600,1500,1600,1600,,,,,2021-01-25,2021-02-14,launch offer: more",
    )
    assert offer.offer == "launch-offer"
    assert (offer.ratio, offer.settlement_price) == (standing.ratio, standing.settlement_price)
    assert offer.bonuses == (BonusStep(1_600, 500, "operator"),)


def test_an_offer_that_is_no_whole_bonus_keeps_its_ratio() -> None:
    _, offer = terms_of(
        "BANK,AIR,3,1,3,3,,,,,2021-01-01,,", "BANK,AIR,2,1,5,1,,,,,2021-01-01,2022-01-01,"
    )
    assert (offer.ratio, offer.settlement_price, offer.bonuses) == (Fraction(1, 2), 2, ())


units = st.integers(1, 5_000)


@any_given(units, units, st.integers(1, 10**6), st.integers(0, 500), st.integers(1, 10**8))
def test_by_the_default_price_nothing_is_unfunded(
    source: int, target: int, worth: int, more: int, amount: int
) -> None:
    text = f'[programmes.BANK]\nworth = "{worth}/777"\n[programmes.AIR]\ndecimals = {more % 3}'
    (terms,) = terms_of(f"BANK,AIR,{source},{target},1,1,,,,,2020-01-01,,", text=text)
    rate = RateTerms("bank", Fraction(worth * 100, 777), None)
    if amount * terms.ratio >= 1:
        assert convert_by_pair(amount, rate, terms).shortfall_minor == 0


@any_given(units, units, units, units, st.integers(1, 50), st.integers(1, 1_000))
def test_an_offer_gives_what_its_row_says(
    s: int, t: int, offered_s: int, offered_t: int, increment: int, times: int
) -> None:
    standing, offer = terms_of(
        f"BANK,AIR,{s},{t},1,1,,,,,2020-01-01,,",
        f"BANK,AIR,{offered_s},{offered_t},{increment},{increment},,,,,2020-01-01,2021-01-01,",
    )
    amount = increment * times
    assert standing.offer == ""
    if amount * Fraction(offered_t, offered_s) >= 1:
        rate = RateTerms("bank", Fraction(1), None)
        got = convert_by_pair(amount, rate, offer).target_minor
        assert got == amount * offered_t // offered_s


UNDECLARED = {
    "": (PLAIN, "programmes.BANK.worth is missing: add it"),
    '[programmes.BANK]\nworth = "1"': (
        "BANK,AIR,3,1,3,3,9,1,,,2020-01-01,,",
        "line 2, bonus_target_units is paid for by nobody: declare bonus_funder",
    ),
    '[programmes.BANK]\nworth = "0.01"\n': (
        "BANK,AIR,3,1,3,3,,,0.01,,2020-01-01,,",
        "line 2, fee_per_source_unit_usd is in USD, and no value of the shared currency in it",
    ),
    '[programmes.BANK]\nprogramme = "air"\nworth = "1"': (
        PLAIN,
        "line 2, programmes.BANK.programme is air, and so is another: name each its own",
    ),
    '[programmes.BANK]\nworht = "1"': (
        PLAIN,
        "line 2, programmes.BANK.worht is not a key of this table: did you mean worth?",
    ),
    "[money]\nABC = 1": (PLAIN, 'line 2, money.ABC is "ABC": write a current currency code'),
}


@pytest.mark.parametrize("text", UNDECLARED, ids=range(len(UNDECLARED)))
def test_what_is_not_declared_is_asked_for(text: str) -> None:
    line, told = UNDECLARED[text]
    with pytest.raises(BadFile) as bad:
        conversions_of(line, text=text)
    assert told in str(bad.value)


def test_decimals_are_those_of_the_gateway() -> None:
    rows = rows_of(PLAIN)
    text = f"shared_decimals = 3\n{DECLARED}\ndecimals = 2"
    with pytest.raises(BadFile) as bad:
        scale_of(rows, declared(text), {"air": 0}, 2)
    assert "line 1, shared_decimals is 3: the coalition has 2" in str(bad.value)
    assert "programmes.AIR.decimals is 2: the gateway has 0" in str(bad.value)
    assert "programmes.BANK is of bank, and the coalition has no such programme" in str(bad.value)
    found = scale_of(rows, declared(), {"air": 1, "bank": 2}, 4)
    assert (found.shared, found.programmes) == (4, {"air": 1, "bank": 2})


def test_rows_are_past_running_or_to_come() -> None:
    rows = rows_of(
        "BANK,AIR,3,1,3,3,,,,,2020-01-01,2021-01-01,",
        "BANK,AIR,4,1,3,3,,,,,2021-01-01,2022-01-01,",
        "BANK,AIR,5,1,3,3,,,,,2022-01-01,,",
    )
    now = datetime(2021, 1, 1, tzinfo=UTC)
    past, running, coming = rows
    when = timing(rows, now)
    assert (when.past, when.running, when.coming) == ((past,), (running,), (coming,))
    made = converted([running, coming], declared(), scale_of(rows, declared()), rows)
    assert [
        (change.effective_from, change.effective_to)
        for change, row in begun(made, now).changes
        if row is not None
    ] == [(None, coming.begins), (coming.begins, None)]


def test_a_row_is_an_offer_even_when_what_it_stood_beside_is_over() -> None:
    rows = rows_of(
        "BANK,AIR,3,1,3,3,,,,,2020-01-01,2021-01-01,", "BANK,AIR,2,1,2,2,,,,,2020-06-01,,"
    )
    made = converted(rows[1:], declared(), scale_of(rows, declared()), rows)
    terms = made.changes[-1][0].terms
    assert isinstance(terms, PairTerms)
    assert terms.offer == "row-2"


def test_a_loop_is_found_and_the_row_to_blame_is_the_one_that_began_last() -> None:
    verdict = judge(
        conversions_of(
            "AIR,BANK,1,3,1,1,,,,,2020-01-01,,",
            "BANK,AIR,4,1,4,4,,,,,2020-01-01,2021-01-01,",
            "BANK,AIR,2,1,2,2,,,,,2021-01-01,,",
            "BANK,RAIL,1,1,1,1,,,,,2021-01-01,,",
        )
    )
    (fault,) = verdict.faults
    assert (fault.row.number, fault.instant) == (3, datetime(2021, 1, 1, tzinfo=UTC))
    assert [step.row.number for step in fault.chain] == [3, 1]
    first, last = fault.chain
    assert first.target_minor == last.source_minor
    assert last.target_minor > first.source_minor
    assert fault.gain_minor == last.target_minor - first.source_minor
    assert [row.number for row in verdict.passed] == [1, 2, 4]
    assert not verdict.not_proven


def test_an_offer_is_to_blame_before_standing_terms() -> None:
    verdict = judge(
        conversions_of(
            "BANK,AIR,4,1,4,4,,,,,2020-01-01,,",
            "BANK,AIR,2,1,2,2,,,,,2020-06-01,2021-06-01,",
            "AIR,BANK,1,3,1,1,,,,,2021-01-01,,",
        )
    )
    assert [fault.row.number for fault in verdict.faults] == [2]


def test_what_nobody_pays_for_is_found_with_an_amount() -> None:
    text = '[programmes.BANK]\nworth = "0.01"\n[programmes.AIR]\nsettlement_price = "0.04"'
    lines = ("BANK,AIR,3,1,3,3,,,,,2020-01-01,,", "BANK,RAIL,3,1,3,3,,,,,2020-01-01,,")
    (fault,) = judge(conversions_of(*lines, text=text)).faults
    assert (fault.row.number, fault.chain) == (1, ())
    assert fault.unfunded_minor is not None
    assert fault.unfunded_minor % 3 == 0
    funded = f'shortfall_funder = "fund"\n{text}'
    assert judge(conversions_of(*lines, text=funded)).faults == ()


def at(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)


def test_of_the_real_conversions_all_but_the_launch_offer_pass() -> None:
    verdict = judge(real_conversions())
    (fault,) = verdict.faults
    assert fault.row.number == 39
    assert fault.instant == at("2021-01-25")
    assert [
        (step.row.columns.source, step.source_minor, step.target_minor) for step in fault.chain
    ] == [("NECTAR", 1_600, 1_500), ("AVIOS", 1_500, 2_400)]
    assert [row.number for row in verdict.passed] == [n for n in range(1, 41) if n != 39]


GIVEN = {
    ("marriott", "most-airlines", 60_000, "2024-01-01"): (25_000, Fraction(0), None),
    ("marriott", "most-airlines", 30_000, "2024-01-01"): (10_000, Fraction(0), None),
    ("amex-mr", "delta", 164_000, "2024-01-01"): (164_000, Fraction(0), 9_840),
    ("amex-mr", "delta", 165_000, "2024-01-01"): (165_000, Fraction(0), 9_900),
    ("amex-mr", "delta", 500_000, "2024-01-01"): (500_000, Fraction(0), 9_900),
    ("marriott", "air-new-zealand", 3_099, "2024-01-01"): (15, Fraction(99, 200), None),
    ("amex-mr", "emirates", 5_000, "2025-08-31"): (5_000, Fraction(0), None),
    ("amex-mr", "emirates", 5_000, "2025-09-01"): (4_000, Fraction(0), None),
    ("nectar", "avios", 1_600, "2021-02-13"): (1_500, Fraction(0), None),
    ("nectar", "avios", 1_600, "2021-02-14"): (1_000, Fraction(0), None),
}


@pytest.mark.parametrize("case", GIVEN, ids=lambda c: " ".join(map(str, c)))
def test_what_the_real_conversions_give(case: tuple[str, str, int, str]) -> None:
    source, target, amount, day = case
    # Where the published increment allows only hundreds, a variant of the row allows every amount.
    line = b"MARRIOTT,AIR_NEW_ZEALAND,200,1,3000,"
    data = real_file().replace(line + b"200,", line + b"1,")
    amounts = given(real_conversions(data), (source, target), amount, at(day)).amounts
    fee = None if amounts.money_fee is None else amounts.money_fee.minor
    assert (amounts.target_minor, amounts.remainder, fee) == GIVEN[case]


NOTHING = {
    ("BANK", 3_000, "2019-12-31"): "no row of BANK to AIR is in force then",
    ("BANK", 2_999, "2020-01-01"): "the standing terms convert 3000 points and multiples",
    ("BANK", 3_001, "2020-01-01"): "multiples of 3000 more",
}


@pytest.mark.parametrize("case", NOTHING)
def test_why_nothing_is_given(case: tuple[str, int, str]) -> None:
    _, amount, day = case
    with pytest.raises(NothingGiven, match=NOTHING[case]):
        given(conversions_of(PLAIN), ("bank", "air"), amount, at(day))


def test_a_row_names_itself() -> None:
    row: Row = rows_of("BANK,AIR,3,1,3,3,,,,,2020-01-01,2021-01-01,")[0]
    assert str(row) == "row 1 (line 2), BANK to AIR 3:1, from 2020-01-01 to 2021-01-01"
