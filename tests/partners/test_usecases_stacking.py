"""Hotel, airline and card issuer on one purchase; and the same stay or flight claimed twice."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest

from partners.activities import ActivityKey
from partners.context import Command
from partners.directory import Permission
from partners.usecases.accrual import Accrue
from partners.usecases.reversal import Reverse
from support.use_case_bench import Bench, Outcome, bench, definition, report, stay
from support.whole_state import balances_and_counters, whole_state

HOTEL_RULES = """
[[tiers]]
name = "MEMBER"
[[tiers]]
name = "GOLD"
bonus = "25%"
[[earn]]
rule = "room-base"
activity = "STAY"
per = "money"
category = "ROOM"
currency = "EUR"
points = "10"
tier_bonus = true
[[earn]]
rule = "stay-miles"
programme = "airline"
activity = "STAY"
per = "money"
category = "ROOM"
currency = "EUR"
points = "1"
[[earn]]
rule = "airline-week"
reason = "PROMOTION"
programme = "airline"
activity = "STAY"
per = "activity"
points = "50"
funder = "airline"
[[earn]]
rule = "paid-by-card"
reason = "PROMOTION"
activity = "STAY"
per = "money"
category = "ROOM"
currency = "EUR"
points = "2"
where = { card = ["bank-gold"] }
funder = "bank"
[[earn]]
rule = "miles-by-card"
reason = "PROMOTION"
programme = "airline"
activity = "STAY"
per = "money"
category = "ROOM"
currency = "EUR"
points = "0.5"
where = { card = ["bank-gold"] }
funder = "bank"
"""

AIRLINE_RULES = """
[[earn]]
rule = "flown"
activity = "FLIGHT"
per = "mile"
points = "1"
[[earn]]
rule = "nights"
activity = "STAY"
per = "night"
points = "500"
[[earn]]
rule = "co-brand"
activity = "CARD_SPEND"
per = "money"
category = "CARD"
currency = "EUR"
points = "2"
"""

H, A, A2, Q = ("hotel", "H"), ("airline", "A"), ("airline", "A2"), ("quiet", "Q")


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[Bench]:
    """Three companies fund points on the hotel's stays; a fourth has no agreement with anybody."""
    with bench(module_database_url) as made:
        made.admit("hotel", "airline", "bank", "quiet")
        made.publish("hotel", definition("hotel", "HOTEL-POINTS", rest=HOTEL_RULES))
        made.publish("airline", definition("airline", "AIR-MILES", rest=AIRLINE_RULES))
        made.publish("quiet", definition("quiet", "QUIET", rest=AIRLINE_RULES))
        dip, fund = Permission.DOUBLE_DIP, Permission.FUND_PROMOTIONS
        reporting = Permission.REPORT_ACTIVITIES
        made.agree("airline", "hotel", permissions=[dip, fund, reporting])
        made.agree("hotel", "airline", permissions=[reporting])
        made.agree(
            "hotel", "bank", price=Fraction(5, 2), fee=Fraction(1, 100), permissions=[fund, dip]
        )
        made.agree("airline", "bank", price=150, fee=Fraction(1, 10), permissions=[fund, dip])
        made.enrol("hotel", "H", tier="GOLD")
        made.enrol("airline", "A")
        made.enrol("airline", "A2")
        made.enrol("quiet", "Q")
        made.link(H, A)
        yield made


def by_card(reference: str, minor: int = 12_345) -> Accrue:
    command = stay("H", reference, minor)
    attributes = (("card", "bank-gold"),)
    return replace(command, activity=replace(command.activity, attributes=attributes))


def named(outcome: Outcome) -> list[tuple[str, str, str, int]]:
    """Lines with short names for accounts."""
    members = {str(leg.membership.account): leg.membership.programme for leg in outcome.result.legs}
    assert set(members.values()) <= {"hotel", "airline"}

    def short(code: str) -> str:
        if code.startswith("member/"):
            return f"member of {code.rsplit('/', 1)[1]}"
        return code.removeprefix("clearing/1/")

    return [(kind, short(debit), short(credit), n) for kind, debit, credit, n in outcome.lines]


PURCHASE = [
    # 123.45 EUR: 1,234 points and a quarter of them; 123 miles at 1.20 and 2 %
    ("BASE", "issued/hotel", "member of hotel", 1_234),
    ("TIER_BONUS", "issued/hotel", "member of hotel", 308),
    ("BASE", "issued/airline", "member of airline", 123),
    ("PRINCIPAL", "hotel:airline", "airline:hotel", 14_760),
    ("FEE", "hotel:operator", "operator:hotel", 295),
    # the airline's own 50
    ("PROMOTION", "issued/airline", "member of airline", 50),
    # the bank's 246 points at 0.025 and 1 %, and 61 miles at 1.50 and 10 %
    ("PROMOTION", "issued/hotel", "member of hotel", 246),
    ("PRINCIPAL", "bank:hotel", "hotel:bank", 615),
    ("FEE", "bank:operator", "operator:bank", 6),
    ("PROMOTION", "issued/airline", "member of airline", 61),
    ("PRINCIPAL", "bank:airline", "airline:bank", 9_150),
    ("FEE", "bank:operator", "operator:bank", 915),
]

