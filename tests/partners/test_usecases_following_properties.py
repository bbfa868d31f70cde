"""Whatever is earned, converted, spent and taken back: nothing is created, and nothing is lost."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from partners.state import MembershipKey
from partners.usecases.exchange import Convert
from partners.usecases.reversal import Reverse
from support.exchanges import (
    SPENDING,
    A,
    B,
    Exchanges,
    G,
    T,
    exchanges,
    key_of,
    owner,
    problems,
)
from support.use_case_bench import Bench, Outcome, quote

MEMBERS = (A, T, B, G)
WORTH = {"alpha": 50, "thrifty": 50, "beta": 70, "gamma": 45}
"""Of a point, in shared minor units, going in. No conversion gives more than it takes of it."""
PAIRS = ((A, B), (A, G), (T, B), (T, G), (B, G), (G, B))
PART = st.sampled_from([None, None, Fraction(1, 2), Fraction(1, 3), Fraction(3, 7)])


@dataclass(frozen=True)
class Give:
    member: MembershipKey
    points: int


@dataclass(frozen=True)
class Turn:
    pair: tuple[MembershipKey, MembershipKey]
    amount: int


@dataclass(frozen=True)
class Spend:
    member: MembershipKey
    points: int


@dataclass(frozen=True)
class Take:
    wanted: list[tuple[int, Fraction | None]]


Step = Give | Turn | Spend | Take

SPENDS = st.builds(Spend, st.sampled_from(MEMBERS), st.sampled_from(SPENDING))
TAKES = st.builds(Take, st.lists(st.tuples(st.integers(0, 9), PART), min_size=1, max_size=3))
ANY = st.one_of(
    st.builds(Give, st.sampled_from(MEMBERS), st.integers(1, 3_000)),
    st.builds(Turn, st.sampled_from(PAIRS), st.integers(2, 2_000)),
    SPENDS,
    TAKES,
)
BEGUN = st.tuples(
    st.builds(Give, st.sampled_from((A, T)), st.integers(1_000, 3_000)),
    st.builds(Turn, st.sampled_from(PAIRS[:4]), st.integers(500, 3_000)),
    st.builds(Turn, st.sampled_from(PAIRS), st.integers(100, 1_000)),
    SPENDS,
    SPENDS,
    TAKES,
)
STEPS = st.tuples(BEGUN, st.lists(ANY, max_size=20)).map(lambda s: [*s[0], *s[1]])


@pytest.fixture(scope="module")
def bench(module_database_url: str) -> Iterator[Bench]:
    with exchanges(module_database_url) as made:
        yield made


@dataclass
class Model:
    """What was given, spent and taken back, as the answers told it; balances add up from that."""

    world: Exchanges
    gifts: list[tuple[MembershipKey, str]] = field(default_factory=list)
    net: Counter[str] = field(default_factory=Counter)
    """Per programme, of all members: what came by gifts, less what was spent and taken back."""
    short: list[str] = field(default_factory=list)

    def step(self, step: Step) -> None:
        match step:
            case Give(member, points):
                reference = f"g{len(self.gifts)}"
                self.world.gave(member, reference, points)
                self.gifts.append((member, reference))
                self.net[member[0]] += points
            case Turn((source, target), amount):
                self._convert(source, target, amount)
            case Spend(member, points):
                if self.world.holds(member)[0] >= points:
                    self.world.spent(member, points)
                    self.net[member[0]] -= points
            case Take(wanted):
                self._take(wanted)

    def _convert(self, source: MembershipKey, target: MembershipKey, amount: int) -> None:
        """As much as the member has, where it is less."""
        sender = owner(source[0])
        amount = min(amount, max(1, self.world.holds(source)[0]))
        asked = self.world.world.ask(sender, quote(source, target, amount))
        if not asked.reason:
            done = self.world.world.ask(sender, Convert(asked.result.quote.number))
            assert done.reason in {"", "INSUFFICIENT_BALANCE"}

    def _take(self, wanted: Sequence[tuple[int, Fraction | None]]) -> None:
        """Several in one batch, where the gifts have the same owner: else one by one."""
        if not self.gifts:
            return
        made = self.world.world
        chosen = [(self.gifts[n % len(self.gifts)], part) for n, part in wanted]
        sent = [
            made.submission(owner(member[0]), Reverse(key_of(member, reference), "test", part))
            for (member, reference), part in chosen
        ]
        for ((member, _), _), outcome in zip(chosen, made.batch(*sent), strict=True):
            assert outcome.reason in {"", "ALREADY_REVERSED", "EXCEEDS_REMAINDER"}
            if not outcome.reason:
                self._taken(member, outcome)
        assert outcome is not None
        (member, _), _ = chosen[-1]
        if not outcome.reason and self.world.holds(member)[0] < 0:
            self.short.append(member[0])
            self._require_nothing_more_there(member)

    def _taken(self, member: MembershipKey, outcome: Outcome) -> None:
        self.net[member[0]] -= sum(leg.points_minor for leg in outcome.result.legs)

    def _require_nothing_more_there(self, member: MembershipKey) -> None:
        """Points fell to the policy: so no later conversion could give a single one of them."""
        last = rows(self.world, "select max(number) as n from entry where kind = 'REVERSAL'")
        [(activity,)] = rows(self.world, f"select corrects from entry where number = {last[0][0]}")
        for c in rows(
            self.world,
            "select source_minor, target_minor, returned_source_minor, returned_target_minor, "
            f"target_programme from conversion where source_programme = '{member[0]}' "
            f"and number > {activity}",
        ):
            source, target, back, taken = (int(str(n)) for n in c[:4])
            if back < source:
                more = -(-target * (back + 1) // source) - taken
                assert self.world.holds((str(c[4]), "1"))[0] < more


def rows(world: Exchanges, query: str) -> list[tuple[object, ...]]:
    connection = world.world.connection
    assert connection is not None
    return [tuple(row) for row in connection.execute(text(query))]


def require_balances_add_up(model: Model) -> None:
    """Each programme's balance: its gifts, and what conversions moved and did not return."""
    expected = Counter(model.net)
    query = (
        "select source_programme, target_programme, source_minor - returned_source_minor, "
        "target_minor - returned_target_minor from conversion"
    )
    for source, target, gone, come in rows(model.world, query):
        expected[str(source)] -= int(str(gone))
        expected[str(target)] += int(str(come))
    held = dict(zip((m[0] for m in MEMBERS), model.world.holds(*MEMBERS), strict=True))
    assert held == {programme: expected[programme] for programme in held}


