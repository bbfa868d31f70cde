"""Net debit caps: over all that is not paid, judged item by item, never above what is allowed."""

import json
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from partners.activities import ActivityKey
from partners.batch import run_batch
from partners.changes import write_all
from partners.context import Context
from partners.directory import Permission
from partners.directory_store import money_at
from partners.exchange.proposals import Change
from partners.exchange.terms import Limits
from partners.limiting import Promised, hold_promised, hold_settled, level_reached
from partners.refusals import STORED, Reason
from partners.requests import Answer, Submission
from partners.state import State
from partners.usecases.accrual import Accrue
from partners.usecases.agreements import Accept, Offer
from partners.usecases.exchange import AuthorizeDebit, Convert
from partners.usecases.reversal import Reverse
from settlement.ledger.book import append, place, read_head
from settlement.ledger.check import check
from settlement.netting import Obligation, Payment
from settlement.posting import settlement_draft
from settlement.run import settle
from settlement.windows import cut
from support.coalition_day import NOON
from support.net_debits import exposures
from support.use_case_bench import Bench, Outcome, bench, definition, quote, report, terms_of

MEMBERS = range(1, 7)
SENDER = {"alpha": "alpha", "beta": "beta", "operator": "admin-one"}


@contextmanager
def made_world(url: str) -> Iterator[Bench]:
    """One to one and without fees: who converts n points of A into B makes A owe B n."""
    with bench(url) as made:
        made.admit("alpha", "beta", "gamma")
        for name in ("alpha", "beta"):
            made.publish(name, definition(name, name.upper()))
            made.rate(name, 1, 1)
        made.agree("beta", "alpha", price=1, fee=0, permissions=[Permission.STATE_POINTS])
        for n in MEMBERS:
            for programme, sender in SENDER.items():
                made.enrol(programme, str(n), sender=sender)
                key = ActivityKey(programme, "GIFT", str(n))
                gift = report((programme, str(n)), key, [(programme, "BASE", 5_000)])
                assert not made.ask(sender, gift).reason
            pairs = (("alpha", "beta"), ("operator", "beta"), ("operator", "alpha"))
            for one, other in pairs:
                made.link((one, str(n)), (other, str(n)), (SENDER[one], SENDER[other]))
        yield made


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[Bench]:
    with made_world(module_database_url) as made:
        yield made


@contextmanager
def limited(world: Bench, *limits: Limits) -> Iterator[Connection]:
    """The world with these limits in force, rolled back in the end."""
    with world.undone() as connection:
        world.published(*limits)
        yield connection


def wanted(
    world: Bench, member: int, amount: int, source: str = "alpha", target: str = "beta"
) -> Submission:
    """The execution of a quote that is asked for now."""
    sender = SENDER[source]
    asked = world.ask(sender, quote((source, str(member)), (target, str(member)), amount))
    return world.submission(sender, Convert(asked.result.quote.number))


def earning(world: Bench, amount: int, reference: str) -> Submission:
    """Points of B that A gives its member for an activity, and owes B for."""
    key = ActivityKey("alpha", "GIFT", reference)
    return world.submission("alpha", report(("beta", "1"), key, [("beta", "BASE", amount)]))


def reasons(outcomes: Sequence[Outcome]) -> list[str]:
    return [outcome.reason for outcome in outcomes]


REFUSED = "LIMIT_EXCEEDED"
OUT, IN = ("alpha", "beta"), ("beta", "alpha")

