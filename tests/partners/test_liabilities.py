"""Liabilities by hand: what came and went, what is left of whose points, the float."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import text

from partners import liabilities
from partners.activities import ActivityKey
from partners.breakage import State
from partners.directory import Permission
from partners.directory_store import load_directory
from partners.liabilities import BreakageOf, FloatWindow, Interval, OutstandingPoints, RollForward
from partners.movements import Movement, UnknownMovement, movement_of
from partners.queries import Asker
from partners.refusals import Reason, Refused
from partners.review import Review, review_members
from partners.usecases.agreements import Accept, Offer
from partners.usecases.lives import MergeMembers
from partners.usecases.programmes import WindDown
from partners.usecases.redemption import Authorize, Refund
from partners.usecases.reversal import Reverse
from settlement.ledger.book import read_head
from settlement.ledger.issuance import Moved
from support.exchanges import COIN, OUTSIDE, A, B, Exchanges, G, exchanges
from support.holds import ADMIN, may_redeem
from support.use_case_bench import Bench, MembershipState, report, terms_of, update

APRIL = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def module_bench(module_database_url: str) -> Iterator[Bench]:
    with exchanges(module_database_url) as made:
        made.enrol("alpha", "2")
        made.agree("alpha", "gamma", price=10, permissions=[Permission.STATE_POINTS])
        price = {"price": Fraction(11, 10), "fee": Fraction(0)}
        made.agree(
            "operator", "gamma", issuer=ADMIN, permissions=[Permission.STATE_POINTS], **price
        )
        may_redeem(made, "beta", Fraction(9, 10))
        yield made


@pytest.fixture
def bench(module_bench: Bench) -> Iterator[Bench]:
    began = module_bench.now
    with module_bench.undone():
        yield module_bench
    module_bench.now = began


def asker(world: Bench, sender: str = ADMIN) -> Asker:
    assert world.connection is not None
    return Asker(sender, load_directory(world.connection, world.coalition), world.now)


def rolled(world: Bench, programme: str, sender: str = ADMIN) -> RollForward:
    assert world.connection is not None
    end = read_head(world.connection).size
    [found] = liabilities.roll_forward(world.connection, asker(world, sender), programme, 0, end)
    return found


def left(world: Bench, programme: str, sender: str = ADMIN) -> OutstandingPoints:
    assert world.connection is not None
    return liabilities.outstanding(world.connection, asker(world, sender), programme, None)


def lots(found: OutstandingPoints) -> list[tuple[str, str, int]]:
    return [(f"{lot.month:%Y-%m}", lot.funder, lot.amount_minor) for lot in found.points.lots]


def given_by_gamma(world: Bench, member: tuple[str, str], points: int) -> ActivityKey:
    key = ActivityKey("gamma", "GIFT", f"{member[0]} {points}")
    done = world.ask("gamma", report(member, key, [(member[0], "BASE", points)]))
    assert not done.reason, done
    return key


def test_points_are_used_in_the_order_of_their_issue(bench: Bench) -> None:
    """Each lot knows its funder; what is used is the oldest, whoever paid for it."""
    world = Exchanges(bench)
    bench.now = datetime(2026, 3, 30, tzinfo=UTC)
    world.gave(A, "march", 100)
    given_by_gamma(bench, A, 80)
    bench.now = datetime(2026, 4, 2, tzinfo=UTC)
    world.gave(A, "april", 300)
    assert lots(left(bench, "alpha")) == [
        ("2026-03", "alpha", 100),
        ("2026-03", "gamma", 80),
        ("2026-04", "alpha", 300),
    ]
    world.spent(A, 50)
    world.spent(A, 100)
    found = left(bench, "alpha")
    assert lots(found) == [("2026-03", "gamma", 30), ("2026-04", "alpha", 300)]
    assert found.points.total_minor == 330
    assert (found.points.debts_minor, found.points.unexplained_minor) == (0, 0)


def test_what_is_taken_back_is_taken_from_its_own_lot(bench: Bench) -> None:
    world = Exchanges(bench)
    bench.now = datetime(2026, 3, 30, tzinfo=UTC)
    world.gave(A, "march", 100)
    bench.now = datetime(2026, 4, 2, tzinfo=UTC)
    key = given_by_gamma(bench, A, 80)
    assert not bench.ask("gamma", Reverse(key, "test", Fraction(1, 2))).reason
    assert lots(left(bench, "alpha")) == [("2026-03", "alpha", 100), ("2026-04", "gamma", 40)]


def test_debts_stand_beside_what_others_hold(bench: Bench) -> None:
    world = Exchanges(bench)
    world.gave(A, "spent", 100)
    world.spent(A, 100)
    world.taken(A, "spent")
    world.gave(("alpha", "2"), "kept", 70)
    found = left(bench, "alpha")
    assert (lots(found)[0][1:], found.points.debts_minor) == (("alpha", 70), -100)
    assert found.points.total_minor == -30 == rolled(bench, "alpha").closing_minor


def test_members_who_were_merged_are_one_holder(bench: Bench) -> None:
    world = Exchanges(bench)
    bench.now = datetime(2026, 3, 30, tzinfo=UTC)
    world.gave(("alpha", "2"), "older", 100)
    bench.now = datetime(2026, 4, 2, tzinfo=UTC)
    world.gave(A, "later", 100)
    assert not bench.ask("alpha", MergeMembers(A, ("alpha", "2"))).reason
    world.spent(A, 50)
    assert [(m, n) for m, _, n in lots(left(bench, "alpha"))] == [("2026-03", 50), ("2026-04", 100)]


def test_months_begin_in_the_programmes_time_zone(bench: Bench) -> None:
    """Just before midnight of UTC it is the next day in Berlin."""
    assert bench.connection is not None
    world = Exchanges(bench)
    bench.now = APRIL - timedelta(minutes=1)
    world.gave(A, "late", 10)
    programme = asker(bench).directory.programmes["alpha"]
    source = liabilities._source(programme, read_head(bench.connection).size)
    assert source.zone == "UTC"
    found = {
        zone: liabilities.lots.outstanding(
            bench.connection,
            liabilities.lots.Source("alpha", source.currency, zone, source.before),
        )
        for zone in ("UTC", "Europe/Berlin")
    }
    months = {zone: points.lots[0].month for zone, points in found.items()}
    assert months == {"UTC": date(2026, 3, 1), "Europe/Berlin": date(2026, 4, 1)}


def test_what_a_partner_keeps_itself_is_one_holder(bench: Bench) -> None:
    """What was used in the partner's own system is not known: the lots are what passed through."""
    world = Exchanges(bench)
    world.gave(A, "a", 1_000)
    world.converted(A, OUTSIDE, 1_000)
    out = rolled(bench, "outside")
    assert liabilities.is_kept_by_partner(out.programme)
    assert out.movements == {Movement.CONVERTED_IN: out.closing_minor}
    [lot] = left(bench, "outside").points.lots
    assert (lot.funder, lot.amount_minor) == ("", out.closing_minor)
    estimate: BreakageOf = liabilities.estimate_breakage(
        bench.connection,  # type: ignore[arg-type]
        asker(bench),
        "outside",
    )
    assert estimate.estimate.state is State.KEPT_BY_PARTNER


