"""Awards: who may have what for how much, from which stock, and how it comes back."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from partners.activities import ActivityKey
from partners.check import check_agreed
from partners.context import Command
from partners.programmes.forms import MoneyAmount
from partners.state import MembershipState
from partners.usecases.awards import CancelVoucher, Redeem, UseVoucher
from partners.usecases.reversal import Reverse
from settlement.ledger.check import check
from support.coalition_day import NOON
from support.standings import events, hotel, on, rows, stay_on, told
from support.use_case_bench import Bench, Outcome, bench, update

CATALOGUE = """
[[awards]]
award = "night"
name = "A night"
prices = [
  { points = 2000 },
  { points = 1000, money = "40 EUR" },
  { points = 1500, tiers = ["GOLD"] },
  { points = 500, money = "40 EUR", tiers = ["GOLD"] },
]
voucher_holds = "6 months"
cancellable = "30 days"

[[awards]]
award = "box"
name = "A box"
prices = [
  { points = 100 },
  { points = 50, money = "40 EUR" },
  { points = 80, tiers = ["GOLD"] },
]

[[awards]]
award = "suite"
name = "A suite"
prices = [{ points = 1000 }]
tiers = ["GOLD", "TOP"]

[[awards]]
award = "clock"
name = "A clock"
prices = [{ points = 100 }]
stock = 3
reserved = 1

[[awards]]
award = "spring"
name = "Of a season"
prices = [{ points = 100 }]
valid_from = 2026-04-01T00:00:00Z
valid_to = 2026-05-01T00:00:00Z

[[awards]]
award = "pen"
name = "A pen"
prices = [{ points = 1 }]

[[awards]]
award = "dear"
name = "Dear"
prices = [{ points = 2222 }]

[[awards]]
award = "dearer"
name = "A little dearer"
prices = [{ points = 2223 }]

[[vouchers]]
voucher = "drink"
name = "A drink for every two stays"
counter = "stays"
every = 2
tiers = ["MEMBER", "SILVER"]
voucher_holds = "30 days"

