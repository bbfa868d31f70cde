"""A definition like no other: it loads and works, and no code knows of it."""

from datetime import date

import pytest

from partners.programmes.definition import parse_definition
from partners.programmes.tiers import TierSource
from support.programme_life import Life, spent

NIGHT_TRAINS = """
# A night railway: points by distance and by the berth, stations as attributes; ranks that follow
# any three consecutive months, go one step down, and ask for two things at once.
schema = 1
programme = "night-trains"
name = "Night Trains"
valid_from = 2020-01-01T00:00:00+01:00
custody = "partner"
reversal = "funder-bears"
time_zone = "Europe/Vienna"

[currency]
code = "SLEEPERS"
exponent = 1

[[tiers]]
name = "PILLOW"

[[tiers]]
name = "BLANKET"
bonus = "7.5%"
reached = [{ kilometres = "> 3000", journeys = 3 }, { berth-fares = "499.5" }]

[[tiers]]
name = "COUCHETTE"
multiplier = "1.4"
reached = [{ kilometres = 9000, journeys = 6, complaints = "1/2" }]
price = "120 EUR"
holds = "45 days"

[[tiers]]
name = "WAGON-LIT"
multiplier = "2.5"
invitation = true
reached = [{ sleepers = 2000 }]
lifetime = [{ journeys = 1000 }]

[qualification]
period = "consecutive-months"
months = 3
term = "months"
term_months = 5
fall = "one-step"

[[counters]]
counter = "kilometres"
activity = "RIDE"
per = "kilometre"
where = { train = ["night"] }

[[counters]]
counter = "journeys"
activity = "RIDE"
per = "activity"

[[counters]]
counter = "berth-fares"
activity = "RIDE"
per = "money"
category = "BERTH"
currency = "EUR"

[[counters]]
counter = "complaints"
activity = "SURVEY"
per = "answer"
keep = "largest"

[[counters]]
counter = "sleepers"
per = "points"
reasons = ["BASE", "BERTH"]

[[choices]]
id = "sleepers"

[[choices]]
id = "trees"
programmes = ["forest"]

[[earn]]
rule = "distance"
activity = "RIDE"
per = "kilometre"
points = "0.05"
minimum = "10"
maximum = "75"
tier_bonus = true
choices = ["sleepers"]

[[earn]]
rule = "berth"
activity = "RIDE"
per = "money"
category = "BERTH"
currency = "EUR"
reason = "BERTH"
points = "1/3"
tiers = ["BLANKET", "COUCHETTE"]
where = { to = ["wien-hbf", "graz-hbf"] }

[[earn]]
rule = "trees"
programme = "forest"
activity = "RIDE"
per = "activity"
points = "2"
choices = ["trees"]

[[fx]]
currency = "CHF"
to = "EUR"
rate = "1.05"
valid_from = 2020-01-01T00:00:00Z
"""

TRAINS = parse_definition(NIGHT_TRAINS.encode())
JOINED = date(2026, 1, 1)


def rider(choice: str = "", tier: str = "") -> Life:
    member = Life((TRAINS,), JOINED, choice)
    if tier:
        member.takes(tier, TierSource.PURCHASED, JOINED)
    return member


@pytest.mark.parametrize(
    ("kilometres", "points"), [(0, []), (2, [100]), (999, [499]), (1_000, [500]), (9_999, [750])]
)
def test_points_by_distance_with_a_least_and_a_most(kilometres: int, points: list[int]) -> None:
    """Minor units: a tenth of a sleeper."""
    earned = rider().does("RIDE", JOINED, quantities={"kilometre": kilometres})
    assert [minor for _, _, minor in earned] == points


def test_a_tier_its_multiplier_and_a_rule_for_tiers_at_two_stations() -> None:
    fare = spent("CHF", 100, "BERTH")
    home = {"to": "graz-hbf", "train": "night"}
    ridden = {"kilometre": 800}
    assert rider().does("RIDE", JOINED, fare, ridden, where=home) == [
        ("night-trains", "BASE", 400),
    ]
    assert rider(tier="COUCHETTE").does("RIDE", JOINED, fare, ridden, where=home) == [
        ("night-trains", "BASE", 400),
        ("night-trains", "TIER_BONUS", 160),
        ("night-trains", "BERTH", 350),
    ]


def test_who_prefers_trees_gets_trees() -> None:
    earned = rider("trees").does("RIDE", JOINED, quantities={"kilometre": 800})
    assert earned == [("forest", "BASE", 2)]


@pytest.mark.parametrize(
    ("rides", "tier"),
    [
        ([(1, 1_000), (2, 1_000), (3, 1_000)], "PILLOW"),
        ([(1, 1_000), (2, 1_000), (3, 1_001)], "BLANKET"),
        ([(1, 1_000), (3, 3_000)], "PILLOW"),
        ([(1, 1_000), (2, 1_000), (4, 1_001)], "PILLOW"),
        ([(1, 1_500)] * 6, "BLANKET"),
    ],
)
def test_ranks_of_three_consecutive_months(rides: list[tuple[int, int]], tier: str) -> None:
    member = rider()
    for month, kilometres in rides:
        day = date(2026, month, 5)
        member.does("RIDE", day, quantities={"kilometre": kilometres}, where={"train": "night"})
    assert member.tier(date(2026, 4, 30)) == tier


def test_day_trains_are_journeys_without_kilometres_that_count() -> None:
    member = rider()
    for day in range(1, 8):
        member.does("RIDE", date(2026, 1, day), quantities={"kilometre": 5_000})
    assert member.tier(date(2026, 1, 31)) == "PILLOW"


def test_ranks_go_down_one_step_at_a_time() -> None:
    member = rider()
    member.does("SURVEY", date(2026, 1, 2), quantities={"answer": 1})
    for day in range(3, 9):
        where = {"train": "night"}
        member.does("RIDE", date(2026, 1, day), quantities={"kilometre": 1_500}, where=where)
    assert member.tier(date(2026, 1, 8)) == "COUCHETTE"
    assert member.to(date(2026, 5, 31)) == "COUCHETTE"
    assert member.to(date(2026, 6, 1)) == "BLANKET"
    assert member.to(date(2026, 11, 1)) == "PILLOW"


def test_the_highest_rank_is_by_invitation() -> None:
    member = rider()
    for day in range(1, 29):
        member.does("RIDE", date(2026, 1, day), quantities={"kilometre": 1_500})
    assert member.invitations == [(date(2026, 1, 27), "WAGON-LIT")]
    assert member.tier(date(2026, 1, 31)) == "PILLOW"
    member.takes("WAGON-LIT", TierSource.INVITED, date(2026, 2, 1))
    assert member.to(date(2026, 6, 30)) == "WAGON-LIT"
    assert member.to(date(2026, 7, 1)) == "COUCHETTE"


def test_a_bought_rank_ends_after_its_45_days() -> None:
    member = rider(tier="COUCHETTE")
    assert member.to(date(2026, 2, 14)) == "COUCHETTE"
    assert member.to(date(2026, 2, 15)) != "COUCHETTE"
