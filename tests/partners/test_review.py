"""The review: what time alone does to tiers and points, once, also when it is cut short."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from gateway import reviewing
from partners import review as reviews
from partners.activities import ActivityKey
from partners.check import check_agreed
from partners.review import Finding
from partners.state import MembershipState
from partners.usecases.awards import CancelVoucher, Redeem
from partners.usecases.exchange import Convert
from partners.usecases.programmes import WindDown
from partners.usecases.reversal import Reverse
from partners.usecases.tiers import GrantTier, TierWay
from settlement.ledger.check import check
from support.standings import (
    events,
    hotel,
    on,
    points,
    rows,
    stay_on,
    terms,
    tier,
    told,
)
from support.use_case_bench import Bench, bench, definition, quote, report, update

QUALIFIES = "[qualification]\n"
YEAR_ONLY = QUALIFIES + 'term = "period"\n'
SOFTLY = QUALIFIES + 'fall = "one-step"\n'


@pytest.fixture
def world(database_url: str) -> Iterator[Bench]:
    with bench(database_url) as made:
        made.admit("hotel", "airline")
        yield made


def hotel_with(world: Bench, rest: str, *numbers: str, **more: Any) -> None:
    """The hotel's programme, and members who joined at the bench's noon."""
    assert not world.publish("hotel", hotel(rest, **more)).reason
    for number in numbers:
        world.enrol("hotel", number)


def stays(world: Bench, number: str, *days: str, minor: int = 20_000) -> None:
    for day in days:
        world.now = max(world.now, on(day))
        done = world.ask("hotel", stay_on(number, f"{number}-{day}", day, minor))
        assert not done.reason, done


def review(world: Bench, day: str, *, writes: bool = True) -> list[Finding]:
    """A night's review; the clock goes on to it."""
    found: list[Finding] = []
    if writes:
        world.now = max(world.now, on(day))
    reviewing.review(world.engine, world.coalition, on(day), writes=writes, on_finding=found.append)
    return found


def said(found: list[Finding]) -> list[tuple[str, str, str]]:
    return [(finding.kind, finding.member_number, finding.what) for finding in found]


def sound(world: Bench) -> bool:
    with world.engine.connect() as connection:
        return [*check(connection, world.coalition), *check_agreed(connection)] == []


# Tiers ------------------------------------------------------------------------------------

MARCH = [f"2026-03-{day:02}" for day in range(3, 8)]

LAPSES: dict[str, tuple[str, str, list[tuple[str, str, str, str]]]] = {
    # qualification, day of the review, terms after five stays in March 2026
    "not before the end of its term": ("", "2027-12-31", []),
    "the next year has ended": (
        "",
        "2028-01-01",
        [("MEMBER", "2028-01-01", "None", "LAPSED")],
    ),
    "its own year has ended": (
        YEAR_ONLY,
        "2027-01-01",
        [("MEMBER", "2027-01-01", "None", "LAPSED")],
    ),
    "a soft landing": (
        SOFTLY,
        "2028-01-01",
        [("SILVER", "2028-01-01", "2028-12-31", "LAPSED")],
    ),
    "a soft landing, and nobody reviewed for two years": (
        SOFTLY,
        "2030-02-03",
        [
            ("SILVER", "2028-01-01", "2028-12-31", "LAPSED"),
            ("MEMBER", "2029-01-01", "None", "LAPSED"),
        ],
    ),
    "so many months, of which the one in which it was reached is the first": (
        QUALIFIES + 'period = "consecutive-months"\nterm = "months"\nterm_months = 2\n',
        "2026-05-01",
        [("GOLD", "2026-05-01", "2026-06-30", "REACHED")],
    ),
}


@pytest.mark.parametrize("name", LAPSES)
def test_lapses(world: Bench, name: str) -> None:
    qualification, day, expected = LAPSES[name]
    hotel_with(world, qualification, "H1")
    stays(world, "H1", *MARCH)
    before = terms(world, "H1")
    assert before[-1][0] == "GOLD"
    review(world, day)
    after = terms(world, "H1")[len(before) :]

    assert after == expected
    assert (review(world, day), terms(world, "H1")[len(before) :]) == ([], after)


