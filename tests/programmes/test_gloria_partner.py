"""Gloria Partner: points of 12 consecutive months, an invitation, a day that begins in China."""

from datetime import UTC, date, datetime

import pytest

from partners.programmes.model import JoiningWay
from partners.programmes.periods import add_months
from partners.programmes.tiers import TierSource
from support.programme_life import Life, life, sample, spent

HOTEL = "gloria-partner"
QUALIFYING = {"rate": "qualifying"}
JANUARY = date(2026, 1, 20)


def months(member: Life, points: list[int]) -> Life:
    """So many points in each month, from January 2026 on."""
    for n, number in enumerate(points):
        day = add_months(JANUARY, n)
        if number:
            assert earn(member, day, number) == number
        member.to(day)
    return member


def earn(member: Life, day: date | datetime, cny: int, reported: date | None = None) -> int:
    earned = member.does("STAY", day, spent("CNY", cny), where=QUALIFYING, reported=reported)
    return sum(points for _, _, points in earned)


YEAR = [737] * 11


@pytest.mark.parametrize(
    ("points", "invited"),
    [
        pytest.param([8_855], ["GOLD"], id="8855-at-once"),
        pytest.param([8_854], [], id="8854-at-once"),
        pytest.param([*YEAR, 748], ["GOLD"], id="8855-in-months-1-to-12"),
        pytest.param([*YEAR, 747], [], id="8854-in-months-1-to-12"),
        pytest.param([*YEAR, 0, 748], [], id="8855-in-months-1-to-13"),
        pytest.param([0, *YEAR, 748], ["GOLD"], id="8855-in-months-2-to-13"),
        pytest.param([1, *YEAR[1:], 748, 737], ["GOLD"], id="8855-in-months-2-to-13-and-more"),
    ],
)
def test_8855_points_of_12_consecutive_months_invite_to_gold(
    points: list[int], invited: list[str]
) -> None:
    member = months(life(HOTEL), points)
    assert [tier for _, tier in member.invitations] == invited
    assert member.tier(date(2027, 6, 1)) == "MEMBER"


def test_the_13_months_hold_exactly_8855_points() -> None:
    assert sum([*YEAR, 0, 748]) == sum([*YEAR, 748]) == 8_855


def test_a_month_that_is_reported_last_completes_the_year() -> None:
    member = life(HOTEL)
    last = date(2026, 12, 31)
    for month in range(12, 0, -1):
        earn(member, date(2026, month, 10), 748 if month == 1 else 737, reported=last)
    assert member.invitations == [(last, "GOLD")]


@pytest.mark.parametrize(("minutes", "invited"), [(0, ["GOLD"]), (-1, [])])
def test_months_begin_in_china(minutes: int, invited: list[str]) -> None:
    """Midnight in Shanghai is four in the afternoon before, in UTC."""
    member = life(HOTEL, date(2025, 12, 1))
    instant = datetime(2025, 12, 31, 16 if minutes == 0 else 15, minutes % 60, tzinfo=UTC)
    earn(member, instant, 4_000)
    earn(member, date(2026, 12, 1), 4_855)
    assert [tier for _, tier in member.invitations] == invited


def test_who_accepts_is_gold_assumed_term() -> None:
    """Assumed: for twelve months, the month of accepting the first of them."""
    member = months(life(HOTEL), [8_855])
    member.takes("GOLD", TierSource.INVITED, date(2026, 1, 25))
    assert member.to(date(2026, 12, 31)) == "GOLD"
    assert member.to(date(2027, 1, 1)) == "MEMBER"


@pytest.mark.parametrize(("points", "tier"), [(27_877, "MEMBER"), (27_878, "PLATINUM")])
def test_27878_points_bring_platinum(points: int, tier: str) -> None:
    assert months(life(HOTEL), [points]).tier(JANUARY) == tier


def test_platinum_needs_no_invitation() -> None:
    member = months(life(HOTEL), [27_878])
    assert (member.tier(JANUARY), member.invitations) == ("PLATINUM", [])


def test_a_point_per_yuan_of_room_spend_at_a_qualifying_rate() -> None:
    member = life(HOTEL)
    room, dinner = spent("CNY", 500), spent("CNY", 300, "DINING")
    assert member.does("STAY", JANUARY, [*room, *dinner], where=QUALIFYING) == [
        (HOTEL, "BASE", 500)
    ]
    assert member.does("STAY", JANUARY, room, where={"rate": "staff"}) == []
    assert member.does("STAY", JANUARY, room) == []


@pytest.mark.parametrize("tier", ["MEMBER", "GOLD", "PLATINUM"])
def test_no_tier_has_a_bonus(tier: str) -> None:
    assert earn(life(HOTEL, tier=tier), JANUARY, 500) == 500


def test_joining_is_free_and_points_buy_five_things() -> None:
    definition = sample(HOTEL)
    assert (definition.joining.ways, definition.joining.price) == ((JoiningWay.APPLICATION,), None)
    awards = [award.award for award in definition.awards]
    assert awards == ["night", "dinner", "airport-transfer", "spa", "upgrade"]
