"""Accrual: what counts, what it earns, and who owes whom for it."""

from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction

import pytest

from partners.activities import ActivityKey
from partners.context import Command
from partners.directory import Permission
from partners.usecases.reversal import Reverse
from support.coalition_day import NOON
from support.five_companies import A1, CARD, H1, R1, ROOM, C, F, H, five_companies
from support.use_case_bench import (
    Bench,
    activity,
    definition,
    enrol,
    report,
    sample,
    stay,
    update,
)


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[Bench]:
    with five_companies(module_database_url) as made:
        yield made


LEGS: dict[str, tuple[str, Command, list[tuple[str, str, int, str, int, int]]]] = {
    # programme, reason, points, funder, owed to the issuer, owed to the operator
    "a double dip": (
        "hotel",
        stay("H1", "a"),
        [
            ("hotel", "BASE", 2_000, "hotel", 0, 0),
            ("hotel", "TIER_BONUS", 500, "hotel", 0, 0),
            ("airline", "BASE", 200, "hotel", 24_000, 480),
        ],
    ),
    "points alone": ("hotel", stay("H2", "b"), [("hotel", "BASE", 2_000, "hotel", 0, 0)]),
    "several lines of one bill": (
        "hotel",
        stay("H2", "c", spend=[("ROOM", "EUR", 1_099), ("ROOM", "EUR", 1), ("FOOD", "EUR", 9_000)]),
        [("hotel", "BASE", 110, "hotel", 0, 0)],
    ),
    "a flight": (
        "airline",
        report(A1, F, quantities=[("MILE", 2_475)]),
        [("airline", "BASE", 2_475, "airline", 0, 0)],
    ),
    "a card of another's programme": (
        "bank",
        report(A1, C, spend=CARD),
        [("airline", "BASE", 300, "bank", 450, 0)],
    ),
    "stated by the bank": (
        "bank",
        report(A1, C, [("airline", "PROMOTION", 101)], spend=CARD),
        [("airline", "PROMOTION", 101, "bank", 151, 0)],
    ),
    "stated by the programme's own partner": (
        "hotel",
        stay("H1", "d", stated=[("hotel", "GOODWILL", 7)]),
        [("hotel", "GOODWILL", 7, "hotel", 0, 0)],
    ),
    "in the shared currency": (
        "rental",
        report(R1, ActivityKey("rental", "RENTAL", "r")),
        [("operator", "BASE", 500, "rental", 50_000, 500)],
    ),
    "nothing: no spend": ("hotel", stay("H1", "e", spend=[]), []),
    "nothing: a cent": ("hotel", stay("H1", "f", 1), []),
    "nothing: no rule for its kind": (
        "hotel",
        report(H1, ActivityKey("hotel", "BANQUET", "g"), spend=ROOM),
        [],
    ),
    "nothing: spend of another category": (
        "hotel",
        stay("H1", "i", spend=[("FOOD", "JPY", 5)]),
        [],
    ),
    "reported by another for the supplier": (
        "airline",
        report(A1, H, quantities=[("MILE", 3)]),
        [],
    ),
}


@pytest.mark.parametrize("name", LEGS)
def test_what_an_activity_earns(world: Bench, name: str) -> None:
    sender, command, expected = LEGS[name]
    with world.undone():
        outcome = world.ask(sender, command)
        legs = [
            (p.membership.programme, p.reason, p.points_minor, p.funder, p.owed_minor, p.fee_minor)
            for p in outcome.result.legs
        ]

        assert legs == expected
        assert world.ask(sender, command).reason == "DUPLICATE_ACTIVITY"


def test_a_double_dip_is_five_lines_of_one_entry(world: Bench) -> None:
    with world.undone():
        member = world.ask("hotel", update("hotel", "H1")).result.membership.member_id
        other = world.ask("airline", update("airline", "A1")).result.membership.member_id

        assert world.ask("hotel", stay("H1", "lines")).lines == [
            ("BASE", "issued/hotel", f"member/{member}/hotel", 2_000),
            ("TIER_BONUS", "issued/hotel", f"member/{member}/hotel", 500),
            ("BASE", "issued/airline", f"member/{other}/airline", 200),
            ("PRINCIPAL", "clearing/1/hotel:airline", "clearing/1/airline:hotel", 24_000),
            ("FEE", "clearing/1/hotel:operator", "clearing/1/operator:hotel", 480),
        ]


