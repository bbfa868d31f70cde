"""Accrual and reversal: what counts, what it earns, who owes whom, and taking it back."""

from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction

import pytest

from partners.activities import ActivityKey
from partners.context import Command
from partners.directory import Permission
from partners.state import MembershipState
from partners.usecases.agreements import Suspend
from partners.usecases.exchange import Convert
from partners.usecases.reversal import Reverse
from settlement.windows import cut
from support.coalition_day import NOON
from support.use_case_bench import (
    Bench,
    activity,
    bench,
    definition,
    enrol,
    quote,
    report,
    sample,
    stay,
    update,
)

CARD_RULE = (
    '[[earn]]\nrule = "co-brand"\nactivity = "CARD_SPEND"\nper = "money"\ncategory = "CARD"\n'
    'currency = "USD"\npoints = "2"\n'
)
COIN_RULE = (
    '[[earn]]\nrule = "coins"\nprogramme = "operator"\nactivity = "RENTAL"\nper = "activity"\n'
    'points = "5"\n'
)


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[Bench]:
    """The hotel buys the airline's miles; a bank without a programme has a card of the airline."""
    with bench(module_database_url) as made:
        made.admit("hotel", "airline", "bank", "rental", "stranger")
        made.publish("hotel", sample("hotel"))
        made.publish("airline", sample("airline").decode() + CARD_RULE)
        made.publish(
            "rental", definition("rental", "RENT", reversal="funder-bears", rest=COIN_RULE)
        )
        made.publish("stranger", definition("stranger", "STRANGE"))
        made.agree("airline", "hotel", price=120, fee=Fraction(1, 50))
        made.agree("operator", "rental", price=100, fee=Fraction(1, 100), issuer="admin-one")
        both = [Permission.STATE_POINTS, Permission.DOUBLE_DIP, Permission.REPORT_ACTIVITIES]
        made.agree("airline", "bank", price=Fraction(3, 2), fee=Fraction(0), permissions=both)
        report_for = [Permission.REPORT_ACTIVITIES]
        made.agree("hotel", "airline", permissions=report_for)
        made.enrol("hotel", "H1", tier="GOLD", choice="points-and-miles")
        made.enrol("hotel", "H2")
        made.enrol("airline", "A1")
        made.enrol("rental", "R1")
        made.enrol("operator", "O1", sender="admin-one", same=None)
        made.enrol("stranger", "X1")
        made.link(("hotel", "H1"), ("airline", "A1"))
        made.link(("rental", "R1"), ("operator", "O1"), ("rental", "admin-one"))
        yield made


H = ActivityKey("hotel", "STAY", "h")
F = ActivityKey("airline", "FLIGHT", "f")
C = ActivityKey("bank", "CARD_SPEND", "c")
H1, A1, R1 = ("hotel", "H1"), ("airline", "A1"), ("rental", "R1")
ROOM = [("ROOM", "EUR", 20_000)]
CARD = [("CARD", "USD", 15_000)]

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
            (leg.membership.programme, leg.reason, leg.points_minor)
            + (leg.funder, leg.owed_minor, leg.fee_minor)
            for leg in outcome.result.legs
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


def test_reversal_restores_every_balance_and_obligation(world: Bench) -> None:
    with world.undone() as connection:
        assert not world.ask("hotel", stay("H1", "kept", 7_777)).reason
        before = world.accounts(connection)
        assert not world.ask("hotel", stay("H1", "taken", 33_333)).reason
        assert world.accounts(connection) != before
        taken = world.ask("hotel", Reverse(ActivityKey("hotel", "STAY", "taken"), "test"))

        assert world.accounts(connection) == before
        owed = [(leg.points_minor, leg.owed_minor, leg.fee_minor) for leg in taken.result.legs]
        assert owed == [(3_333, 0, 0), (833, 0, 0), (333, 39_960, 799)]
        assert taken.accepted is not None
        assert taken.accepted.decision.corrects == taken.result.reversed_number


def test_reversal_books_in_the_window_that_is_open_now(world: Bench) -> None:
    with world.undone() as connection:
        world.ask("hotel", stay("H1", "window"))
        cut(connection, world.coalition, world.now)
        taken = world.ask("hotel", Reverse(ActivityKey("hotel", "STAY", "window"), "test"))

        debits = {debit for kind, debit, _, _ in taken.lines if kind in {"PRINCIPAL", "FEE"}}
        assert debits == {"clearing/2/airline:hotel", "clearing/2/operator:hotel"}
        balances = world.accounts(connection)
        assert balances["clearing/1/airline:hotel"] == 24_000
        assert balances["clearing/2/airline:hotel"] == -24_000


def test_revisions(world: Bench) -> None:
    """One after the other, each once, each after the one before was taken back."""

    def revision(n: int) -> str:
        return world.ask("hotel", stay("H1", "rev", revision=n)).reason

    def reverse(n: int) -> str:
        return world.ask("hotel", Reverse(ActivityKey("hotel", "STAY", "rev", n), "test")).reason

    with world.undone():
        assert revision(1) == ""
        assert revision(2) == "REVISION_OUT_OF_ORDER"
        assert reverse(1) == ""
        assert reverse(1) == "ALREADY_REVERSED"
        assert revision(1) == "DUPLICATE_ACTIVITY"
        assert revision(3) == "REVISION_OUT_OF_ORDER"
        assert revision(2) == ""
        assert reverse(1) == "ALREADY_REVERSED"
        assert reverse(2) == ""
        assert revision(3) == ""
        assert reverse(3) == ""