SEQUENCES: dict[str, tuple[Limits, list[tuple[tuple[str, str], int]], list[str]]] = {
    "two of 600": (Limits("alpha", 900), [(OUT, 600), (OUT, 600)], ["", REFUSED]),
    "with 300 coming in between": (
        Limits("alpha", 900),
        [(OUT, 600), (IN, 300), (OUT, 600)],
        ["", "", ""],
    ),
    "with 299 coming in between": (
        Limits("alpha", 900),
        [(OUT, 600), (IN, 299), (OUT, 600)],
        ["", "", REFUSED],
    ),
    "with 300 coming in afterwards": (
        Limits("alpha", 900),
        [(OUT, 600), (OUT, 600), (IN, 300)],
        ["", REFUSED, ""],
    ),
    "exactly": (Limits("alpha", 900), [(OUT, 900)], [""]),
    "one more": (Limits("alpha", 900), [(OUT, 901)], [REFUSED]),
    "a refused one uses nothing": (
        Limits("alpha", 900),
        [(OUT, 901), (OUT, 900), (OUT, 1)],
        [REFUSED, "", REFUSED],
    ),
    "prefunded": (Limits("alpha", 900, 300), [(OUT, 600), (OUT, 600)], ["", ""]),
    "prefunded, one more": (
        Limits("alpha", 900, 300),
        [(OUT, 600), (OUT, 600), (OUT, 1)],
        ["", "", REFUSED],
    ),
    "the reserve is not for converting": (Limits("alpha", 900, 0, 5_000), [(OUT, 901)], [REFUSED]),
    "nothing": (Limits("alpha", 0), [(OUT, 1), (IN, 5), (OUT, 5)], [REFUSED, "", ""]),
    "of another": (Limits("beta", 100), [(OUT, 600), (IN, 700), (IN, 1)], ["", "", REFUSED]),
    "of one who takes no part": (Limits("gamma", 0), [(OUT, 600)], [""]),
    "of the operator": (
        Limits("operator", 900),
        [(("operator", "beta"), 600), (("operator", "alpha"), 301), (("operator", "alpha"), 300)],
        ["", REFUSED, ""],
    ),
    "of the operator, who is owed": (
        Limits("operator", 900),
        [(("operator", "beta"), 600), (("alpha", "operator"), 300), (("operator", "beta"), 600)],
        ["", "", ""],
    ),
}


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("name", SEQUENCES)
def test_conversions(world: Bench, name: str, *, together: bool) -> None:
    """In one batch, and one by one."""
    limits, moves, expected = SEQUENCES[name]
    with limited(world, limits) as connection:
        sent = [wanted(world, n, amount, *pair) for n, (pair, amount) in enumerate(moves, 1)]
        outcomes = world.batch(*sent) if together else [world.batch(s)[0] for s in sent]

        assert reasons(outcomes) == expected
        owed = exposures(connection).get(limits.participant, 0)
        assert owed <= limits.covered_minor
        assert check(connection, world.coalition) == []


def test_without_limits_nothing_is_refused(world: Bench) -> None:
    with world.undone():
        assert world.batch(wanted(world, 1, 5_000))[0].reason == ""


def test_limits_that_are_not_in_force_yet(world: Bench) -> None:
    with world.undone():
        world.published(Change(Limits("alpha", 0), NOON + timedelta(seconds=30)))
        sent = [wanted(world, n, 10) for n in (1, 2)]
        assert world.batch(sent[0])[0].reason == ""
        world.now = NOON + timedelta(seconds=30)
        try:
            assert world.batch(sent[1])[0].reason == REFUSED
        finally:
            world.now = NOON


def test_figures_are_told_to_whose_limit_it_is_alone(world: Bench) -> None:
    with limited(world, Limits("alpha", 900)):
        first, second = world.batch(wanted(world, 1, 600), wanted(world, 2, 600))
        assert (first.reason, second.reason) == ("", REFUSED)
        assert dict(second.metadata) == {
            "participant": "alpha",
            "net_debit_minor": "600",
            "limit_minor": "900",
            "left_minor": "300",
            "asked_minor": "600",
        }
    with limited(world, Limits("operator", 900)):
        other = world.batch(wanted(world, 1, 901, "operator", "beta"))[0]
        assert dict(other.metadata)["participant"] == "operator"
    with limited(world, Limits("alpha", 0), Limits("beta", 7)):
        world.agree("alpha", "beta", price=1, fee=0, permissions=[Permission.STATE_POINTS])
        gift = report(("alpha", "1"), ActivityKey("beta", "GIFT", "9"), [("alpha", "BASE", 8)])
        assert dict(world.ask("beta", gift).metadata)["participant"] == "beta"


def test_the_limit_of_another_is_not_named(world: Bench) -> None:
    """Gamma may convert out of A by leave of A's; A's limit is A's own business."""
    with limited(world, Limits("alpha", 7)):
        leave = AuthorizeDebit(("alpha", "1"), ("beta", "1"), "gamma", 8, NOON + timedelta(hours=1))
        given = world.ask("alpha", leave).result.authorization
        asked = world.ask("gamma", quote(("alpha", "1"), ("beta", "1"), 8, given))
        refused = world.ask("gamma", Convert(asked.result.quote.number))

        assert (refused.reason, refused.metadata) == (REFUSED, ())
        assert "alpha" not in refused.message
        assert not any(character.isdigit() for character in refused.message)


