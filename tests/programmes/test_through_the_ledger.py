"""Known programmes through the one path of every write: published, enrolled, earned, in the book.

Figures of docs/PROGRAMMES.md; `tests/programmes` has all of them for the definitions alone.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from gateway.reviewing import review
from partners.activities import Activity, ActivityKey, Quantity, Spend
from partners.programmes.definition import parse_definition
from partners.programmes.forms import MoneyAmount
from partners.review import Finding
from partners.state import MembershipState
from partners.usecases.accrual import Accrue
from partners.usecases.awards import Redeem
from partners.usecases.lives import CarryOver
from partners.usecases.members import Enrol
from partners.usecases.tiers import GrantTier, TierWay
from support.use_case_bench import Bench, Outcome, bench, sample, update

HOUR = timedelta(hours=1)


@pytest.fixture
def world(database_url: str) -> Iterator[Bench]:
    with bench(database_url) as made:
        yield made


def publish(world: Bench, *programmes: str) -> None:
    """Each programme by a partner of its own."""
    for programme in programmes:
        world.admit(f"{programme}-co"[:32])
        assert not world.publish(f"{programme}-co"[:32], sample(programme)).reason


def at(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)


def report(
    world: Bench,
    programme: str,
    number: str,
    kind: str,
    reference: str,
    day: str,
    *,
    spend: tuple[str, str, int] | None = None,
    quantities: tuple[tuple[str, int], ...] = (),
    attributes: tuple[tuple[str, str], ...] = (),
) -> Outcome:
    """An activity of that day, reported an hour after it was over."""
    partner = f"{programme}-co"[:32]
    world.now = max(world.now, at(day) + HOUR)
    activity = Activity(
        ActivityKey(partner, kind, reference),
        at(day),
        at(day),
        (Spend(*spend),) if spend else (),
        tuple(Quantity(*q) for q in quantities),
        attributes,
    )
    return world.ask(partner, Accrue((programme, number), activity, ()))


def legs(outcome: Outcome) -> list[tuple[str, int]]:
    return [(leg.reason, leg.points_minor) for leg in outcome.result.legs]


def tiers(outcome: Outcome) -> list[str]:
    return [term.tier for term, _ in outcome.result.terms]


def night(world: Bench, day: str) -> list[Finding]:
    """The review of that night, which changes nothing when it is run again."""
    found: list[Finding] = []
    world.now = max(world.now, at(day))
    review(world.engine, world.coalition, world.now, writes=True, on_finding=found.append)
    again: list[Finding] = []
    review(world.engine, world.coalition, world.now, writes=True, on_finding=again.append)
    assert again == []
    return found


def kinds(world: Bench) -> list[str]:
    with world.engine.connect() as connection:
        return list(connection.execute(text("select kind from entry order by number")).scalars())


def test_the_28th_stay_makes_a_diamond_and_the_29th_earns_half_as_much_again(world: Bench) -> None:
    publish(world, "hilton-hhonors")
    world.enrol("hilton-hhonors", "1", sender="hilton-hhonors-co")
    rises: dict[int, list[str]] = {}
    earned: dict[int, list[tuple[str, int]]] = {}
    for stay in range(1, 30):
        outcome = report(
            world,
            "hilton-hhonors",
            "1",
            "STAY",
            f"s{stay}",
            f"2027-{1 + stay // 3:02}-{1 + stay % 3 * 9:02}",
            spend=("ROOM", "USD", 10_000),
            quantities=(("NIGHT", 1),),
        )
        earned[stay] = legs(outcome)
        if tiers(outcome):
            rises[stay] = tiers(outcome)

    assert rises == {4: ["SILVER"], 16: ["GOLD"], 28: ["DIAMOND"]}
    assert earned[4] == [("BASE", 1_000)]
    assert earned[5] == [("BASE", 1_000), ("TIER_BONUS", 150)]
    assert earned[17] == [("BASE", 1_000), ("TIER_BONUS", 250)]
    assert earned[28] == [("BASE", 1_000), ("TIER_BONUS", 250)]
    assert earned[29] == [("BASE", 1_000), ("TIER_BONUS", 500)]
    order = kinds(world)
    assert [order[i - 1] for i, kind in enumerate(order) if kind == "TIER"] == ["ACCRUAL"] * 3


@pytest.mark.parametrize(("nights", "tier"), [(9, []), (10, ["SILVER"])])
def test_the_ninth_of_ten_nights_does_not_make_silver(
    world: Bench, nights: int, tier: list[str]
) -> None:
    publish(world, "hilton-hhonors")
    world.enrol("hilton-hhonors", "1", sender="hilton-hhonors-co")
    outcome = report(
        world, "hilton-hhonors", "1", "STAY", "s", "2027-03-01", quantities=(("NIGHT", nights),)
    )
    assert tiers(outcome) == tier


@pytest.mark.parametrize(("last", "invited"), [("2027-12-31", True), ("2028-01-01", False)])
def test_8855_points_within_twelve_months_bring_an_invitation(
    world: Bench, last: str, *, invited: bool
) -> None:
    publish(world, "gloria-partner")
    world.now = at("2027-01-01")
    world.enrol("gloria-partner", "1", sender="gloria-partner-co")
    rate = (("rate", "qualifying"),)

    def stay(reference: str, day: str, yuan: int) -> Outcome:
        spend = ("ROOM", "CNY", yuan * 100)
        return report(
            world, "gloria-partner", "1", "STAY", reference, day, spend=spend, attributes=rate
        )

    assert stay("first", "2027-01-02", 8_854).result.invitation is None
    second = stay("second", last, 1)
    assert (second.result.invitation is not None) is invited
    assert tiers(second) == []
    if invited:
        accept = GrantTier(
            ("gloria-partner", "1"),
            "GOLD",
            TierWay.INVITATION,
            None,
            second.result.invitation,
            None,
            None,
        )
        accepted = world.ask("gloria-partner-co", accept)
        assert accepted.result.membership.tier == "GOLD"
        assert world.ask("gloria-partner-co", accept).reason == "NOT_INVITED"


def test_a_gold_passport_guest_who_takes_miles_gets_no_tier_bonus(world: Bench) -> None:
    publish(world, "hyatt-gold-passport", "airline")
    hyatt = "hyatt-gold-passport-co"
    world.agree("airline", hyatt, issuer="airline-co")
    world.enrol("hyatt-gold-passport", "1", sender=hyatt, tier="PLATINUM")
    world.enrol("airline", "1", sender="airline-co")
    world.link(("hyatt-gold-passport", "1"), ("airline", "1"), (hyatt, "airline-co"))

    def stay(reference: str, day: str) -> list[tuple[str, str, int]]:
        spend = ("ROOM", "USD", 10_000)
        outcome = report(world, "hyatt-gold-passport", "1", "STAY", reference, day, spend=spend)
        return [
            (leg.membership.programme, leg.reason, leg.points_minor) for leg in outcome.result.legs
        ]

    points = stay("points", "2027-02-01")
    assert points == [
        ("hyatt-gold-passport", "BASE", 500),
        ("hyatt-gold-passport", "TIER_BONUS", 75),
    ]
    chosen = update("hyatt-gold-passport", "1", choice="miles")
    assert not world.ask(hyatt, chosen).reason
    assert [leg[:2] for leg in stay("miles", "2027-02-10")] == [("airline", "BASE")]


@pytest.mark.parametrize(
    ("points", "reason"),
    [(7_200, ""), (7_199, "SHORTFALL_TOO_LARGE"), (7_120, "SHORTFALL_TOO_LARGE")],
)
def test_a_shortfall_of_11_per_cent_cannot_be_bought(
    world: Bench, points: int, reason: str
) -> None:
    """The award takes 8,000: 800 may be bought, 880 may not."""
    publish(world, "hyatt-gold-passport")
    hyatt = "hyatt-gold-passport-co"
    world.enrol("hyatt-gold-passport", "1", sender=hyatt)
    report(
        world,
        "hyatt-gold-passport",
        "1",
        "STAY",
        "s",
        "2027-02-01",
        spend=("ROOM", "USD", points * 20),
    )
    redeemed = world.ask(
        hyatt, Redeem(("hyatt-gold-passport", "1"), "free-night", None, buy_missing=True)
    )
    assert redeemed.reason == reason
    if not reason:
        assert redeemed.result.voucher.bought_minor == 800
        assert redeemed.result.voucher.money == (MoneyAmount("USD", 800),)


def test_priority_club_gold_is_bought_for_50_dollars(world: Bench) -> None:
    publish(world, "priority-club")
    world.enrol("priority-club", "1", sender="priority-club-co")

    def buy(minor: int) -> Outcome:
        paid = MoneyAmount("USD", minor)
        return world.ask(
            "priority-club-co",
            GrantTier(("priority-club", "1"), "GOLD", TierWay.PURCHASE, paid, None, None, None),
        )

    assert buy(4_999).reason == "WRONG_PRICE"
    assert buy(5_000).result.membership.tier == "GOLD"


def test_a_star_that_rises_in_month_5_holds_for_months_5_to_16(world: Bench) -> None:
    publish(world, "telecom-club-cards")
    world.publish("telecom-club-cards-co", sample("china-telecom-stars"))
    world.now = at("2027-01-10")
    world.enrol("china-telecom-stars", "1", sender="telecom-club-cards-co")
    world.now = at("2027-04-20") + HOUR
    key = ActivityKey("telecom-club-cards-co", "BILL", "b")
    spend = (Spend("BILL", "CNY", 200_000),)
    bill = Activity(key, at("2027-04-20"), None, spend, ())
    accrual = Accrue(("china-telecom-stars", "1"), bill, ())
    assert not world.ask("telecom-club-cards-co", accrual).reason
    night(world, "2027-05-01")
    held = _term(world, "china-telecom-stars")
    assert held["tier_source"] == "REACHED"
    assert (str(held["tier_since"]), str(held["tier_until"])) == ("2027-05-01", "2028-04-30")
    night(world, "2028-04-30")
    assert _term(world, "china-telecom-stars")["tier"] == held["tier"]


def _term(world: Bench, programme: str) -> dict[str, Any]:
    query = text("select * from membership where programme = :programme")
    with world.engine.connect() as connection:
        return dict(connection.execute(query, {"programme": programme}).mappings().one())


@pytest.mark.parametrize(
    ("programme", "paid", "reason"),
    [
        ("kempinski-private-concierge", None, "NOT_INVITED"),
        ("tai-pan-club", None, "NOT_INVITED"),
        ("super-8", None, "WRONG_PRICE"),
        ("free-club", None, ""),
    ],
)
def test_ways_of_joining(
    world: Bench, programme: str, paid: MoneyAmount | None, reason: str
) -> None:
    publish(world, programme)
    asked = Enrol((programme, "1"), "", "", None, None, paid)
    assert world.ask(f"{programme}-co"[:32], asked).reason == reason


def test_a_programme_without_points_gives_only_a_partners_miles(world: Bench) -> None:
    publish(world, "millennium-copthorne", "airline")
    hotel = "millennium-copthorne-co"
    world.agree("airline", hotel, issuer="airline-co")
    world.enrol("millennium-copthorne", "1", sender=hotel)
    world.enrol("airline", "1", sender="airline-co")
    world.link(("millennium-copthorne", "1"), ("airline", "1"), (hotel, "airline-co"))
    spend = ("ROOM", "USD", 10_000)
    outcome = report(
        world,
        "millennium-copthorne",
        "1",
        "STAY",
        "s",
        "2027-02-01",
        spend=spend,
        quantities=(("NIGHT", 1),),
    )
    assert {leg.membership.programme for leg in outcome.result.legs} == {"airline"}
    assert {line[0] for line in outcome.lines} >= {"BASE", "PRINCIPAL"}


def test_favourite_guests_are_carried_over(world: Bench) -> None:
    publish(world, "accor-favorite-guest")
    partner = "accor-favorite-guest-co"
    for number in ("1", "2", "3"):
        world.enrol("accor-favorite-guest", number, sender=partner)
    assert not world.publish(partner, sample("accor-successor")).reason
    new = parse_definition(sample("accor-successor"))
    assert new.replaces is not None
    world.now = max(world.now, new.replaces.on, new.valid_from) + HOUR
    carried = [
        world.ask(partner, CarryOver("accor-successor", "accor-favorite-guest", 2)).result
        for _ in range(2)
    ]
    assert [(step.carried, step.remaining) for step in carried] == [(2, 1), (1, 0)]
    old = world.ask(partner, update("accor-favorite-guest", "1", state=MembershipState.ACTIVE))
    assert old.reason == "MEMBERSHIP_NOT_ACTIVE"