def test_leaving_and_spending_and_ending(bench: Bench) -> None:
    """Forfeited by leaving, spent and given back, lapsed because the programme ended."""
    assert bench.connection is not None
    world = Exchanges(bench)
    world.gave(COIN, "coins", 1_000)
    spent = bench.ask(ADMIN, Authorize(COIN, "beta", 400, "order", capture=True))
    assert not bench.ask(ADMIN, Refund(spent.number, 100)).reason
    assert rolled(bench, "operator").movements == {
        Movement.ISSUED: 1_000,
        Movement.REDEEMED: -400,
        Movement.REFUNDED: 100,
    }
    world.gave(G, "g", 50)
    assert not bench.ask("gamma", update(*G, state=MembershipState.CLOSED)).reason
    assert rolled(bench, "gamma").movements == {Movement.ISSUED: 50, Movement.FORFEITED: -50}
    world.gave(B, "b", 60)
    soon = bench.now + timedelta(days=1)
    assert not bench.ask("beta", WindDown("beta", soon, soon + timedelta(days=200))).reason
    bench.now += timedelta(days=400)
    review = expired(bench)
    assert review == 1
    assert rolled(bench, "beta").movements == {Movement.ISSUED: 60, Movement.WOUND_DOWN: -60}


def expired(world: Bench) -> int:
    assert world.connection is not None
    review = Review(world.coalition, world.now, writes=True)
    review_members(world.connection, review, "beta", 0)
    return len([found for found in review.findings if found.kind == "EXPIRY"])