EARNINGS: dict[str, tuple[Limits, list[int], list[str]]] = {
    "within": (Limits("alpha", 900), [900], [""]),
    "beyond, without a reserve": (Limits("alpha", 900), [901], [REFUSED]),
    "in the reserve": (Limits("alpha", 900, 0, 100), [901, 99], ["", ""]),
    "beyond the reserve": (Limits("alpha", 900, 0, 100), [1_000, 1], ["", REFUSED]),
    "beyond the reserve at once": (Limits("alpha", 900, 0, 100), [1_001, 1_000], [REFUSED, ""]),
}


@pytest.mark.parametrize("name", EARNINGS)
def test_members_earn_on_while_the_reserve_lasts(world: Bench, name: str) -> None:
    limits, amounts, expected = EARNINGS[name]
    with limited(world, limits):
        sent = [earning(world, amount, f"e{n}") for n, amount in enumerate(amounts)]
        assert reasons(world.batch(*sent)) == expected


def test_in_the_reserve_nothing_is_converted(world: Bench) -> None:
    with limited(world, Limits("alpha", 900, 0, 100)):
        sent = [earning(world, 900, "e"), earning(world, 1, "f"), wanted(world, 1, 1)]
        assert reasons(world.batch(*sent)) == ["", "", REFUSED]


def test_an_envelope_of_accruals_sees_its_earlier_items(world: Bench) -> None:
    with limited(world, Limits("alpha", 900, 0, 100)) as connection:
        sent = [earning(world, amount, f"e{n}") for n, amount in enumerate((600, 600, 400, 1))]
        head = replace(sent[0].head, request_id="batch", command=None, asks=Accrue)
        envelope = replace(sent[0], head=head, items=tuple(s.head for s in sent))
        head = read_head(connection, lock=True)
        decisions = run_batch(
            connection, head, world.coalition, None, [envelope], now=world.now, writer=world.notes
        )
        (reply,) = decisions.replies
        assert isinstance(reply, Answer)
        items = [world.notes.taken[item] for item in reply.payload.split(b"\n")]
        assert reasons(items) == ["", REFUSED, "", REFUSED]


def test_a_refused_activity_is_noted(world: Bench) -> None:
    """So that whoever misses its points is told what became of it."""
    with limited(world, Limits("alpha", 0)) as connection:
        world.batch(earning(world, 5, "missed"))
        rows = connection.execute(
            text("select reason from refused_activity where reference = 'missed'")
        )
        assert [row.reason for row in rows] == [REFUSED]


def test_what_corrects_is_never_stopped(world: Bench) -> None:
    """The reversal makes B owe A again what A owed it for the points, far beyond B's limit."""
    with world.undone() as connection:
        assert world.batch(earning(world, 800, "e"))[0].reason == ""
        world.batch(wanted(world, 1, 900, "beta", "alpha"))
        world.published(Limits("beta", 0))
        taken_back = world.ask("alpha", Reverse(ActivityKey("alpha", "GIFT", "e"), "test"))

        assert taken_back.reason == ""
        assert exposures(connection)["beta"] == 900
        assert world.batch(wanted(world, 2, 1, "beta", "alpha"))[0].reason == REFUSED
        assert world.batch(wanted(world, 3, 1))[0].reason == ""


def posted(world: Bench, connection: Connection, amount: int) -> None:
    """The last window that was cut is netted and posted: A is to pay B."""
    head = read_head(connection, lock=True)
    nets, due = [Obligation("alpha", "beta", amount)], [Payment("alpha", "beta", amount)]
    draft = settlement_draft(world.coalition, 1, head.open_window - 1, nets, due)
    entry = place(world.coalition, head, draft, number=head.size, now=NOON)
    append(connection, head, [entry])


def test_it_counts_until_it_is_paid(world: Bench) -> None:
    """Of a window that was cut, and of one that was settled as well."""
    with limited(world, Limits("alpha", 900)) as connection:
        assert world.batch(wanted(world, 1, 600))[0].reason == ""
        cut(connection, world.coalition, NOON, money_at)
        assert reasons(world.batch(wanted(world, 2, 301), wanted(world, 3, 100))) == [REFUSED, ""]
        posted(world, connection, 600)
        assert exposures(connection)["alpha"] == 700
        assert reasons(world.batch(wanted(world, 4, 201), wanted(world, 5, 200))) == [REFUSED, ""]