REVERSERS = {"hotel": "", "airline": "", "stranger": "UNKNOWN_ACTIVITY", "bank": "UNKNOWN_ACTIVITY"}


@pytest.mark.parametrize("sender", REVERSERS)
def test_who_may_reverse(world: Bench, sender: str) -> None:
    """Who reported it (the airline) and who delivered it (the hotel)."""
    with world.undone():
        world.ask("airline", report(A1, H, quantities=[("MILE", 3)]))

        assert world.ask(sender, Reverse(H, "test")).reason == REVERSERS[sender]


def test_nothing_is_reversed_to_nothing(world: Bench) -> None:
    with world.undone():
        world.ask("hotel", stay("H1", "empty", spend=[]))
        taken = world.ask("hotel", Reverse(ActivityKey("hotel", "STAY", "empty"), "test"))

        assert (taken.reason, taken.lines, taken.result.legs) == ("", [], ())


NAME_OF = {"negative-balance": "below", "funder-bears": "borne"}


def spent(world: Bench, policy: str, spend_minor: int) -> tuple[int, int, int]:
    """Of 1,000 points at 3 each some are spent, then all reversed: what the member holds then,
    and what the hotel owes their issuer and the operator."""
    connection = world.connection
    assert connection is not None
    name = NAME_OF[policy]
    world.publish("stranger", definition(name, name.upper(), reversal=policy))
    world.agree(
        name,
        "hotel",
        issuer="stranger",
        price=3,
        fee=Fraction(1, 10),
        permissions=[Permission.STATE_POINTS],
    )
    for programme in (name, "airline"):
        world.rate(programme, 1, 1)
    world.enrol(name, "1", sender="stranger")
    world.ask("airline", enrol("airline", "T1"))
    world.link((name, "1"), ("airline", "T1"), ("stranger", "airline"))
    stated = [(name, "BASE", 600), (name, "PROMOTION", 400)]
    assert not world.ask("hotel", report((name, "1"), H, stated)).reason
    if spend_minor:
        quoted = world.ask("stranger", quote((name, "1"), ("airline", "T1"), spend_minor))
        assert not world.ask("stranger", Convert(quoted.result.quote.number)).reason
    taken = world.ask("hotel", Reverse(H, "test"))
    assert not taken.reason
    balances = world.accounts(connection)
    return (
        held(balances, name),
        -balances.get("clearing/1/hotel:stranger", 0),
        -balances.get("clearing/1/hotel:operator", 0),
    )


def held(balances: dict[str, int], programme: str) -> int:
    """What the members of a programme hold."""
    return sum(
        n for code, n in balances.items() if code.endswith(f"/{programme}") and "member" in code
    )


SPENT = {
    # policy, spent, then: the member's balance, and what the hotel still owes
    ("negative-balance", 0): (0, 0, 0),
    ("negative-balance", 700): (-700, 0, 0),
    ("negative-balance", 1_000): (-1_000, 0, 0),
    ("funder-bears", 0): (0, 0, 0),
    ("funder-bears", 700): (0, 2_100, 210),
    ("funder-bears", 1_000): (0, 3_000, 300),
}


@pytest.mark.parametrize(("policy", "spent_minor"), SPENT)
def test_points_that_are_spent_when_they_are_taken_back(
    world: Bench, policy: str, spent_minor: int
) -> None:
    with world.undone():
        assert spent(world, policy, spent_minor) == SPENT[policy, spent_minor]


def test_a_negative_balance_is_recovered_from_later_earning(world: Bench) -> None:
    with world.undone() as connection:
        spent(world, "negative-balance", 700)
        key = ActivityKey("hotel", "STAY", "later")
        assert not world.ask(
            "hotel", report(("below", "1"), key, [("below", "BASE", 1_000)])
        ).reason

        assert held(world.accounts(connection), "below") == 300


def test_an_agreement_suspended_earns_nothing_and_can_be_taken_back(world: Bench) -> None:
    """Suspension stops what is new; what was earned under it is reversed at its price."""
    with world.undone() as connection:
        before = world.accounts(connection)
        assert not world.ask("hotel", stay("H1", "old")).reason
        number = next(
            a.number
            for a in (world.directory.agreements.values() if world.directory else ())
            if (a.terms.programme, a.terms.buyer) == ("airline", "hotel")
        )
        assert not world.ask("airline", Suspend(number, suspended=True)).reason
        assert world.ask("hotel", stay("H1", "new")).reason == "NO_AGREEMENT"
        assert world.ask("hotel", stay("H2", "new")).reason == ""
        assert not world.ask("hotel", Reverse(ActivityKey("hotel", "STAY", "new"), "test")).reason
        assert not world.ask("hotel", Reverse(ActivityKey("hotel", "STAY", "old"), "test")).reason
        assert world.accounts(connection) == before


def test_a_closed_member_can_be_reversed(world: Bench) -> None:
    with world.undone():
        world.ask("hotel", stay("H2", "closing"))
        world.ask("hotel", update("hotel", "H2", state=MembershipState.CLOSED))

        assert (
            world.ask("hotel", Reverse(ActivityKey("hotel", "STAY", "closing"), "x")).reason == ""
        )


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