def test_a_lapse_is_an_entry_of_the_night_for_the_partner_alone(world: Bench) -> None:
    hotel_with(world, "", "H1")
    stays(world, "H1", *MARCH)
    last = events(world)[-1].number

    assert said(review(world, "2028-01-01")) == [
        ("TIER", "H1", "LAPSED: MEMBER until further notice")
    ]
    [event] = events(world, last)
    assert (event.kind, event.facts["because"]) == ("TIER", None)
    assert told(world, "hotel", last) == [event.number]
    assert told(world, "airline", last) == told(world, "*", last) == []
    assert rows(
        world, "select sender, request_sha256, window_id from entry where number > :n", n=last
    ) == [("operator", None, None)]
    assert sound(world)


def test_who_did_enough_last_year_keeps_the_tier(world: Bench) -> None:
    hotel_with(world, "", "H1", "H2")
    stays(world, "H1", *MARCH)
    stays(world, "H2", *MARCH)
    stays(world, "H1", *(f"2027-06-0{day}" for day in range(1, 6)))
    stays(world, "H2", *(f"2027-06-0{day}" for day in range(1, 4)))
    review(world, "2028-01-01")

    assert (tier(world, "H1"), tier(world, "H2")) == ("GOLD", "SILVER")
    assert terms(world, "H1")[-1][2] == terms(world, "H2")[-1][2] == "2028-12-31"


def test_a_blocked_member_is_not_reviewed_and_lapses_when_it_no_longer_is(world: Bench) -> None:
    hotel_with(world, "", "H1")
    stays(world, "H1", *MARCH)
    world.ask("hotel", update("hotel", "H1", state=MembershipState.BLOCKED))
    assert review(world, "2028-01-01") == []
    world.ask("hotel", update("hotel", "H1", state=MembershipState.ACTIVE))

    assert len(review(world, "2028-01-02")) == 1
    assert terms(world, "H1")[-1] == ("MEMBER", "2028-01-01", "None", "LAPSED")


RATED = QUALIFIES + 'period = "monthly-rating"\nterm = "months"\n'


def test_a_monthly_rating_comes_on_the_first_of_the_month(world: Bench) -> None:
    hotel_with(world, RATED, "H1")
    stays(world, "H1", *MARCH)
    assert tier(world, "H1") == "MEMBER"
    assert review(world, "2026-03-31") == []
    review(world, "2026-04-01")

    assert terms(world, "H1")[1:] == [("GOLD", "2026-04-01", "2027-03-31", "REACHED")]
    review(world, "2027-04-01")
    assert terms(world, "H1")[2:] == [("MEMBER", "2027-04-01", "None", "LAPSED")]


def test_missed_ratings_give_what_each_month_would_have_given(world: Bench) -> None:
    hotel_with(world, RATED, "H1")
    stays(world, "H1", *MARCH[:3])
    review(world, "2027-07-15")

    assert terms(world, "H1")[1:] == [
        ("SILVER", "2026-04-01", "2027-03-31", "REACHED"),
        ("MEMBER", "2027-04-01", "None", "LAPSED"),
    ]


def test_an_invitation_is_given_once_however_often_it_is_reviewed(world: Bench) -> None:
    hotel_with(world, RATED, "H1")
    stays(world, "H1", *(f"2026-03-{day:02}" for day in range(3, 10)))

    assert [kind for kind, *_ in said(review(world, "2026-04-01"))] == ["TIER", "INVITATION"]
    assert review(world, "2026-04-01") == review(world, "2026-05-01") == []


INVITED_ONLY = """
[[tiers]]
name = "MEMBER"
[[tiers]]
name = "FRIEND"
invitation = true
holds = "3 months"
"""


