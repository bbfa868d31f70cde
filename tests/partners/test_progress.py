"""What is counted of a membership: sums per day, latest and largest values, parts taken back."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.activities import Activity, ActivityKey, Quantity, Spend
from partners.programmes.definition import ProgrammeDefinition, parse_definition
from partners.programmes.periods import Days
from partners.programmes.progress import (
    Contribution,
    Kept,
    Progress,
    contributions,
    counter_exponent,
    rule_counter,
    value_of_counter,
)
from settlement.ledger.amounts import AmountOverflow

DAY = date(2026, 3, 5)
HEAD = """
schema = 1
programme = "hotel-h"
name = "Hotel H Rewards"
valid_from = 2015-01-01T00:00:00Z
custody = "gateway"
reversal = "negative-balance"
[currency]
code = "H-POINTS"
exponent = 2
"""


def programme(*counters: str, rest: str = "") -> ProgrammeDefinition:
    """Hotel H with these counters, each called `all` unless it says otherwise."""
    tables = (c if c.startswith("counter") else f'counter = "all"\n{c}' for c in counters)
    return parse_definition(
        (HEAD + "".join(f"[[counters]]\n{t}\n" for t in tables) + rest).encode()
    )


def activity(
    spend: Sequence[tuple[str, str, int]] = (),
    quantities: Sequence[tuple[str, int]] = (),
    kind: str = "STAY",
    **attributes: str,
) -> Activity:
    """An activity of March 5."""
    return Activity(
        key=ActivityKey("hotel-h", kind, "folio-1"),
        started_at=datetime(2026, 3, 5, 14, tzinfo=UTC),
        ended_at=None,
        spend=tuple(Spend(*part) for part in spend),
        quantities=tuple(Quantity(*part) for part in quantities),
        attributes=tuple(attributes.items()),
    )


ROOM_AND_FOOD = activity([("ROOM", "EUR", 10_050), ("FOOD", "EUR", 999)], [("NIGHT", 3)])
FX = """
[[fx]]
currency = "USD"
to = "EUR"
rate = "0.9"
valid_from = 2026-01-01T00:00:00Z
"""


@pytest.mark.parametrize(
    ("counters", "what", "amount"),
    [
        (['per = "activity"'], ROOM_AND_FOOD, 1),
        (['per = "night"'], ROOM_AND_FOOD, 3),
        (['per = "mile"'], ROOM_AND_FOOD, None),
        (['per = "money"\ncurrency = "EUR"'], ROOM_AND_FOOD, 11_049),
        (['per = "money"\ncategory = "ROOM"\ncurrency = "EUR"'], ROOM_AND_FOOD, 10_050),
        (['per = "money"\ncurrency = "EUR"\nfactor = "1/10"'], ROOM_AND_FOOD, 1_104),
        (['per = "money"\ncurrency = "EUR"'], activity([("ROOM", "USD", 999)]), 899),
        (['per = "activity"\nactivity = "STAY"'], ROOM_AND_FOOD, 1),
        (['per = "activity"\nactivity = "FLIGHT"'], ROOM_AND_FOOD, None),
        (['per = "activity"\nwhere = { brand = ["park"] }'], activity(brand="park"), 1),
        (['per = "activity"\nwhere = { brand = ["park"] }'], activity(brand="place"), None),
        (['per = "points"'], ROOM_AND_FOOD, 5_000),
        (['per = "points"\nreasons = ["BASE", "TIER_BONUS"]'], ROOM_AND_FOOD, 6_250),
        (['per = "points"\nreasons = ["PROMOTION"]'], ROOM_AND_FOOD, None),
        (['per = "membership_month"'], ROOM_AND_FOOD, None),
        # Tables of one name add up, in the finest of their units.
        (['per = "activity"\nfactor = "100"', 'per = "night"'], ROOM_AND_FOOD, 103),
        (['per = "activity"\nfactor = "100"', 'per = "money"\ncurrency = "EUR"'],
         ROOM_AND_FOOD, 21_049),
    ],
)  # fmt: skip
def test_what_an_activity_adds(counters: list[str], what: Activity, amount: int | None) -> None:
    rest = FX if any("EUR" in counter for counter in counters) else ""
    earned = [("BASE", 5_000), ("TIER_BONUS", 1_250)]
    added = contributions(programme(*counters, rest=rest), what, DAY, earned)
    assert added == (() if amount is None else (Contribution("all", DAY, amount),))


def test_values_that_do_not_add_up_are_kept_each_by_itself() -> None:
    for keep, kept in (("sum", Kept.SUM), ("latest", Kept.EACH), ("largest", Kept.EACH)):
        definition = programme(f'per = "night"\nkeep = "{keep}"')
        (added,) = contributions(definition, ROOM_AND_FOOD, DAY, [])
        assert added == Contribution("all", DAY, 3, kept)


def test_counters_are_kept_apart_by_name() -> None:
    definition = programme(
        'counter = "nights"\nper = "night"', 'counter = "stays"\nper = "activity"'
    )
    added = contributions(definition, ROOM_AND_FOOD, DAY, [])
    assert [(c.counter, c.amount) for c in added] == [("nights", 3), ("stays", 1)]


def test_a_counter_that_overflows_is_refused() -> None:
    definition = programme('per = "item"\nfactor = "999999999999"')
    with pytest.raises(AmountOverflow):
        contributions(definition, activity(quantities=[("ITEM", 10**9)]), DAY, [])


def test_days_are_summed_from_the_first_to_the_last() -> None:
    progress = Progress()
    for day, amount in ((1, 5), (3, 7), (3, 1), (9, 11)):
        progress.add("all", date(2026, 3, day), 0, amount)
    for first, last, total in ((1, 9, 24), (2, 9, 19), (1, 8, 13), (3, 3, 8), (4, 8, 0)):
        days = Days(date(2026, 3, first), date(2026, 3, last))
        assert progress.total("all", days) == total
    assert progress.total("other", Days(date.min, date.max)) == 0
    progress.add("all", date(2026, 3, 4), 0, 100)
    assert progress.total("all", Days(date(2026, 3, 4), date(2026, 3, 8))) == 100
    assert progress.by_day("all")[date(2026, 3, 3)] == 8


def test_latest_and_largest_forget_what_was_taken_back() -> None:
    progress = Progress()
    for day, number, amount in ((1, 10, 95), (5, 30, 80), (5, 20, 85), (9, 40, 90)):
        progress.add("all", date(2026, 3, day), number, amount)
    march = Days(date(2026, 3, 1), date(2026, 3, 31))
    assert (progress.latest("all", march), progress.largest("all", march)) == (90, 95)
    progress.add("all", date(2026, 3, 9), 40, -90)
    progress.add("all", date(2026, 3, 1), 10, -95)
    # Of one day the entry with the higher number came later.
    assert (progress.latest("all", march), progress.largest("all", march)) == (80, 85)
    april = Days(date(2026, 4, 1), date(2026, 4, 30))
    assert (progress.latest("all", april), progress.largest("all", april)) == (80, 0)
    before = Days(date(2026, 2, 1), date(2026, 2, 28))
    assert progress.latest("all", before) == 0


def test_values_are_in_major_units() -> None:
    definition = programme('per = "money"\ncurrency = "KWD"', 'per = "night"')
    assert counter_exponent(definition, "all") == 3
    progress = Progress()
    progress.add("all", DAY, 0, 12_345)
    days = Days(DAY, DAY)
    assert value_of_counter(definition, "all", progress, days, DAY) == Fraction(12_345, 1_000)
    assert counter_exponent(programme('per = "points"'), "all") == 2
    assert counter_exponent(programme('per = "night"'), "all") == 0


@pytest.mark.parametrize(
    ("joined_on", "last", "value"),
    [
        (date(2024, 2, 29), date(2025, 2, 27), Fraction(11, 12)),
        (date(2024, 2, 29), date(2025, 2, 28), Fraction(1)),
        (date(2026, 3, 5), date(2026, 3, 5), Fraction(0)),
        (date(2026, 3, 5), date(2026, 2, 1), Fraction(0)),
    ],
)
def test_months_of_membership_count_by_themselves(
    joined_on: date, last: date, value: Fraction
) -> None:
    definition = programme('per = "membership_month"\nfactor = "1/12"')
    days = Days(date(2026, 1, 1), last)
    assert value_of_counter(definition, "all", Progress(), days, joined_on) == value


def test_months_of_membership_add_to_what_is_counted() -> None:
    definition = programme('per = "night"', 'per = "membership_month"\nfactor = "10"')
    progress = Progress()
    progress.add("all", DAY, 0, 7)
    days = Days(DAY, DAY)
    assert value_of_counter(definition, "all", progress, days, date(2026, 1, 5)) == 27


def test_a_limited_rule_has_a_counter_of_its_own() -> None:
    rule = '[[earn]]\nrule = "base"\nactivity = "STAY"\nper = "night"\npoints = 1\nbudget = 5\n'
    (limited,) = programme(rest=rule).earn
    assert rule_counter(limited) == "@rule/base"


@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 400)), min_size=1, max_size=8),
)
def test_splitting_an_activity_changes_no_counter_of_whole_units(
    parts: list[tuple[int, int]],
) -> None:
    definition = programme(
        'counter = "spend"\nper = "money"\ncurrency = "EUR"',
        'counter = "nights"\nper = "night"\nfactor = 3',
    )
    split: dict[str, int] = {}
    for minor, nights in parts:
        part = activity([("ROOM", "EUR", minor)], [("NIGHT", nights)])
        for added in contributions(definition, part, DAY, []):
            split[added.counter] = split.get(added.counter, 0) + added.amount
    whole = activity(
        [("ROOM", "EUR", minor) for minor, _ in parts], [("NIGHT", n) for _, n in parts]
    )
    assert split == {c.counter: c.amount for c in contributions(definition, whole, DAY, [])}


@given(st.integers(0, 10**12), st.lists(st.integers(1, 1_000), min_size=1, max_size=6))
def test_parts_taken_back_sum_to_the_whole(amount: int, shares: list[int]) -> None:
    contribution = Contribution("all", DAY, amount, Kept.EACH)
    total, done, taken = sum(shares), 0, 0
    for share in shares:
        before = contribution.part(done, total).amount
        done += share
        part = contribution.part(done, total)
        assert (part.counter, part.day, part.kept) == ("all", DAY, Kept.EACH)
        assert part.amount >= before
        taken += part.amount - before
    assert taken == amount