@pytest.mark.parametrize(
    "moved",
    [
        Moved("GIFT_CARD", "BASE", None, issues=True, amount=1),
        Moved("REDEMPTION", "BASE", None, issues=True, amount=1),
        Moved("ACCRUAL", "BASE", None, issues=False, amount=-1),
        Moved("MEMBERSHIP", "REDEEMED", None, issues=False, amount=-1),
    ],
)
def test_what_nobody_has_given_a_reason_is_an_error(moved: Moved) -> None:
    with pytest.raises(UnknownMovement, match=rf"{moved.entry_kind} .* {moved.line_kind}"):
        movement_of(moved)


def test_an_unknown_kind_in_the_book_is_an_error(bench: Bench) -> None:
    assert bench.connection is not None
    Exchanges(bench).gave(A, "a", 100)
    bench.connection.execute(text("update entry set kind = 'NOVELTY' where kind = 'ACCRUAL'"))
    with pytest.raises(UnknownMovement, match="NOVELTY"):
        rolled(bench, "alpha")


def test_lines_and_counters_are_two_paths(bench: Bench) -> None:
    """Who changes one of them is seen by the other."""
    assert bench.connection is not None
    Exchanges(bench).gave(A, "a", 100)
    assert rolled(bench, "alpha").agrees
    bench.connection.execute(
        text("update company_account set debits = debits + 1 where code = 'issued/alpha'")
    )
    changed = rolled(bench, "alpha")
    assert not changed.agrees
    assert (changed.closing_minor, changed.counted_minor) == (100, 101)


def test_a_partner_is_told_of_its_own_alone(bench: Bench) -> None:
    assert bench.connection is not None
    told = {
        sender: [
            r.programme.programme_id
            for r in liabilities.roll_forward(bench.connection, asker(bench, sender), "", 0, 1)
        ]
        for sender in ("alpha", "beta", ADMIN)
    }
    assert told["alpha"] == ["alpha", "thrifty"]
    assert told["beta"] == ["beta"]
    assert told[ADMIN] == ["alpha", "beta", "gamma", "operator", "outside", "thrifty"]
    for ask in (rolled, left):
        with pytest.raises(Refused) as anothers:
            ask(bench, "beta", "alpha")
        with pytest.raises(Refused) as nobodys:
            ask(bench, "nothing", "alpha")
        assert anothers.value.reason is nobodys.value.reason is Reason.UNKNOWN_PROGRAMME
    with pytest.raises(Refused) as refused:
        liabilities.require_operator(asker(bench, "alpha"))
    assert refused.value.reason is Reason.NOT_AUTHORIZED


