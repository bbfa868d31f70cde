"""China Telecom stars: rated monthly over twelve months, for twelve months, only rising."""

from datetime import UTC, date, datetime

import pytest

from partners.programmes.levels import Period, Term
from partners.programmes.periods import add_months
from partners.programmes.tiers import TierSource, TierTerm
from support.programme_life import Life, life, sample, spent

STARS = "china-telecom-stars"
JOINED = date(2026, 1, 15)


def bill(member: Life, at: date | datetime, cny: int | str) -> list[tuple[str, str, int]]:
    return member.does("BILL", at, spent("CNY", cny, "TELEPHONE"))


def nightly(member: Life, first: date, months: int) -> list[str]:
    """The tier on the first day of so many months."""
    return [member.to(add_months(first, n)) for n in range(months)]


def test_a_newcomer_is_rated_from_the_month_after_joining() -> None:
    member = life(STARS, JOINED)
    bill(member, date(2026, 1, 16), 600)
    assert member.to(date(2026, 1, 31)) == "UNRATED"
    assert member.to(date(2026, 2, 1)) == "STAR-2"
    assert member.until(date(2026, 2, 1)) == date(2027, 1, 31)


def test_a_rise_in_month_5_holds_for_months_5_to_16() -> None:
    member = life(STARS, JOINED)
    bill(member, date(2026, 1, 16), 100)
    assert nightly(member, date(2026, 2, 1), 3) == ["STAR-1"] * 3
    bill(member, date(2026, 4, 20), 2_400)
    assert member.to(date(2026, 4, 30)) == "STAR-1"
    month_5_to_16 = nightly(member, date(2026, 5, 1), 12)
    assert month_5_to_16 == ["STAR-4"] * 12
    assert member.until(date(2026, 5, 1)) == date(2027, 4, 30)
    assert member.to(date(2027, 4, 30)) == "STAR-4"
    assert member.to(date(2027, 5, 1)) == "STAR-1"


def test_a_rating_does_not_fall_within_its_12_months() -> None:
    member = life(STARS, JOINED)
    bill(member, date(2026, 1, 16), 5_000)
    assert nightly(member, date(2026, 2, 1), 12) == ["STAR-5"] * 12
    assert member.to(date(2027, 2, 1)) == "STAR-1"


def test_the_same_star_again_is_no_rise() -> None:
    member = life(STARS, JOINED)
    for month in range(1, 7):
        bill(member, date(2026, month, 16), 600 if month == 1 else 1)
        member.to(add_months(date(2026, 2, 1), month - 1))
    assert member.until(date(2026, 7, 1)) == date(2027, 1, 31)


def test_the_last_12_months_count_and_no_older_one() -> None:
    member = life(STARS, date(2024, 1, 15))
    bill(member, date(2024, 12, 31), 5_000)
    assert member.to(date(2026, 1, 1)) != "STAR-5"
    on_time = life(STARS, date(2024, 1, 15))
    bill(on_time, date(2025, 1, 1), 5_000)
    assert on_time.to(date(2026, 1, 1)) == "STAR-5"


@pytest.mark.parametrize(
    ("cny", "star"),
    [
        ("99.99", "UNRATED"), ("100", "STAR-1"), ("599.99", "STAR-1"), ("600", "STAR-2"),
        ("1200", "STAR-3"), ("2400", "STAR-4"), ("4800", "STAR-5"), ("9600", "STAR-6"),
        ("19199.99", "STAR-6"), ("19200", "STAR-7"),
    ],
)  # fmt: skip
def test_stars_by_growth_value_assumed_figures(cny: str, star: str) -> None:
    member = life(STARS, JOINED)
    bill(member, date(2026, 1, 16), cny)
    assert member.to(date(2026, 2, 1)) == star


def test_growth_adds_up_spend_tenure_and_credit_assumed_weights() -> None:
    """Assumed: 1 a yuan, 10 a month of membership, a twelfth of each month's credit score."""
    member = life(STARS, date(2025, 1, 1))
    for month in range(1, 13):
        at = date(2025, month, 10)
        member.does("CREDIT_RATING", at, quantities={"credit_point": 600})
    bill(member, date(2025, 6, 10), "489.99")
    assert member.to(date(2026, 1, 1)) == "STAR-2", "489.99 + 110 + 600 = 1,199.99"
    bill(member, date(2025, 6, 11), "0.01")
    assert member.to(date(2026, 1, 1)) == "STAR-3"


def test_days_begin_in_china() -> None:
    member = life(STARS, JOINED)
    bill(member, datetime(2026, 1, 31, 16, tzinfo=UTC), 600)
    assert member.to(date(2026, 2, 1)) == "UNRATED"
    assert member.to(date(2026, 3, 1)) == "STAR-2"


@pytest.mark.parametrize(
    ("star", "bonus"),
    [
        ("UNRATED", 0), ("STAR-1", 0), ("STAR-2", 10), ("STAR-3", 20), ("STAR-4", 30),
        ("STAR-5", 50), ("STAR-6", 80), ("STAR-7", 100),
    ],
)  # fmt: skip
def test_a_point_per_yuan_times_the_multiplier_assumed_multipliers(star: str, bonus: int) -> None:
    earned = bill(life(STARS, JOINED, tier=star), date(2026, 1, 20), 100)
    assert earned == [(STARS, "BASE", 100), *([(STARS, "TIER_BONUS", bonus)] if bonus else [])]


def test_there_are_seven_stars_of_which_none_earns_less() -> None:
    stars = sample(STARS).tiers[1:]
    assert [star.name for star in stars] == [f"STAR-{n}" for n in range(1, 8)]
    multipliers = [star.multiplier or 1 for star in stars]
    assert multipliers == sorted(multipliers)


def test_holders_of_the_older_scheme_keep_their_star_until_its_term_ends() -> None:
    member = life(STARS, date(2025, 3, 1))
    carried = TierTerm("STAR-5", date(2026, 1, 1), date(2026, 6, 30), TierSource.CARRIED_OVER)
    member.terms.append(carried)
    bill(member, date(2026, 2, 10), 1_000)
    assert nightly(member, date(2026, 2, 1), 5) == ["STAR-5"] * 5
    assert member.to(date(2026, 7, 1)) == "STAR-2"
    assert member.until(date(2026, 7, 1)) == date(2027, 6, 30)


def test_every_card_of_the_older_scheme_has_its_star() -> None:
    replaced = sample(STARS).replaces
    assert replaced is not None
    older = sample(replaced.programme)
    assert set(replaced.tiers) == {tier.name for tier in older.tiers[1:]}


def test_the_rule_of_rating() -> None:
    q = sample(STARS).qualification
    assert (q.period, q.months, q.term, q.term_months) == (
        Period.MONTHLY_RATING,
        12,
        Term.MONTHS,
        12,
    )