def test_a_tier_that_nothing_reaches_lapses_as_well(world: Bench) -> None:
    hotel_with(world, "", "H1", tiers=INVITED_ONLY)
    until = on("2026-05-31").date()
    world.ask(
        "hotel",
        GrantTier(("hotel", "H1"), "FRIEND", TierWay.CARRIED_OVER, None, None, None, until),
    )

    assert said(review(world, "2026-06-01")) == [
        ("TIER", "H1", "LAPSED: MEMBER until further notice")
    ]


# Relegation -------------------------------------------------------------------------------

RANKED = """
[[tiers]]
name = "MEMBER"

[[tiers]]
name = "SILVER"
reached = [{ stays = 1 }]

[[tiers]]
name = "GOLD"
reached = [{ stays = 2 }]
lowest_fall = "40%"
lowest_by = "stays"
lifetime = [{ stays = 9 }]
"""


def five_gold(world: Bench) -> None:
    """H1 to H5 stay 2 to 6 times in 2026; H6 nine times, for life; H7 once."""
    numbers = [f"H{n}" for n in range(1, 8)]
    hotel_with(world, "", *numbers, tiers=RANKED)
    for number, times in zip(numbers, (3, 2, 4, 5, 6, 9, 1), strict=True):
        stays(world, number, *(f"2026-04-{day:02}" for day in range(1, times + 1)))