def test_the_float_by_hand(bench: Bench) -> None:
    """Bought at 1.10, spent at 0.90; 1,000 AA at 0.50 go in, of which fee and spread are not float.

    1. gamma buys 2,000 coins for a member: 2,200 come in.
    2. 1,000 AA become coins: 50,000, less 2 % fee and 1 % spread.
    3. 400 coins are spent at beta, 100 of them given back: 360 - 90 go out.
    4. Half of what gamma bought is taken back: 1,100 less came in.
    """
    assert bench.connection is not None
    world = Exchanges(bench)
    key = given_by_gamma(bench, COIN, 2_000)
    world.gave(A, "a", 1_000)
    world.converted(A, COIN, 1_000)
    spent = bench.ask(ADMIN, Authorize(COIN, "beta", 400, "order", capture=True))
    assert not bench.ask(ADMIN, Refund(spent.number, 100)).reason
    assert not bench.ask("gamma", Reverse(key, "test", Fraction(1, 2))).reason
    end = read_head(bench.connection).size
    found = liabilities.float_by_window(
        bench.connection, asker(bench), [Interval(1, 0, end), Interval(2, end, end)]
    )
    came = 50_000 - 1_000 - 500
    held = 2_000 + came - 400 + 100 - 1_000
    total = 1_100 + came - 270
    assert found == [
        FloatWindow(1, 1_100, came, 270, 0, total, held),
        FloatWindow(2, 0, 0, 0, 0, total, held),
    ]


def test_conversions_out_of_the_shared_currency_are_reimbursed(bench: Bench) -> None:
    """1,000 coins, less 1 % fee, at 80 for a BB: 12 of them, worth 960."""
    assert bench.connection is not None
    world = Exchanges(bench)
    world.gave(COIN, "coins", 1_000)
    world.converted(COIN, B, 1_000)
    end = read_head(bench.connection).size
    [found] = liabilities.float_by_window(bench.connection, asker(bench), [Interval(1, 0, end)])
    assert found == FloatWindow(1, 0, 0, 0, 960, -960, 0)


def test_breakage_of_what_the_ledger_knows(bench: Bench) -> None:
    """Each month 1,000 points, half of them used in the next; the last month is not whole."""
    assert bench.connection is not None
    world = Exchanges(bench)
    start = bench.now
    for month in range(14):
        bench.now = start + timedelta(days=30.5 * month)
        world.gave(A, f"m{month}", 1_000)
        if month:
            world.spent(A, 500)
    found = liabilities.estimate_breakage(bench.connection, asker(bench), "alpha")
    assert found.estimate.state is State.ESTIMATED
    assert found.month == f"{add_month(bench.now):%Y-%m}"
    assert found.estimate.months == 13
    assert sum(c.outstanding_minor for c in found.estimate.cohorts) == 13_000 - 12 * 500
    # First in, first out: of the oldest thousand nothing is left.
    assert [c.outstanding_minor for c in found.estimate.cohorts][:2] == [0, 0]


def add_month(now: datetime) -> date:
    return (now.date().replace(day=1) - timedelta(days=1)).replace(day=1)


def test_what_the_operator_owes_for_others_points_is_no_float(bench: Bench) -> None:
    """One activity gives coins and AA, both at the operator's cost: it owes alpha for the AA."""
    assert bench.connection is not None
    terms = terms_of("alpha", "operator", permissions=[Permission.STATE_POINTS])
    offered = bench.ask("alpha", Offer(terms))
    assert not bench.ask(ADMIN, Accept(offered.result.agreement.number)).reason
    key = ActivityKey("operator", "GIFT", "both")
    done = bench.ask(ADMIN, report(COIN, key, [("operator", "BASE", 10), ("alpha", "BASE", 5)]))
    owed = [amount for _, debit, _, amount in done.lines if debit.endswith("operator:alpha")]
    assert owed == [600]
    end = read_head(bench.connection).size
    [found] = liabilities.float_by_window(bench.connection, asker(bench), [Interval(1, 0, end)])
    assert found == FloatWindow(1, outstanding_minor=10)