def test_the_shared_currency_is_owed_to_the_operator(world: Bench) -> None:
    with world.undone():
        lines = world.ask("rental", report(R1, ActivityKey("rental", "RENTAL", "o"))).lines

        assert [(kind, debit, amount) for kind, debit, _, amount in lines] == [
            ("BASE", "issued/operator", 500),
            ("PRINCIPAL", "clearing/1/rental:operator", 50_000),
            ("FEE", "clearing/1/rental:operator", 500),
        ]


TOMORROW = NOON + timedelta(days=1)
NEVER = ("airline", "nobody")

REFUSED: dict[str, tuple[str, Command, str]] = {
    "no supplier of that id": (
        "hotel",
        report(H1, ActivityKey("no-such", "STAY", "1")),
        "UNKNOWN_PARTICIPANT",
    ),
    "a person is no supplier": (
        "hotel",
        report(H1, ActivityKey("admin-one", "STAY", "1")),
        "UNKNOWN_PARTICIPANT",
    ),
    "the gateway is no supplier": (
        "hotel",
        report(H1, ActivityKey("gateway", "STAY", "1")),
        "UNKNOWN_PARTICIPANT",
    ),
    "no programme of that id": ("hotel", report(("no-such", "1"), H), "UNKNOWN_PROGRAMME"),
    "stated for no programme": (
        "hotel",
        stay("H1", "1", stated=[("no-such", "BASE", 1)]),
        "UNKNOWN_PROGRAMME",
    ),
    "before the programme began": (
        "hotel",
        stay("H1", "1", started_at=NOON.replace(year=1999)),
        "UNKNOWN_PROGRAMME",
    ),
    "money that is none": (
        "hotel",
        stay("H1", "1", spend=[("ROOM", "XAU", 1)]),
        "UNKNOWN_CURRENCY",
    ),
    "points are not money": (
        "hotel",
        stay("H1", "1", spend=[("ROOM", "HOTEL-POINTS", 1)]),
        "UNKNOWN_CURRENCY",
    ),
    "money without a rule": (
        "hotel",
        stay("H1", "1", spend=[("ROOM", "USD", 1)]),
        "UNKNOWN_CURRENCY",
    ),
    "no member of that number": ("hotel", stay("nobody", "1"), "UNKNOWN_MEMBERSHIP"),
    "a member not linked": ("airline", stay("H2", "1"), "UNKNOWN_MEMBERSHIP"),
    "a stranger's member": (
        "hotel",
        report(("stranger", "X1"), H),
        "UNKNOWN_MEMBERSHIP",
    ),
    "a supplier without leave": (
        "hotel",
        report(H1, ActivityKey("airline", "FLIGHT", "1")),
        "NO_AGREEMENT",
    ),
    "stated without leave": (
        "hotel",
        stay("H1", "1", stated=[("airline", "BASE", 1)]),
        "NO_AGREEMENT",
    ),
    "in the future": ("hotel", stay("H1", "1", started_at=TOMORROW), "IMPLAUSIBLE"),
    "ends in the future": ("hotel", stay("H1", "1", ended_at=TOMORROW), "IMPLAUSIBLE"),
    "ends before it begins": (
        "hotel",
        stay("H1", "1", ended_at=NOON - timedelta(days=2)),
        "IMPLAUSIBLE",
    ),
    "a decimal point in the wrong place": ("hotel", stay("H1", "1", 20_000_001), "IMPLAUSIBLE"),
    "too many in sum": (
        "hotel",
        stay("H1", "1", spend=[("ROOM", "EUR", 19_000_000), ("FOOD", "EUR", 1_000_001)]),
        "IMPLAUSIBLE",
    ),
    "around the world": ("airline", report(A1, F, quantities=[("MILE", 25_001)]), "IMPLAUSIBLE"),
    "stated far too many": (
        "hotel",
        stay("H1", "1", stated=[("hotel", "BASE", 100_000_001)]),
        "IMPLAUSIBLE",
    ),
    "a revision before the first": ("hotel", stay("H1", "1", revision=2), "REVISION_OUT_OF_ORDER"),
    "of many reasons the first": (
        "hotel",
        report(("no-such", "1"), ActivityKey("no-such", "STAY", "1"), started_at=TOMORROW),
        "UNKNOWN_PARTICIPANT",
    ),
    "programme before membership": (
        "hotel",
        stay("nobody", "1", started_at=NOON.replace(year=1999)),
        "UNKNOWN_PROGRAMME",
    ),
    "membership before plausibility": (
        "hotel",
        stay("nobody", "1", started_at=TOMORROW),
        "UNKNOWN_MEMBERSHIP",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(world: Bench, name: str) -> None:
    sender, command, reason = REFUSED[name]
    with world.undone() as connection:
        before = world.accounts(connection)

        assert world.ask(sender, command).reason == reason
        assert world.accounts(connection) == before


def test_who_may_not_report_is_not_told_what_was_reported(world: Bench) -> None:
    with world.undone():
        assert not world.ask("airline", report(A1, F)).reason
        there = world.ask("hotel", report(H1, F))
        absent = world.ask("hotel", report(H1, ActivityKey("airline", "FLIGHT", "none")))

        assert there == absent
        assert there.reason == "NO_AGREEMENT"


def test_an_activity_counts_once_whoever_reports_it(world: Bench) -> None:
    """Also for another member, under another request, and when it earned nothing."""
    with world.undone():
        first = world.ask("hotel", report(H1, H, spend=ROOM))
        again = {
            world.ask("hotel", report(H1, H, spend=ROOM)).reason,
            world.ask("hotel", report(("hotel", "H2"), H)).reason,
            world.ask("airline", report(A1, H, quantities=[("MILE", 100)])).reason,
        }

        assert again == {"DUPLICATE_ACTIVITY"}
        assert world.ask("airline", report(A1, H)).metadata == (
            ("first_number", str(first.number)),
        )


def test_the_same_reference_of_another_supplier_or_kind_is_another(world: Bench) -> None:
    with world.undone():
        keys = [H, ActivityKey("hotel", "BANQUET", "h"), ActivityKey("hotel", "STAY", "H")]

        assert [world.ask("hotel", report(H1, key)).reason for key in keys] == ["", "", ""]
        assert world.ask("airline", report(A1, ActivityKey("airline", "STAY", "h"))).reason == ""


def test_a_programme_that_keeps_its_own_balances(world: Bench) -> None:
    """Its points go through one control account, unchecked; members have none here."""
    with world.undone() as connection:
        world.publish("stranger", definition("own-books", "OWN", custody="partner"))
        world.ask("stranger", enrol("own-books", "1"))
        key = ActivityKey("stranger", "PURCHASE", "1")
        earned = world.ask("stranger", report(("own-books", "1"), key, [("own-books", "BASE", 9)]))

        assert earned.lines == [("BASE", "issued/own-books", "external/own-books", 9)]
        assert not world.ask("stranger", Reverse(key, "test")).reason
        assert "external/own-books" not in world.accounts(connection)


def test_the_version_of_the_day_on_which_it_began(world: Bench) -> None:
    """A new version holds from its instant on, for what begins then; nothing is earned anew."""
    with world.undone():
        new = sample("hotel").replace(b'points = "10"', b'points = "20"')
        new = new.replace(b"2000-01-01T00:00:00Z", b"2026-03-03T00:00:00Z")
        assert not world.publish("hotel", new).reason
        world.now = NOON + timedelta(days=3)
        try:
            earned = {
                day: world.ask(
                    "hotel",
                    stay("H2", f"day-{day}", 1_000, started_at=NOON + timedelta(days=day)),
                )
                .result.legs[0]
                .points_minor
                for day in (-1, 0, 1)
            }
        finally:
            world.now = NOON
        assert earned == {-1: 100, 0: 100, 1: 200}


def test_amounts_at_the_end_of_64_bits(world: Bench) -> None:
    """What an entry cannot hold is refused by name, not wrapped."""
    with world.undone() as connection:
        price = Fraction(2**62)
        world.agree(
            "airline",
            "stranger",
            price=price,
            fee=Fraction(0),
            permissions=[Permission.STATE_POINTS],
        )
        key = ActivityKey("stranger", "PURCHASE", "big")
        before = world.accounts(connection)

        assert world.ask("stranger", report(A1, key, [("airline", "BASE", 2)])).reason == "OVERFLOW"
        assert world.accounts(connection) == before


def test_the_largest_activity_of_all(world: Bench) -> None:
    """Fifty lines of spend of the largest amount: a refusal, whatever their sum."""
    parts = [("ROOM", "EUR", 2**63 - 1)] * 50
    with world.undone():
        assert world.ask("hotel", stay("H1", "1", spend=parts)).reason == "IMPLAUSIBLE"
        assert activity(H).spend == ()