@pytest.mark.parametrize("at_once", [1, 2, 500])
def test_the_lowest_of_a_tier_fall_once_a_year(
    world: Bench, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(reviews, "MEMBERS_AT_ONCE", at_once)
    five_gold(world)
    # Two of five: 40 %. Whoever has the tier for life does not count.
    expected = [
        ("TIER", "H2", "RELEGATED: SILVER until 2027-12-31"),
        ("TIER", "H1", "RELEGATED: SILVER until 2027-12-31"),
    ]

    assert said(review(world, "2026-12-31")) == []
    assert said(review(world, "2027-01-01")) == expected
    assert review(world, "2027-01-02") == []
    assert [tier(world, f"H{n}") for n in range(1, 8)] == [
        *("SILVER", "SILVER", "GOLD", "GOLD", "GOLD", "GOLD", "SILVER")
    ]
    reviews_ = [e.facts for e in events(world, 0, "TIER_REVIEW")]
    assert [r["year_began_on"] for r in reviews_] == ["2025-01-01", "2026-01-01"]


def test_of_equals_the_one_who_joined_last_falls(world: Bench) -> None:
    numbers = ["H1", "H2", "H3"]
    hotel_with(world, "", *numbers, tiers=RANKED)
    for number in numbers:
        stays(world, number, "2026-04-01", "2026-04-02")

    assert [number for _, number, _ in said(review(world, "2027-01-01"))] == ["H3"]


NEXT_YEAR: dict[str, tuple[dict[str, int], list[str]]] = {
    # stays in 2027 of those who still have the tier, who falls: 40 %, rounded down
    "one of three": ({"H3": 2, "H4": 3, "H5": 2}, ["H5"]),
    "none of two: the third's term ends in the same night": ({"H4": 2, "H5": 2}, []),
}


@pytest.mark.parametrize("name", NEXT_YEAR)
def test_who_is_ranked_in_the_next_year(world: Bench, name: str) -> None:
    did, falls = NEXT_YEAR[name]
    five_gold(world)
    review(world, "2027-01-01")
    for number, times in did.items():
        stays(world, number, *(f"2027-05-{day:02}" for day in range(1, times + 1)))
    dry = said(review(world, "2028-01-01", writes=False))

    assert [number for _, number, what in dry if "RELEGATED" in what] == falls
    assert said(review(world, "2028-01-01")) == dry


def test_a_rise_since_the_year_ended_spares_nobody_of_the_tier_below(world: Bench) -> None:
    five_gold(world)
    world.now = on("2027-01-03")
    world.ask("hotel", update("hotel", "H2", tier="SILVER"))

    # H1, H3, H4 and H5 are left of those who had the tier: one of four.
    assert [number for _, number, _ in said(review(world, "2027-01-04"))] == ["H1"]


# Expiry -----------------------------------------------------------------------------------

INACTIVE = '[expiry]\nby = "inactivity"\nafter = "6 months"\nexempt_tiers = ["GOLD"]\n'
AGED = '[expiry]\nby = "age"\nafter = "6 months"\nexempt_tiers = ["GOLD"]\n'


def balance(world: Bench, number: str, programme: str = "hotel") -> int:
    found = rows(
        world,
        "select coalesce(sum(credits - debits), 0) from enrolment "
        "left join member_account using (member_id, programme) "
        "where programme = :p and member_number = :n",
        n=number,
        p=programme,
    )
    return int(found[0][0])


EXPIRES: dict[str, tuple[str, list[tuple[str, int]]]] = {
    # the last two stays are of 10 and 20 March: what is left on days of September
    "inactivity": (INACTIVE, [("09-09", 4_000), ("09-19", 4_000), ("09-20", 0)]),
    "age": (AGED, [("09-09", 4_000), ("09-10", 2_000), ("09-19", 2_000), ("09-20", 0)]),
    "age at the end of the year": (
        AGED.replace('"6 months"', '"6 months"\nat = "year-end"'),
        [("09-20", 4_000), ("12-31", 4_000)],
    ),
    "never": ("", [("12-31", 4_000)]),
}


@pytest.mark.parametrize("name", EXPIRES)
def test_points_expire(world: Bench, name: str) -> None:
    rest, expected = EXPIRES[name]
    hotel_with(world, rest, "H1")
    stays(world, "H1", "2026-03-10", "2026-03-20")
    found = []
    for day, _ in expected:
        review(world, f"2026-{day}")
        found.append((day, balance(world, "H1")))

    assert found == expected
    assert sound(world)


def test_the_end_of_the_year_takes_what_reached_the_age_in_it(world: Bench) -> None:
    hotel_with(world, AGED.replace('"6 months"', '"6 months"\nat = "year-end"'), "H1")
    stays(world, "H1", "2026-06-30", "2026-07-01")
    review(world, "2027-01-01")

    assert balance(world, "H1") == 2_000


def test_notice_is_given_once_before_points_expire_and_once_per_day_on_which(world: Bench) -> None:
    hotel_with(world, AGED, "H1")
    stays(world, "H1", "2026-03-10", "2026-03-20")

    assert said(review(world, "2026-08-10")) == []
    assert said(review(world, "2026-08-11")) == [
        ("EXPIRY_NOTICE", "H1", "2000 points will expire on 2026-09-10")
    ]
    assert said(review(world, "2026-08-30")) == [
        ("EXPIRY_NOTICE", "H1", "2000 points will expire on 2026-09-20")
    ]
    assert said(review(world, "2026-08-31")) == []
    last = events(world)[-1].number
    assert said(review(world, "2026-09-10")) == [("EXPIRY", "H1", "2000 points expire")]
    [expiry] = events(world, last)
    assert (expiry.kind, expiry.facts["points"], expiry.facts["rule"]) == ("EXPIRY", "2000", None)
    assert told(world, "hotel", last) == [expiry.number]
    assert told(world, "airline", last) == []


def test_activity_between_puts_the_notice_off(world: Bench) -> None:
    hotel_with(world, INACTIVE, "H1")
    stays(world, "H1", "2026-03-10")
    assert len(review(world, "2026-09-01")) == 1
    stays(world, "H1", "2026-09-02")

    assert said(review(world, "2026-09-10")) == []
    assert said(review(world, "2027-02-10")) == [
        ("EXPIRY_NOTICE", "H1", "4000 points will expire on 2027-03-02")
    ]
    assert balance(world, "H1") == 4_000


def test_a_reversed_activity_keeps_nothing_alive(world: Bench) -> None:
    hotel_with(world, INACTIVE, "H1")
    stays(world, "H1", "2026-03-10", "2026-06-10")
    world.ask("hotel", Reverse(ActivityKey("hotel", "STAY", "H1-2026-06-10"), "test"))
    review(world, "2026-09-10")

    assert balance(world, "H1") == 0


def test_points_of_exempt_tiers_begin_to_age_when_the_tier_is_left(world: Bench) -> None:
    hotel_with(world, AGED, "H1")
    world.ask("hotel", update("hotel", "H1", tier="GOLD"))
    stays(world, "H1", "2026-03-10")
    assert review(world, "2028-01-01") == []
    world.ask("hotel", update("hotel", "H1", tier="SILVER"))

    assert review(world, "2028-01-02") == []
    stays(world, "H1", "2028-01-03")
    assert said(review(world, "2028-06-30")) == [
        ("EXPIRY_NOTICE", "H1", "3000 points will expire on 2028-07-01"),
        ("EXPIRY_NOTICE", "H1", "2500 points will expire on 2028-07-03"),
    ]
    assert said(review(world, "2028-07-01")) == [("EXPIRY", "H1", "3000 points expire")]


def test_who_lapses_from_an_exempt_tier_in_the_night_keeps_the_points_for_now(
    world: Bench,
) -> None:
    hotel_with(world, INACTIVE, "H1")
    stays(world, "H1", *MARCH)
    dry = review(world, "2028-01-01", writes=False)

    assert review(world, "2028-01-01") == dry
    assert [finding.kind for finding in dry] == ["TIER"]
    assert (tier(world, "H1"), balance(world, "H1")) == ("MEMBER", 11_000)
    assert [f.kind for f in review(world, "2028-07-01")] == ["EXPIRY"]


def test_points_of_a_blocked_member_expire(world: Bench) -> None:
    hotel_with(world, AGED, "H1")
    stays(world, "H1", "2026-03-10")
    world.ask("hotel", update("hotel", "H1", state=MembershipState.BLOCKED))
    review(world, "2026-09-10")

    assert balance(world, "H1") == 0


def test_expiry_that_a_later_version_brings_counts_from_its_start(world: Bench) -> None:
    hotel_with(world, "", "H1")
    stays(world, "H1", "2026-03-10", "2026-03-20")
    assert not world.publish("hotel", hotel(AGED, valid_from=on("2026-10-01"))).reason
    assert review(world, "2026-09-30") == []
    stays(world, "H1", "2026-10-15")
    assert said(review(world, "2027-03-31")) == [
        ("EXPIRY_NOTICE", "H1", "4000 points will expire on 2027-04-01"),
        ("EXPIRY_NOTICE", "H1", "2000 points will expire on 2027-04-15"),
    ]
    review(world, "2027-04-01")
    assert balance(world, "H1") == 2_000
    review(world, "2027-04-15")
    assert balance(world, "H1") == 0


def test_expiry_of_another_kind_counts_from_its_start_as_well(world: Bench) -> None:
    hotel_with(world, INACTIVE, "H1")
    stays(world, "H1", "2026-03-10", "2026-06-10")
    assert not world.publish("hotel", hotel(AGED, valid_from=on("2026-07-01"))).reason
    assert review(world, "2026-08-01") == []
    review(world, "2026-12-31")
    assert balance(world, "H1") == 4_000
    review(world, "2027-01-01")
    assert balance(world, "H1") == 0


BUYING = """
[[awards]]
award = "night"
name = "A night"
prices = [{ points = 2100 }]

[buying]
at_most = "10%"
currency = "EUR"
price = "0.01"
"""


def test_bought_points_that_come_back_are_as_old_as_the_purchase(world: Bench) -> None:
    hotel_with(world, AGED + BUYING, "H1")
    stays(world, "H1", "2026-03-10")
    world.now = on("2026-08-10")
    redeemed = world.ask("hotel", Redeem(("hotel", "H1"), "night", None, buy_missing=True))
    world.now = on("2026-08-20")
    assert not world.ask("hotel", CancelVoucher(redeemed.number)).reason
    review(world, "2026-09-10")
    assert balance(world, "H1") == 100
    review(world, "2027-02-10")
    assert balance(world, "H1") == 0


# First in, first out, against lots of their own --------------------------------------------


@dataclass
class Lots:
    """Points by lot, oldest first; each goes with its day. What is owed is paid by what comes."""

    lots: dict[str, tuple[date, int]] = field(default_factory=dict)
    owed: int = 0

    @property
    def balance(self) -> int:
        return sum(left for _, left in self.lots.values()) - self.owed

    def earn(self, name: str, day: date, amount: int) -> None:
        paid = min(self.owed, amount)
        self.owed -= paid
        self.lots[name] = (day, amount - paid)

    def spend(self, amount: int) -> None:
        for name, (day, left) in sorted(self.lots.items(), key=lambda lot: lot[1][0]):
            taken = min(left, amount)
            self.lots[name] = (day, left - taken)
            amount -= taken
        self.owed += amount

    def take_back(self, name: str, amount: int, converted: int) -> int:
        """What is not there is found in what was converted since: gives how much of that."""
        found = max(0, min(amount - max(0, self.balance), converted))
        day, left = self.lots[name]
        own = min(left, amount)
        self.lots[name] = (day, left - own)
        self.spend(amount - own)
        self.owed -= found
        return found

    def expire(self, today: date) -> int:
        gone = {n: left for n, (day, left) in self.lots.items() if in_six_months(day) <= today}
        for name in gone:
            self.lots[name] = (self.lots[name][0], 0)
        return sum(gone.values())


def in_six_months(day: date) -> date:
    """The same day of the month, or that month's last one."""
    month = date(day.year + (day.month > 6), (day.month + 5) % 12 + 1, 1)
    return max(
        d for n in range(31) if (d := month + timedelta(n)).month == month.month and n < day.day
    )


@dataclass
class Account:
    """One member's points at the gateway and as lots, step by step."""

    world: Bench
    number: str
    lots: Lots = field(default_factory=Lots)
    earned: dict[str, list[int]] = field(default_factory=dict)
    """Points of each stay, and how many thirds of it came back."""
    converted: list[list[int]] = field(default_factory=list)
    """Of each conversion out, how many stays came before it, and its points that did not return."""

    @property
    def key(self) -> tuple[str, str]:
        return "hotel", self.number

    def take(self, step: str, days: int, size: int) -> None:
        """A step, so many days after the one before, on the morning after a review."""
        self.world.now += timedelta(days=days)
        today = self.world.now.date()
        self.night(today)
        STEPS[step](self, today, size)
        assert balance(self.world, self.number) == self.lots.balance

    def night(self, today: date) -> None:
        found = review(self.world, today.isoformat())
        mine = [f for f in found if f.member_number == self.number and f.kind == "EXPIRY"]
        gone = sum(int(f.what.split()[0]) for f in mine)
        assert gone == self.lots.expire(today)

    def earns(self, today: date, size: int) -> None:
        name = f"{self.number}-{len(self.earned)}"
        stay = stay_on(self.number, name, today.isoformat(), size * 1_000)
        total = sum(amount for _, amount in points(self.world.ask("hotel", stay)))
        self.earned[name] = [total, 0]
        self.lots.earn(name, today, total)

    def spends(self, _: date, __: int) -> None:
        done = self.world.ask("hotel", Redeem(self.key, "small", None, buy_missing=False))
        enough = self.lots.balance >= 700
        assert done.reason == ("" if enough else "INSUFFICIENT_BALANCE")
        self.lots.spend(700 * enough)

    def converts_in(self, today: date, size: int) -> None:
        self._converts(("airline", self.number), self.key, size * 10)
        self.lots.earn(f"{self.world.now}", today, size * 10)

    def converts_out(self, _: date, size: int) -> None:
        if self.lots.balance >= size * 100:
            self._converts(self.key, ("airline", self.number), size * 100)
            self.lots.spend(size * 100)
            self.converted.append([len(self.earned), size * 100])

    def _converts(self, source: tuple[str, str], target: tuple[str, str], amount: int) -> None:
        asked = self.world.ask(source[0], quote(source, target, amount))
        done = self.world.ask(source[0], Convert(asked.number))
        assert not done.reason, done

    def takes_back(self, _: date, size: int) -> None:
        """A third of one of the stays."""
        open_ = [name for name, (_, thirds) in self.earned.items() if thirds < 3]
        if open_:
            name = open_[size % len(open_)]
            third = Reverse(ActivityKey("hotel", "STAY", name), "test", Fraction(1, 3))
            back = self.world.ask("hotel", third).result.legs
            self.earned[name][1] += 1
            place = list(self.earned).index(name)
            since = [made for made in reversed(self.converted) if made[0] > place]
            amount = sum(leg.points_minor for leg in back)
            found = self.lots.take_back(name, amount, sum(left for _, left in since))
            for made in since:
                returned = min(found, made[1])
                made[1] -= returned
                found -= returned

    def waits(self, _: date, __: int) -> None:
        """Nothing but another night."""


STEPS: dict[str, Callable[[Account, date, int], None]] = {
    "earns": Account.earns,
    "earns again": Account.earns,
    "spends": Account.spends,
    "converts in": Account.converts_in,
    "converts out": Account.converts_out,
    "takes back": Account.takes_back,
    "waits": Account.waits,
}
SHOP = '[[awards]]\naward = "small"\nname = "Small"\nprices = [{ points = 700 }]\n'
MILES = '[[earn]]\nrule = "miles"\nactivity = "FLIGHT"\nper = "mile"\npoints = "1"\n'


@pytest.fixture(scope="module")
def shop(module_database_url: str) -> Iterator[Bench]:
    with bench(module_database_url) as made:
        made.admit("hotel", "airline")
        hotel_with(made, AGED.replace("GOLD", "TOP") + SHOP)
        made.publish("airline", definition("airline", "MILES", rest=MILES))
        for programme in ("hotel", "airline"):
            made.rate(programme, 1, 1)
        yield made


@settings(max_examples=10, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(list(STEPS)), st.integers(1, 28), st.integers(1, 9)),
        min_size=3,
        max_size=14,
    )
)
@example(steps=[("earns", 1, 9), ("converts out", 1, 8), ("takes back", 1, 8)])
@example(steps=[*[("earns", 1, 1)] * 4, ("takes back", 1, 3)])
def test_points_by_age_go_first_in_first_out(
    shop: Bench, steps: list[tuple[str, int, int]]
) -> None:
    """Each example is a member of its own; the clock only goes on.

    Of the two fixed ones, the first takes back what was converted since, the second a third of a
    stay whose bonus rounds otherwise than the sum of its legs.
    """
    number = f"M{len(rows(shop, 'select 1 from enrolment'))}"
    for programme in ("hotel", "airline"):
        shop.enrol(programme, number)
    shop.link(("hotel", number), ("airline", number))
    key = ActivityKey("airline", "FLIGHT", number)
    flown = report(("airline", number), key, quantities=[("MILE", 9_999)], started_at=shop.now)
    assert not shop.ask("airline", flown).reason
    account = Account(shop, number)
    for step, days, size in steps:
        account.take(step, days, size)
    for _ in range(8):
        account.take("waits", 28, 1)
    assert account.lots.balance <= 0