[buying]
at_most = "10%"
currency = "EUR"
price = "0.015"
"""

EUR_40 = MoneyAmount("EUR", 4_000)


@pytest.fixture(scope="module")
def hotels(module_database_url: str) -> Iterator[Bench]:
    """H1, a member with 2,000 points; G1, gold with 3,000; R1 on the red list, with 2,000."""
    with bench(module_database_url) as made:
        made.admit("hotel", "airline")
        made.publish("hotel", hotel(CATALOGUE))
        for number, tier in (("H1", ""), ("G1", "GOLD"), ("R1", "")):
            made.enrol("hotel", number, tier=tier)
            assert not made.ask("hotel", stay_on(number, number, "2026-03-02")).reason
        made.ask("hotel", update("hotel", "R1", red_listed=True))
        yield made


@pytest.fixture
def world(hotels: Bench) -> Iterator[Bench]:
    with hotels.undone() as connection:
        yield hotels
        assert check(connection, hotels.coalition) == []
        assert list(check_agreed(connection)) == []
    hotels.now = NOON


def redeem(
    award: str, number: str = "H1", money: MoneyAmount | None = None, *, buys: bool = False
) -> Redeem:
    return Redeem(("hotel", number), award, money, buy_missing=buys)


def spendable(world: Bench, number: str = "H1") -> int:
    found = rows(
        world,
        "select credits - debits from member_account join enrolment using (member_id, programme) "
        "where member_number = :n",
        n=number,
    )
    return int(found[0][0])


PRICES: dict[str, tuple[Redeem, int, tuple[MoneyAmount, ...]]] = {
    "a member pays the price of all": (redeem("night"), 2_000, ()),
    "a member pays points and money": (redeem("night", money=EUR_40), 1_000, (EUR_40,)),
    "gold pays less": (redeem("night", "G1"), 1_500, ()),
    "gold pays points and money": (redeem("night", "G1", EUR_40), 500, (EUR_40,)),
    "gold has awards of its own": (redeem("suite", "G1"), 1_000, ()),
    "a single point": (redeem("pen"), 1, ()),
}


@pytest.mark.parametrize("name", PRICES)
def test_prices(world: Bench, name: str) -> None:
    command, points, money = PRICES[name]
    number = command.membership[1]
    before = spendable(world, number)
    made = world.ask("hotel", command)

    assert (made.result.voucher.points_minor, made.result.voucher.money) == (points, money)
    assert spendable(world, number) == before - points
    member = made.result.membership.member_id
    assert made.lines == [("REDEEMED", f"member/{member}/hotel", "issued/hotel", points)]


NOT_TO_BE_HAD: dict[str, tuple[str, Redeem, str]] = {
    "nothing of that name": ("hotel", redeem("boat"), "UNKNOWN_AWARD"),
    "not with that tier": ("hotel", redeem("suite"), "AWARD_UNAVAILABLE"),
    "not yet": ("hotel", redeem("spring"), "AWARD_UNAVAILABLE"),
    "a cent less": ("hotel", redeem("night", money=MoneyAmount("EUR", 3_999)), "WRONG_PRICE"),
    "for money, and gold has another price": ("hotel", redeem("box", "G1", EUR_40), "WRONG_PRICE"),
    "money that is not asked for": ("hotel", redeem("clock", money=EUR_40), "WRONG_PRICE"),
    "a point is missing": ("hotel", redeem("dear"), "INSUFFICIENT_BALANCE"),
    "of another programme": ("airline", redeem("night"), "NOT_AUTHORIZED"),
    "nobody": ("hotel", redeem("night", "H9"), "UNKNOWN_MEMBERSHIP"),
}


@pytest.mark.parametrize("name", NOT_TO_BE_HAD)
def test_not_to_be_had(world: Bench, name: str) -> None:
    sender, command, reason = NOT_TO_BE_HAD[name]

    assert world.ask(sender, command).reason == reason
    assert rows(world, "select * from voucher where points > 0") == []


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        ("2026-03-31T23:59:59+00:00", "AWARD_UNAVAILABLE"),
        ("2026-04-01T00:00:00+00:00", ""),
        ("2026-04-30T23:59:59+00:00", ""),
        ("2026-05-01T00:00:00+00:00", "AWARD_UNAVAILABLE"),
    ],
)
def test_of_a_season(world: Bench, now: str, reason: str) -> None:
    world.now = NOON.fromisoformat(now)

    assert world.ask("hotel", redeem("spring")).reason == reason


# Buying what is missing -------------------------------------------------------------------


def test_ten_percent_can_be_bought(world: Bench) -> None:
    """2,222 points take 222 more than the 2,000; a tenth is 222.2. They cost 3.33 EUR."""
    made = world.ask("hotel", redeem("dear", buys=True))
    voucher, member = made.result.voucher, made.result.membership.member_id

    assert (voucher.points_minor, voucher.bought_minor) == (2_222, 222)
    assert voucher.money == (MoneyAmount("EUR", 333),)
    assert made.lines == [
        ("PURCHASED", "issued/hotel", f"member/{member}/hotel", 222),
        ("REDEEMED", f"member/{member}/hotel", "issued/hotel", 2_222),
    ]
    assert spendable(world) == 0


def test_more_than_ten_percent_cannot(world: Bench) -> None:
    """2,223 points take 223 more, and a tenth is 222.3."""
    refused = world.ask("hotel", redeem("dearer", buys=True))

    assert refused.reason == "SHORTFALL_TOO_LARGE"
    assert dict(refused.metadata)["missing"] == "223"
    assert spendable(world) == 2_000


@pytest.mark.parametrize(("left", "reason"), [(900, ""), (890, "SHORTFALL_TOO_LARGE")])
def test_a_shortfall_of_11_percent_of_a_thousand(world: Bench, left: int, reason: str) -> None:
    world.now = on("2026-04-02")
    for _ in range((2_000 - left) // 100):
        assert not world.ask("hotel", redeem("spring")).reason
    for _ in range((2_000 - left) % 100):
        assert not world.ask("hotel", redeem("pen")).reason
    assert spendable(world) == left

    assert world.ask("hotel", redeem("night", money=EUR_40, buys=True)).reason == reason


def test_nothing_is_bought_where_nothing_is_missing(world: Bench) -> None:
    made = world.ask("hotel", redeem("night", buys=True)).result.voucher

    assert (made.bought_minor, made.money) == (0, ())


# Stock ------------------------------------------------------------------------------------


def reasons(answers: list[Outcome]) -> list[str]:
    return [answer.reason for answer in answers]


def in_a_batch(world: Bench, *commands: Command) -> list[Outcome]:
    return world.batch(*(world.submission("hotel", command) for command in commands))


GONE = "AWARD_UNAVAILABLE"
STOCK: dict[str, tuple[list[str], list[str]]] = {
    # Three clocks, one of them kept for the red list.
    "others get two": (["H1", "H1", "G1", "G1"], ["", "", GONE, GONE]),
    "the red list gets the third": (["H1", "H1", "R1", "R1"], ["", "", "", GONE]),
    "the red list gets all": (["R1", "R1", "R1", "H1"], ["", "", "", GONE]),
    "what the red list took first counts": (["R1", "H1", "H1", "R1"], ["", "", GONE, ""]),
}


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("name", STOCK)
def test_stock(world: Bench, name: str, together: bool) -> None:  # noqa: FBT001 - a parameter
    numbers, expected = STOCK[name]
    commands = [redeem("clock", number) for number in numbers]
    answers = (
        in_a_batch(world, *commands) if together else [world.ask("hotel", c) for c in commands]
    )

    assert reasons(answers) == expected
    used = expected.count("")
    assert rows(world, "select used from award_usage where award = 'clock'") == [(used,)]


def test_points_are_spent_once_in_a_batch(world: Bench) -> None:
    answers = in_a_batch(world, redeem("night"), redeem("pen"))

    assert reasons(answers) == ["", "INSUFFICIENT_BALANCE"]


def test_a_cancelled_clock_is_there_again_with_its_points(world: Bench) -> None:
    clocks = in_a_batch(world, redeem("clock"), redeem("clock"))
    again = in_a_batch(world, CancelVoucher(clocks[0].number), redeem("clock", "G1"))

    assert reasons(again) == ["", ""]
    assert spendable(world) == 1_900
    member = clocks[0].result.membership.member_id
    assert again[0].lines == [("RESTORED", "issued/hotel", f"member/{member}/hotel", 100)]
    assert again[0].accepted is not None
    assert again[0].accepted.decision.corrects == clocks[0].number
    assert rows(world, "select used from award_usage") == [(2,)]


# Vouchers ---------------------------------------------------------------------------------

VOUCHERS: dict[str, tuple[str, type[CancelVoucher | UseVoucher], str]] = {
    # the night's voucher of 2 March may be used to 1 September and given back to 31 March
    "used on its last day": ("2026-09-01", UseVoucher, ""),
    "used a day too late": ("2026-09-02", UseVoucher, "VOUCHER_STATE"),
    "given back on the last day": ("2026-03-31", CancelVoucher, ""),
    "given back a day too late": ("2026-04-01", CancelVoucher, "VOUCHER_STATE"),
}


@pytest.mark.parametrize("name", VOUCHERS)
def test_vouchers_in_time(world: Bench, name: str) -> None:
    day, command, reason = VOUCHERS[name]
    voucher = world.ask("hotel", redeem("night")).number
    world.now = on(day)

    assert world.ask("hotel", command(voucher)).reason == reason


@pytest.mark.parametrize("first", [UseVoucher, CancelVoucher])
@pytest.mark.parametrize("then", [UseVoucher, CancelVoucher])
@pytest.mark.parametrize("together", [False, True])
def test_a_voucher_is_used_or_given_back_once(
    world: Bench,
    first: type[UseVoucher | CancelVoucher],
    then: type[UseVoucher | CancelVoucher],
    together: bool,  # noqa: FBT001 - a parameter
) -> None:
    voucher = world.ask("hotel", redeem("night")).number
    commands = [first(voucher), then(voucher)]
    answers = (
        in_a_batch(world, *commands) if together else [world.ask("hotel", c) for c in commands]
    )

    assert reasons(answers) == ["", "VOUCHER_STATE"]
    assert spendable(world) == (2_000 if first is CancelVoucher else 0)


def test_a_voucher_is_its_issuers_alone(world: Bench) -> None:
    made = world.ask("hotel", redeem("night"))
    for command in (UseVoucher(made.number), CancelVoucher(made.number)):
        assert world.ask("airline", command).reason == "UNKNOWN_VOUCHER"
        assert world.ask("airline", command, str(command)).reason == "UNKNOWN_VOUCHER"
    assert world.ask("hotel", UseVoucher(made.number + 1)).reason == "UNKNOWN_VOUCHER"


def test_vouchers_after_their_member_has_left(world: Bench) -> None:
    """Their points are forfeited: there is nobody to give them back to."""
    voucher = world.ask("hotel", redeem("night")).number
    world.ask("hotel", update("hotel", "H1", state=MembershipState.CLOSED))

    assert world.ask("hotel", CancelVoucher(voucher)).reason == "MEMBERSHIP_NOT_ACTIVE"
    assert spendable(world) == 0


def test_every_second_stay_brings_a_voucher(world: Bench) -> None:
    """H1 and G1 have stayed once; gold gets none."""
    answers = [world.ask("hotel", stay_on("H1", f"v{n}", "2026-03-02", 100)) for n in range(2, 6)]
    gold = world.ask("hotel", stay_on("G1", "gold", "2026-03-02", 100))

    earned = [answer.result.vouchers for answer in answers]
    assert earned == [(answers[0].number + 1,), (), (answers[2].number + 1,), ()]
    assert gold.result.vouchers == ()
    found = rows(
        world, "select award, points, state, usable_until, earned_by from voucher order by number"
    )
    until = (NOON + timedelta(days=29)).date()
    assert found == [
        ("drink", 0, "ISSUED", until, answers[0].number),
        ("drink", 0, "ISSUED", until, answers[2].number),
    ]
    [event] = [
        e for e in events(world, answers[0].number, "VOUCHER") if e.number < answers[1].number
    ]
    assert event.facts["because"] == str(answers[0].number)
    assert event.number in told(world, "hotel", answers[0].number)
    assert event.number not in told(world, "airline", answers[0].number)


def test_an_earned_voucher_is_used_or_given_up_for_nothing(world: Bench) -> None:
    voucher = world.ask("hotel", stay_on("H1", "second", "2026-03-02", 100)).result.vouchers[0]
    before = spendable(world)

    given_up = world.ask("hotel", CancelVoucher(voucher))
    assert (given_up.reason, given_up.lines, spendable(world)) == ("", [], before)
    assert rows(world, "select * from award_usage") == []


@pytest.mark.parametrize("used", [False, True])
def test_a_reversal_takes_the_earned_voucher_along_unless_it_is_used(
    world: Bench,
    used: bool,  # noqa: FBT001 - a parameter
) -> None:
    voucher = world.ask("hotel", stay_on("H1", "second", "2026-03-02", 100)).result.vouchers[0]
    if used:
        world.ask("hotel", UseVoucher(voucher))
    world.ask("hotel", Reverse(ActivityKey("hotel", "STAY", "second"), "test"))

    state = "USED" if used else "CANCELLED"
    assert rows(world, "select state from voucher") == [(state,)]


def test_every_second_stay_of_a_batch_brings_a_voucher(world: Bench) -> None:
    answers = in_a_batch(world, *(stay_on("H1", f"b{n}", "2026-03-02", 100) for n in range(2, 6)))

    assert [len(answer.result.vouchers) for answer in answers] == [1, 0, 1, 0]


def test_a_blocked_member_redeems_nothing(world: Bench) -> None:
    world.ask("hotel", update("hotel", "H1", state=MembershipState.BLOCKED))

    assert world.ask("hotel", redeem("night")).reason == "MEMBERSHIP_NOT_ACTIVE"


def test_who_is_in_debt_has_nothing_to_spend(world: Bench) -> None:
    """All of an award is missing then."""
    world.ask("hotel", redeem("night"))
    world.ask("hotel", Reverse(ActivityKey("hotel", "STAY", "H1"), "test"))

    assert spendable(world) == -2_000
    refused = world.ask("hotel", redeem("pen", buys=True))
    assert refused.reason == "SHORTFALL_TOO_LARGE"