def test_a_night_changes_nothing_of_it(database_url: str) -> None:
    with made_world(database_url) as world:
        world.published(Limits("alpha", 900))
        assert world.batch(wanted(world, 1, 600))[0].reason == ""
        settle(world.engine, world.coalition, ["alpha", "beta"], lambda: world.now, money_at)
        with world.engine.connect() as connection:
            assert exposures(connection)["alpha"] == 600
            assert check(connection, world.coalition) == []
        assert world.batch(wanted(world, 2, 301))[0].reason == REFUSED
        assert world.batch(wanted(world, 3, 300))[0].reason == ""


def alerts(connection: Connection, reader: str) -> list[dict[str, Any]]:
    """Facts of the alerts in a participant's feed."""
    rows = connection.execute(
        text(
            "select convert_from(e.facts, 'UTF8') as facts from feed f "
            "join entry e using (number) where f.participant = :reader and f.facts "
            "and e.kind = 'LIMIT_ALERT' order by number"
        ),
        {"reader": reader},
    )
    return [json.loads(row.facts) for row in rows]


def levels(connection: Connection, reader: str) -> list[tuple[str, str]]:
    return [(found["percent"], found["net_debit"]) for found in alerts(connection, reader)]


def test_alerts_as_levels_are_reached(world: Bench) -> None:
    with limited(world, Limits("alpha", 700, 200, 100, (50, 80))) as connection:
        moves = [(OUT, 449), (OUT, 1), (OUT, 1), (IN, 11), (OUT, 10), (OUT, 450)]
        sent = [wanted(world, n, amount, *pair) for n, (pair, amount) in enumerate(moves, 1)]
        assert reasons(world.batch(*sent)) == [""] * 6
        expected = [("50", "450"), ("50", "450"), ("80", "900")]
        assert levels(connection, "alpha") == levels(connection, "operator") == expected
        assert alerts(connection, "beta") == []
        assert alerts(connection, "alpha")[0] == {
            "participant": "alpha",
            "percent": "50",
            "net_debit": "450",
            "covered": "900",
            "reserve": "100",
        }
        assert world.batch(earning(world, 1, "r"))[0].reason == ""
        assert levels(connection, "alpha") == [*expected, ("100", "901")]
        assert world.batch(earning(world, 1, "s"))[0].reason == ""
        assert len(alerts(connection, "alpha")) == 4
        assert check(connection, world.coalition) == []


def test_what_is_refused_alerts_nobody(world: Bench) -> None:
    with limited(world, Limits("alpha", 900, 0, 0, (50,))) as connection:
        assert world.batch(wanted(world, 1, 901))[0].reason == REFUSED
        assert alerts(connection, "alpha") == []


def test_an_alert_follows_its_cause_and_leaves_the_receipt_as_it_is(world: Bench) -> None:
    with limited(world, Limits("alpha", 900, 0, 0, (50,))) as connection:
        first, second = world.batch(wanted(world, 1, 600), wanted(world, 2, 1))
        assert second.number == first.number + 2
        row = connection.execute(
            text("select kind, window_id, request_sha256 from entry where number = :n"),
            {"n": first.number + 1},
        ).one()
        assert tuple(row) == ("LIMIT_ALERT", None, None)


@pytest.mark.parametrize(
    ("before", "after", "level"),
    [
        (0, 449, None),
        (0, 450, 50),
        (449, 450, 50),
        (450, 451, None),
        (450, 719, None),
        (450, 720, 80),
        (0, 900, 80),
        (0, 901, 100),
        (900, 901, 100),
        (901, 902, None),
        (901, 1_080, 120),
        (900, 1_080, 120),
        (-5, 450, 50),
        (450, 449, None),
    ],
)
def test_levels(before: int, after: int, level: int | None) -> None:
    assert level_reached(Limits("alpha", 700, 200, 500, (80, 50, 120)), before, after) == level


def test_levels_of_no_cover_at_all() -> None:
    """There is no part of nothing: only the reserve is told."""
    limits = Limits("alpha", 0, 0, 10, (80,))
    assert [level_reached(limits, *step) for step in ((-5, 0), (0, 1), (1, 2))] == [None, 100, None]


def test_what_is_promised_counts_as_if_it_were_owed(world: Bench) -> None:
    with limited(world, Limits("operator", 900)) as connection:
        for amount in (500, -100):
            write_all(connection, [Promised("operator", amount)])
        sent = [
            wanted(world, 1, 501, "operator", "beta"),
            wanted(world, 2, 500, "operator", "beta"),
        ]
        assert reasons(world.batch(*sent)) == [REFUSED, ""]
        assert exposures(connection)["operator"] == 500