# The end of a programme -------------------------------------------------------------------


def test_the_review_takes_the_points_of_a_programme_that_has_ended(world: Bench) -> None:
    hotel_with(world, "", "H1", "H2")
    stays(world, "H1", "2026-03-10")
    world.ask("hotel", update("hotel", "H1", state=MembershipState.BLOCKED))
    stays(world, "H2", "2026-03-11")
    world.ask("hotel", update("hotel", "H2", tier="GOLD"))
    ends = WindDown("hotel", on("2026-04-01"), on("2026-05-01"))
    assert not world.ask("hotel", ends).reason
    assert review(world, "2026-04-30") == []
    last = events(world)[-1].number

    assert [f.kind for f in review(world, "2026-05-01")] == ["EXPIRY", "EXPIRY"]
    assert [e.facts["rule"] for e in events(world, last)] == ["wind-down", "wind-down"]
    assert (balance(world, "H1"), balance(world, "H2")) == (0, 0)
    assert review(world, "2026-05-02") == []
    assert sound(world)


# Runs -------------------------------------------------------------------------------------


RANKED_AND_INVITED = (
    RANKED + '\n[[tiers]]\nname = "TOP"\nreached = [{ stays = 8 }]\ninvitation = true\n'
)
NIGHT = "2027-01-01"