POSITIONS = {
    "hotel": -14_760 - 295 + 615,
    "airline": 14_760 + 9_150,
    "bank": -615 - 6 - 9_150 - 915,
    "operator": 295 + 6 + 915,
}


def positions(balances: dict[str, int]) -> dict[str, int]:
    """What each receives (positive) or pays: the sum of its clearing accounts."""
    found: Counter[str] = Counter()
    for code, amount in balances.items():
        if code.startswith("clearing/"):
            found[code.split("/")[2].split(":")[0]] += amount
    return {name: amount for name, amount in found.items() if amount}


def test_three_companies_fund_points_on_one_purchase(world: Bench) -> None:
    with world.undone() as connection:
        done = world.ask("hotel", by_card("p"))
        assert not done.reason, done
        assert named(done) == PURCHASE
        assert positions(world.accounts(connection)) == POSITIONS
        assert sum(POSITIONS.values()) == 0


PARTIES = [
    # who is shown each of these lines
    *({"hotel"}, {"hotel"}, {"airline", "hotel"}, {"airline", "hotel"}, {"hotel", "operator"}),
    {"airline"},
    *({"hotel", "bank"}, {"hotel", "bank"}, {"bank", "operator"}),
    *({"airline", "bank"}, {"airline", "bank"}, {"bank", "operator"}),
]


def test_each_funder_is_shown_its_own_lines(world: Bench) -> None:
    with world.undone():
        done = world.ask("hotel", by_card("p"))
        assert done.accepted is not None
        assert [set(line.parties) for line in done.accepted.decision.lines] == PARTIES


def test_each_funders_part_is_taken_back(world: Bench) -> None:
    """In thirds: the last brings what the rounding of the others left."""
    with world.undone() as connection:
        before = balances_and_counters(connection)
        booked = Counter[tuple[str, str, str]]()
        for kind, debit, credit, amount in world.ask("hotel", by_card("p")).lines:
            booked[kind, credit, debit] += amount
        for part in (Fraction(1, 3), Fraction(1, 3), None):
            taken = world.ask("hotel", Reverse(ActivityKey("hotel", "STAY", "p"), "test", part))
            assert sum(positions(world.accounts(connection)).values()) == 0
            for kind, debit, credit, amount in taken.lines:
                booked[kind, debit, credit] -= amount
        assert set(booked.values()) == {0}
        assert balances_and_counters(connection) == before


def test_the_card_issuers_own_activity_stacks_on_the_stay(world: Bench) -> None:
    """One purchase, two events: the stay as the hotel knows it, and the payment as the bank does.
    Its 246 miles at 1.50 and 10 % come on top."""
    card = ActivityKey("bank", "CARD_SPEND", "p")
    with world.undone() as connection:
        world.ask("hotel", by_card("p"))
        paid = world.ask("bank", report(A, card, spend=[("CARD", "EUR", 12_345)]))

        assert named(paid) == [
            ("BASE", "issued/airline", "member of airline", 246),
            ("PRINCIPAL", "bank:airline", "airline:bank", 36_900),
            ("FEE", "bank:operator", "operator:bank", 3_690),
        ]
        assert positions(world.accounts(connection)) == {
            "hotel": -14_440,
            "airline": 23_910 + 36_900,
            "bank": -10_686 - 36_900 - 3_690,
            "operator": 1_216 + 3_690,
        }


def test_one_funder_without_leave_stops_the_whole(world: Bench) -> None:
    """Never a part of an event: with the bank's cap used up nobody earns."""
    with world.undone() as connection:
        world.agree("airline", "bank", price=150, cap=60, permissions=[Permission.FUND_PROMOTIONS])
        before = balances_and_counters(connection)
        assert world.ask("hotel", by_card("p")).reason == "CAP_EXCEEDED"
        assert balances_and_counters(connection) == before
        assert world.ask("hotel", by_card("p", 12_000)).reason == ""


