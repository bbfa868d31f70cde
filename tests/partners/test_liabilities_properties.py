"""Whatever happens to points: reports add up, and a model in plain Python finds the same."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from partners import liabilities
from partners.activities import ActivityKey
from partners.directory import Permission
from partners.directory_store import load_directory
from partners.programmes.lapsing import left_by_day
from partners.queries import Asker
from partners.review import Review, review_members
from partners.usecases.awards import CancelVoucher, Redeem
from partners.usecases.exchange import Convert
from partners.usecases.lives import MergeMembers, Unmerge
from partners.usecases.redemption import Authorize, Refund
from partners.usecases.reversal import Reverse
from settlement.ledger.book import read_head
from support.exchanges import COIN, SPENDING, A, B, G, T, exchanges, owner
from support.holds import ADMIN, may_redeem
from support.use_case_bench import (
    Bench,
    MembershipState,
    Outcome,
    enrol,
    quote,
    report,
    update,
)

SECOND = ("alpha", "2")
OUTSIDE = ("outside", "1")
PROGRAMMES = ("alpha", "thrifty", "beta", "gamma", "outside", "operator")
PAIRS = ((A, B), (A, G), (T, B), (T, G), (B, G), (A, COIN), (G, COIN), (COIN, B), (A, OUTSIDE))


@pytest.fixture(scope="module")
def bench(module_database_url: str) -> Iterator[Bench]:
    with exchanges(module_database_url) as made:
        made.enrol(*SECOND)
        made.agree("alpha", "gamma", price=10, permissions=[Permission.STATE_POINTS])
        made.agree("operator", "gamma", issuer=ADMIN, permissions=[Permission.STATE_POINTS])
        may_redeem(made, "beta", Fraction(9, 10))
        yield made


@dataclass
class World:
    """What happens, and what was told of it: movements by programme add up from the answers."""

    bench: Bench
    moved: Counter[tuple[str, str]] = field(default_factory=Counter)
    gifts: list[tuple[str, ActivityKey]] = field(default_factory=list)
    vouchers: list[tuple[str, int, int]] = field(default_factory=list)
    captures: list[int] = field(default_factory=list)
    merges: list[int] = field(default_factory=list)

    def ask(self, sender: str, command: Any) -> Outcome | None:
        """The outcome, with what followed from it counted; None where it was refused."""
        outcome = self.bench.ask(sender, command)
        if outcome.accepted is None:
            return None
        for then in outcome.accepted.decision.consequences:
            if then.kind == "CONVERSION_REVERSED":
                (source, given_back), (target, taken) = (
                    then.facts[side]
                    for side in ("source", "target")  # type: ignore[misc]
                )
                self.moved[source, "CONVERTED_OUT_UNDONE"] += int(given_back)
                self.moved[target, "CONVERTED_IN_UNDONE"] -= int(taken)
        return outcome

    def give(self, member: tuple[str, str], points: int, *, by_gamma: bool) -> None:
        foreign = by_gamma and member[0] in {"alpha", "operator"}
        sender = "gamma" if foreign else owner(member[0])
        supplier = sender if sender != ADMIN else "operator"
        key = ActivityKey(supplier, "GIFT", f"{len(self.gifts)}")
        if self.ask(sender, report(member, key, [(member[0], "BASE", points)])):
            self.gifts.append((sender, key))
            self.moved[member[0], "ISSUED"] += points

    def take(self, which: int, part: Fraction | None) -> None:
        if not self.gifts:
            return
        sender, key = self.gifts[which % len(self.gifts)]
        done = self.ask(sender, Reverse(key, "test", part))
        if done:
            for leg in done.result.legs:
                self.moved[leg.membership.programme, "REVERSED"] -= leg.points_minor

    def convert(self, which: int, amount: int) -> None:
        source, target = PAIRS[which % len(PAIRS)]
        asked = self.ask(owner(source[0]), quote(source, target, amount))
        if asked and self.ask(owner(source[0]), Convert(asked.result.quote.number)):
            self.moved[source[0], "CONVERTED_OUT"] -= amount
            self.moved[target[0], "CONVERTED_IN"] += asked.result.quote.target_minor

    def chase(self, part: Fraction | None) -> None:
        """Points are given, all turned into others, and then what gave them is taken back."""
        self.give(A, 1_000, by_gamma=False)
        self.convert(0, max(2, self.held("alpha")))
        self.take(len(self.gifts) - 1, part)

    def spend(self, member: tuple[str, str], points: int) -> None:
        done = self.ask(owner(member[0]), Redeem(member, f"for-{points}", None, buy_missing=False))
        if done:
            self.moved[member[0], "REDEEMED"] -= points
            self.vouchers.append((member[0], done.number, points))

    def cancel(self, which: int) -> None:
        if self.vouchers:
            programme, number, points = self.vouchers[which % len(self.vouchers)]
            if self.ask(owner(programme), CancelVoucher(number)):
                self.moved[programme, "RESTORED"] += points

    def capture(self, amount: int) -> None:
        hold = Authorize(COIN, "beta", amount, "order", capture=True)
        done = self.ask(ADMIN, hold)
        if done:
            self.moved["operator", "REDEEMED"] -= amount
            self.captures.append(done.number)

    def refund(self, which: int, amount: int) -> None:
        if self.captures and self.ask(
            ADMIN, Refund(self.captures[which % len(self.captures)], amount)
        ):
            self.moved["operator", "REFUNDED"] += amount

    def merge(self, *, first: bool) -> None:
        kept, merged = (A, SECOND) if first else (SECOND, A)
        done = self.ask("alpha", MergeMembers(kept, merged))
        if done:
            self.merges.append(done.number)

    def unmerge(self) -> None:
        if self.merges and self.ask("alpha", Unmerge(self.merges[-1])):
            self.merges.pop()

    def leave(self, member: tuple[str, str]) -> None:
        before = self.held(member[0])
        gone = update(*member, state=MembershipState.CLOSED)
        if self.ask(owner(member[0]), gone):
            self.moved[member[0], "FORFEITED"] += self.held(member[0]) - before
            self.ask(owner(member[0]), enrol(*member))

    def wait(self, days: int) -> None:
        """Time passes, and what has lapsed by then is booked."""
        self.bench.now += timedelta(days=days)
        before = self.held("beta")
        review = Review(self.bench.coalition, self.bench.now, writes=True)
        assert self.bench.connection is not None
        review_members(self.bench.connection, review, "beta", 0)
        self.moved["beta", "EXPIRED"] += self.held("beta") - before

    def held(self, programme: str) -> int:
        assert self.bench.connection is not None
        found = self.bench.connection.execute(
            text("select sum(credits - debits) from member_account where programme = :p"),
            {"p": programme},
        ).scalar()
        return int(found or 0)

    def asker(self) -> Asker:
        assert self.bench.connection is not None
        directory = load_directory(self.bench.connection, self.bench.coalition)
        return Asker("admin-one", directory, self.bench.now)


MEMBERS = st.sampled_from((A, T, B, G, COIN, SECOND, OUTSIDE))
STEP = st.one_of(
    st.tuples(st.just("give"), MEMBERS, st.integers(1, 3_000), st.booleans()),
    st.tuples(st.just("give"), MEMBERS, st.integers(1, 3_000), st.booleans()),
    st.tuples(st.just("convert"), st.integers(0, 8), st.integers(2, 2_000)),
    st.tuples(st.just("convert"), st.integers(0, 8), st.integers(2, 2_000)),
    st.tuples(st.just("spend"), st.sampled_from((A, T, B, G, SECOND)), st.sampled_from(SPENDING)),
    st.tuples(
        st.just("take"),
        st.integers(0, 9),
        st.sampled_from([None, Fraction(1, 2), Fraction(1, 3), Fraction(3, 7)]),
    ),
    st.tuples(st.just("chase"), st.sampled_from([None, Fraction(2, 3)])),
    st.tuples(st.just("cancel"), st.integers(0, 9)),
    st.tuples(st.just("capture"), st.integers(1, 500)),
    st.tuples(st.just("refund"), st.integers(0, 9), st.integers(1, 200)),
    st.tuples(st.just("merge"), st.booleans()),
    st.tuples(st.just("unmerge")),
    st.tuples(st.just("leave"), st.sampled_from((B, SECOND))),
    st.tuples(st.just("wait"), st.sampled_from((10, 40, 800))),
)
BEGUN = st.tuples(
    st.tuples(st.just("give"), st.just(A), st.integers(2_000, 3_000), st.booleans()),
    st.tuples(st.just("give"), st.just(COIN), st.integers(2_000, 9_000), st.booleans()),
    st.tuples(st.just("wait"), st.just(40)),
    st.tuples(st.just("give"), st.just(B), st.integers(1_000, 2_000), st.booleans()),
    st.tuples(st.just("spend"), st.sampled_from((A, B)), st.sampled_from(SPENDING)),
)
STEPS = st.tuples(BEGUN, st.lists(STEP, max_size=25)).map(lambda s: [*s[0], *s[1]])


@settings(max_examples=30)
@given(steps=STEPS, cut=st.floats(0, 1))
def test_reports_add_up(bench: Bench, steps: list[Any], cut: float) -> None:
    began = bench.now
    with bench.undone() as connection:
        try:
            first = read_head(connection).size
            world = World(bench)
            for name, *how in steps:
                act(world, name, how)
            end = read_head(connection).size
            middle = first + int(cut * (end - first))
            require_rolled(world, first, middle, end)
            for programme in PROGRAMMES:
                require_lots(world, programme, None)
                require_lots(world, programme, middle)
            require_one_rule_of_age(world)
            require_float(world, end)
        finally:
            bench.now = began


def act(world: World, name: str, how: list[Any]) -> None:
    if name == "give":
        world.give(how[0], how[1], by_gamma=how[2])
    elif name == "merge":
        world.merge(first=how[0])
    else:
        getattr(world, name)(*how)


def require_rolled(world: World, first: int, middle: int, end: int) -> None:
    connection = world.bench.connection
    assert connection is not None
    whole, one, two = (
        liabilities.roll_forward(connection, world.asker(), "", *span)
        for span in ((first, end), (first, middle), (middle, end))
    )
    for rolled, early, late in zip(whole, one, two, strict=True):
        name = rolled.programme.programme_id
        told = {kind: n for (p, kind), n in world.moved.items() if p == name and n}
        assert {str(m): n for m, n in rolled.movements.items() if n} == told
        for part in (rolled, early, late):
            assert part.agrees
            assert part.opening_minor + sum(part.movements.values()) == part.closing_minor
        assert (early.opening_minor, late.closing_minor) == (
            rolled.opening_minor,
            rolled.closing_minor,
        )
        assert early.closing_minor == late.opening_minor


def require_lots(world: World, programme: str, before: int | None) -> None:
    connection = world.bench.connection
    assert connection is not None
    found = liabilities.outstanding(connection, world.asker(), programme, before)
    expected, debts, unexplained = model_of_lots(world, programme, found.before)
    assert {(lot.month, lot.funder): lot.amount_minor for lot in found.points.lots} == expected
    assert (found.points.debts_minor, found.points.unexplained_minor) == (debts, unexplained)
    rolled = liabilities.roll_forward(connection, world.asker(), programme, 0, found.before)
    assert found.points.total_minor == rolled[0].closing_minor
    if programme != "outside":
        assert unexplained == 0


@dataclass
class Holdings:
    """What each holder was issued, lot by lot, and holds."""

    stands: dict[int, int]
    lots: dict[tuple[str, int, str], int] = field(default_factory=dict)
    origin: dict[int, str] = field(default_factory=dict)
    months: dict[int, date] = field(default_factory=dict)
    balance: Counter[str] = field(default_factory=Counter)

    def holder(self, code: str) -> str:
        kind, *rest = code.split("/")
        if kind != "member":
            return kind
        member = int(rest[0])
        while member in self.stands:
            member = self.stands[member]
        return f"{member}"

    def add(self, row: Any, issued: str) -> None:
        day = row.accepted_at.astimezone(ZoneInfo("UTC")).date()
        self.months[row.number] = day.replace(day=1)
        for code, sign in ((row.credit, 1), (row.debit, -1)):
            if code != issued:
                self.balance[self.holder(code)] += sign * row.amount
        funder = row.funder or ""
        if row.debit == issued and row.corrects is None:
            self.origin[row.number] = row.credit
            lot = (self.holder(row.credit), row.number, funder)
            self.lots[lot] = self.lots.get(lot, 0) + row.amount
        elif row.credit == issued and row.event in {"REVERSAL", "CONVERSION_REVERSED"}:
            made_by = self.holder(self.origin[row.corrects])
            self.lots[made_by, row.corrects, funder] -= row.amount

    def left_of(self, who: str) -> tuple[Counter[tuple[date, str]], int]:
        """By month and funder, the oldest used first; and what nothing explains."""
        mine = sorted((n, f, amount) for (h, n, f), amount in self.lots.items() if h == who)
        used = sum(amount for _, _, amount in mine) - max(0, self.balance[who])
        unexplained = max(0, -used)
        left: Counter[tuple[date, str]] = Counter()
        for number, funder, amount in mine:
            gone = min(amount, max(0, used))
            used -= gone
            left[self.months[number], funder] += amount - gone
        return left, unexplained


def model_of_lots(
    world: World, programme: str, before: int
) -> tuple[dict[tuple[date, str], int], int, int]:
    """Lots, debts and the unexplained, from the rows of the book one after the other."""
    connection = world.bench.connection
    assert connection is not None
    merges = connection.execute(text("select * from member_merge where number < :b"), {"b": before})
    stands = {
        row.merged_member_id: row.kept_member_id
        for row in merges
        if row.undone_number is None or row.undone_number >= before
    }
    found = Holdings(stands)
    rows = connection.execute(
        text(
            "select e.kind as event, e.corrects, e.accepted_at, l.* from line l "
            'join entry e using (number) where number < :b order by number, "index"'
        ),
        {"b": before},
    )
    for row in rows:
        if any(side.endswith(f"/{programme}") for side in (row.debit, row.credit)):
            found.add(row, f"issued/{programme}")
    left: Counter[tuple[date, str]] = Counter()
    unexplained = 0
    for who in found.balance:
        of_holder, more = found.left_of(who)
        left += of_holder
        unexplained += more
    debts = sum(min(0, held) for held in found.balance.values())
    return dict(+left), debts, unexplained


def require_one_rule_of_age(world: World) -> None:
    """By month of issue there is left what the review, by its own counters, would find."""
    connection = world.bench.connection
    assert connection is not None
    by_day = {
        row.day: int(row.amount)
        for row in connection.execute(
            text("select * from progress where programme = 'beta' and counter = '@earned'")
        )
    }
    reviewed: Counter[date] = Counter()
    for day, left in left_by_day(world.held("beta"), by_day).items():
        reviewed[day.replace(day=1)] += left
    found = liabilities.outstanding(connection, world.asker(), "beta", None)
    reported: Counter[date] = Counter()
    for lot in found.points.lots:
        reported[lot.month] += lot.amount_minor
    assert +reported == +reviewed


def require_float(world: World, end: int) -> None:
    """In this world the operator is owed, and owes, in principal for nothing but its coins."""
    connection = world.bench.connection
    assert connection is not None
    [window] = liabilities.float_by_window(
        connection, world.asker(), [liabilities.Interval(1, 0, end)]
    )
    owed = connection.execute(
        text(
            "select coalesce(sum(case when credit like '%/operator:%' then amount "
            "when debit like '%/operator:%' then -amount else 0 end), 0) from line "
            "where kind = 'PRINCIPAL' and debit like 'clearing/%'"
        )
    ).scalar()
    assert window.float_minor == owed
    assert window.outstanding_minor == world.held("operator")