def crowd(world: Bench) -> None:
    """Members of every kind that the night meets."""
    numbers = [f"H{n}" for n in range(7)]
    hotel_with(world, AGED.replace("GOLD", "TOP"), *numbers, tiers=RANKED_AND_INVITED)
    until = on("2026-12-15").date()
    carried = GrantTier(("hotel", "H0"), "GOLD", TierWay.CARRIED_OVER, None, None, None, until)
    assert not world.ask("hotel", carried).reason
    for n, number in enumerate(numbers):
        stays(world, number, *(f"2026-04-{day:02}" for day in range(1, n + 1)))
    stays(world, "H5", "2026-07-20")
    stays(world, "H6", "2026-12-10")
    world.ask("hotel", update("hotel", "H3", state=MembershipState.BLOCKED))


def log_bytes(world: Bench, after: int) -> list[str]:
    """Entries as they are in the log, but for the instant."""
    found = []
    for (data,) in rows(
        world, "select entry_bytes from entry where number > :n order by number", n=after
    ):
        text = bytes(data).decode()
        start = text.index('"accepted_at":"')
        found.append(text[:start] + text[text.index('","', start) :])
    return found


TABLES = (
    "membership",
    "tier_term",
    "progress",
    "member_account",
    "expiry_notice",
    "tier_review",
    "invitation",
)