@pytest.mark.parametrize(("cap", "reason"), [(173, ""), (172, "CAP_EXCEEDED")])
def test_legs_of_one_activity_share_a_cap(world: Bench, cap: int, reason: str) -> None:
    """The hotel's 123 miles and the airline's own 50 are given under one agreement."""
    both = [Permission.DOUBLE_DIP, Permission.FUND_PROMOTIONS]
    with world.undone():
        world.agree("airline", "hotel", cap=cap, permissions=both)
        assert world.ask("hotel", by_card("p")).reason == reason


# Claimed twice ----------------------------------------------------------------------------

STAY = ActivityKey("hotel", "STAY", "twice")
FLIGHT = ActivityKey("airline", "FLIGHT", "twice")
ROOM = [("ROOM", "EUR", 10_000)]
FLOWN = [("MILE", 700)]
NIGHTS = [("NIGHT", 2)]

CLAIMS: dict[str, list[tuple[str, Command]]] = {
    "a stay, by the hotel and then by the airline": [
        ("hotel", report(H, STAY, spend=ROOM)),
        ("airline", report(A, STAY, quantities=NIGHTS)),
    ],
    "a stay, for another member of the airline": [
        ("hotel", report(H, STAY, spend=ROOM)),
        ("airline", report(A2, STAY, quantities=NIGHTS)),
    ],
    "a stay, by the airline and then by the hotel": [
        ("airline", report(A2, STAY, quantities=NIGHTS)),
        ("hotel", report(H, STAY, spend=ROOM)),
    ],
    "a flight, by the airline and then by the hotel": [
        ("airline", report(A, FLIGHT, quantities=FLOWN)),
        ("hotel", report(H, FLIGHT, quantities=FLOWN)),
    ],
    "a flight, that earned nothing at first": [
        ("airline", report(A, FLIGHT)),
        ("hotel", report(H, FLIGHT, quantities=FLOWN)),
    ],
    "a stay, stated the second time": [
        ("hotel", report(H, STAY, spend=ROOM)),
        ("hotel", report(H, STAY, [("hotel", "GOODWILL", 1)])),
    ],
}


@pytest.mark.parametrize("name", CLAIMS)
@pytest.mark.parametrize("together", [False, True])
def test_a_second_claim_is_told_the_first_ones_number_and_nothing_more(
    world: Bench, name: str, *, together: bool
) -> None:
    (sender, first), (other, second) = CLAIMS[name]
    with world.undone() as connection:
        if together:
            asked = [world.submission(sender, first), world.submission(other, second)]
            accepted, refused = world.batch(*asked)
        else:
            accepted = world.ask(sender, first)
            before = whole_state(connection)
            refused = world.ask(other, second)
            assert whole_state(connection) == before

        number = accepted.number
        assert refused.reason == "DUPLICATE_ACTIVITY"
        assert refused.metadata == (("first_number", str(number)),)
        expected = f"this activity is in the ledger already, as number {number}"
        assert refused.message == expected


def test_it_stays_claimed_when_it_is_taken_back(world: Bench) -> None:
    with world.undone():
        first = world.ask("hotel", report(H, STAY, spend=ROOM))
        assert not world.ask("hotel", Reverse(STAY, "test")).reason
        refused = world.ask("airline", report(A, STAY, quantities=NIGHTS))

        assert refused.metadata == (("first_number", str(first.number)),)


NOT_TOLD: dict[str, tuple[str, Command, str]] = {
    "no agreement with the supplier": (
        "quiet",
        report(Q, STAY, quantities=NIGHTS),
        "NO_AGREEMENT",
    ),
    "another's member": ("quiet", report(A, STAY, quantities=NIGHTS), "UNKNOWN_MEMBERSHIP"),
    "nobody's member": (
        "airline",
        report(("airline", "nobody"), STAY, quantities=NIGHTS),
        "UNKNOWN_MEMBERSHIP",
    ),
}


@pytest.mark.parametrize("name", NOT_TOLD)
def test_who_may_not_claim_it_learns_nothing(world: Bench, name: str) -> None:
    """The same words whether or not it was claimed before."""
    sender, command, reason = NOT_TOLD[name]
    with world.undone():
        unclaimed = world.ask(sender, command)
        world.ask("hotel", report(H, STAY, spend=ROOM))
        claimed = world.ask(sender, command)

        assert unclaimed.reason == reason
        assert claimed == unclaimed


def test_the_next_revision_tells_nothing_of_the_first(world: Bench) -> None:
    """Also where there is none."""
    revised = replace(STAY, revision=2)
    with world.undone():
        unclaimed = world.ask("airline", report(A, revised, quantities=NIGHTS))
        world.ask("hotel", report(H, STAY, spend=ROOM))
        claimed = world.ask("airline", report(A, revised, quantities=NIGHTS))

        assert claimed.reason == "REVISION_OUT_OF_ORDER"
        assert claimed == unclaimed
