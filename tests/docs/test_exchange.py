"""docs/EXCHANGE.md says what the rate book does: its figures are computed again."""

import re
from datetime import UTC, datetime
from fractions import Fraction

import pytest

from docs.markdown import page, sections
from gateway.rate_files.book_files import RateBookFile
from gateway.rate_files.checking import judge
from gateway.rate_files.conversions import Conversions, converted, scale_of
from gateway.rate_files.declarations import Declaration
from gateway.rate_files.documents import parse_document
from gateway.rate_files.replaying import given
from gateway.rate_files.rows import parse_rows
from partners.exchange.arithmetic import convert, convert_by_pair
from partners.exchange.terms import BonusStep, PairTerms, RateTerms

TEXT = page("docs/EXCHANGE.md")
SECTIONS = {section.title: section for section in sections(TEXT)}


def published() -> Conversions:
    section = SECTIONS["Published conversions"]
    (csv,), (declaration,) = section.code("csv conversions"), section.code("toml declaration")
    rows = parse_rows(csv.encode(), "conversions.csv")
    declared = parse_document(declaration.encode(), "declaration.toml", Declaration)
    return converted(rows, declared, scale_of(rows, declared))


def says(title: str, *figures: str) -> None:
    """The section has the figures, in that order."""
    assert re.search(".*".join(map(re.escape, figures)), SECTIONS[title].text, re.DOTALL)


def test_the_figures_of_a_conversion_by_rates() -> None:
    hotel = RateTerms("hotel", Fraction(50), None, Fraction(1, 50), Fraction(1, 100))
    amounts = convert(1_000, hotel, RateTerms("airline", None, Fraction(80)))
    assert (amounts.shared_minor, amounts.fee_minor, amounts.spread_minor) == (50_000, 1_000, 500)
    assert (amounts.target_minor, amounts.value_minor, amounts.rounding_minor) == (606, 48_480, 20)
    says("By rates", "500.00", "10.00 and 5.00", "485.00", "606 miles", "484.80", "0.20")


@pytest.mark.parametrize(("amount", "miles"), [(60_000, 25_000), (30_000, 10_000)])
def test_the_figures_of_a_conversion_by_a_pair(amount: int, miles: int) -> None:
    bonus = BonusStep(60_000, 5_000, "marriott")
    pair = PairTerms(
        "marriott", "united", "", Fraction(1, 3), Fraction(21, 10), 3_000, 3_000, (bonus,)
    )
    amounts = convert_by_pair(amount, RateTerms("marriott", Fraction(7, 10), None), pair)
    assert amounts.target_minor == miles
    assert amounts.shared_minor == amounts.value_minor == amount * 7 // 10
    if amounts.bonuses:
        assert amounts.bonuses[0].value_minor == 10_500
    says("By terms of a pair", "25,000 miles", "20,000", "420.00", "105.00", "3,099 points give 15")


def test_the_figures_of_published_conversions() -> None:
    made, at = published(), datetime(2024, 1, 1, tzinfo=UTC)
    units = given(made, ("marriott", "air-new-zealand"), 3_200, at)
    assert (units.amounts.target_minor, units.amounts.value_minor) == (16, 16 * 140)
    fee = given(made, ("amex-mr", "delta"), 165_000, at).amounts.money_fee
    assert fee is not None
    assert fee.minor == 9_900
    says("Published conversions", "At 200:1 and 0.0070 that is 1.40 for a unit")


def test_the_check_finds_what_the_page_says() -> None:
    verdict = judge(published())
    (fault,) = verdict.faults
    assert [row.number for row in verdict.passed] == [1, 2, 3, 4, 5, 6]
    path = [fault.chain[0].source_minor, *(step.target_minor for step in fault.chain)]
    assert (fault.row.number, path, fault.gain_minor) == (7, [1_600, 1_500, 2_400], 800)
    assert [step.offer for step in fault.chain] == ["launch-offer", ""]
    says("Published conversions", "1600 NECTAR", "1500 AVIOS (by row 7, offer launch-offer)")


def test_every_kind_of_change_has_its_row() -> None:
    told = {row["kind"].replace(" ", "_") for row in SECTIONS["What is in the book"].table("kind")}
    assert told == set(RateBookFile.model_fields)