def everything(world: Bench) -> dict[str, list[str]]:
    return {
        name: [str(row) for row in rows(world, f"select * from {name} order by 1, 2, 3")]
        for name in (*TABLES, "entry", "line")
    }


def test_a_dry_run_changes_nothing_and_says_what_the_run_then_does(world: Bench) -> None:
    crowd(world)
    before = everything(world)
    dry = review(world, NIGHT, writes=False)

    assert everything(world) == before
    assert {finding.kind for finding in dry} == {"TIER", "EXPIRY", "EXPIRY_NOTICE"}
    assert review(world, NIGHT) == dry
    after = everything(world)
    assert review(world, NIGHT) == review(world, NIGHT, writes=False) == []
    assert everything(world) == after
    assert sound(world)


class Cut(Exception):
    """The power goes."""


def undisturbed(world: Bench, last: int) -> list[str]:
    """What one transaction over all members would leave in the log; it is undone."""
    with world.undone() as connection:
        step = reviews.Review(world.coalition, on(NIGHT), writes=True)
        for name in reviews.programmes_to_review(connection, world.coalition):
            assert reviews.review_members(connection, step, name, 0) is not None
            reviews.relegate_lowest(connection, step, name)
        return log_bytes(world, last)


@pytest.mark.parametrize("at", [0, 1, 3, 4, 5])
def test_a_run_that_is_cut_short_goes_on_to_the_same_bytes(
    world: Bench, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    crowd(world)
    last = events(world)[-1].number
    expected = undisturbed(world, last)
    monkeypatch.setattr(reviews, "MEMBERS_AT_ONCE", 2)
    steps, whole = iter(range(100)), reviewing._end

    def end(connection: Connection, *rest: Any) -> None:
        if next(steps) == at:
            raise Cut
        whole(connection, *rest)

    monkeypatch.setattr(reviewing, "_end", end)
    with pytest.raises(Cut):
        review(world, NIGHT)
    assert len(log_bytes(world, last)) < len(expected)
    world.now += timedelta(minutes=5)
    review(world, NIGHT)

    assert log_bytes(world, last) == expected
    assert sound(world)
