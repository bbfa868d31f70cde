"""The self-check names what was done to members' standings behind the gateway's back."""

from collections.abc import Iterator
from fractions import Fraction

import pytest
from sqlalchemy import text

from gateway.reviewing import review
from partners.activities import ActivityKey
from partners.check import check_agreed
from partners.state import MembershipState
from partners.usecases.awards import CancelVoucher, Redeem, UseVoucher
from partners.usecases.lives import MergeMembers
from partners.usecases.reversal import Reverse
from support.standings import hotel, on, stay_on
from support.use_case_bench import Bench, bench, enrol, update

REST = """
[[earn]]
rule = "welcome"
activity = "STAY"
per = "activity"
reason = "PROMOTION"
points = "7"
cap_per_member = "20"

[[counters]]
counter = "longest"
activity = "STAY"
per = "money"
currency = "EUR"
keep = "largest"

[[awards]]
award = "night"
name = "A night"
prices = [{ points = 100 }]
stock = 9

[[vouchers]]
voucher = "drink"
name = "A drink for every two stays"
counter = "stays"
every = 2

[expiry]
by = "age"
after = "6 months"
"""


@pytest.fixture(scope="module")
def hotels(module_database_url: str) -> Iterator[Bench]:
    """Members who stayed, redeemed, returned, were merged and reviewed."""
    with bench(module_database_url) as made:
        made.admit("hotel")
        made.publish("hotel", hotel(REST))
        for number in ("H1", "H2", "H3", "H4"):
            made.enrol("hotel", number)
            for day in ("2026-02-10", "2026-02-11", "2026-02-12", "2026-02-13"):
                assert not made.ask("hotel", stay_on(number, f"{number}-{day}", day)).reason
        for reference, part in (
            ("H1-2026-02-11", None),
            ("H2-2026-02-12", Fraction(1, 3)),
            ("H2-2026-02-12", Fraction(1, 3)),
            ("H2-2026-02-13", Fraction(1, 2)),
        ):
            command = Reverse(ActivityKey("hotel", "STAY", reference), "test", part)
            assert not made.ask("hotel", command).reason
        vouchers = [
            made.ask("hotel", Redeem(("hotel", "H2"), "night", None, buy_missing=False)).number
            for _ in range(3)
        ]
        assert not made.ask("hotel", UseVoucher(vouchers[0])).reason
        assert not made.ask("hotel", CancelVoucher(vouchers[1])).reason
        made.ask("hotel", update("hotel", "H3", state=MembershipState.CLOSED))
        assert not made.ask("hotel", enrol("hotel", "H3")).reason
        made.ask("hotel", MergeMembers(("hotel", "H2"), ("hotel", "H4")))
        made.now = on("2026-09-05")
        review(made.engine, made.coalition, made.now, writes=True, on_finding=lambda _: None)
        yield made


def test_a_sound_book(hotels: Bench) -> None:
    with hotels.engine.connect() as connection:
        assert list(check_agreed(connection)) == []


FIRST = "(select min(member_id) from membership)"

DAMAGES: dict[str, set[str]] = {
    "insert into promised values ('operator', 5)": {"promised"},
    f"update membership set tier = 'GOLD' where member_id = {FIRST}": {"membership-tier"},
    f"update membership set tier_until = '2030-01-01' where member_id = {FIRST}": {
        "membership-tier"
    },
    f"delete from tier_term where member_id = {FIRST}": {"membership-tier"},
    f"update progress set amount = 2 where counter = 'stays' and member_id = {FIRST} "
    "and day = '2026-02-10'": {"progress"},
    f"delete from progress where counter = 'longest' and member_id = {FIRST}": {"progress"},
    "insert into progress select member_id, programme, counter, '2020-01-01', 0, 1 from progress "
    f"where member_id = {FIRST} and counter = 'stays' limit 1": {"progress"},
    f"update progress set amount = 8 where counter = '@rule/welcome' and member_id = {FIRST} "
    "and day = '2026-02-10'": {"progress", "rule-usage"},
    "update rule_usage set used = used + 1": {"rule-usage"},
    "delete from rule_usage": {"rule-usage"},
    "update award_usage set used = used - 1": {"award-usage"},
    "delete from award_usage": {"award-usage"},
    "update voucher set state = 'ISSUED' where state = 'CANCELLED' and points > 0": {
        "voucher-state",
        "award-usage",
    },
    "update voucher set state = 'ISSUED' where state = 'USED'": {"voucher-state"},
    "update voucher set state = 'USED' where state = 'ISSUED' and points = 0": {"voucher-state"},
    "update voucher set points = points + 1 where points > 0": {"voucher-entry"},
    "update voucher set award = 'boat' where points = 0": {"voucher-entry"},
    "delete from voucher where points = 0": {"voucher-entry"},
    "update voucher set earned_by = earned_by + 1 where points = 0 and state = 'ISSUED'": {
        "voucher-entry"
    },
    "update activity set reversed_number = reversed_number - 1 where reversed_number is not null": {
        "reversal-activity"
    },
    "update activity set reversed_number = null where reversed_numerator = 2": {
        "reversal-activity"
    },
    "update activity set reversed_numerator = 1 where reversed_numerator = 2": {
        "progress",
    },
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage(hotels: Bench, damage: str) -> None:
    with hotels.undone() as connection:
        assert connection.execute(text(damage)).rowcount > 0

        assert {problem.check for problem in check_agreed(connection)} == DAMAGES[damage]