def require_nothing_was_gained(model: Model) -> None:
    """All points are worth no more than what was given and is neither spent nor taken back."""
    held = zip((m[0] for m in MEMBERS), model.world.holds(*MEMBERS), strict=True)
    worth = sum(WORTH[programme] * points for programme, points in held)
    assert worth <= sum(WORTH[programme] * net for programme, net in model.net.items())


def require_obligations_follow_the_target(model: Model) -> None:
    """Of every obligation as much is undone as of the target's points, within half a unit."""
    query = (
        "select c.target_minor, c.returned_target_minor, l.kind, "
        "sum(l.amount) filter (where e.kind = 'CONVERSION') as owed, "
        "coalesce(sum(l.amount) filter (where e.kind <> 'CONVERSION'), 0) as undone "
        "from conversion c join entry e on e.number = c.number or e.corrects = c.number "
        "join line l on l.number = e.number where l.debit like 'clearing/%' "
        "group by c.number, c.target_minor, c.returned_target_minor, l.kind"
    )
    for target, taken, _, owed, undone in rows(model.world, query):
        share = Fraction(int(str(owed)) * int(str(taken)), int(str(target)))
        assert abs(int(str(undone)) - share) <= Fraction(1, 2)


seen: Counter[str] = Counter()


@settings(max_examples=40, deadline=None)
@given(STEPS)
def play(bench: Bench, steps: list[Step]) -> None:
    with bench.undone() as connection:
        model = Model(Exchanges(bench))
        for step in steps:
            model.step(step)
            require_nothing_was_gained(model)
        require_balances_add_up(model)
        require_obligations_follow_the_target(model)
        for source, target, back, taken in rows(
            model.world,
            "select source_minor, target_minor, returned_source_minor, returned_target_minor "
            "from conversion",
        ):
            assert 0 <= int(str(back)) <= int(str(source))
            assert 0 <= int(str(taken)) <= int(str(target))
            seen["followed"] += int(str(back)) > 0
            seen["in part"] += 0 < int(str(back)) < int(str(source))
        seen["short"] += len(model.short)
        assert sum(model.world.positions().values()) == 0
        assert problems(connection, bench) == []


def test_whatever_happens_nothing_is_created_or_lost(bench: Bench) -> None:
    seen.clear()
    play(bench)
    # The histories were no easy ones.
    assert min(seen["followed"], seen["in part"], seen["short"]) > 0