def test_a_hold_promises_its_price_and_its_end_takes_that_back(world: Bench) -> None:
    with world.undone():
        spent = terms_of("operator", "alpha", permissions=[Permission.REDEEM])
        terms = replace(spent, reimbursement_price=Fraction(2, 3))
        number = world.ask("alpha", Offer(terms)).result.agreement.number
        assert not world.ask("admin-one", Accept(number)).reason
        world.batch(earning(world, 1, "reads the directory"))
        directory = world.directory
        assert directory is not None
        state = State(owed={"operator": 5})
        context = Context(0, NOON, 1, "alpha", "", directory, state, NOON)
        made, ended = (f(301, number, context) for f in (hold_promised, hold_settled))
        assert made == Promised("operator", 200)
        made.apply(state)
        assert state.owed == {"operator": 205}
        ended.apply(state)
        assert state.owed == {"operator": 5}


def statements(world: Bench, connection: Connection, *sent: Submission) -> list[str]:
    asked: list[str] = []

    def note(*given: Any) -> None:
        asked.append(given[2])

    event.listen(connection, "before_cursor_execute", note)
    try:
        world.batch(*sent)
    finally:
        event.remove(connection, "before_cursor_execute", note)
    return asked


def test_limits_cost_accruals_one_statement_however_many_there_are(world: Bench) -> None:
    with world.undone() as connection:
        world.batch(earning(world, 1, "first"))
        without = statements(world, connection, earning(world, 1, "a"))
        world.published(Limits("alpha", 900), Limits("beta", 900))
        world.batch(earning(world, 1, "again"))
        one = statements(world, connection, earning(world, 1, "b"))
        many = statements(world, connection, *(earning(world, 1, f"c{n}") for n in range(20)))

        assert len(one) == len(many) == len(without) + 1
        assert [s for s in one if s not in without] == [s for s in one if "from promised" in s]


EARNS = 0
"""Stands for the member where a move is an activity that A gives points of B for."""


def some_moves(rng: random.Random) -> list[tuple[int, str, str, int]]:
    """Members 1 to 6 in turn, so that of six moves in a row no two are of one member."""
    moves = []
    for n in range(15):
        if rng.random() < 0.3:
            moves.append((EARNS, "alpha", "beta", rng.randint(1, 400)))
        else:
            source, target = rng.sample(list(SENDER), 2)
            moves.append((n % len(MEMBERS) + 1, source, target, rng.randint(1, 500)))
    return moves


@dataclass
class Model:
    """What is accepted, by adding up one after the other."""

    caps: dict[str, int | None]
    reserve: int
    owed: dict[str, int]

    def accepts(self, member: int, source: str, target: str, amount: int) -> bool:
        cap = self.caps[source]
        most = None if cap is None else cap + (self.reserve if member == EARNS else 0)
        accepted = most is None or self.owed[source] + amount <= most
        if accepted:
            self.owed[source] += amount
            self.owed[target] -= amount
        return accepted


@pytest.mark.parametrize("seed", range(10))
def test_however_requests_are_put_into_batches(world: Bench, seed: int) -> None:
    rng = random.Random(seed)
    caps = {name: rng.choice([None, 0, 300, 900]) for name in SENDER}
    model = Model(caps, rng.choice([0, 50]), dict.fromkeys(SENDER, 0))
    moves = some_moves(rng)
    with world.undone() as connection:
        limits = [Limits(n, cap, 0, model.reserve) for n, cap in caps.items() if cap is not None]
        if limits:
            world.published(*limits)
        while moves:
            size = rng.randint(1, len(MEMBERS))
            batch, moves = moves[:size], moves[size:]
            sent = [
                earning(world, amount, f"{len(moves)}-{n}")
                if member == EARNS
                else wanted(world, member, amount, source, target)
                for n, (member, source, target, amount) in enumerate(batch)
            ]
            expected = ["" if model.accepts(*move) else REFUSED for move in batch]
            assert reasons(world.batch(*sent)) == expected
        assert {n: exposures(connection).get(n, 0) for n in SENDER} == model.owed
        assert check(connection, world.coalition) == []


def test_the_reason_is_kept_as_a_refusal_of_the_rules() -> None:
    assert Reason.LIMIT_EXCEEDED in STORED
